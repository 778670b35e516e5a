// `PRAGMA integrity_check` of a private, closed file, in a process of its own and without leaving a trace on disk.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { HoldfastError } from '../contract/errors.ts';
import { systemFiles } from '../platform/files.ts';
import { assertNotOwned } from './registry.ts';

/** Reads through a memory map where asked to, and gives the lines of the result. */
const CHECK = `
  const check = (library, path, mapped) => {
    const Database = require(library);
    const database = new Database(path, { readonly: true, fileMustExist: true });
    try {
      if (mapped) database.pragma('mmap_size = 2147418112');
      return database.pragma('integrity_check').map((row) => String(row.integrity_check));
    } catch (error) {
      if (!/^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) throw error;
      return [error.message];
    } finally {
      database.close();
    }
  };
`;
const PROGRAM = `${CHECK} process.stdout.write(JSON.stringify(check(process.argv[1], process.argv[2], true)));`;
const THREAD = `${CHECK}
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.postMessage(check(workerData.library, workerData.path, false));
`;

/**
 * The problems that SQLite finds, none for a sound file; a file too damaged to be read is one problem. The file must have no
 * connection and no log beside it. Ends within moments of an abort. Throws DATABASE_IN_USE when this process owns it.
 */
export async function checkIntegrity(path: string, signal?: AbortSignal): Promise<string[]> {
  assertNotOwned(path, systemFiles);
  signal?.throwIfAborted();
  const library = createRequire(import.meta.url).resolve('better-sqlite3');
  // Even a reader creates these two for a file in WAL mode, and as a reader does not remove them.
  const extras = [`${path}-wal`, `${path}-shm`].filter((extra) => !systemFiles.existsSync(extra));
  // A process can be ended in the middle of a check, and its memory map can hit a bad sector without harm to this one. The desktop
  // app has no Node to start: there a thread does it, which ends with the check.
  const check = process.versions.electron ? checkOnThread : checkInProcess;
  try {
    const lines = await check(library, path, signal);
    return lines.filter((line) => line !== 'ok');
  } finally {
    for (const extra of extras) systemFiles.rmSync(extra, { force: true });
  }
}

async function checkInProcess(library: string, path: string, signal: AbortSignal | undefined): Promise<string[]> {
  const child = spawn(process.execPath, ['-e', PROGRAM, library, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let [output, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  try {
    const [code, killedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killedBy) => resolve([code, killedBy]));
    });
    signal?.throwIfAborted();
    if (code === 0) return JSON.parse(output) as string[];
    if (killedBy === 'SIGBUS')
      throw new HoldfastError('IO_ERROR', `${path} could not be read to its end.`, {
        hint: 'Look at the disk of the target.',
      });
    throw new Error(`The integrity check of ${path} ended early (${killedBy ?? code}): ${complaint.trim()}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function checkOnThread(library: string, path: string, signal: AbortSignal | undefined): Promise<string[]> {
  const worker = new Worker(THREAD, { eval: true, workerData: { library, path } });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<string[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(signal?.aborted ? signal.reason : new Error(`integrity check of ${path} ended early`)),
      );
    });
  } finally {
    await worker.terminate();
    signal?.removeEventListener('abort', stop);
  }
}
