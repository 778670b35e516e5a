// The demo lab's client: a program of its own that follows the active database and keeps writing to it, as a well-behaved client does.
import Database from 'better-sqlite3';
import { z } from 'zod';

export interface ClientReport {
  /** Server whose database is being written; null while none answers. */
  writingTo: string | null;
  acknowledged: number;
  failed: number;
  /** ms since 1970. */
  lastWriteAt: number | null;
}

export interface ClientOptions {
  /** Base addresses of the agents' endpoints, asked in this order for `/primary`. */
  endpoints: string[];
  /** Between two writes, ms. */
  intervalMs: number;
  signal: AbortSignal;
  report(report: ClientReport): void;
}

const primarySchema = z.object({ server: z.string(), instance: z.string(), path: z.string(), term: z.number() });
type Primary = z.infer<typeof primarySchema> & { endpoint: string };

/** How often the client asks whether its server is still the primary, ms. */
const CHECK_MS = 200;

export async function runClient({ endpoints, intervalMs, signal, report }: ClientOptions): Promise<void> {
  const state: ClientReport = { writingTo: null, acknowledged: 0, failed: 0, lastWriteAt: null };
  while (!signal.aborted) {
    const primary = await findPrimary(endpoints);
    if (primary) await writeWhilePrimary(primary);
    state.writingTo = null;
    report(state);
    await pause(100, signal);
  }

  async function writeWhilePrimary(primary: Primary): Promise<void> {
    let database: Database.Database | null = null;
    try {
      database = new Database(primary.path, { fileMustExist: true, timeout: 1000 });
      const write = prepareWrite(database);
      state.writingTo = primary.server;
      let checkedAt = Date.now();
      while (!signal.aborted) {
        if (Date.now() - checkedAt >= CHECK_MS) {
          const still = await askPrimary(primary.endpoint);
          if (!still || still.term !== primary.term || still.path !== primary.path) return;
          checkedAt = Date.now();
        }
        write(state.acknowledged);
        state.acknowledged++;
        state.lastWriteAt = Date.now();
        report(state);
        await pause(intervalMs, signal);
      }
    } catch {
      // A refused write is what an outage looks like from here: count it and look for the active database again.
      state.failed++;
    } finally {
      database?.close();
    }
  }
}

function prepareWrite(database: Database.Database): (n: number) => void {
  const entities = database.prepare<[], { n: number }>('SELECT max(id) AS n FROM entity').get()?.n ?? 1;
  const read = database.prepare<[number], { state: string }>('SELECT state FROM entity WHERE id = ?');
  const update = database.prepare('UPDATE entity SET state = ?, modified = ? WHERE id = ?');
  const audit = database.prepare('INSERT INTO audit (at, entity, who, what, old, new) VALUES (?, ?, ?, ?, ?, ?)');
  const bump = database.prepare("UPDATE counter SET value = value + 1 WHERE name = 'writes'");
  return database.transaction((n: number) => {
    const id = 1 + ((n * 7919) % entities);
    const old = read.get(id)?.state ?? 'ok';
    const next = old === 'ok' ? 'checked' : 'ok';
    update.run(next, Date.now(), id);
    audit.run(Date.now(), id, 'operator', 'state', old, next);
    bump.run();
  }).immediate;
}

async function findPrimary(endpoints: string[]): Promise<Primary | null> {
  const answers = await Promise.all(endpoints.map(askPrimary));
  return answers.reduce((best, answer) => (answer && (!best || answer.term > best.term) ? answer : best), null);
}

async function askPrimary(endpoint: string): Promise<Primary | null> {
  try {
    const response = await fetch(`${endpoint}/primary`, { signal: AbortSignal.timeout(500) });
    if (!response.ok) return null;
    return { ...primarySchema.parse(await response.json()), endpoint };
  } catch {
    // No answer is an answer: this server is not the primary now.
    return null;
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
