// What follows from the table: the verdict, coverage of each partition, warnings, a proposal, the order of backups and restores.
import type { DsmasterPlan } from '../../../core/contract/dsmaster.ts';
import { Badge, type Column, type Level, LevelIcon, MessageBar, Section, Table } from '../../ui/index.ts';

type Partition = DsmasterPlan['partitions'][number];

const tone: Record<Partition['status'], Level> = {
  covered: 'ok',
  overlap: 'critical',
  readOnly: 'critical',
  missing: 'critical',
};
const word: Record<Partition['status'], string> = {
  covered: 'covered',
  overlap: 'more than once',
  readOnly: 'not writable',
  missing: 'not covered',
};
const how = { dsmaster: 'DSMASTER', recovery: 'by recovery', fresh: 'anew' } as const;

const columns: readonly Column<Partition>[] = [
  { key: 'name', header: 'Partition', width: 'minmax(140px, 1.4fr)', sort: (row) => row.name, cell: (row) => row.name },
  {
    key: 'status',
    header: 'By DSMASTER',
    width: '112px',
    sort: (row) => row.status,
    cell: (row) => <Badge tone={tone[row.status]}>{word[row.status]}</Badge>,
  },
  {
    key: 'by',
    header: 'Comes back from',
    width: 'minmax(110px, 1fr)',
    cell: (row) => row.coveredBy.join(', ') || '–',
  },
  { key: 'master', header: 'Master replica', width: 'minmax(100px, 0.8fr)', cell: (row) => row.master ?? '–' },
  {
    key: 'holders',
    header: 'Replicas',
    width: 'minmax(140px, 1.6fr)',
    cell: (row) => {
      const text = row.holders.map((holder) => `${holder.server} (${holder.type})`).join(', ');
      return <span title={text}>{text || 'none'}</span>;
    },
  },
];

export function PlanView({ plan }: { plan: DsmasterPlan }) {
  const { proposal } = plan;
  return (
    <>
      <MessageBar level={plan.ready ? 'ok' : 'critical'} title={plan.ready ? 'Prepared.' : 'Not prepared.'}>
        {plan.verdict}.
      </MessageBar>
      {plan.warnings.length > 0 && (
        <ul className="dsm-warnings" aria-label="Warnings">
          {plan.warnings.map((warning) => (
            <li key={warning.text}>
              <LevelIcon level={warning.level} />
              <span>{warning.text}</span>
            </li>
          ))}
        </ul>
      )}
      <Section title="Partitions">
        <Table
          label="Partitions"
          columns={columns}
          rows={plan.partitions}
          rowKey={(row) => row.name}
          empty="There is no partition."
          maxHeight="30vh"
        />
      </Section>
      <div className="dsm-two">
        <Section title="Fewest servers that hold the tree">
          {proposal.servers.length === 0 ? (
            <p className="hf-muted">No server holds a writable replica.</p>
          ) : (
            <ul className="dsm-list">
              {proposal.servers.map((server) => (
                <li key={server.name}>
                  <strong>{server.name}</strong> keeps {server.takes.join(', ') || 'nothing that another does not'}
                </li>
              ))}
            </ul>
          )}
          {proposal.changes.length > 0 && (
            <>
              <p className="hf-secondary">To get there:</p>
              <ul className="dsm-list">
                {proposal.changes.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            </>
          )}
        </Section>
        <Section title="Back up in this order">
          <ol className="dsm-list">
            {plan.backupOrder.map((entry) => (
              <li key={entry.server}>
                <strong>{entry.server}</strong> <span className="hf-secondary">{entry.why}</span>
              </li>
            ))}
          </ol>
        </Section>
      </div>
      <Section title="After the loss of all servers">
        <ol className="dsm-list">
          {plan.restoreOrder.map((entry) => (
            <li key={entry.server}>
              <strong>{entry.server}</strong>{' '}
              <Badge tone={entry.how === 'dsmaster' ? 'ok' : 'neutral'}>{how[entry.how]}</Badge>
              <ul>
                {entry.steps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ul>
            </li>
          ))}
        </ol>
      </Section>
    </>
  );
}
