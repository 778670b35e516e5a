// Columns that every table of things that run by a schedule has: whose they are, and when they run next.
import { type Column, Until } from '../ui/index.ts';

export const databaseColumn = <Row extends { instanceId: string }>(): Column<Row> => ({
  key: 'database',
  header: 'Database',
  width: 'minmax(130px, 1fr)',
  sort: (row) => row.instanceId,
  cell: (row) => row.instanceId,
});

/** `when` is the schedule in words, told on hover; `empty` stands where nothing is to come. */
export const nextColumn = <Row extends { nextAt: number | null }>(options: {
  header: string;
  width: string;
  empty: string;
  when: (row: Row) => string | undefined;
}): Column<Row> => ({
  key: 'next',
  header: options.header,
  width: options.width,
  sort: (row) => row.nextAt,
  cell: (row) =>
    row.nextAt === null ? (
      <span className="hf-muted">{options.empty}</span>
    ) : (
      <span title={options.when(row)}>
        <Until at={row.nextAt} />
      </span>
    ),
});
