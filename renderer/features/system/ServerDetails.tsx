// One server in full: where it is reached, where it lies, what runs there, and the databases it holds.
import type { InstanceView, ServerView } from '../../../core/contract/site.ts';
import { useApp, useSite } from '../../app/app.ts';
import { byName, memberOf, standingOf } from '../../app/standing.ts';
import { Age, Bytes, type Column, KeyValue, Led, Section, Table, Time } from '../../ui/index.ts';
import { serverWords } from './server-words.ts';

const mono = (text: string | null) => <span className="hf-mono">{text ?? '–'}</span>;

export function ServerDetails({ server }: { server: ServerView }) {
  const app = useApp();
  const instances = useSite((snapshot) => snapshot.instances);
  const groups = useSite((snapshot) => snapshot.groups);
  const here = instances.filter((instance) => instance.server === server.name).toSorted(byName);
  const columns: Column<InstanceView>[] = [
    {
      key: 'led',
      header: 'Sign',
      hideHeader: true,
      width: '32px',
      cell: (row) => {
        const { led, text } = standingOf(row, memberOf(groups, row));
        return <Led state={led} label={text} />;
      },
    },
    { key: 'name', header: 'Database', width: 'minmax(130px, 0.8fr)', cell: (row) => <b>{row.status.name}</b> },
    {
      key: 'standing',
      header: 'Protection',
      width: 'minmax(180px, 2fr)',
      cell: (row) => {
        const { level, text } = standingOf(row, memberOf(groups, row));
        return <span className={level === 'ok' ? undefined : `hf-tone-${level}`}>{text}</span>;
      },
    },
    { key: 'path', header: 'File', width: 'minmax(140px, 2fr)', cell: (row) => mono(row.status.path) },
    { key: 'size', header: 'Size', width: '80px', align: 'end', cell: (row) => <Bytes value={row.status.size} /> },
  ];
  return (
    <Section title={server.name}>
      <KeyValue
        columns={2}
        items={[
          ['State', serverWords[server.state].text],
          [
            'Last contact',
            <span key="contact">
              <Time at={server.lastContact} empty="never" />
              {server.lastContact !== null && (
                <span className="hf-muted">
                  {', '}
                  <Age since={server.lastContact} suffix=" ago" />
                </span>
              )}
            </span>,
          ],
          ['Endpoint', mono(server.endpoint)],
          ['Process', server.pid === null ? '–' : server.pid],
          ['Root folder', mono(server.root)],
          ['Agent', `${server.version ?? '–'}, SQLite ${server.sqliteVersion ?? '–'}`],
        ]}
      />
      <Table
        label={`Databases on ${server.name}`}
        columns={columns}
        rows={here}
        rowKey={(row) => row.id}
        onOpen={(row) => app.navigate({ page: 'backup/chains', instanceId: row.id })}
        maxHeight={184}
        empty="It holds no database yet."
      />
    </Section>
  );
}
