// Step 1 of the wizard: which way, and the backup to start from, newest first.
import { useState } from 'react';
import type { WayBack } from '../../../core/contract/library.ts';
import { useApp } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, Bytes, type Column, DismissIcon, ErrorBar, IconButton, Section, Table, Time } from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';
import { markName } from '../chains/point-text.ts';
import { type Mark, markBefore } from '../chains/restore-points.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import type { StepProps } from './step-props.ts';
import { WaysPanel } from './WaysPanel.tsx';

const columns: readonly Column<Mark>[] = [
  { key: 'at', header: 'Moment', width: '128px', sort: (mark) => mark.at, cell: (mark) => <Time at={mark.at} /> },
  { key: 'type', header: 'Type', width: '100px', sort: (mark) => mark.info.type, cell: (mark) => mark.info.type },
  { key: 'id', header: 'ID', width: '86px', cell: (mark) => <span className="hf-mono">{mark.info.idtag}</span> },
  {
    key: 'bytes',
    header: 'Size',
    width: '76px',
    align: 'end',
    sort: (mark) => mark.info.bytes,
    cell: (mark) => <Bytes value={mark.info.bytes} />,
  },
  {
    key: 'file',
    header: 'File',
    width: 'minmax(140px, 1fr)',
    cell: (mark) =>
      mark.broken ? (
        <span className="hf-tone-critical">cannot be restored: {mark.broken}</span>
      ) : (
        <span title={mark.info.file}>{mark.info.file}</span>
      ),
  },
];

/** Folders beside the known ones, for files that were moved, renamed, or brought from elsewhere. */
function SearchFolders({ draft, set, server }: Pick<StepProps, 'draft' | 'set'> & { server: string | null }) {
  const [browsing, setBrowsing] = useState(false);
  const { searchFolders } = draft;
  if (draft.from) return <p className="hf-secondary">Backups found in {draft.from.folders.join(', ')}.</p>;
  return (
    <div className="rw-search">
      <span className="hf-secondary">
        {searchFolders.length === 0 ? 'Known folders are looked through.' : 'Also looked through:'}
      </span>
      {searchFolders.map((folder) => (
        <span key={folder} className="rw-search-folder">
          <span className="hf-mono">{folder}</span>
          <IconButton
            icon={<DismissIcon />}
            label={`Do not look in ${folder}`}
            onClick={() => set({ searchFolders: searchFolders.filter((each) => each !== folder) })}
          />
        </span>
      ))}
      <Button kind="subtle" onClick={() => setBrowsing(true)}>
        Look in another folder…
      </Button>
      {browsing && (
        <BrowseDialog
          title="Where else backups and logs may lie"
          server={server}
          start={null}
          pick="folder"
          onPick={(folder) => {
            set({ searchFolders: [...new Set([...searchFolders, folder])] });
            setBrowsing(false);
          }}
          onClose={() => setBrowsing(false)}
        />
      )}
    </div>
  );
}

export function SourceStep({ instance, draft, set, marks }: StepProps) {
  const app = useApp();
  const ways = useQuery(instance && !draft.from ? instance.id : null, (signal) =>
    app.api.library.ways({ instanceId: instance!.id }, { signal }),
  );
  const { point } = draft;
  const chosen = draft.idtag !== null || point.kind === 'time' ? null : point.kind === 'last' ? 'logs' : 'backup';
  const take = (way: WayBack) => {
    if (way.kind === 'copy') {
      const page = 'system/directory-manager/database-failover';
      app.navigate({ page, groupId: instance?.groupId ?? undefined });
    } else if (way.id === 'logs:gap' && way.reaches !== null)
      set({ idtag: null, point: { kind: 'time', at: way.reaches } });
    else set({ idtag: null, point: { kind: way.kind === 'backup' ? 'backup' : 'last' } });
  };
  const newest = markBefore(marks, Number.POSITIVE_INFINITY);
  return (
    <>
      {ways.data && (
        <Section title="Which way?">
          <WaysPanel ways={ways.data} chosen={chosen} onChoose={take} />
        </Section>
      )}
      {ways.error && <ErrorBar error={ways.error} actions={<Button onClick={ways.reload}>Try again</Button>} />}
      <SearchFolders draft={draft} set={set} server={instance?.server ?? null} />
      <RadioGroup
        label="Backup to start from"
        hideLabel
        value={draft.idtag === null ? 'newest' : 'chosen'}
        onChange={(value) => set({ idtag: value === 'newest' ? null : (newest?.info.idtag ?? null) })}
        options={[
          {
            value: 'newest',
            label: 'The newest that fits the point in time',
            hint: newest
              ? `Now that is ${markName(newest)}. Its full backup and the incrementals between are found by their ids.`
              : 'There is none.',
          },
          {
            value: 'chosen',
            label: 'The one that is chosen below',
            hint: 'For an older state, or when the newest is in doubt.',
          },
        ]}
      />
      <Table
        label="Backups"
        columns={columns}
        rows={marks}
        rowKey={(mark) => mark.info.idtag}
        selected={draft.idtag}
        onSelect={(idtag) => set({ idtag })}
        initialSort={{ key: 'at', descending: true }}
        maxHeight={232}
        empty="There is no backup to restore from."
      />
    </>
  );
}
