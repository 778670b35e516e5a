// The web door: serves the console's page on loopback, trades the start's token for a session, and speaks the contract over a WebSocket.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { HoldfastError } from '../core/contract/errors.ts';
import { pageHeaders, readPageFile } from '../core/platform/page-files.ts';
import { type ConsoleRouter, serveSocket } from '../core/rpc/serve.ts';
import { createWebGuard, type WebGuard } from './web-guard.ts';

/** Larger than any input of the contract; a message above it ends the connection. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_BODY_BYTES = 4096;
const PING_MS = 20_000;

export interface WebHostOptions {
  engine: { router: ConsoleRouter };
  /** 0 picks a free one. */
  port: number;
  /** Loopback only: the door has no encryption of its own. */
  host?: '127.0.0.1' | '::1';
  /** Built page; null serves only the command line. */
  rendererFolder: string | null;
  /** Made up for each start unless given. */
  token?: string;
}

export interface WebHost {
  /** Address to open, with the token in its fragment, which a browser never sends. */
  url: string;
  port: number;
  token: string;
  close(): Promise<void>;
}

/** Opens the web door; throws IO_ERROR when the port is taken. */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  const { host = '127.0.0.1', token = randomBytes(32).toString('base64url') } = options;
  const server = http.createServer();
  const port = await listen(server, options.port, host);
  const guard = createWebGuard(token, port);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });

  server.on('request', (request, response) => {
    answer(request, response, guard, options.rendererFolder, port).catch((error: unknown) => {
      reply(response, 500, 'internal error');
      // A bug, not an expected failure: it goes to the crash path.
      queueMicrotask(() => {
        throw error;
      });
    });
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const refusal = refuseUpgrade(request, guard);
    if (refusal !== null) return rejectUpgrade(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate());
      sockets.emit('connection', webSocket, request);
      serveSocket(options.engine.router, webSocket);
    });
  });
  const stopPinging = dropSilentSockets(sockets);

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/#token=${token}`,
    port,
    token,
    async close() {
      stopPinging();
      for (const socket of sockets.clients) socket.close(1001, 'engine stopped');
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of sockets.clients) socket.terminate();
      await closed;
    },
  };
}

function listen(server: http.Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new HoldfastError('IO_ERROR', `Port ${port} of ${host} is in use`, {
              hint: 'Give another one with --port.',
            })
          : error,
      ),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  guard: WebGuard,
  rendererFolder: string | null,
  port: number,
): Promise<void> {
  if (!guard.hostAllowed(request)) return reply(response, 421, 'unknown host');
  const pathname = pathOf(request);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!guard.originAllowed(request, !isRead)) return reply(response, 403, 'foreign origin');
  if (pathname === '/session') return await answerSession(request, response, guard);
  if (!isRead) return reply(response, 405, 'method not allowed');
  if (pathname === '/health') return reply(response, 200, 'ok');
  const file = rendererFolder === null ? null : readPageFile(rendererFolder, pathname);
  if (file === null) return reply(response, 404, 'not found');
  response.writeHead(200, {
    ...pageHeaders(`ws://127.0.0.1:${port} ws://localhost:${port}`),
    'content-type': file.contentType,
    'content-length': file.body.length,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}

const sessionRequestSchema = z.object({ token: z.string().max(200) });

/** GET tells whether this browser has a session, POST trades the token for one. */
async function answerSession(request: http.IncomingMessage, response: http.ServerResponse, guard: WebGuard) {
  if (request.method === 'GET') return reply(response, guard.hasSession(request) ? 204 : 401, '');
  if (request.method !== 'POST') return reply(response, 405, 'method not allowed');
  const body = sessionRequestSchema.safeParse(await readJson(request));
  if (!body.success) return reply(response, 400, 'a token is needed');
  const cookie = guard.openSession(body.data.token);
  if (cookie === null) return reply(response, 401, 'wrong token');
  response.setHeader('set-cookie', cookie);
  reply(response, 204, '');
}

/** Only split, not parsed as a URL: a parser throws on some of what a client may send. */
const pathOf = (request: http.IncomingMessage) => (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';

/** The body as JSON; null when it is too long, is none, or was cut off. */
async function readJson(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) return null;
      chunks.push(chunk as Buffer);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return null;
  }
}

function reply(response: http.ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function refuseUpgrade(request: http.IncomingMessage, guard: WebGuard): string | null {
  if (!guard.hostAllowed(request)) return '421 Misdirected Request';
  if (!guard.originAllowed(request, true)) return '403 Forbidden';
  if (pathOf(request) !== '/rpc') return '404 Not Found';
  return guard.hasSession(request) ? null : '401 Unauthorized';
}

function rejectUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Ends connections whose other side vanished without a word, so that their streams end as well. */
function dropSilentSockets(server: WebSocketServer): () => void {
  const answered = new WeakSet<object>();
  server.on('connection', (socket) => answered.add(socket));
  const timer = setInterval(() => {
    for (const socket of server.clients) {
      if (!answered.delete(socket)) {
        socket.terminate();
        continue;
      }
      socket.once('pong', () => answered.add(socket));
      socket.ping();
    }
  }, PING_MS);
  timer.unref();
  return () => clearInterval(timer);
}
