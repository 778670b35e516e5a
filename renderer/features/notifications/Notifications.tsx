// Notifications: the channels that a failure and its end are told to, a test for each, and what was delivered.
import './notifications.css';
import { useState } from 'react';
import type { ChannelInput, ChannelView, Delivery } from '../../../core/contract/notify.ts';
import { useApi, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  AddIcon,
  Button,
  type Column,
  ConfirmDialog,
  DeleteIcon,
  EditIcon,
  ErrorBar,
  type Level,
  MessageBar,
  Section,
  SignedText,
  StartIcon,
  Table,
  Time,
  Toolbar,
  ToolbarDivider,
} from '../../ui/index.ts';
import { ChannelDialog, freshChannel } from './ChannelDialog.tsx';

const kinds = { desktop: 'Desktop', webhook: 'Webhook', email: 'E-mail' } as const;

const addWords = { desktop: 'desktop', webhook: 'webhook', email: 'e-mail' } as const;

const where = (channel: ChannelView) =>
  channel.kind === 'webhook'
    ? channel.url
    : channel.kind === 'email'
      ? `${channel.to.join(', ')} by ${channel.host}:${channel.port}`
      : 'This computer’s desktop, or an open browser console';

const columns: readonly Column<ChannelView>[] = [
  { key: 'name', header: 'Channel', width: 'minmax(120px, 1fr)', sort: (row) => row.name, cell: (row) => row.name },
  { key: 'kind', header: 'Kind', width: '84px', sort: (row) => row.kind, cell: (row) => kinds[row.kind] },
  {
    key: 'where',
    header: 'To',
    width: 'minmax(160px, 1.8fr)',
    cell: (row) => <span title={where(row)}>{where(row)}</span>,
  },
  {
    key: 'what',
    header: 'Told of',
    width: '190px',
    cell: (row) =>
      `${row.from === 'critical' ? 'Critical' : 'Warnings, critical'}${row.onSuccess ? ', good runs' : ''}`,
  },
  {
    key: 'state',
    header: 'State',
    width: 'minmax(120px, 1.2fr)',
    cell: (row) =>
      row.problem ? (
        <SignedText level="critical" sign="Fails" title={row.problem}>
          <span className="hf-tone-critical">{row.problem}</span>
        </SignedText>
      ) : (
        <span className={row.enabled ? undefined : 'hf-muted'}>{row.enabled ? 'On' : 'Off'}</span>
      ),
  },
];

const deliveryLevel: Record<Delivery['status'], Level> = { sent: 'ok', pending: 'info', failed: 'critical' };
const deliveryWord: Record<Delivery['status'], string> = { sent: 'Sent', pending: 'Waiting', failed: 'Failed' };
const noticeWord = { failure: 'Failure', recovery: 'Over', success: 'Done', test: 'Test' } as const;

const deliveryColumns: readonly Column<Delivery>[] = [
  {
    key: 'status',
    header: 'Status',
    width: '96px',
    sort: (row) => row.status,
    cell: (row) => <SignedText level={deliveryLevel[row.status]}>{deliveryWord[row.status]}</SignedText>,
  },
  {
    key: 'at',
    header: 'When',
    width: '112px',
    sort: (row) => row.notice.at,
    cell: (row) => <Time at={row.at ?? row.notice.at} />,
  },
  {
    key: 'channel',
    header: 'Channel',
    width: 'minmax(90px, 0.7fr)',
    sort: (row) => row.channel,
    cell: (row) => row.channel,
  },
  { key: 'kind', header: 'What', width: '74px', cell: (row) => noticeWord[row.notice.kind] },
  {
    key: 'text',
    header: 'Text',
    width: 'minmax(180px, 2fr)',
    cell: (row) => <span title={row.notice.text}>{row.notice.text}</span>,
  },
  {
    key: 'error',
    header: 'Result',
    width: 'minmax(140px, 1.2fr)',
    cell: (row) => {
      const tries = row.attempts > 1 ? `${row.attempts} attempts` : '';
      const text = row.error
        ? `${row.error}${tries ? ` (${tries})` : ''}`
        : tries || (row.status === 'sent' ? 'arrived' : '–');
      return (
        <span className={row.error ? 'hf-tone-critical' : undefined} title={text}>
          {text}
        </span>
      );
    },
  },
];

