// A small HTTP server on the loopback address that remembers what is posted to it and answers as told.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface HookServer {
  url: string;
  posts: { path: string; headers: http.IncomingHttpHeaders; body: string }[];
  /** Decides the answer by path; 204 unless it says otherwise, `hang` answers nothing. */
  answer: (path: string) => { status: number; location?: string } | 'hang';
}

export async function startHookServer(): Promise<HookServer> {
  const state: HookServer = { url: '', posts: [], answer: () => ({ status: 204 }) };
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const path = request.url ?? '';
      state.posts.push({ path, headers: request.headers, body });
      const answer = state.answer(path);
      if (answer === 'hang') return;
      response.writeHead(answer.status, answer.location ? { location: answer.location } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
}
