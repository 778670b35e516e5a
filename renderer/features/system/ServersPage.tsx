// System › Servers: every server with its agent, its state and its room; add, remove, start, stop.
import './system.css';
import { useState } from 'react';
import type { ServerView } from '../../../core/contract/site.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { serverLed } from '../../app/nav-nodes.tsx';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import type { Route } from '../../app/route.ts';
import { useAction } from '../../app/use-action.ts';
import {
  AddIcon,
  Age,
  Button,
  Bytes,
  type Column,
  ConfirmDialog,
  DeleteIcon,
  EmptyState,
  ErrorBar,
  Led,
  ProtectIcon,
  StartIcon,
  StopIcon,
  Table,
  Toolbar,
  ToolbarDivider,
} from '../../ui/index.ts';
import { ServerDetails } from './ServerDetails.tsx';
import { serverWords } from './server-words.ts';

/** What was picked by hand counts until the tree leads here anew. */
interface Picked {
  route: Route;
  name: string;
}

export const ServersPage: PageComponent = ({ route }) => {
  const app = useApp();
  const live = useLive();
  const servers = useSite((snapshot) => snapshot.servers);
  const instances = useSite((snapshot) => snapshot.instances);
  const groups = useSite((snapshot) => snapshot.groups);
  const [picked, setPicked] = useState<Picked | null>(null);
  const selected = picked?.route === route ? picked.name : (route.server ?? null);
  const [asking, setAsking] = useState<'stop' | 'remove' | null>(null);
  const action = useAction();
  const server = servers.find((each) => each.name === selected) ?? null;
  const count = (name: string) => instances.filter((instance) => instance.server === name).length;

  const columns: Column<ServerView>[] = [
    {
      key: 'led',
      header: 'Sign',
      hideHeader: true,
      width: '32px',
      cell: (row) => <Led state={serverLed(row)} label={serverWords[row.state].text} />,
    },
    {
      key: 'name',
      header: 'Server',
      width: 'minmax(154px, 1fr)',
      cell: (row) => <b className="system-name">{row.name}</b>,
      sort: (row) => row.name,
    },
    {
      key: 'state',
      header: 'State',
      width: 'minmax(126px, 0.8fr)',
      cell: (row) => {
        const { text, level } = serverWords[row.state];
        return <span className={level === 'ok' ? undefined : `hf-tone-${level}`}>{text}</span>;
      },
      sort: (row) => row.state,
    },
    {
      key: 'count',
      header: 'Databases',
      width: '86px',
      align: 'end',
      cell: (row) => count(row.name),
      sort: (row) => count(row.name),
    },
    {
      key: 'free',
      header: 'Disk free',
      width: '82px',
      align: 'end',
      cell: (row) => <Bytes value={row.freeBytes} />,
      sort: (row) => row.freeBytes,
    },
    {
      key: 'contact',
      header: 'Last contact',
      width: '98px',
      cell: (row) => <Age since={row.lastContact} suffix=" ago" empty="never" />,
      sort: (row) => row.lastContact,
    },
    {
      key: 'endpoint',
      header: 'Endpoint',
      width: 'minmax(110px, 1.4fr)',
      cell: (row) => <span className="hf-mono">{row.endpoint ?? '–'}</span>,
    },
  ];

  const noSelection = server ? undefined : 'Select a server first';
  const removeReason = !server
    ? noSelection
    : server.lab
      ? 'It belongs to the demo lab; close the lab instead'
      : undefined;
  const databases = (name: string) => (count(name) === 1 ? '1 database' : `${count(name)} databases`);
  const groupsOf = (name: string) =>
    groups.filter((group) => group.members.some((member) => member.server === name && group.config.enabled));

  const carryOut = async () => {
    if (!server || !asking) return;
    const done = await action.run(() =>
      asking === 'stop' ? app.api.servers.stop({ name: server.name }) : app.api.servers.remove({ name: server.name }),
    );
    if (done) setAsking(null);
  };

  return (
    <Page title="Servers">
      {action.error && !asking && <ErrorBar error={action.error} onDismiss={action.clear} />}
      <div className="system-servers">
        <Toolbar label="Servers">
          <Button
            kind="subtle"
            icon={<AddIcon />}
            disabled={!live}
            onClick={() => app.openDialog({ kind: 'addServer' })}
          >
            Add a server
          </Button>
          <Button
            kind="subtle"
            icon={<DeleteIcon />}
            disabled={!live || !server || server.lab}
            title={removeReason}
            onClick={() => setAsking('remove')}
          >
            Remove
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<StartIcon />}
            disabled={!live || !server || server.state === 'online' || server.state === 'starting'}
            title={noSelection}
            onClick={() => server && void action.run(() => app.api.servers.start({ name: server.name }))}
          >
            Start
          </Button>
          <Button
            kind="subtle"
            icon={<StopIcon />}
            disabled={!live || !server || server.state === 'stopped'}
            title={noSelection}
            onClick={() => setAsking('stop')}
          >
            Stop
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<ProtectIcon />}
            disabled={!live || server?.state !== 'online'}
            title={server && server.state !== 'online' ? 'The server is not online' : noSelection}
            onClick={() => server && app.openDialog({ kind: 'protect', server: server.name })}
          >
            Protect a database here
          </Button>
        </Toolbar>
        <Table
          label="Servers"
          columns={columns}
          rows={servers}
          rowKey={(row) => row.name}
          selected={selected}
          onSelect={(name) => setPicked({ route, name })}
          maxHeight="44vh"
          empty={
            <EmptyState
              title="No servers yet"
              actions={
                <>
                  <Button disabled={!live} onClick={() => app.openDialog({ kind: 'addServer' })}>
                    Add the first server
                  </Button>
                  <Button disabled={!live} onClick={() => app.openDialog({ kind: 'protect' })}>
                    Protect a database
                  </Button>
                </>
              }
            >
              Add one, or protect a database: that sets a server up on this machine by itself.
            </EmptyState>
          }
        />
      </div>
      {server && <ServerDetails key={server.name} server={server} />}
      {asking && server && (
        <ConfirmDialog
          plan={{
            title: asking === 'stop' ? `Stop ${server.name}` : `Remove ${server.name}`,
            class: 'confirm',
            typedName: null,
            effects:
              asking === 'stop'
                ? [
                    `The agent of ${server.name} ends in an orderly way; clients lose its ${databases(server.name)}.`,
                    'Roll-forward logging there pauses until it is started again.',
                  ]
                : [
                    `${server.name} and its ${databases(server.name)} leave this console.`,
                    'Databases, backups and logs stay on the disk where they are.',
                  ],
            warnings: groupsOf(server.name).map((group) =>
              group.members.some((member) => member.active && member.server === server.name)
                ? `${group.name} is active on this server: its clients lose it, and a copy may take over.`
                : `${group.name} uses this server for database failover and has one copy less meanwhile.`,
            ),
            checks: [],
            command: null,
            refusal: null,
          }}
          verb={asking === 'stop' ? 'Stop' : 'Remove'}
          busy={action.busy}
          error={action.error}
          onConfirm={() => void carryOut()}
          onCancel={() => {
            action.clear();
            setAsking(null);
          }}
        />
      )}
    </Page>
  );
};
