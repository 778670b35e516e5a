// Activity: every job that ran, and what happened to the failover groups.
import { useMemo, useState } from 'react';
import type { HistoryEntry } from '../../../core/contract/failover.ts';
import type { Job } from '../../../core/contract/jobs.ts';
import { useApi, useApp, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { useQuery } from '../../app/use-query.ts';
import { Button, type Column, ErrorBar, RetryIcon, SignedText, Table, TextField } from '../../ui/index.ts';
import { HistoryTable } from '../failover/HistoryTable.tsx';
import { startedColumn, targetColumn, tookColumn } from '../jobs/job-columns.tsx';
import { statusLevel, statusText } from '../jobs/job-text.ts';

type Tab = 'jobs' | 'events';
const PAGE = 1000;

export function ActivityPage() {
  const api = useApi();
  const app = useApp();
  const recent = useSite((snapshot) => snapshot.jobs);
  const groups = useSite((snapshot) => snapshot.groups);
  const [tab, setTab] = useState<Tab>('jobs');
  const [filter, setFilter] = useState('');
  // Asked for again when a job starts or ends; progress comes with the snapshot.
  const version = recent.map((job) => job.id + job.status).join();
  const list = useQuery('jobs', (signal) => api.jobs.list({ limit: PAGE }, { signal }), version);
  const { reload } = list;

  const jobs = useMemo(() => {
    const newest = new Map(recent.map((job) => [job.id, job]));
    const merged = [...newest.values(), ...(list.data ?? []).filter((job) => !newest.has(job.id))];
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    return merged.filter((job) => {
      const text =
        `${job.title} ${job.target} ${statusText[job.status]} ${job.verdict ?? ''} ${job.error?.message ?? ''}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [recent, list.data, filter]);

  const events = useMemo(
    () =>
      groups.flatMap((group) =>
        group.history.map((entry): HistoryEntry & { group: string } => ({ ...entry, group: group.name })),
      ),
    [groups],
  );

  const columns: Column<Job>[] = [
    {
      key: 'status',
      header: 'Status',
      width: 'minmax(120px, 0.9fr)',
      cell: (job) => <SignedText level={statusLevel[job.status]}>{statusText[job.status]}</SignedText>,
      sort: (job) => job.status,
    },
    {
      key: 'title',
      header: 'Job',
      width: 'minmax(150px, 1.5fr)',
      cell: (job) => <span title={job.title}>{job.title}</span>,
      sort: (job) => job.title,
    },
    targetColumn,
    startedColumn,
    tookColumn,
    {
      key: 'verdict',
      header: 'Verdict',
      width: 'minmax(220px, 2.6fr)',
      cell: (job) => {
        const text = job.error ? `${job.error.message} (${job.error.code})` : (job.verdict ?? '');
        return (
          <span className={job.error ? 'hf-tone-critical' : undefined} title={text}>
            {text}
          </span>
        );
      },
    },
    {
      key: 'log',
      header: 'Log',
      hideHeader: true,
      width: '64px',
      cell: (job) => (
        <Button
          kind="subtle"
          label={`Log of ${job.title}`}
          onClick={() => app.openDialog({ kind: 'jobLog', jobId: job.id })}
        >
          Log
        </Button>
      ),
    },
  ];

  return (
    <Page<Tab>
      title="Activity"
      fill
      tabs={{
        items: [
          { id: 'jobs', label: 'Jobs' },
          { id: 'events', label: 'Events' },
        ],
        selected: tab,
        onSelect: setTab,
      }}
      actions={
        tab === 'jobs' && (
          <>
            <TextField
              label="Filter jobs"
              hideLabel
              type="search"
              placeholder="Filter"
              value={filter}
              onChange={setFilter}
              width={200}
            />
            <Button icon={<RetryIcon />} onClick={reload}>
              Refresh
            </Button>
          </>
        )
      }
    >
      {list.error && tab === 'jobs' && <ErrorBar error={list.error} />}
      {tab === 'jobs' ? (
        <Table
          label="Jobs"
          columns={columns}
          rows={jobs}
          rowKey={(job) => job.id}
          initialSort={{ key: 'started', descending: true }}
          onOpen={(job) => app.openDialog({ kind: 'jobLog', jobId: job.id })}
          empty={filter ? 'No job matches the filter.' : 'Nothing has run yet.'}
        />
      ) : (
        <HistoryTable entries={events} showGroup />
      )}
    </Page>
  );
}
