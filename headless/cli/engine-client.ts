// Finds the running engine by the note in its data folder and calls it over the same WebSocket that the browser console uses.
import fs from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { InstanceView, SiteSnapshot } from '../../core/contract/site.ts';
import { connectConsoleBySocket } from '../../core/rpc/connect.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { defaultDataFolder } from '../data-folder.ts';
import type { ProgressSink } from './progress.ts';

const noteSchema = z.object({ port: z.number().int(), token: z.string(), pid: z.number().int() });

/** `SERVER/INSTANCE` names an instance; a path has a separator elsewhere, a dot, or exists as a file. */
export function isInstanceName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,14}\/[A-Za-z0-9][A-Za-z0-9-]{0,14}$/.test(text) && !fs.existsSync(text);
}

export async function withEngine<T>(data: string | undefined, work: (engine: ConsoleApi) => Promise<T>): Promise<T> {
  const folder = data ? path.resolve(data) : defaultDataFolder();
  const note = readNote(path.join(folder, 'engine.json'));
  const origin = `http://127.0.0.1:${note.port}`;
  const session = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ token: note.token }),
  }).catch((error) => {
    throw new HoldfastError('ENGINE_NOT_RUNNING', `No engine answers on ${origin}`, { cause: error });
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0];
  if (!session.ok || !cookie)
    throw new HoldfastError('UNAUTHORIZED', `The engine on ${origin} does not accept its own token`);
  const socket = new WebSocket(`ws://127.0.0.1:${note.port}/rpc`, { headers: { cookie, origin } });
  let gone = false;
  socket.once('close', () => {
    gone = true;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) =>
        reject(
          new HoldfastError('ENGINE_NOT_RUNNING', `The engine on ${origin} refused the connection: ${error.message}`),
        ),
      );
    });
    return await work(connectConsoleBySocket(socket as unknown as globalThis.WebSocket));
  } catch (error) {
    if (gone && !(error instanceof HoldfastError))
      throw new HoldfastError('ENGINE_NOT_RUNNING', `The engine on ${origin} ended meanwhile`, { cause: error });
    throw error;
  } finally {
    socket.close();
  }
}

function readNote(file: string): z.infer<typeof noteSchema> {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    throw new HoldfastError('ENGINE_NOT_RUNNING', `No engine is running on ${path.dirname(file)}`);
  }
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new HoldfastError('ENGINE_NOT_RUNNING', `${file} is not readable`, {
      hint: 'Start the engine again with: holdfast serve',
      cause: error,
    });
  }
}

/** The instance `SERVER/INSTANCE`; throws NOT_FOUND with those that are known. */
export function findInstance(snapshot: SiteSnapshot, name: string): InstanceView {
  const found = snapshot.instances.find((instance) => instance.id === name);
  if (found) return found;
  throw new HoldfastError('NOT_FOUND', `The engine protects no ${name}`, {
    hint: `Known databases: ${snapshot.instances.map((instance) => instance.id).join(', ') || 'none'}.`,
  });
}

const ended: readonly Job['status'][] = ['succeeded', 'succeededWithWarnings', 'failed', 'canceled', 'interrupted'];

/** Shows a job's progress until it ends; Ctrl+C cancels the job. A job that did not succeed is thrown as its error. */
export async function followJob(engine: ConsoleApi, jobId: string, progress: ProgressSink): Promise<Job> {
  const job = await waitForJob(engine, jobId, progress);
  if (job.error) throw HoldfastError.fromReport(job.error);
  if (job.status === 'canceled') throw new HoldfastError('CANCELLED', job.verdict ?? undefined);
  if (job.status === 'interrupted' || job.status === 'failed')
    throw new HoldfastError('INTERRUPTED', job.verdict ?? undefined);
  return job;
}

async function waitForJob(engine: ConsoleApi, jobId: string, progress: ProgressSink): Promise<Job> {
  // Not `cancellable`: after a signal the job says how it ended.
  const cancel = () => void engine.jobs.cancel({ jobId }).catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, cancel);
  try {
    for await (const snapshot of await engine.site.watch({})) {
      const job = snapshot.jobs.find((one) => one.id === jobId) ?? (await engine.jobs.log({ jobId })).job;
      if (job.progress) progress.show(job.progress);
      if (ended.includes(job.status)) return job;
    }
  } finally {
    progress.end();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, cancel);
  }
  throw new HoldfastError('ENGINE_NOT_RUNNING', 'The engine ended while the job was running');
}
