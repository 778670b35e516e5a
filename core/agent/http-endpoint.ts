// The agent's HTTP endpoint on loopback, by which clients and load balancers find the active database.
import http from 'node:http';
import type { AgentStatus } from '../contract/agent.ts';
import type { InstanceStatus } from '../contract/instance.ts';

export interface HttpEndpoint {
  /** `http://127.0.0.1:PORT` */
  address: string;
  port: number;
  close(): Promise<void>;
}

/** Serves `/primary`, `/replica`, `/health` and `/metrics`; `status` is asked at each request and must be cheap. */
export async function openHttpEndpoint(port: number, status: () => AgentStatus): Promise<HttpEndpoint> {
  const server = http.createServer((request, response) => {
    const { code, type, body } = answer(request, status);
    response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.unref();
  const bound = (server.address() as { port: number }).port;
  return {
    address: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Where a client may write: a primary that is not fenced; null when there is none here. */
export const findActive = (status: AgentStatus): InstanceStatus | null =>
  status.instances.find((instance) => instance.role === 'primary' && instance.writable) ?? null;

interface Answer {
  code: number;
  type: string;
  body: string;
}

const json = (code: number, value: unknown): Answer => ({
  code,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

const place = (status: AgentStatus, instance: InstanceStatus) => ({
  server: status.server,
  instance: instance.name,
  path: instance.path,
  term: instance.term,
});

function answer(request: http.IncomingMessage, read: () => AgentStatus): Answer {
  const host = request.headers.host ?? '';
  // A page on another site can point its own name at 127.0.0.1; such a request carries that name.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return json(421, { error: 'unknown host' });
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'GET only' });
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const status = read();
  const wanted = url.searchParams.get('instance');
  const named = status.instances.filter((instance) => !wanted || instance.name === wanted);
  switch (url.pathname) {
    case '/primary': {
      const active = findActive({ ...status, instances: named });
      return active ? json(200, place(status, active)) : json(503, { server: status.server, error: 'not primary' });
    }
    case '/replica': {
      const standby = named.find((instance) => instance.role === 'standby' && instance.lastRestore);
      return standby ? json(200, place(status, standby)) : json(503, { server: status.server, error: 'no replica' });
    }
    case '/health': {
      const bad = status.instances.filter((instance) => instance.state === 'Error' || instance.state === 'Offline');
      return json(bad.length === 0 ? 200 : 503, {
        server: status.server,
        instances: status.instances.map((instance) => ({ name: instance.name, state: instance.state })),
      });
    }
    case '/metrics':
      return { code: 200, type: 'text/plain; version=0.0.4', body: renderMetrics(status) };
    default:
      return json(404, { error: 'not found' });
  }
}

/** Prometheus text format. */
export function renderMetrics(status: AgentStatus): string {
  const series: [string, string, (instance: InstanceStatus) => number | null][] = [
    [
      'holdfast_primary',
      'Whether the instance is the writable primary.',
      (i) => Number(i.role === 'primary' && i.writable),
    ],
    ['holdfast_term', 'Term of the instance.', (i) => i.term],
    ['holdfast_database_bytes', 'Size of the database file.', (i) => i.size],
    ['holdfast_wal_bytes', 'Size of the write-ahead log.', (i) => i.wal?.bytes ?? null],
    ['holdfast_log_bytes', 'Size of the kept roll-forward logs.', (i) => i.logging.usedBytes],
    ['holdfast_last_commit_seconds', 'Time of the last known commit.', (i) => seconds(i.lastCommitAt)],
    ['holdfast_restorable_seconds', 'Time of the last commit that can be restored.', (i) => seconds(i.restorableTo)],
    ['holdfast_full_required', 'Whether a full backup is required.', (i) => Number(i.fullRequired)],
    ['holdfast_out_of_sync', 'Whether copies and master have come apart.', (i) => Number(i.outOfSync)],
  ];
  const label = (instance: InstanceStatus) =>
    `{server="${escapeLabel(status.server)}",instance="${escapeLabel(instance.name)}"}`;
  const blocks = series.map(([name, help, value]) => {
    const lines = status.instances.flatMap((instance) => {
      const number = value(instance);
      return number === null ? [] : [`${name}${label(instance)} ${number}`];
    });
    return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines].join('\n');
  });
  return `${blocks.join('\n')}\n`;
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1000);
const escapeLabel = (text: string) => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
