// One more file for a database: looked at first, then protected under a name of its own.
import { useEffect, useState } from 'react';
import { backendIdSchema } from '../../../core/contract/backend.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, Bytes, Checkbox, Dialog, ErrorBar, KeyValue, MessageBar, Spinner, TextField } from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import { backendName } from '../protect/further-files.ts';

const TYPING_MS = 350;

export function AddBackendDialog({ instance, onClose }: { instance: InstanceView; onClose: () => void }) {
  const app = useApp();
  const action = useAction();
  const [path, setPath] = useState('');
  const [id, setId] = useState('');
  const [named, setNamed] = useState(false);
  const [switchToWal, setSwitchToWal] = useState(false);
  const [settled, setSettled] = useState('');
  const [browsing, setBrowsing] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(path.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [path]);
  const probe = useQuery(settled ? `${instance.server} ${settled}` : null, (signal) =>
    app.api.instances.inspect({ server: instance.server, path: settled }, { signal }),
  );
  const found = settled === path.trim() ? probe.data : null;
  const known = instance.status.backends?.map((one) => one.id) ?? [backendName(instance.status.path)];
  const problem = !backendIdSchema.safeParse(id).success
    ? '1 to 31 letters, digits, hyphens, underscores'
    : known.some((one) => one.toLowerCase() === id.toLowerCase())
      ? 'Another file has this name'
      : null;
  const needsWal = found?.journal === 'rollback' && instance.status.logging.on;
  const take = (next: string) => {
    setPath(next);
    if (!named) setId(backendName(next));
  };
  const add = async () => {
    const done = await action.run(() =>
      app.api.instances.addBackend({ instanceId: instance.id, id, path: path.trim(), switchToWal }),
    );
    if (done) onClose();
  };
  const ready = found !== null && found.refusal === null && problem === null && (!needsWal || switchToWal);
  return (
    <Dialog
      title={`Add a file to ${instance.id}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={action.busy} disabled={!ready} onClick={() => void add()}>
            Add
          </Button>
        </>
      }
    >
      <div className="db-add">
        <p>It is backed up at the same moment as the others, and restored together with them.</p>
        <div className="protect-path is-labelled">
          <TextField
            label="File"
            required
            mono
            autoFocus
            value={path}
            placeholder={instance.status.path.replace(/[^/\\]*$/, 'schema.db')}
            onChange={take}
          />
          <Button onClick={() => setBrowsing(true)}>Browse…</Button>
        </div>
        {probe.loading && <Spinner size="tiny" label="Looking at the file…" />}
        {probe.error && <ErrorBar error={probe.error} />}
        {found?.refusal && <ErrorBar error={found.refusal} />}
        {found && !found.refusal && (
          <KeyValue
            items={[
              ['Size', <Bytes key="s" value={found.size} />],
              ['Journal', found.journal === 'wal' ? 'WAL' : 'Rollback journal'],
            ]}
          />
        )}
        {needsWal && (
          <Checkbox label="Switch it to WAL, which logging needs" checked={switchToWal} onChange={setSwitchToWal} />
        )}
        <TextField
          label="Name"
          required
          width={220}
          maxLength={31}
          value={id}
          onChange={(next) => {
            setNamed(true);
            setId(next);
          }}
          problem={path.trim() === '' ? null : problem}
        />
        <MessageBar level="info">A full backup of all files is required afterwards.</MessageBar>
        {action.error && <ErrorBar error={action.error} />}
      </div>
      {browsing && (
        <BrowseDialog
          title="Choose a file of the same database"
          server={instance.server}
          start={(path || instance.status.path).replace(/[^/\\]*$/, '') || null}
          pick="file"
          onClose={() => setBrowsing(false)}
          onPick={(next) => {
            setBrowsing(false);
            take(next);
          }}
        />
      )}
    </Dialog>
  );
}
