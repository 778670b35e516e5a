// Step 1: which file. The engine looks at it without opening it for writing, and says what it found.
import './protect.css';
import { type ReactNode, useState } from 'react';
import type { ErrorReport } from '../../../core/contract/errors.ts';
import type { Probe } from '../../../core/contract/instance.ts';
import { useSite } from '../../app/app.ts';
import {
  Button,
  Bytes,
  ErrorBar,
  formatCount,
  KeyValue,
  MessageBar,
  Select,
  Spinner,
  TextField,
} from '../../ui/index.ts';
import { BrowseDialog } from './BrowseDialog.tsx';
import { FurtherFiles } from './FurtherFiles.tsx';
import type { ProtectDraft } from './protect-draft.ts';

export function FileStep(props: {
  draft: ProtectDraft;
  onChange: (change: Partial<ProtectDraft>) => void;
  probe: Probe | null;
  looking: boolean;
  error: ErrorReport | null;
}) {
  const { draft, probe } = props;
  const servers = useSite((snapshot) => snapshot.servers);
  const [browsing, setBrowsing] = useState(false);
  const online = servers.filter((server) => server.state === 'online');
  return (
    <>
      {online.length > 0 && (
        <Select
          label="Server"
          width={220}
          value={draft.server ?? ''}
          onChange={(server) => props.onChange({ server: server || null, path: '' })}
          options={[
            { value: '', label: 'This machine' },
            ...online.map((server) => ({ value: server.name, label: server.name })),
          ]}
        />
      )}
      <div className="protect-path is-labelled">
        <TextField
          label="Database file"
          required
          mono
          autoFocus
          value={draft.path}
          placeholder="/var/lib/directory/userRoot.db"
          onChange={(path) => props.onChange({ path })}
        />
        <Button onClick={() => setBrowsing(true)}>Browse…</Button>
      </div>
      {props.looking && <Spinner size="tiny" label="Looking at the file…" />}
      {props.error && <ErrorBar error={props.error} />}
      {probe?.refusal && <ErrorBar error={probe.refusal} />}
      {probe && (
        <>
          {!probe.refusal && probe.realPath !== null && probe.realPath !== probe.path && (
            <MessageBar level="warning" title="This is a link.">
              The database itself lies at {probe.realPath}; that file is protected, and its folder holds the state and
              the logs.
            </MessageBar>
          )}
          {probe.warnings.map((warning) => (
            <MessageBar key={warning.name} level="warning">
              {warning.message}
            </MessageBar>
          ))}
          {!probe.refusal && (
            <KeyValue
              items={[
                ['Size', <Bytes key="s" value={probe.size} />],
                [
                  'Pages',
                  probe.pageCount === null
                    ? '–'
                    : `${formatCount(probe.pageCount)} of ${formatCount(probe.pageSize ?? 0)} bytes`,
                ],
                ['Journal', probe.journal === 'wal' ? 'WAL' : probe.journal === 'rollback' ? 'Rollback journal' : '–'],
                ['File system', probe.fileSystem ?? 'not known'],
                ['Free space there', <Bytes key="f" value={probe.freeBytes} />],
                ...(probe.realPath && probe.realPath !== probe.path
                  ? ([
                      [
                        'Real path',
                        <span key="r" className="hf-mono">
                          {probe.realPath}
                        </span>,
                      ],
                    ] as [string, ReactNode][])
                  : []),
              ]}
            />
          )}
        </>
      )}
      {probe && !probe.refusal && <FurtherFiles draft={draft} onChange={props.onChange} />}
      {browsing && (
        <BrowseDialog
          title="Choose the database file"
          server={draft.server}
          start={draft.path ? draft.path.replace(/[^/\\]*$/, '') || null : null}
          pick="file"
          onClose={() => setBrowsing(false)}
          onPick={(path) => {
            setBrowsing(false);
            props.onChange({ path });
          }}
        />
      )}
    </>
  );
}
