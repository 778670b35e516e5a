// Further files of the same database: each under a name, looked at like the first, backed up and restored together with it.
import './protect.css';
import { useEffect, useState } from 'react';
import { useApp } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { AddIcon, Button, DeleteIcon, ErrorBar, formatBytes, IconButton, TextField } from '../../ui/index.ts';
import { BrowseDialog } from './BrowseDialog.tsx';
import { backendName, type FurtherFile, furtherProblem } from './further-files.ts';
import type { ProtectDraft } from './protect-draft.ts';

const TYPING_MS = 350;

export function FurtherFiles(props: { draft: ProtectDraft; onChange: (change: Partial<ProtectDraft>) => void }) {
  const { draft, onChange } = props;
  const { further } = draft;
  const change = (key: number, patch: Partial<FurtherFile>) =>
    onChange({ further: further.map((one) => (one.key === key ? { ...one, ...patch } : one)) });
  const add = () => {
    const key = Math.max(0, ...further.map((one) => one.key)) + 1;
    onChange({ further: [...further, { key, id: '', path: '', probe: null }] });
  };
  return (
    <section className="protect-further" aria-label="Further files">
      {further.map((one, index) => (
        <FurtherRow
          key={one.key}
          draft={draft}
          file={one}
          number={index + 2}
          onChange={(patch) => change(one.key, patch)}
          onRemove={() => onChange({ further: further.filter((other) => other.key !== one.key) })}
        />
      ))}
      <div className="protect-further-add">
        <Button icon={<AddIcon />} onClick={add}>
          Add a file of the same database
        </Button>
        <span className="hf-muted">
          Files that one program keeps together are backed up at one moment and restored together.
        </span>
      </div>
    </section>
  );
}

function FurtherRow(props: {
  draft: ProtectDraft;
  file: FurtherFile;
  number: number;
  onChange: (patch: Partial<FurtherFile>) => void;
  onRemove: () => void;
}) {
  const { draft, file, number, onChange } = props;
  const app = useApp();
  const [browsing, setBrowsing] = useState(false);
  const [settled, setSettled] = useState(file.path.trim());
  useEffect(() => {
    const timer = setTimeout(() => setSettled(file.path.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [file.path]);
  const probe = useQuery(settled ? `${draft.server} ${settled}` : null, (signal) =>
    app.api.instances.inspect({ server: draft.server, path: settled }, { signal }),
  );
  const found = settled === file.path.trim() ? probe.data : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the draft keeps what was found; `onChange` is a new function each time
  useEffect(() => {
    if (found !== file.probe) onChange({ probe: found });
  }, [found]);
  const folder = file.path || draft.path;
  const take = (path: string) => onChange({ path, probe: null, ...(file.id === '' ? { id: backendName(path) } : {}) });
  return (
    <div className="protect-further-row">
      <div className="protect-path is-labelled">
        <div className="protect-further-name">
          <TextField
            label={`Name of file ${number}`}
            required
            maxLength={31}
            value={file.id}
            placeholder="schema"
            onChange={(id) => onChange({ id })}
            problem={file.path.trim() === '' ? null : furtherProblem(draft, file)}
          />
        </div>
        <TextField
          label={`File ${number}`}
          required
          mono
          autoFocus={file.path === ''}
          value={file.path}
          placeholder="/var/lib/directory/schema.db"
          onChange={take}
          hint={
            found && !found.refusal
              ? `${formatBytes(found.size)}, ${found.journal === 'wal' ? 'WAL' : 'rollback journal'}`
              : probe.loading
                ? 'Looking at the file…'
                : undefined
          }
        />
        <Button onClick={() => setBrowsing(true)}>Browse…</Button>
        <IconButton label={`Leave file ${number} out`} icon={<DeleteIcon />} onClick={props.onRemove} />
      </div>
      {probe.error && <ErrorBar error={probe.error} />}
      {found?.refusal && <ErrorBar error={found.refusal} />}
      {browsing && (
        <BrowseDialog
          title="Choose a file of the same database"
          server={draft.server}
          start={folder ? folder.replace(/[^/\\]*$/, '') || null : null}
          pick="file"
          onClose={() => setBrowsing(false)}
          onPick={(path) => {
            setBrowsing(false);
            take(path);
          }}
        />
      )}
    </div>
  );
}
