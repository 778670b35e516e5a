// The wire itself: errors arrive whole, streams stream, an abort reaches the handler, over an IPC-like port.
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { connectAgent } from '../../core/rpc/connect.ts';
import { implementAgent, servePort } from '../../core/rpc/serve.ts';

function setUp() {
  const agent = implementAgent();
  const seen = { aborted: false };
  const router = {
    inspect: agent.inspect.handler(() => {
      throw new HoldfastError('NOT_SQLITE', 'x.txt is not a SQLite database', { details: { path: 'x.txt' } });
    }),
    events: agent.events.handler(async function* () {
      for (let at = 0; ; at++) {
        if (at === 3) throw new HoldfastError('LOG_GAP', 'stream broke');
        yield { at, instance: null, kind: 'error' as const, severity: 'info' as const, message: `event ${at}` };
      }
    }),
    backup: agent.backup.handler(async function* ({ signal }) {
      yield { kind: 'log' as const, line: 'started' };
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      seen.aborted = true;
    }),
    lease: agent.lease.handler(() => ({})),
  };
  const { port1, port2 } = new MessageChannel();
  servePort(router as never, port1 as never);
  port1.start();
  return {
    api: connectAgent(port2 as never),
    seen,
    close: () => {
      port1.close();
      port2.close();
    },
  };
}

describe('rpc', () => {
  it('carries an expected failure with code, hint and details', async () => {
    const { api, close } = setUp();
    const error = await api.inspect({ path: 'x.txt' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(HoldfastError);
    expect((error as HoldfastError).report()).toMatchObject({
      code: -7001,
      name: 'NOT_SQLITE',
      message: 'x.txt is not a SQLite database',
      details: { path: 'x.txt' },
    });
    close();
  });

  it('refuses input outside the schema as INVALID_INPUT', async () => {
    const { api, close } = setUp();
    const error = await api.lease({ ms: 'soon' as never, term: 1 }).catch((e: unknown) => e);
    expect((error as HoldfastError).name).toBe('INVALID_INPUT');
    close();
  });

  it('streams, and translates an error in the middle of a stream', async () => {
    const { api, close } = setUp();
    const seen: number[] = [];
    const error = await (async () => {
      for await (const event of await api.events({})) seen.push(event.at);
    })().catch((e: unknown) => e);
    expect(seen).toEqual([0, 1, 2]);
    expect((error as HoldfastError).name).toBe('LOG_GAP');
    close();
  });

  it('lets an abort reach the handler', async () => {
    const { api, seen, close } = setUp();
    const controller = new AbortController();
    const stream = await api.backup(
      { instance: 'Directory', options: { type: 'full', file: 'x', log: 'y' } },
      { signal: controller.signal },
    );
    await stream.next();
    controller.abort();
    await expect.poll(() => seen.aborted).toBe(true);
    close();
  });
});
