// Opens folders of backup files, on any server, protected or not: what lies in them as databases with their chains.
import { useState } from 'react';
import type { FolderDatabase, OpenedFolders } from '../../../core/contract/library.ts';
import { useApi, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import {
  Button,
  type Column,
  Dialog,
  ErrorBar,
  FolderIcon,
  formatCount,
  IconButton,
  MessageBar,
  Select,
  Table,
  TextField,
  Time,
} from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';

const chainsOf = ({ timeline }: FolderDatabase) => timeline.catalog.chains;
const gapsOf = (row: FolderDatabase) => chainsOf(row).reduce((sum, chain) => sum + chain.gaps.length, 0);
const keyOf = ({ source }: FolderDatabase) => `${source.srvname} ${source.instance}`;

const columns: readonly Column<FolderDatabase>[] = [
  { key: 'name', header: 'Database', width: '120px', cell: (row) => <b>{row.source.instance}</b> },
  {
    key: 'server',
    header: 'Server',
    width: 'minmax(130px, 1fr)',
    cell: (row) => <span title={row.source.srvname}>{row.source.srvname}</span>,
  },
  { key: 'to', header: 'Newest data', width: '116px', cell: (row) => <Time at={row.timeline.restorableTo} /> },
  { key: 'from', header: 'Oldest data', width: '116px', cell: (row) => <Time at={row.timeline.restorableFrom} /> },
  {
    key: 'chains',
    header: 'Backups',
    width: '156px',
    cell: (row) => {
      const incrementals = chainsOf(row).reduce((sum, chain) => sum + chain.incrementals.length, 0);
      return `${chainsOf(row).length} full, ${incrementals} incremental`;
    },
  },
  {
    key: 'logs',
    header: 'Logs',
    width: '54px',
    align: 'end',
    cell: (row) => formatCount(row.timeline.catalog.logs.length),
  },
  {
    key: 'gaps',
    header: 'Gaps',
    width: '54px',
    align: 'end',
    cell: (row) => <span className={gapsOf(row) > 0 ? 'hf-tone-critical' : undefined}>{gapsOf(row)}</span>,
  },
];

export function FolderDialog(props: { onPick: (database: FolderDatabase) => void; onClose: () => void }) {
  const api = useApi();
  const servers = useSite((snapshot) => snapshot.servers);
  const action = useAction();
  const online = servers.filter((server) => server.state === 'online');
  const [server, setServer] = useState(online[0]?.name ?? '');
  const [folder, setFolder] = useState('');
  const [browsing, setBrowsing] = useState(false);
  const [found, setFound] = useState<OpenedFolders | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const look = async () => {
    const folders = folder
      .split(';')
      .map((each) => each.trim())
      .filter(Boolean);
    if (folders.length === 0) return;
    const opened = await action.run(() => api.library.open({ server: server || null, folders }));
    if (!opened) return;
    setFound(opened);
    setChosen(opened.databases[0] ? keyOf(opened.databases[0]) : null);
  };
  const database = found?.databases.find((each) => keyOf(each) === chosen) ?? null;
  return (
    <Dialog
      title="Open a backup folder"
      size="large"
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button kind="primary" disabled={!database} onClick={() => database && props.onPick(database)}>
            Restore from these
          </Button>
        </>
      }
    >
      <div className="rw-folder">
        <p className="hf-secondary">
          Backups are found by what their headers say, whatever the files are called, in this folder and below it. The
          database need not be known here.
        </p>
        <div className="rw-file">
          {servers.length > 0 && (
            <Select
              label="Server"
              value={server}
              width={150}
              onChange={setServer}
              options={servers.map((each) => ({
                value: each.name,
                label: each.state === 'online' ? each.name : `${each.name} (${each.state})`,
                disabled: each.state !== 'online',
              }))}
            />
          )}
          <div className="rw-path">
            <TextField
              label="Folder"
              mono
              value={folder}
              onChange={setFolder}
              onEnter={() => void look()}
              hint="Several are separated by ;"
              after={<IconButton icon={<FolderIcon />} label="Choose a folder" onClick={() => setBrowsing(true)} />}
            />
          </div>
          <Button busy={action.busy} disabled={!folder.trim()} onClick={() => void look()}>
            Look
          </Button>
        </div>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {found && (
          <>
            <Table
              label="Databases found"
              columns={columns}
              rows={found.databases}
              rowKey={keyOf}
              selected={chosen}
              onSelect={setChosen}
              onOpen={props.onPick}
              maxHeight={240}
              empty="No backup of Holdfast lies there."
            />
            <p className="hf-muted" role="status">
              {formatCount(found.folders)} {found.folders === 1 ? 'folder' : 'folders'} looked through
              {found.cutShort ? `; ${found.cutShort}` : ''}
            </p>
            {found.unusable.length > 0 && (
              <MessageBar
                level="warning"
                title={
                  found.unusable.length === 1
                    ? 'One file cannot be used.'
                    : `${found.unusable.length} files cannot be used.`
                }
              >
                {found.unusable
                  .slice(0, 3)
                  .map(({ file, error }) =>
                    error.message.includes(file) ? error.message : `${file}: ${error.message}`,
                  )
                  .join('; ')}
              </MessageBar>
            )}
          </>
        )}
      </div>
      {browsing && (
        <BrowseDialog
          title="Folder of backups"
          server={server || null}
          start={folder || null}
          pick="folder"
          onPick={(path) => {
            setFolder(path);
            setBrowsing(false);
          }}
          onClose={() => setBrowsing(false)}
        />
      )}
    </Dialog>
  );
}
