// What happened to a group: when, what, from where to where, why, how long, how old the data was, what was at risk.
import type { HistoryEntry } from '../../../core/contract/failover.ts';
import { Badge, type Column, formatDuration, type Level, Table, Time } from '../../ui/index.ts';

export const historyWords: Record<HistoryEntry['kind'], { text: string; level: Level }> = {
  failover: { text: 'Failover', level: 'critical' },
  switch: { text: 'Switch', level: 'info' },
  reconnect: { text: 'Reconnect', level: 'info' },
  promote: { text: 'New master', level: 'info' },
  masterLost: { text: 'Master lost', level: 'critical' },
  masterBack: { text: 'Master back', level: 'ok' },
  blocked: { text: 'Blocked', level: 'critical' },
  outOfSync: { text: 'Out of sync', level: 'critical' },
  fullBackup: { text: 'Full backup', level: 'ok' },
  contingency: { text: 'Contingency', level: 'neutral' },
  fence: { text: 'Fenced', level: 'warning' },
  unfence: { text: 'Unfenced', level: 'neutral' },
  enabled: { text: 'Turned on', level: 'neutral' },
  disabled: { text: 'Turned off', level: 'neutral' },
  confirmed: { text: 'Confirmed', level: 'info' },
};

type Entry = HistoryEntry & { group?: string };

export function HistoryTable(props: { entries: readonly Entry[]; showGroup?: boolean; maxHeight?: number }) {
  const duration = (ms: number | null) => (ms === null ? '–' : formatDuration(ms));
  const columns: Column<Entry>[] = [
    { key: 'at', header: 'When', width: '102px', cell: (row) => <Time at={row.at} />, sort: (row) => row.at },
    {
      key: 'kind',
      header: 'Event',
      width: '102px',
      cell: (row) => <Badge tone={historyWords[row.kind].level}>{historyWords[row.kind].text}</Badge>,
      sort: (row) => historyWords[row.kind].text,
    },
    ...(props.showGroup
      ? [{ key: 'group', header: 'Group', width: '110px', cell: (row: Entry) => row.group ?? '' }]
      : []),
    { key: 'from', header: 'From', width: 'minmax(64px, 0.8fr)', cell: (row) => row.from ?? '–' },
    { key: 'to', header: 'To', width: 'minmax(64px, 0.8fr)', cell: (row) => row.to ?? '–' },
    { key: 'why', header: 'Why', width: 'minmax(140px, 2fr)', cell: (row) => <span title={row.why}>{row.why}</span> },
    {
      key: 'duration',
      header: 'Took',
      width: '64px',
      align: 'end',
      cell: (row) => duration(row.durationMs),
      sort: (row) => row.durationMs,
    },
    {
      key: 'age',
      header: 'Data age',
      width: '76px',
      align: 'end',
      cell: (row) => duration(row.dataAgeMs),
      sort: (row) => row.dataAgeMs,
    },
    {
      key: 'risk',
      header: 'At risk',
      width: 'minmax(112px, 1.2fr)',
      cell: (row) => <span title={row.atRisk ?? undefined}>{row.atRisk ?? '–'}</span>,
    },
  ];
  return (
    <Table
      label="History"
      columns={columns}
      rows={props.entries}
      rowKey={(row) => row.id}
      initialSort={{ key: 'at', descending: true }}
      empty="Nothing has happened yet."
      {...(props.maxHeight === undefined ? {} : { maxHeight: props.maxHeight })}
    />
  );
}
