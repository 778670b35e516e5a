// The page's connection: one API over many doors, back-off, and what a caller sees while there is none.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { type ConnectionState, keepConnected, type OpenDoor } from '../../renderer/app/connect.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A door whose one procedure answers with `name`, until it is shut. */
function door(name: string) {
  let shut = () => {};
  const closed = new Promise<void>((resolve) => {
    shut = resolve;
  });
  const start = vi.fn(async () => ({ name }));
  const opened: OpenDoor = { api: { servers: { start } } as unknown as ConsoleApi, closed, close: () => shut() };
  return { opened, shut, start };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the connection', () => {
  it('keeps one API over a reconnection and says so in its states', async () => {
    const doors = [door('first'), door('second')];
    const openDoor = vi.fn(async () => doors[openDoor.mock.calls.length - 1]!.opened);
    const connection = keepConnected(openDoor, 'web');
    const states: ConnectionState['status'][] = [];
    connection.subscribe(({ status }) => states.push(status));
    await settle();
    const { api } = connection;
    expect(await api.servers.start({ name: 'SRV-1' })).toEqual({ name: 'first' });
    doors[0]!.shut();
    await vi.advanceTimersByTimeAsync(250);
    expect(await api.servers.start({ name: 'SRV-1' })).toEqual({ name: 'second' });
    expect(states).toEqual(['connected', 'reconnecting', 'connected']);
    connection.close();
  });

  it('waits longer after each failure, up to a limit, and not after retry()', async () => {
    const openDoor = vi.fn(async () => {
      throw new Error('refused');
    });
    const connection = keepConnected(openDoor, 'web');
    await settle();
    expect(openDoor).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(openDoor).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(openDoor).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = openDoor.mock.calls.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(openDoor).toHaveBeenCalledTimes(tries + 1);
    connection.retry();
    await settle();
    expect(openDoor).toHaveBeenCalledTimes(tries + 2);
    expect(connection.getState()).toEqual({ status: 'reconnecting', attempt: tries + 2 });
    connection.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(openDoor).toHaveBeenCalledTimes(tries + 2);
  });

  it('does not try again without a session', async () => {
    const openDoor = vi.fn(async () => {
      throw new HoldfastError('UNAUTHORIZED');
    });
    const connection = keepConnected(openDoor, 'web');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(openDoor).toHaveBeenCalledTimes(1);
    expect(connection.getState().status).toBe('unauthorized');
  });

  it('tells a caller that there is no connection, and that it was lost under a call', async () => {
    const first = door('first');
    first.start.mockImplementation(async () => {
      first.shut();
      await settle();
      throw new Error('AbortError');
    });
    let tries = 0;
    const connection = keepConnected(async () => {
      if (tries++ > 0) throw new Error('refused');
      return first.opened;
    }, 'web');
    const early = await connection.api.servers.start({ name: 'SRV-1' }).catch((error: unknown) => error);
    expect((early as HoldfastError).name).toBe('ENGINE_NOT_RUNNING');
    await settle();
    const lost = await connection.api.servers.start({ name: 'SRV-1' }).catch((error: unknown) => error);
    expect((lost as HoldfastError).message).toBe('servers.start: the connection to the engine was lost');
    connection.close();
  });

  it('passes expected failures and errors of a living connection on as they are', async () => {
    const only = door('only');
    const connection = keepConnected(async () => only.opened, 'desktop');
    await settle();
    const refusal = new HoldfastError('NOT_FOUND', 'no such server');
    only.start.mockRejectedValueOnce(refusal);
    await expect(connection.api.servers.start({ name: 'SRV-1' })).rejects.toBe(refusal);
    const bug = new TypeError('bug');
    only.start.mockRejectedValueOnce(bug);
    await expect(connection.api.servers.start({ name: 'SRV-1' })).rejects.toBe(bug);
    connection.close();
  });
});
