// Recent restores, newest first; choosing one shows its picture.
import type { Job } from '../../../core/contract/jobs.ts';
import { type Column, LevelIcon, Table } from '../../ui/index.ts';
import { startedColumn, targetColumn, tookColumn } from '../jobs/job-columns.tsx';
import { statusLevel, statusText } from '../jobs/job-text.ts';

const columns: readonly Column<Job>[] = [
  {
    key: 'status',
    header: 'State',
    width: '178px',
    cell: (job) => (
      <span className="mon-list-state">
        <LevelIcon level={statusLevel[job.status]} label="" /> {statusText[job.status]}
      </span>
    ),
    sort: (job) => statusText[job.status],
  },
  targetColumn,
  startedColumn,
  tookColumn,
  {
    key: 'verdict',
    header: 'What came of it',
    width: 'minmax(180px, 3fr)',
    cell: (job) => (
      <span title={job.error?.hint}>
        {job.error ? `${job.error.message} (${job.error.code})` : (job.verdict ?? '–')}
      </span>
    ),
  },
];

export function RestoreList(props: {
  jobs: readonly Job[];
  selected: string | null;
  onSelect: (jobId: string) => void;
}) {
  return (
    <Table
      label="Recent restores"
      columns={columns}
      rows={props.jobs}
      rowKey={(job) => job.id}
      selected={props.selected}
      onSelect={props.onSelect}
      maxHeight={242}
      empty="No restore has run yet."
    />
  );
}
