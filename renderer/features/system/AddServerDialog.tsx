// Adds a server on this machine: an agent process of its own, with its own root folder.
import { useState } from 'react';
import { nameSchema } from '../../../core/contract/common.ts';
import { useApi, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, Dialog, ErrorBar, TextField } from '../../ui/index.ts';

export function AddServerDialog({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const servers = useSite((snapshot) => snapshot.servers);
  const [name, setName] = useState('');
  const [root, setRoot] = useState('');
  const action = useAction();
  const taken = servers.some((server) => server.name.toLowerCase() === name.toLowerCase());
  const valid = nameSchema.safeParse(name).success;
  const problem =
    name === ''
      ? null
      : !valid
        ? '1 to 15 letters, digits and hyphens'
        : taken
          ? 'A server has this name already'
          : null;
  const add = async () => {
    if (!valid || taken) return;
    const done = await action.run(() => api.servers.add({ name, root: root.trim() || null }));
    if (done) onClose();
  };
  return (
    <Dialog
      title="Add a server"
      size="small"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={!valid || taken} busy={action.busy} onClick={() => void add()}>
            Add
          </Button>
        </>
      }
    >
      <div className="hf-form-stack">
        {action.error && <ErrorBar error={action.error} />}
        <p className="hf-secondary">
          A server is an agent process on this machine. It holds databases of its own and can take over from another.
        </p>
        <TextField
          label="Name"
          required
          autoFocus
          value={name}
          onChange={setName}
          problem={problem}
          maxLength={15}
          onEnter={() => void add()}
        />
        <TextField
          label="Root folder"
          mono
          value={root}
          onChange={setRoot}
          placeholder="Chosen by Holdfast"
          hint="The server uses no folder outside it for its own state."
        />
      </div>
    </Dialog>
  );
}
