// Columns that every table of jobs has.
import type { Job } from '../../../core/contract/jobs.ts';
import { type Column, formatDuration, Time } from '../../ui/index.ts';

export const targetColumn: Column<Job> = {
  key: 'target',
  header: 'Target',
  width: 'minmax(110px, 0.8fr)',
  cell: (job) => job.target,
  sort: (job) => job.target,
};

export const startedColumn: Column<Job> = {
  key: 'started',
  header: 'Started',
  width: '112px',
  cell: (job) => <Time at={job.startedAt} />,
  sort: (job) => job.startedAt,
};

export const tookColumn: Column<Job> = {
  key: 'took',
  header: 'Took',
  width: '84px',
  align: 'end',
  cell: (job) => (job.endedAt === null ? '–' : formatDuration(job.endedAt - job.startedAt)),
  sort: (job) => (job.endedAt === null ? null : job.endedAt - job.startedAt),
};
