// Encryption of a group's cycles: whether they are encrypted and under which key, and the password that gives it to every server.
import { useState } from 'react';
import type { GroupView } from '../../../core/contract/failover.ts';
import type { GroupKeyResult } from '../../../core/contract/group-keys.ts';
import { useApi, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, ConfirmDialog, Dialog, ErrorBar, KeyIcon, MessageBar, Section, TextField } from '../../ui/index.ts';

export function CycleEncryption({ group, dirty }: { group: GroupView; dirty: boolean }) {
  const api = useApi();
  const live = useLive();
  const [asking, setAsking] = useState<'password' | 'off' | null>(null);
  const action = useAction();
  const { encryption } = group.config;
  const why = !live
    ? 'There is no connection to the engine'
    : dirty
      ? 'Apply or cancel the changes first'
      : !group.config.enabled
        ? 'Turn failover on and apply first'
        : undefined;
  const turnOff = async () => {
    if (await action.run(() => api.failover.encrypt({ groupId: group.id, password: null }))) setAsking(null);
  };
  return (
    <Section title="Encryption">
      <div className="master-line">
        <span className="failover-encryption">
          {encryption
            ? `Backups of the cycles are encrypted under “${encryption.name}”; each server keeps the key.`
            : 'Backups of the cycles are not encrypted.'}
        </span>
        <Button icon={<KeyIcon />} disabled={why !== undefined} title={why} onClick={() => setAsking('password')}>
          {encryption ? 'Give the password again…' : 'Encrypt…'}
        </Button>
        {encryption && (
          <Button kind="subtle" disabled={why !== undefined} title={why} onClick={() => setAsking('off')}>
            Turn off…
          </Button>
        )}
      </div>
      {asking === 'password' && <PasswordDialog group={group} onClose={() => setAsking(null)} />}
      {asking === 'off' && (
        <ConfirmDialog
          plan={{
            title: `Turn encryption of ${group.name} off?`,
            class: 'confirm',
            typedName: null,
            effects: [
              'A full backup starts at once; it and all after it lie in the folders unencrypted.',
              'Each server keeps the key, for the backups that are encrypted.',
            ],
            warnings: [],
            checks: [],
            command: `holdfast failover ${group.name} encrypt off`,
            refusal: null,
          }}
          verb="Turn off"
          busy={action.busy}
          error={action.error}
          onConfirm={() => void turnOff()}
          onCancel={() => setAsking(null)}
        />
      )}
    </Section>
  );
}

function PasswordDialog({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const api = useApi();
  const live = useLive();
  const action = useAction();
  const [password, setPassword] = useState('');
  const [result, setResult] = useState<GroupKeyResult | null>(null);
  const { encryption } = group.config;
  const active = group.members.find((member) => member.active);
  const give = async () => {
    const done = await action.run(() => api.failover.encrypt({ groupId: group.id, password }));
    setPassword('');
    if (!done) return;
    if (done.members.every((member) => member.problem === null)) onClose();
    else setResult(done);
  };
  return (
    <Dialog
      title={encryption ? `Give the key of ${group.name} again` : `Encrypt the cycles of ${group.name}`}
      size="medium"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{result ? 'Close' : 'Cancel'}</Button>
          <Button kind="primary" busy={action.busy} disabled={!live || password === ''} onClick={() => void give()}>
            {encryption ? 'Give' : 'Encrypt'}
          </Button>
        </>
      }
    >
      <div className="failover-password">
        <p className="hf-secondary">
          {encryption
            ? `Every server of the group that answers derives the key “${encryption.name}” from the password and keeps it, in a file that its owner alone can read.`
            : `New backups are encrypted under the definition that ${active?.server ?? 'the active server'} prefers. Every server of the group derives its key from the password and keeps it, so that cycles and restores need nobody. A full backup starts at once.`}
        </p>
        <TextField
          label={encryption ? `Password of “${encryption.name}”` : 'Password of the definition'}
          type="password"
          value={password}
          onChange={setPassword}
        />
        {result?.members
          .filter((member) => member.problem !== null)
          .map((member) => (
            <MessageBar key={member.server} level="warning" title={`${member.server} does not have the key.`}>
              {member.problem} Give the password again when it can take it.
            </MessageBar>
          ))}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      </div>
    </Dialog>
  );
}
