// The desktop shell's decisions: whose URL it is, what opens outside, who gets a port, what is announced, when leaving asks.
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../core/contract/jobs.ts';
import type { Message } from '../../core/contract/site.ts';

const electron = vi.hoisted(() => ({
  shell: { openExternal: vi.fn(async () => {}) },
  ipcMain: { on: vi.fn() },
  app: { exit: vi.fn() },
  dialog: { showMessageBox: vi.fn() },
  MessageChannelMain: vi.fn(),
}));
vi.mock('electron', () => electron);

const { openExternalSafely } = await import('../../electron/open-external.ts');
const { isOwnUrl } = await import('../../electron/origin.ts');
const { offerEnginePorts, PORT_CHANNEL } = await import('../../electron/engine-port.ts');
const { createAnnouncer, createNoticeAnnouncer } = await import('../../electron/notifications.ts');
const { createLeaving } = await import('../../electron/quit.ts');
const { trayText } = await import('../../electron/tray.ts');

beforeEach(() => void vi.clearAllMocks());

describe('our own origin', () => {
  it.each(['app://holdfast/index.html', 'app://holdfast/assets/a.js?x#y'])('is %s', (url) => {
    expect(isOwnUrl(url)).toBe(true);
  });
  it.each([
    'app://holdfast.evil/',
    'app://HOLDFAST/',
    'app://evil/holdfast',
    'app://holdfast@evil/',
    'app://user:secret@holdfast/',
    'app://holdfast:8080/',
    'https://holdfast/',
    'file:///app://holdfast/',
    'javascript:app://holdfast/',
    'app:holdfast',
    '',
    'not a url',
  ])('is not %s', (url) => {
    expect(isOwnUrl(url)).toBe(false);
  });
});

describe('the way out', () => {
  it('opens a known https site', () => {
    expect(openExternalSafely('https://www.sqlite.org/wal.html')).toBe(true);
    expect(electron.shell.openExternal).toHaveBeenCalledWith('https://www.sqlite.org/wal.html');
  });
  it.each([
    'http://www.sqlite.org/',
    'https://www.sqlite.org.evil.example/',
    'https://www.sqlite.org:8443/',
    'https://user@www.sqlite.org/',
    'https://evil.example/?https://www.sqlite.org/',
    'file:///etc/passwd',
    'smb://server/share',
    'javascript:alert(1)',
    'ms-settings:',
    'nonsense',
  ])('does not open %s', (url) => {
    expect(openExternalSafely(url)).toBe(false);
    expect(electron.shell.openExternal).not.toHaveBeenCalled();
  });
});

describe('the port to the engine', () => {
  /** Asks for a port as a frame; returns what the frame was sent. */
  function ask(frame: { url: string; parent: unknown } | null): unknown[][] {
    const port = () => Object.assign(new EventEmitter(), { start: vi.fn(), postMessage: vi.fn() });
    electron.MessageChannelMain.mockImplementation(function (this: object) {
      Object.assign(this, { port1: port(), port2: port() });
    } as never);
    offerEnginePorts({} as never);
    const [channel, listener] = electron.ipcMain.on.mock.calls.at(-1) as [string, (event: unknown) => void];
    expect(channel).toBe(PORT_CHANNEL);
    const postMessage = vi.fn();
    listener({ senderFrame: frame && { ...frame, postMessage } });
    return postMessage.mock.calls;
  }

  it('goes to the main frame of our own page', () => {
    const sent = ask({ url: 'app://holdfast/index.html', parent: null });
    expect(sent).toEqual([[PORT_CHANNEL, null, [expect.any(EventEmitter)]]]);
  });
  it('goes to no other frame', () => {
    expect(ask({ url: 'https://evil.example/', parent: null })).toEqual([]);
    expect(ask({ url: 'app://holdfast.evil/', parent: null })).toEqual([]);
    expect(ask({ url: 'about:blank', parent: null })).toEqual([]);
    expect(ask({ url: 'app://holdfast/index.html', parent: {} })).toEqual([]);
    expect(ask(null)).toEqual([]);
    expect(electron.MessageChannelMain).not.toHaveBeenCalled();
  });
});

