// Step 4 of the wizard: the files by id, what is missing, and the checks that the engine has made.
import type { RestorePlan } from '../../../core/contract/console.ts';
import {
  Bytes,
  type Column,
  EngineText,
  formatDuration,
  LevelIcon,
  MessageBar,
  Section,
  Table,
  Time,
} from '../../ui/index.ts';
import { FileName } from '../chains/FileName.tsx';
import type { PlanProps } from './step-props.ts';

type Row = NonNullable<RestorePlan['sources']>[number];

const columns: readonly Column<Row>[] = [
  { key: 'kind', header: 'Source', width: '90px', cell: (row) => row.kind },
  { key: 'id', header: 'ID', width: '104px', cell: (row) => <span className="hf-mono">{row.id}</span> },
  { key: 'at', header: 'Moment', width: '100px', cell: (row) => <Time at={row.at} empty="" /> },
  {
    key: 'bytes',
    header: 'Size',
    width: '70px',
    align: 'end',
    cell: (row) => (row.bytes === null ? '' : <Bytes value={row.bytes} />),
  },
  { key: 'server', header: 'Found on', width: '84px', cell: (row) => row.server },
  { key: 'file', header: 'File', width: 'minmax(110px, 1fr)', cell: (row) => <FileName file={row.file} /> },
];

const checkWords = { ok: 'Passed', warning: 'Warning', failed: 'Failed' } as const;

export function Checks({ plan }: Pick<PlanProps, 'plan'>) {
  return (
    <ul className="rw-checks">
      {plan.checks.map((check) => (
        <li key={check.text}>
          <LevelIcon level={check.status === 'failed' ? 'critical' : check.status} label={checkWords[check.status]} />
          <span>
            <EngineText text={check.text} />
          </span>
        </li>
      ))}
    </ul>
  );
}

export function ChecklistStep({ plan }: PlanProps) {
  const rows = plan.sources ?? [];
  return (
    <>
      {plan.refusal && <MessageBar level="critical">{plan.refusal}</MessageBar>}
      {plan.missing.length > 0 && (
        <MessageBar level="critical" title="Missing:">
          {plan.missing.join('; ')}
        </MessageBar>
      )}
      <p>
        {plan.reaches === null ? (
          'It cannot be said what this restore reaches.'
        ) : (
          <>
            These sources reach{' '}
            <strong>
              <Time at={plan.reaches} />
            </strong>
            {plan.estimatedMs !== null && (
              <span className="hf-secondary">, in about {formatDuration(plan.estimatedMs)}</span>
            )}
            .{plan.ends && <> Nothing later is reached: {plan.ends}.</>}
          </>
        )}
      </p>
      <Section title="Checks">
        <Checks plan={plan} />
      </Section>
      <Section
        title="Sources, in the order in which they are read"
        aside={<span className="hf-num">{rows.length}</span>}
      >
        <Table label="Sources" columns={columns} rows={rows} rowKey={(row) => row.file} maxHeight={220} />
      </Section>
    </>
  );
}
