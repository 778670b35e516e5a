// Who is told what, once: failures and their end, retries with a growing pause, and a failing channel that feeds nobody.
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../core/catalog/catalog.ts';
import type { ChannelInput, Notice } from '../../core/contract/notify.ts';
import { boardEvent } from '../../core/engine/notifying.ts';
import { createMessageBoard } from '../../core/messages/board.ts';
import { createNotifications } from '../../core/notify/service.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const webhook = (name: string, more: Partial<ChannelInput> = {}): ChannelInput =>
  ({
    ...{ kind: 'webhook', id: null, name, enabled: true, from: 'critical', onSuccess: false },
    ...{ url: `http://127.0.0.1/${name}`, secret: null },
    ...more,
  }) as ChannelInput;

function site(folder = temporaryFolder()) {
  const clock = new FakeClock();
  const catalog = createCatalog(folder, 0);
  const sent: { channel: string; notice: Notice; secret: string | null }[] = [];
  const broken = new Set<string>();
  const secrets = new Map<string, string>();
  const board = createMessageBoard(
    catalog.messages,
    clock,
    () => {},
    fail,
    undefined,
    (key, kind, message) => service.on(boardEvent(key, kind, message, clock.now())),
  );
  const service = createNotifications({
    clock,
    store: catalog.notifications,
    secrets: {
      get: (id) => secrets.get(id) ?? null,
      set: (id, secret) => void (secret === null ? secrets.delete(id) : secrets.set(id, secret)),
    },
    async send(channel, secret, notice) {
      if (broken.has(channel.name)) throw new Error(`${channel.name} is broken`);
      sent.push({ channel: channel.name, notice, secret });
    },
    message: (key, level, text, source) => board.raise(key, { level, text, source, standing: true }),
    clearMessage: (key) => board.clear(key),
    changed: () => {},
  });
  const raise = (key: string, level: 'critical' | 'warning' | 'info' = 'critical', standing = true, text = key) =>
    board.raise(key, { level, text, source: 'SRV-1', standing });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.advance(Math.min(1_000, left));
      await service.tick(new AbortController().signal);
    }
  };
  const told = () => sent.splice(0).map(({ channel, notice }) => `${channel} ${notice.kind} ${notice.text}`);
  return { clock, catalog, board, service, broken, secrets, sent, raise, pass, told };
}

function fail(error: unknown): never {
  throw error;
}

describe('notifications', () => {
  it('tell of a condition once and of its end once, whatever its text does meanwhile, over a restart too', async () => {
    const folder = temporaryFolder();
    const first = site(folder);
    first.service.save(webhook('ops'));
    first.raise('offline:SRV-1');
    first.raise('offline:SRV-1', 'critical', true, 'another text');
    first.raise('offline:SRV-1', 'warning', true, 'milder');
    await first.pass(2_000);
    expect(first.told()).toEqual(['ops failure offline:SRV-1']);
    first.catalog.close();

    const second = site(folder);
    second.raise('offline:SRV-1', 'critical', true, 'still');
    await second.pass(2_000);
    expect(second.told()).toEqual([]);
    second.board.clear('offline:SRV-1');
    second.board.clear('offline:SRV-1');
    await second.pass(2_000);
    const [end] = second.sent;
    expect(end!.notice).toMatchObject({ kind: 'recovery', level: 'critical', since: expect.any(Number) });
    expect(second.told()).toHaveLength(1);
    second.raise('offline:SRV-1');
    await second.pass(2_000);
    expect(second.told()).toEqual(['ops failure offline:SRV-1']);
  });

  it('tell each channel what it asked for: from its level on, successes only when chosen, worse is news again', async () => {
    const { service, raise, pass, told } = site();
    service.save(webhook('all', { from: 'warning', onSuccess: true }));
    service.save(webhook('worst'));
    service.save(webhook('off', { enabled: false }));
    raise('a', 'warning');
    raise('b', 'info');
    raise('done:SRV-1', 'info', false);
    raise('event', 'critical', false);
    await pass(5_000);
    expect(told().sort()).toEqual([
      'all failure a',
      'all failure event',
      'all success done:SRV-1',
      'worst failure event',
    ]);
    raise('a', 'critical', true, 'a grew worse');
    await pass(2_000);
    expect(told().sort()).toEqual(['all failure a grew worse', 'worst failure a grew worse']);
  });

  it('try again with growing pauses, in order, give up in the end, and say so without feeding any channel', async () => {
    const { service, raise, pass, told, broken, board } = site();
    service.save(webhook('ops', { from: 'warning' }));
    service.save(webhook('other', { from: 'warning' }));
    broken.add('ops');
    raise('a');
    await pass(2_000);
    expect(told()).toEqual(['other failure a']);
    expect(service.channels()).toMatchObject([{ problem: 'ops is broken' }, { problem: null }]);
    const ofChannel = () => board.list().filter((message) => message.source === 'Notifications');
    expect(ofChannel()).toMatchObject([{ level: 'warning', standing: true }]);
    broken.delete('ops');
    await pass(10_000);
    expect(told()).toEqual(['ops failure a']);
    expect(ofChannel()).toMatchObject([{ standing: false }]);

    broken.add('ops');
    raise('b');
    await pass(3_600_000);
    expect(told()).toEqual(['other failure b']);
    const [newest] = service.deliveries(10).filter((one) => one.channel === 'ops');
    expect(newest).toMatchObject({ status: 'failed', attempts: 6, error: 'ops is broken', nextAt: null });
    // Both fail: their messages reach nobody but the desktop, and nothing multiplies.
    broken.add('other');
    raise('c');
    await pass(3_600_000);
    expect(told()).toEqual([]);
    expect(ofChannel()).toHaveLength(2);
    expect(service.deliveries(100).filter((one) => one.notice.source === 'Notifications')).toEqual([]);
  });

  it('reach the desktop, also about a failing channel, and never give a secret back', async () => {
    const { service, raise, pass, broken, secrets, sent } = site();
    expect(service.forDesktop()).toBeNull();
    service.save({ kind: 'desktop', id: null, name: 'Here', enabled: true, from: 'warning', onSuccess: false });
    const id = service.save(webhook('ops', { secret: 'shh' } as never));
    broken.add('ops');
    raise('a');
    await pass(3_000);
    expect(service.forDesktop()?.map((notice) => notice.text)).toEqual(['a', 'Notifications by "ops" do not arrive']);
    expect(JSON.stringify(service.channels())).not.toContain('shh');
    expect(service.channels().find((one) => one.id === id)).toMatchObject({ hasSecret: true, secret: null });
    expect(await service.test(id, new AbortController().signal)).toEqual({ ok: false, error: 'ops is broken' });
    broken.clear();
    service.save(webhook('ops', { id, secret: null } as never));
    expect(await service.test(id, new AbortController().signal)).toEqual({ ok: true, error: null });
    expect(sent.at(-1)).toMatchObject({ secret: 'shh', notice: { kind: 'test' } });
    expect(() => service.save(webhook('OPS'))).toThrow('already');
    service.remove(id);
    expect(secrets.size).toBe(0);
  });
});