describe('notifications', () => {
  const message = (id: string, level: Message['level'] = 'critical', acknowledged = false): Message => ({
    id,
    at: 0,
    level,
    text: id,
    source: 'SRV-1',
    acknowledged,
    standing: true,
  });
  const ids = (messages: Message[]) => messages.map(({ id }) => id);

  it('announce each new critical message once, and none that was there at the start', () => {
    const announce = createAnnouncer();
    expect(announce([message('old')])).toEqual([]);
    expect(ids(announce([message('old'), message('new'), message('mild', 'warning')]))).toEqual(['new']);
    expect(announce([message('old'), message('new')])).toEqual([]);
    expect(announce([message('old')])).toEqual([]);
    expect(ids(announce([message('new'), message('seen', 'critical', true)]))).toEqual(['new']);
  });

  it('announce each notice of a channel to the desktop once, recoveries too', () => {
    const notice = (id: string, kind: 'failure' | 'recovery' = 'failure') => ({
      ...{ id, at: 0, kind, level: 'critical' as const, source: 'SRV-1', text: id, since: null },
    });
    const announce = createNoticeAnnouncer();
    expect(announce([notice('old')])).toEqual([]);
    const later = announce([notice('old'), notice('new'), notice('over', 'recovery')]);
    expect(later.map(({ id }) => id)).toEqual(['new', 'over']);
    expect(announce(null)).toEqual([]);
    expect(announce([notice('first')])).toHaveLength(1);
  });
});

describe('the tray', () => {
  it('says what needs a person', () => {
    expect(trayText({ level: 'ok', critical: 0, warning: 0, info: 0 })).toBe('Holdfast: nothing needs attention');
    expect(trayText({ level: 'critical', critical: 2, warning: 1, info: 3 })).toBe(
      'Holdfast: 2 critical, 1 warning, 3 messages',
    );
  });
});

describe('leaving', () => {
  const running = { status: 'running', title: 'Full backup', target: 'SRV-1/Directory' } as Job;

  it('does not ask when nothing runs, and stops before it exits', async () => {
    const order: string[] = [];
    electron.app.exit.mockImplementation(() => order.push('exit'));
    await createLeaving(
      () => [{ ...running, status: 'succeeded' }],
      async () => void order.push('stop'),
    ).leave();
    expect(order).toEqual(['stop', 'exit']);
    expect(electron.dialog.showMessageBox).not.toHaveBeenCalled();
    expect(electron.app.exit).toHaveBeenCalledWith(0);
  });

  it('stays when the answer is Cancel, which is the default', async () => {
    electron.dialog.showMessageBox.mockResolvedValue({ response: 0 });
    const leaving = createLeaving(
      () => [running],
      async () => {},
    );
    await leaving.leave();
    expect(electron.dialog.showMessageBox).toHaveBeenCalledWith(expect.objectContaining({ defaultId: 0, cancelId: 0 }));
    expect(electron.app.exit).not.toHaveBeenCalled();
    expect(leaving.decided).toBe(false);
  });

  it('leaves without asking when forced, even while the question is open', async () => {
    let answer: (value: { response: number }) => void = () => {};
    electron.dialog.showMessageBox.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const leaving = createLeaving(
      () => [running],
      async () => {},
    );
    const asked = leaving.leave();
    await leaving.leave(true);
    expect(electron.app.exit).toHaveBeenCalledTimes(1);
    answer({ response: 1 });
    await asked;
    expect(electron.app.exit).toHaveBeenCalledTimes(1);
  });

  it('ends with code 1 when the engine does not stop in order', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    await createLeaving(
      () => [],
      async () => {
        throw new Error('stuck');
      },
    ).leave();
    expect(electron.app.exit).toHaveBeenCalledWith(1);
    error.mockRestore();
  });
});
