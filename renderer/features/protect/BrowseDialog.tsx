// A file picker on a server: folders and files as the engine sees them, since this page has no access to its disk.
import './protect.css';
import { useState } from 'react';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Button,
  Bytes,
  type Column,
  DatabaseIcon,
  Dialog,
  DocumentIcon,
  ErrorBar,
  FolderIcon,
  Table,
  TextField,
  UpIcon,
} from '../../ui/index.ts';

interface Entry {
  name: string;
  path: string;
  folder: boolean;
  bytes: number | null;
  database: boolean;
}

export function BrowseDialog(props: {
  title: string;
  server: string | null;
  /** Where to start; null for the engine's choice. */
  start: string | null;
  pick: 'file' | 'folder';
  onPick: (path: string) => void;
  onClose: () => void;
}) {
  const api = useApi();
  const [path, setPath] = useState(props.start);
  const [typed, setTyped] = useState<string | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const folder = useQuery(`${props.server} ${path}`, (signal) =>
    api.files.browse({ server: props.server, path }, { signal }),
  );
  const entries = (folder.data?.entries ?? []).filter((entry) => props.pick === 'file' || entry.folder);
  const chosen = entries.find((entry) => entry.path === selected);
  const result =
    props.pick === 'folder' ? (chosen?.path ?? folder.data?.path) : chosen && !chosen.folder ? chosen.path : undefined;

  const enter = (next: string) => {
    setSelected(null);
    setTyped(null);
    setPath(next);
  };
  const open = (entry: Entry) => (entry.folder ? enter(entry.path) : props.onPick(entry.path));
  const columns: Column<Entry>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(200px, 1fr)',
      sort: (entry) => `${entry.folder ? 0 : 1}${entry.name.toLowerCase()}`,
      cell: (entry) => (
        <span className="protect-entry">
          {entry.folder ? <FolderIcon /> : entry.database ? <DatabaseIcon /> : <DocumentIcon />}
          <span className={entry.folder || entry.database ? undefined : 'hf-muted'}>{entry.name}</span>
        </span>
      ),
    },
    {
      key: 'kind',
      header: 'Kind',
      width: '130px',
      cell: (entry) => (entry.folder ? 'Folder' : entry.database ? 'SQLite database' : 'File'),
    },
    {
      key: 'size',
      header: 'Size',
      width: '90px',
      align: 'end',
      cell: (entry) => (entry.folder ? '' : <Bytes value={entry.bytes} />),
      sort: (entry) => entry.bytes,
    },
  ];

  return (
    <Dialog
      title={props.title}
      size="medium"
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={result === undefined}
            onClick={() => result !== undefined && props.onPick(result)}
          >
            {props.pick === 'file' ? 'Choose file' : 'Choose folder'}
          </Button>
        </>
      }
    >
      <div className="hf-form-stack">
        <div className="protect-path">
          <Button
            icon={<UpIcon />}
            label="Parent folder"
            disabled={!folder.data?.parent}
            onClick={() => folder.data?.parent && enter(folder.data.parent)}
          />
          <TextField
            label="Folder"
            hideLabel
            mono
            value={typed ?? folder.data?.path ?? path ?? ''}
            onChange={setTyped}
            onEnter={() => typed && enter(typed)}
          />
        </div>
        {folder.error && <ErrorBar error={folder.error} />}
        <div className="protect-files">
          <Table
            label="Files"
            columns={columns}
            rows={entries}
            rowKey={(entry) => entry.path}
            selected={selected}
            onSelect={setSelected}
            onOpen={open}
            initialSort={{ key: 'name', descending: false }}
            maxHeight={320}
            empty={folder.loading ? 'Reading…' : 'Nothing to choose in this folder.'}
          />
        </div>
      </div>
    </Dialog>
  );
}
