// Step 3 of the wizard: over this database, into another one, or into a new file, on any server.
import { useState } from 'react';
import { useSite } from '../../app/app.ts';
import { FolderIcon, IconButton, MessageBar, Select, TextField } from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import type { TargetDraft } from './restore-draft.ts';
import type { StepProps } from './step-props.ts';

type Kind = 'own' | 'other' | 'file';

export function TargetStep({ instance, draft, set }: StepProps) {
  const { target } = draft;
  const instances = useSite((snapshot) => snapshot.instances);
  const own = instance?.id ?? '';
  const others = instances.filter((each) => each.id !== own);
  const kind: Kind = target.kind === 'file' ? 'file' : instance && target.instanceId === own ? 'own' : 'other';
  const choose = (next: Kind) => {
    if (next === 'file') set({ target: newFile(draft, instance?.status.path ?? null) });
    else set({ target: { kind: 'instance', instanceId: next === 'own' ? own : (others[0]?.id ?? '') } });
  };
  return (
    <>
      <RadioGroup
        label="Target"
        hideLabel
        value={kind}
        onChange={choose}
        options={[
          ...(instance
            ? [
                {
                  value: 'own' as const,
                  label: `This database: ${instance.id}`,
                  hint: `Restored beside ${instance.status.path} and exchanged with it at the end. The replaced one is kept as a contingency copy.`,
                },
              ]
            : []),
          {
            value: 'file',
            label: 'A new file',
            hint: 'No database in use is touched. On this or another server; for looking something up, or for a test of the backups.',
          },
          ...(others.length > 0
            ? [
                {
                  value: 'other' as const,
                  label: 'Another database',
                  hint: 'One that is known here, on this or another server. Its own data is replaced, and kept as a contingency copy.',
                },
              ]
            : []),
        ]}
      />
      {kind === 'other' && target.kind === 'instance' && (
        <>
          <Select
            label="Database"
            value={target.instanceId}
            width={260}
            onChange={(instanceId) => set({ target: { kind: 'instance', instanceId } })}
            options={others.map((each) => ({
              value: each.id,
              label: each.reachable ? each.id : `${each.id} (does not answer)`,
              disabled: !each.reachable,
            }))}
          />
          <MessageBar level="warning" title={`The data of ${target.instanceId} is replaced.`}>
            It takes over the identity of the backup; logs that it has written so far do not continue it.
          </MessageBar>
        </>
      )}
      {target.kind === 'file' && <FileTarget target={target} onChange={(next) => set({ target: next })} />}
    </>
  );
}

function newFile({ from, instanceId }: StepProps['draft'], path: string | null): TargetDraft {
  const folder = from ? (from.folders[0] ?? '') : (path ?? '').slice(0, Math.max(0, (path ?? '').lastIndexOf('/')));
  const name = from ? from.instance : instanceId.slice(instanceId.indexOf('/') + 1);
  const server = from ? from.server : instanceId.slice(0, Math.max(0, instanceId.indexOf('/')));
  return { kind: 'file', server, path: `${folder.replace(/[/\\]$/, '')}/${name}-restored.db` };
}

function FileTarget(props: {
  target: Extract<TargetDraft, { kind: 'file' }>;
  onChange: (target: Extract<TargetDraft, { kind: 'file' }>) => void;
}) {
  const { target, onChange } = props;
  const servers = useSite((snapshot) => snapshot.servers);
  const [browsing, setBrowsing] = useState(false);
  const cut = target.path.lastIndexOf('/');
  return (
    <div className="rw-file">
      <Select
        label="Server"
        value={target.server}
        width={180}
        onChange={(server) => onChange({ ...target, server })}
        options={servers.map((server) => ({
          value: server.name,
          label: server.state === 'online' ? server.name : `${server.name} (${server.state})`,
          disabled: server.state !== 'online',
        }))}
      />
      <div className="rw-path">
        <TextField
          label="Path of the new file"
          mono
          value={target.path}
          onChange={(path) => onChange({ ...target, path })}
          hint="Must not exist yet."
          after={<IconButton icon={<FolderIcon />} label="Choose a folder" onClick={() => setBrowsing(true)} />}
        />
      </div>
      {browsing && (
        <BrowseDialog
          title="Folder for the new file"
          server={target.server}
          start={target.path.slice(0, Math.max(0, cut))}
          pick="folder"
          onPick={(path) => {
            onChange({ ...target, path: `${path.replace(/\/$/, '')}/${target.path.slice(cut + 1)}` });
            setBrowsing(false);
          }}
          onClose={() => setBrowsing(false)}
        />
      )}
    </div>
  );
}
