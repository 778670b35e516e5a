// Adds a server on this machine: an agent process of its own, with its own root folder.
import { useState } from 'react';
import { nameSchema } from '../../../core/contract/common.ts';
import { useApi, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { FormDialog, TextField } from '../../ui/index.ts';

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
    const done = await action.run(() => api.servers.add({ name, root: root.trim() || null }));
    if (done) onClose();
  };
  return (
    <FormDialog
      title="Add a server"
      size="small"
      verb="Add"
      busy={action.busy}
      disabled={!valid || taken}
      error={action.error}
      onSave={() => void add()}
      onClose={onClose}
    >
      <p className="hf-secondary">
        A server is an agent process on this machine. It holds databases of its own and can take over from another.
      </p>
      <TextField label="Name" required autoFocus value={name} onChange={setName} problem={problem} maxLength={15} />
      <TextField
        label="Root folder"
        mono
        value={root}
        onChange={setRoot}
        placeholder="Chosen by Holdfast"
        hint="The server uses no folder outside it for its own state."
      />
    </FormDialog>
  );
}
