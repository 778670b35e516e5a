// holdfast getconfig, setconfig, capture: roll-forward logging of a database file or of an instance of the running engine.
import path from 'node:path';
import { HoldfastError, toErrorReport } from '../../../core/contract/errors.ts';
import type { LoggingConfig } from '../../../core/contract/instance.ts';
import { parseByteCount } from '../arguments.ts';
import { cancellable, type Direct, openExisting, withDirectAgent } from '../direct.ts';
import { findInstance, isInstanceName, withEngine } from '../engine-client.ts';
import { formatBytes, formatTime } from '../format.ts';
import { spaceText } from '../logging-text.ts';
import type { CommandResult } from '../output.ts';

/** `backend`: a file of several, instead of the first. */
export async function getconfigCommand(
  database: string,
  flags: { data?: string; backend?: string },
): Promise<CommandResult> {
  const [config, status] = isInstanceName(database)
    ? await withEngine(flags.data, async (engine) => {
        const { id, status: known } = findInstance(await engine.site.get({}), database);
        return [await engine.instances.getConfig({ instanceId: id }), known] as const;
      })
    : await withDirectAgent(database, async ({ api, instance }) => {
        const { instances } = await api.status({});
        return [await api.getConfig({ instance }), instances.find((one) => one.name === instance)] as const;
      });
  if (flags.backend === undefined) return summarize(config);
  const file = status?.backends?.find((one) => one.id === flags.backend);
  if (file) return summarize({ ...config, ...file.logging });
  throw new HoldfastError('NOT_FOUND', `${database} has no file ${flags.backend}`, {
    hint: `Its files: ${status?.backends?.map((one) => one.id).join(', ') ?? 'one, which needs no name'}.`,
  });
}

export interface SetconfigFlags {
  on?: boolean;
  off?: boolean;
  directory?: string;
  min?: string;
  max?: string;
  roll?: boolean;
  stopWhenFull?: string;
  data?: string;
}

export async function setconfigCommand(database: string, flags: SetconfigFlags): Promise<CommandResult> {
  if (flags.on && flags.off) throw new HoldfastError('INVALID_INPUT', '-L and -l exclude each other');
  const change = {
    ...(flags.on ? { on: true } : flags.off ? { on: false } : {}),
    ...(flags.directory ? { directory: path.resolve(flags.directory) } : {}),
    ...(flags.min ? { minBytes: parseByteCount(flags.min, '-n') } : {}),
    ...(flags.max ? { maxBytes: parseByteCount(flags.max, '-m') } : {}),
    ...(flags.roll ? { roll: true } : {}),
    ...(flags.stopWhenFull === undefined ? {} : { stopWhenFull: parseSwitch(flags.stopWhenFull) }),
  };
  if (Object.keys(change).length === 0)
    throw new HoldfastError('INVALID_INPUT', 'Nothing to change', {
      hint: 'Give at least one of -L, -l, -r, -n, -m, -s, --stop-when-full.',
    });
  const config = isInstanceName(database)
    ? await withEngine(flags.data, (engine) => engine.instances.setConfig({ instanceId: database, ...change }))
    : await withDirectAgent(database, ({ api, instance }) => api.setConfig({ instance, ...change }));
  return summarize(config);
}

function parseSwitch(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new HoldfastError('INVALID_INPUT', `--stop-when-full takes on or off, not ${text}`);
}

function summarize(config: LoggingConfig): CommandResult {
  return {
    json: { ...config },
    text: [
      `Roll forward log status            ${config.on ? 'ON' : 'OFF'}`,
      `Roll forward log directory         ${config.directory}`,
      `Minimum size                       ${config.minBytes}`,
      `Maximum size                       ${config.maxBytes}`,
      `Current roll forward log           ${config.currentLog || 'none'}`,
      `Last roll forward log not used     ${config.lastNotUsed ?? 'none'}`,
      `Disk use                           ${formatBytes(config.usedBytes)} in ${config.logCount} logs`,
      `Room on the volume                 ${spaceText(config.space)}`,
      `Turns itself off when full         ${config.stopWhenFull ? 'ON' : 'OFF'}`,
      `Safe to delete                     ${config.safeToDelete.join(', ') || 'none'}`,
      ...(config.firstNeeded
        ? [`First log that stays               ${config.firstNeeded.log}: ${config.firstNeeded.reason}`]
        : []),
    ],
  };
}

/** Runs roll-forward logging of the given databases until SIGTERM or SIGINT; what the agents notice goes to stderr. */
export async function captureCommand(databases: string[]): Promise<CommandResult> {
  const captured: { database: string; log: string }[] = [];
  try {
    await cancellable((signal) => capture(databases, signal, captured));
  } catch (error) {
    // Being stopped is the normal end, once every database was flushed and closed.
    const stopped = error instanceof HoldfastError && error.name === 'CANCELLED';
    if (!stopped || captured.length < databases.length) throw error;
  }
  return { json: { captured }, text: captured.map(({ database, log }) => `${database}: captured up to ${log}`) };
}

async function capture(
  databases: string[],
  signal: AbortSignal,
  captured: { database: string; log: string }[],
): Promise<void> {
  const agents: Awaited<ReturnType<typeof openExisting>>[] = [];
  const logs: string[] = [];
  try {
    for (const database of databases) {
      const agent = await openExisting(database);
      agents.push(agent);
      const { api, instance } = agent;
      let config = await api.getConfig({ instance });
      if (!config.on) config = await api.setConfig({ instance, on: true });
      void reportEvents(agent, database, signal);
      process.stderr.write(`capturing ${database} into ${config.directory}\n`);
    }
    await aborted(signal);
    for (const { api, instance } of agents) logs.push((await api.getConfig({ instance })).currentLog);
  } finally {
    for (const agent of agents) await agent.close();
  }
  captured.push(...databases.map((database, index) => ({ database, log: logs[index] ?? '' })));
}

async function reportEvents({ api }: Direct, database: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of await api.events({}, { signal }))
      process.stderr.write(`${formatTime(event.at)}  ${event.severity.padEnd(8)}  ${database}  ${event.message}\n`);
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`${database}: ${toErrorReport(error).message}\n`);
  }
}

/** Resolves once `signal` aborts, and keeps the process alive until then: the agents' own timers do not. */
function aborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 2 ** 30);
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).finally(() => clearInterval(alive));
}
