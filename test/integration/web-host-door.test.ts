// The web door: what it serves, whom it refuses, and that the contract works through it.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HoldfastError } from '../../core/contract/errors.ts';
import { connectConsoleBySocket } from '../../core/rpc/connect.ts';
import { type ConsoleRouter, implementConsole } from '../../core/rpc/serve.ts';
import { startWebHost, type WebHost } from '../../headless/web-host.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-web-'));
const pages = path.join(folder, 'pages');

beforeAll(() => {
  mkdirSync(path.join(pages, 'assets'), { recursive: true });
  writeFileSync(path.join(pages, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(path.join(pages, 'assets', 'app-1a2b.js'), 'export {};');
  writeFileSync(path.join(pages, 'notes.sqlite'), 'no known type');
  writeFileSync(path.join(folder, 'secret.json'), '{"secret":1}');
  symlinkSync(path.join(folder, 'secret.json'), path.join(pages, 'link.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function testRouter(): ConsoleRouter {
  const builder = implementConsole();
  return {
    servers: {
      start: builder.servers.start.handler(({ input }) => {
        if (input.name === 'missing') throw new HoldfastError('NOT_FOUND', 'there is no server missing');
        return {};
      }),
    },
  } as unknown as ConsoleRouter;
}

let host: WebHost;
const opened: WebSocket[] = [];
beforeAll(async () => {
  host = await startWebHost({ engine: { router: testRouter() }, port: 0, rendererFolder: pages });
});
afterEach(() => {
  for (const socket of opened.splice(0)) socket.terminate();
});
afterAll(() => host.close());

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Sends the path as it is: fetch() would tidy `..` away before the server sees it. */
function send(pathname: string, options: http.RequestOptions & { body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const request = http.request({ host: '127.0.0.1', port: host.port, path: pathname, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const origin = () => `http://127.0.0.1:${host.port}`;
const trade = (token: string, headers: Record<string, string> = { origin: origin() }) =>
  send('/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
async function sessionCookie(): Promise<string> {
  const [cookie = ''] = (await trade(host.token)).headers['set-cookie'] ?? [];
  return cookie.split(';')[0] ?? '';
}

/** Resolves with the open socket, or with the status of the refusal. */
function upgrade(headers: Record<string, string>, pathname = '/rpc'): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${pathname}`, { headers });
    opened.push(socket);
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
  });
}

describe('the page', () => {
  it('is served with a strict policy and its type', async () => {
    const answer = await send('/');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<title>page</title>');
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-eval|\*/);
  });

  it('lets hashed files be cached and answers HEAD without a body', async () => {
    const answer = await send('/assets/app-1a2b.js', { method: 'HEAD' });
    expect(answer.headers['cache-control']).toContain('immutable');
    expect(answer.headers['content-type']).toContain('text/javascript');
    expect(answer.body).toBe('');
  });

  it.each([
    '/../secret.json',
    '/..%2fsecret.json',
    '/%2e%2e/secret.json',
    '/assets/../../secret.json',
    '/assets/..%5c..%5csecret.json',
    '/link.json',
    '/notes.sqlite',
    '/assets',
    '/nothing.html',
    '/%00',
    '/%zz',
    '//',
    '//evil.example/secret.json',
  ])('does not serve %s', async (pathname) => {
    const answer = await send(pathname);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret');
  });

  it('answers health without a session', async () => {
    expect(await send('/health')).toMatchObject({ status: 200, body: 'ok' });
  });

  it('survives requests that are not HTTP', async () => {
    await new Promise<void>((resolve) => {
      const socket = net.connect(host.port, '127.0.0.1', () => socket.write('GET \u0001 nonsense\r\n\r\n'));
      socket.on('close', () => resolve()).on('error', () => {});
      socket.resume();
    });
    expect((await send('/health')).status).toBe(200);
  });
});

describe('who may come in', () => {
  it('refuses another Host on every path (DNS rebinding)', async () => {
    for (const pathname of ['/', '/health', '/session'])
      expect((await send(pathname, { headers: { host: `evil.example:${host.port}` } })).status).toBe(421);
    expect(await upgrade({ host: 'evil.example', origin: 'http://evil.example' })).toBe(421);
  });

  it('refuses foreign origins, and writes without one', async () => {
    expect((await send('/', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await trade(host.token, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await trade(host.token, { origin: 'null' })).status).toBe(403);
    expect((await trade(host.token, {})).status).toBe(403);
  });

  it('trades only the right token for a cookie that scripts cannot read', async () => {
    for (const token of ['', 'wrong', `${host.token}x`, host.token.slice(1)])
      expect((await trade(token)).status).toBe(401);
    const answer = await trade(host.token);
    expect(answer.status).toBe(204);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    expect((await send('/session')).status).toBe(401);
    expect((await send('/session', { headers: { cookie: await sessionCookie() } })).status).toBe(204);
  });

  it('refuses bodies that are no token request', async () => {
    const headers = { origin: origin() };
    for (const body of ['', '{', '[]', '{"token":5}', JSON.stringify({ token: 'x'.repeat(10_000) })])
      expect((await send('/session', { method: 'POST', headers, body })).status).toBe(400);
    expect((await send('/', { method: 'POST', headers, body: 'x' })).status).toBe(405);
  });

  it('opens the WebSocket only with session and origin', async () => {
    const cookie = await sessionCookie();
    expect(await upgrade({ origin: origin() })).toBe(401);
    expect(await upgrade({ origin: origin(), cookie: `holdfast-${host.port}=guess` })).toBe(401);
    expect(await upgrade({ cookie })).toBe(403);
    expect(await upgrade({ cookie, origin: 'http://evil.example' })).toBe(403);
    expect(await upgrade({ cookie, origin: origin() }, '/other')).toBe(404);
    expect(await upgrade({ cookie, origin: origin() })).toBeInstanceOf(WebSocket);
  });
});

describe('the contract through the door', () => {
  it('answers calls and carries failures whole', async () => {
    const socket = (await upgrade({ cookie: await sessionCookie(), origin: origin() })) as WebSocket;
    const api = connectConsoleBySocket(socket as unknown as globalThis.WebSocket);
    expect(await api.servers.start({ name: 'SRV-1' })).toEqual({});
    const failure = await api.servers.start({ name: 'missing' }).catch((error: unknown) => error);
    expect((failure as HoldfastError).report()).toMatchObject({
      name: 'NOT_FOUND',
      message: 'there is no server missing',
    });
    const refused = await api.servers.start({ name: 'no/name' }).catch((error: unknown) => error);
    expect((refused as HoldfastError).name).toBe('INVALID_INPUT');
  });

  it('ends a connection that sends more than any input needs', async () => {
    const socket = (await upgrade({ cookie: await sessionCookie(), origin: origin() })) as WebSocket;
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.send('x'.repeat(5 * 1024 * 1024));
    expect(await closed).toBe(1009);
  });

  it('names a taken port, and ends its connections when it closes', async () => {
    const second = await startWebHost({ engine: { router: testRouter() }, port: 0, rendererFolder: null });
    const taken = await startWebHost({
      engine: { router: testRouter() },
      port: second.port,
      rendererFolder: null,
    }).catch((error: unknown) => error);
    expect((taken as HoldfastError).message).toContain(`Port ${second.port}`);
    const socket = net.connect(second.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await second.close();
    await ended;
    await expect(fetch(`http://127.0.0.1:${second.port}/health`)).rejects.toThrow();
  });
});
