// The backups of an instance as rows, newest first, with what a check in this window has found.
import { useMemo } from 'react';
import type { VerifyResult } from '../../../core/contract/backup.ts';
import type { Proof } from '../../../core/contract/proofs.ts';
import { Badge, Bytes, type Column, formatUtc, LevelIcon, Table, Time } from '../../ui/index.ts';
import { FileName } from './FileName.tsx';
import type { Mark } from './restore-points.ts';
import { useWidth } from './use-width.ts';

/** By idtag; `running` while it is being read. */
export type Checks = Readonly<Record<string, VerifyResult | 'running'>>;

const proofWords = { drill: 'drilled', restore: 'restored', verify: 'good' } as const;

function Check({ check, proof }: { check: VerifyResult | 'running' | undefined; proof: Proof | undefined }) {
  if (check === undefined && proof)
    return (
      <span className="ch-check" title={`${proofWords[proof.kind]} ${formatUtc(proof.provenAt)}`}>
        <LevelIcon level="ok" label="Good" />
        {proofWords[proof.kind]} <Time at={proof.provenAt} />
      </span>
    );
  if (check === undefined) return <span className="hf-muted">–</span>;
  if (check === 'running') return <span className="hf-secondary">reading…</span>;
  const code = check.files.find((file) => file.code !== null)?.code;
  return (
    <span className="ch-check">
      <LevelIcon level={check.ok ? 'ok' : 'critical'} label={check.ok ? 'Good' : 'Failed'} />
      {check.ok ? 'good' : `failed ${code ?? ''}`}
    </span>
  );
}

const columnsFor = (checks: Checks, proofs: readonly Proof[]): readonly Column<Mark>[] => [
  {
    key: 'type',
    header: 'Type',
    width: '124px',
    sort: (mark) => mark.info.type,
    cell: (mark) => (
      <span className="ch-type">
        {mark.info.type}
        {mark.info.backends && (
          <span className="hf-muted" title={mark.info.backends.map((one) => `${one.id}: ${one.file}`).join('\n')}>
            {mark.info.backends.length} files
          </span>
        )}
        {mark.broken && (
          <Badge tone="critical" title={`Cannot be restored: ${mark.broken}`}>
            broken
          </Badge>
        )}
      </span>
    ),
  },
  {
    key: 'time',
    header: 'Moment',
    title: 'The moment of the database that the backup shows',
    width: '104px',
    sort: (mark) => mark.at,
    cell: (mark) => <Time at={mark.at} />,
  },
  {
    key: 'idtag',
    header: 'ID',
    width: '80px',
    sort: (mark) => mark.info.idtag,
    cell: (mark) => <span className="hf-mono">{mark.info.idtag}</span>,
  },
  {
    key: 'serial',
    header: 'Serial',
    width: '96px',
    cell: (mark) => (
      <span className="hf-mono" title={`${mark.info.serial}, after ${mark.info.previousSerial ?? 'none'}`}>
        {mark.info.serial.slice(0, 10)}
      </span>
    ),
  },
  {
    key: 'sequence',
    header: 'No.',
    width: '44px',
    align: 'end',
    sort: (mark) => mark.info.sequence,
    cell: (mark) => mark.info.sequence,
  },
  {
    key: 'bytes',
    header: 'Size',
    width: '76px',
    align: 'end',
    sort: (mark) => mark.info.bytes,
    cell: (mark) => <Bytes value={mark.info.bytes} />,
  },
  {
    key: 'check',
    header: 'Checked',
    title: 'Whether its blocks were read, or a restore or a drill has brought it back',
    width: '164px',
    // The strongest word first: what was brought back was also read.
    cell: (mark) => (
      <Check
        check={checks[mark.info.idtag]}
        proof={
          proofs.find((each) => each.idtag === mark.info.idtag && each.kind !== 'verify') ??
          proofs.find((each) => each.idtag === mark.info.idtag)
        }
      />
    ),
  },
  {
    key: 'file',
    header: 'File',
    width: 'minmax(150px, 1fr)',
    sort: (mark) => mark.info.file,
    cell: (mark) => (
      <span className="ch-file-cell">
        <FileName file={mark.info.file} title={[mark.info.file, ...mark.info.parts].join('\n')} />
        {mark.info.parts.length > 1 && !mark.info.backends && (
          <span className="hf-muted">and {mark.info.parts.length - 1} parts</span>
        )}
      </span>
    ),
  },
];

/** Below this the serial, which the header has too, makes room for the file. */
const WIDE = 880;

export function BackupTable(props: {
  marks: readonly Mark[];
  checks: Checks;
  proofs: readonly Proof[];
  selected: string | null;
  onSelect: (idtag: string) => void;
  onOpen: (mark: Mark) => void;
}) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const { checks, proofs } = props;
  const narrow = width > 0 && width < WIDE;
  // The table sorts anew when its columns are others, and there can be very many rows.
  const columns = useMemo(() => {
    const all = columnsFor(checks, proofs);
    return narrow ? all.filter((column) => column.key !== 'serial') : all;
  }, [checks, proofs, narrow]);
  return (
    <div ref={ref} className="ch-table">
      <Table
        label="Backups"
        columns={columns}
        rows={props.marks}
        rowKey={(mark) => mark.info.idtag}
        selected={props.selected}
        onSelect={props.onSelect}
        onOpen={props.onOpen}
        initialSort={{ key: 'time', descending: true }}
        rowClass={(mark) => (mark.broken ? 'ch-row-broken' : undefined)}
        maxHeight={330}
        empty="No backup yet."
      />
    </div>
  );
}