export function Notifications() {
  const api = useApi();
  const live = useLive();
  // A message that comes or goes may have been told to somebody.
  const version = useSite(
    (snapshot) =>
      snapshot.messages.map((message) => `${message.id}${message.standing}`).join() + (snapshot.notices?.length ?? ''),
  );
  const channels = useQuery('channels', (signal) => api.notify.channels({}, { signal }), version);
  const deliveries = useQuery('deliveries', (signal) => api.notify.deliveries({}, { signal }), version);
  const [chosen, setChosen] = useState<string | null>(null);
  const [editing, setEditing] = useState<ChannelInput | null>(null);
  const [tested, setTested] = useState<{ name: string; error: string | null } | null>(null);
  const [removing, setRemoving] = useState(false);
  const action = useAction();
  const list = channels.data ?? [];
  const channel = list.find((one) => one.id === chosen) ?? list[0] ?? null;
  const changed = () => {
    channels.reload();
    deliveries.reload();
  };
  const none = channel ? undefined : 'Choose a channel first';
  const test = async () => {
    if (!channel) return;
    setTested(null);
    // The browser asks for its permission in answer to a click only.
    if (
      channel.kind === 'desktop' &&
      'Notification' in window &&
      !window.holdfast &&
      Notification.permission === 'default'
    )
      await Notification.requestPermission();
    const done = await action.run(() => api.notify.test({ id: channel.id }));
    if (done) setTested({ name: channel.name, error: done.error });
    changed();
  };
  const remove = async () => {
    if (!channel) return;
    if (!(await action.run(() => api.notify.remove({ id: channel.id })))) return;
    setRemoving(false);
    changed();
  };
  return (
    <div className="notify">
      <Section title="Channels">
        <Toolbar label="Channels">
          {(['desktop', 'webhook', 'email'] as const).map((kind) => (
            <Button
              key={kind}
              kind="subtle"
              icon={<AddIcon />}
              disabled={!live}
              onClick={() => setEditing(freshChannel(kind))}
            >
              Add {addWords[kind]}
            </Button>
          ))}
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<StartIcon />}
            disabled={!live || !channel}
            title={none}
            busy={action.busy}
            onClick={() => void test()}
          >
            Send a test
          </Button>
          <Button
            kind="subtle"
            icon={<EditIcon />}
            disabled={!live || !channel}
            title={none}
            onClick={() => channel && setEditing(inputOf(channel))}
          >
            Change…
          </Button>
          <Button
            kind="subtle"
            icon={<DeleteIcon />}
            disabled={!live || !channel}
            title={none}
            busy={action.busy}
            onClick={() => setRemoving(true)}
          >
            Remove
          </Button>
        </Toolbar>
        {action.error && !removing && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {channels.error && <ErrorBar error={channels.error} />}
        {tested && (
          <MessageBar level={tested.error ? 'critical' : 'ok'} onDismiss={() => setTested(null)}>
            {tested.error
              ? `The test of ${tested.name} did not arrive: ${tested.error}`
              : `${tested.name} took the test.`}
          </MessageBar>
        )}
        <Table
          label="Channels"
          columns={columns}
          rows={list}
          rowKey={(row) => row.id}
          selected={channel?.id ?? null}
          onSelect={setChosen}
          onOpen={(row) => setEditing(inputOf(row))}
          empty="Nobody is told yet. A failure is told once, and so is its end; good runs only where that is chosen."
        />
      </Section>
      <Section title="Delivered">
        <Table
          label="Deliveries"
          columns={deliveryColumns}
          rows={deliveries.data ?? []}
          rowKey={(row) => String(row.id)}
          empty="Nothing was sent yet."
          maxHeight="34vh"
        />
      </Section>
      {removing && channel && (
        <ConfirmDialog
          plan={{
            title: `Remove ${channel.name}`,
            class: 'confirm',
            typedName: null,
            effects: ['Nobody is told through this channel any more.', 'Its address and its secret are forgotten.'],
            warnings: list.length === 1 ? ['It is the only channel: no failure will be told to anybody.'] : [],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Remove"
          busy={action.busy}
          error={action.error}
          onConfirm={() => void remove()}
          onCancel={() => {
            action.clear();
            setRemoving(false);
          }}
        />
      )}
      {editing && (
        <ChannelDialog
          channel={editing}
          hasSecret={list.some((one) => one.id === editing.id && one.kind !== 'desktop' && one.hasSecret)}
          onClose={() => setEditing(null)}
          onSaved={(id) => {
            setEditing(null);
            setChosen(id);
            changed();
          }}
        />
      )}
    </div>
  );
}

function inputOf(channel: ChannelView): ChannelInput {
  const { problem: _, ...input } = channel;
  if (input.kind === 'desktop') return input;
  const { hasSecret: _h, ...rest } = input;
  return rest;
}
