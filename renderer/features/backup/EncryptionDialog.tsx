// The encryption settings of a database: named keys, which one new backups use, and where the key is kept.
import { useState } from 'react';
import type { BackupSettings } from '../../../core/contract/other-files.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Badge,
  Button,
  Dialog,
  EmptyState,
  ErrorBar,
  formatUtc,
  KeyIcon,
  Spinner,
  Table,
  TextField,
} from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';

const leastPassword = 8;
const emptyForm = { name: '', password: '', again: '', kept: true };

export function EncryptionDialog({ instance, onClose }: { instance: InstanceView; onClose: () => void }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [form, setForm] = useState<typeof emptyForm | null>(null);
  const one = { instanceId: instance.id };
  const loaded = useQuery(instance.id, (signal) => app.api.otherFiles.settings(one, { signal }));
  const [answer, setAnswer] = useState<BackupSettings | null>(null);
  const settings = answer ?? loaded.data;
  const act = async (work: () => Promise<BackupSettings>) => {
    const done = await action.run(work);
    if (done) setAnswer(done);
    return done;
  };
  const problem = form && problemOf(form, settings);
  const define = async () => {
    if (!form || problem) return;
    const { name, password, kept } = form;
    if (await act(() => app.api.otherFiles.defineEncryption({ ...one, name, password, kept }))) setForm(null);
  };
  const prefer = (preferred: string | null) => void act(() => app.api.otherFiles.setSettings({ ...one, preferred }));
  return (
    <Dialog
      title={`Encryption of the backups of ${instance.id}`}
      size="medium"
      onClose={onClose}
      actions={
        form ? (
          <>
            <Button onClick={() => setForm(null)}>Back</Button>
            <Button
              kind="primary"
              busy={action.busy}
              disabled={!live || problem !== null}
              onClick={() => void define()}
            >
              Define
            </Button>
          </>
        ) : (
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        )
      }
    >
      <div className="bu-dialog">
        {loaded.error && <ErrorBar error={loaded.error} actions={<Button onClick={loaded.reload}>Try again</Button>} />}
        {loaded.loading && !settings && <Spinner label="Reading the settings" />}
        {settings && !form && (
          <Definitions
            settings={settings}
            live={live}
            prefer={prefer}
            forget={(name) => void act(() => app.api.otherFiles.forgetEncryption({ ...one, name }))}
            define={() => setForm(emptyForm)}
          />
        )}
        {form && <DefinitionForm form={form} set={(change) => setForm({ ...form, ...change })} problem={problem} />}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      </div>
    </Dialog>
  );
}

function Definitions(props: {
  settings: BackupSettings;
  live: boolean;
  prefer: (name: string | null) => void;
  forget: (name: string) => void;
  define: () => void;
}) {
  const { settings, live } = props;
  const define = (
    <Button icon={<KeyIcon />} disabled={!live} onClick={props.define}>
      New definition
    </Button>
  );
  if (settings.definitions.length === 0)
    return (
      <EmptyState title="Nothing is defined yet" actions={define}>
        A definition is a named key. New backups are encrypted under the preferred one, schedules too when the server
        keeps its key.
      </EmptyState>
    );
  return (
    <>
      <Table
        label="Encryption definitions"
        rows={settings.definitions}
        rowKey={(row) => row.name}
        empty=""
        columns={[
          {
            key: 'name',
            header: 'Name',
            width: 'minmax(180px, 1fr)',
            cell: (row) => (
              <>
                <span title={`Since ${formatUtc(row.createdAt)}`}>{row.name}</span>{' '}
                {row.name === settings.preferred && <Badge tone="ok">preferred</Badge>}
              </>
            ),
          },
          {
            key: 'kept',
            header: 'Key',
            width: '150px',
            cell: (row) => (row.kept ? 'kept by the server' : 'given each time'),
          },
          {
            key: 'act',
            header: '',
            width: '230px',
            cell: (row) => (
              <>
                <Button
                  kind="subtle"
                  disabled={!live}
                  label={`${row.name === settings.preferred ? 'Do not prefer' : 'Prefer'} ${row.name}`}
                  onClick={() => props.prefer(row.name === settings.preferred ? null : row.name)}
                >
                  {row.name === settings.preferred ? 'Do not prefer' : 'Prefer'}
                </Button>
                <Button
                  kind="subtle"
                  disabled={!live}
                  label={`Forget ${row.name}`}
                  onClick={() => props.forget(row.name)}
                >
                  Forget
                </Button>
              </>
            ),
          },
        ]}
      />
      <p className="hf-secondary">
        Forgetting one takes it off this list; a key that the server keeps stays, for the backups that need it.
      </p>
      <div>{define}</div>
    </>
  );
}

function DefinitionForm(props: {
  form: typeof emptyForm;
  set: (change: Partial<typeof emptyForm>) => void;
  problem: string | null;
}) {
  const { form, set } = props;
  return (
    <>
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => set({ name })}
        width={300}
        maxLength={15}
        autoFocus
      />
      <TextField
        label="Password"
        type="password"
        value={form.password}
        onChange={(password) => set({ password })}
        width={300}
        hint="Keep it outside this machine: without it and without the kept key, nobody can restore."
      />
      <TextField
        label="The same again"
        type="password"
        value={form.again}
        onChange={(again) => set({ again })}
        width={300}
      />
      <RadioGroup
        label="Where the key is kept"
        value={form.kept ? 'kept' : 'ask'}
        onChange={(where) => set({ kept: where === 'kept' })}
        options={[
          {
            value: 'kept',
            label: 'By the server, in a file that it alone can read',
            hint: 'Schedules, drills and restores on this server need nobody. The password itself is not kept.',
          },
          { value: 'ask', label: 'Nowhere: the password is given each time', hint: 'Schedules cannot use it.' },
        ]}
      />
      <p className={props.problem && form.name ? 'hf-tone-critical' : 'hf-secondary'} role="status">
        {props.problem ?? 'Ready.'}
      </p>
    </>
  );
}

function problemOf(form: typeof emptyForm, settings: BackupSettings | null): string | null {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,14}$/.test(form.name)) return 'Give a name of 1 to 15 letters, digits and hyphens.';
  if (settings?.definitions.some(({ name }) => name.toLowerCase() === form.name.toLowerCase()))
    return 'There is a definition of this name.';
  if (form.password.length < leastPassword) return `Give a password of at least ${leastPassword} characters.`;
  return form.password === form.again ? null : 'The two passwords differ.';
}
