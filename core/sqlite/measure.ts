// Asks private, closed databases: rows of every table, and statements that read. On a thread of its own, read-only throughout.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { MeasureEvent } from '../contract/drills.ts';
import { HoldfastError } from '../contract/errors.ts';
import { systemFiles } from '../platform/files.ts';
import { assertNotOwned } from './registry.ts';

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require(workerData.library);
  const [main, ...more] = workerData.databases;
  const database = new Database(main.path, { readonly: true, fileMustExist: true });
  const say = (event) => parentPort.postMessage(event);
  const name = (text) => '"' + text.replaceAll('"', '""') + '"';
  for (const { id, path } of more) database.prepare('ATTACH ? AS ' + name(id)).run(path);
  database.pragma('query_only = ON');
  const schemas = [{ id: 'main', prefix: '' }, ...more.map(({ id }) => ({ id, prefix: id + '.' }))];
  for (const { id, prefix } of schemas) {
    const list = database.prepare('SELECT name FROM ' + name(id) + ".sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    for (const table of list) {
      say({ kind: 'asking', what: 'table ' + prefix + table });
      let rows = null;
      // A virtual table can need a module that is not here: it stays uncounted.
      try { rows = database.prepare('SELECT count(*) FROM ' + name(id) + '.' + name(table)).pluck().get(); } catch {}
      say({ kind: 'table', name: prefix + table, rows });
    }
  }
  workerData.probes.forEach((sql, index) => {
    say({ kind: 'asking', what: 'probe ' + (index + 1) });
    const started = performance.now();
    let result = null, problem = null;
    try {
      const statement = database.prepare(sql);
      if (!statement.reader || !statement.readonly) throw new Error('only a statement that reads is allowed');
      const value = statement.raw().safeIntegers().get()?.[0];
      result = value === undefined || value === null ? null : Buffer.isBuffer(value) ? value.toString('hex') : String(value).slice(0, 1000);
    } catch (error) { problem = error.message; }
    say({ kind: 'probe', index, result, durationMs: performance.now() - started, problem });
  });
  const bytes = schemas.reduce((sum, { id }) => sum + database.pragma(id + '.page_count', { simple: true }) * database.pragma(id + '.page_size', { simple: true }), 0);
  database.close();
  say({ kind: 'end', bytes });
`;

let measuring = 0;

/** A statement may be running in a thread of this process. */
export const isMeasuring = () => measuring > 0;

/**
 * One event for what is asked and one for its answer, in order, at last `end`. A statement that runs cannot be stopped but with its
 * process. Throws DATABASE_IN_USE when this process owns one of the files, NOT_SQLITE for one that cannot be read.
 */
export async function measureDatabases(
  databases: readonly { id: string; path: string }[],
  probes: readonly string[],
  emit: (event: MeasureEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const { path } of databases) assertNotOwned(path, systemFiles);
  signal.throwIfAborted();
  const library = createRequire(import.meta.url).resolve('better-sqlite3');
  const worker = new Worker(WORKER, { eval: true, workerData: { library, databases, probes } });
  measuring += 1;
  worker.once('exit', () => {
    measuring -= 1;
  });
  const onAbort = () => void worker.terminate();
  signal.addEventListener('abort', onAbort, { once: true });
  let done = false;
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (event: MeasureEvent) => {
        emit(event);
        if (event.kind === 'end') done = true;
      });
      worker.once('error', (error) =>
        reject(new HoldfastError('NOT_SQLITE', `The restored database cannot be read: ${(error as Error).message}`)),
      );
      worker.once('exit', () =>
        done ? resolve() : reject(signal.aborted ? signal.reason : new Error('the counting ended early')),
      );
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}
