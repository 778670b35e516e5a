// holdfast restore: the seven steps on a database file.
import path from 'node:path';
import { openDirectAgent } from '../../../core/agent/open-agent.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { PlaceFiles } from '../../../core/contract/other-files.ts';
import type { Recovery } from '../../../core/contract/recovery.ts';
import { type RestoreOptions, type RestoreView, restoreOptionsSchema } from '../../../core/contract/restore.ts';
import { factsOf, heldIn } from '../../../core/engine/recovery-held.ts';
import { logFoldersOf } from '../../../core/engine/restore-plan.ts';
import { systemClock } from '../../../core/platform/clock.ts';
import type { AgentApi } from '../../../core/rpc/types.ts';
import { parseBackendFolders, parseBackends, parseList, parsePoint, parseWait, readPeers } from '../arguments.ts';
import { cancellable } from '../direct.ts';
import { isInstanceName } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';
import { type Ran, reportRestore } from '../restore-report.ts';
import { readSecret } from '../secrets.ts';
import { prepareOtherFiles, restoreOtherFiles } from './other-files.ts';
import { recoverFromFiles } from './recover.ts';
import { type ByNameFlags, restoreByName } from './restore-by-name.ts';
import { planFromFiles, withLogs } from './restore-plan.ts';

export interface RestoreFlags extends ByNameFlags {
  backend?: string[];
  backendDirectory?: string[];
  file: string;
  log?: string;
  to?: string;
  restore?: boolean;
  incrementals?: string;
  directory?: string;
  until?: string;
  password?: string | true;
  include?: boolean;
  filesTo?: string;
  decrypt?: string | true;
  folder?: string[];
  activate?: boolean;
  open?: boolean;
  verify: boolean;
  override?: boolean;
  clearLock?: boolean;
  keepLogSettings?: boolean;
  peers?: string;
  wait?: string;
}

export async function restoreCommand(flags: RestoreFlags, progress: ProgressSink): Promise<CommandResult> {
  const others = await otherFilesOf(flags);
  const byName = flags.to !== undefined && isInstanceName(flags.to);
  if (!flags.log && !byName && !flags.plan) throw new HoldfastError('INVALID_INPUT', 'restore needs -l LOG');
  if (!flags.restore) {
    if (!others.security && !others.included)
      throw new HoldfastError('INVALID_INPUT', 'Nothing to restore', {
        hint: 'Give -r for the database, -e for the security files, -u for the included files.',
      });
    return await restoreOtherFiles(flags.to, others, flags.log ?? '', flags.data);
  }
  if (flags.to === undefined) throw new HoldfastError('INVALID_INPUT', 'restore -r needs --to DB');
  const logFolders = parseList(flags.directory ?? '').map((folder) => path.resolve(folder));
  const given = restoreOptionsSchema.parse({
    file: path.resolve(flags.file),
    log: path.resolve(flags.log ?? ''),
    incrementals:
      flags.incrementals === undefined ? null : parseList(flags.incrementals).map((file) => path.resolve(file)),
    searchFolders: (flags.folder ?? []).map((folder) => path.resolve(folder)),
    logFolder: logFolders[0] ?? null,
    ...parsePoint(flags.until),
    activate: flags.activate ?? false,
    open: flags.open ?? false,
    skipVerify: !flags.verify,
    override: flags.override ?? false,
    // A good verification clears the lock by itself; -k is for a set that is activated without one.
    clearLock: flags.clearLock ?? flags.open ?? (flags.verify && !flags.override),
    keepLogSettings: flags.keepLogSettings ?? false,
    peers: readPeers(flags.peers),
    backends: backendTargets(flags),
    waitMs: parseWait(flags.wait),
  });
  if (byName && flags.backend) throw new HoldfastError('INVALID_INPUT', `--backend: ${flags.to} knows its files`);
  const furtherFolders = parseBackendFolders(flags.backendDirectory);
  const everywhere = [...given.searchFolders, ...logFolders, ...[...furtherFolders.values()].flat()];
  if (byName) {
    // The engine knows where logs lie by itself; what is named here may lie elsewhere.
    return await restoreByName(flags.to, { ...given, searchFolders: everywhere }, others, flags, progress);
  }
  const several = [logFolders, ...furtherFolders.values()].some((folders) => folders.length > 1);
  if (flags.plan) return planFromFiles(given, logFolders, furtherFolders);
  const options = several ? withLogs(given, logFolders, furtherFolders) : given;
  const target = path.resolve(flags.to);
  const { ran, placed, recovery } = await cancellable((signal) =>
    runRestore(target, options, others, { to: flags.to ?? target, logFolders, peers: flags.peers }, progress, signal),
  );
  const report = reportRestore(ran, `restadv --to ${flags.to} -l ${flags.log}`, recovery);
  return { ...report, text: [...report.text, ...placed] };
}

/** What -e, -u and --decrypt ask for. */
async function otherFilesOf(flags: RestoreFlags): Promise<PlaceFiles> {
  const security = await readSecret(flags.password, 'the security files');
  const pages = await readSecret(flags.decrypt, 'the pages of the backups');
  return {
    file: path.resolve(flags.file),
    security: security !== null,
    included: flags.include ?? false,
    folder: flags.filesTo === undefined ? null : path.resolve(flags.filesTo),
    secrets: { security, pages: pages ?? security },
  };
}

/** As it was given on the command line. */
interface Given {
  to: string;
  logFolders: readonly string[];
  peers: string | undefined;
}

async function runRestore(
  target: string,
  options: RestoreOptions,
  others: PlaceFiles,
  given: Given,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<{ ran: Ran; placed: string[]; recovery: Recovery | null }> {
  const agent = await openDirectAgent(target, { backends: backendsOf(options) });
  let view: RestoreView | null = null;
  let ran: Ran | null = null;
  const { secrets } = others;
  const answers = new AbortController();
  try {
    const place = await prepareOtherFiles(agent.api, others, options.log);
    const stream =
      agent.instance === null
        ? await agent.api.restoreToFile({ path: target, options, secrets }, { signal })
        : await agent.api.restore({ instance: agent.instance, options, secrets }, { signal });
    if (given.peers && options.waitMs > 0) void answer(agent, target, given.peers, answers.signal);
    for await (const event of stream) {
      if (event.kind === 'view') {
        view = event.view;
        progress.show(event.view.progress);
      }
      if (event.kind === 'failed') ran = { error: event.error, view };
      if (event.kind === 'result') ran = { result: event.result };
    }
    if (!ran) throw new HoldfastError('INTERNAL', 'The restore ended without a result');
    if ('result' in ran) return { ran, placed: await place(), recovery: null };
    const recovery =
      view && ran.error.name === 'VERIFICATION_BEHIND' ? await recover(agent.api, view, options, given) : null;
    return { ran, placed: [], recovery };
  } finally {
    answers.abort();
    progress.end();
    await agent.close();
  }
}

const READ_AGAIN_MS = 2_000;

/** While step 6 waits, what is in the file of the peers counts as soon as it is written there. */
async function answer(
  { api, instance }: Awaited<ReturnType<typeof openDirectAgent>>,
  target: string,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await systemClock.sleep(READ_AGAIN_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      await api.answerPeers({ target: instance ?? target, peers: readPeers(file) });
    } catch (error) {
      // Somebody is writing it, or the restore has just ended: the next look tells.
      if (!(error instanceof HoldfastError)) throw error;
    }
  }
}

async function recover(api: AgentApi, view: RestoreView, options: RestoreOptions, given: Given): Promise<Recovery> {
  const { restored, backends } = factsOf(heldIn(view, null));
  const rst = {
    file: options.file,
    vector: restored,
    ...(backends ? { backends: [...backends] } : {}),
    restoredTo: view.restoredTo ?? 0,
    verification: view.verification,
  };
  const further = options.backends.flatMap(logFoldersOf);
  const folders = [...given.logFolders, ...further, ...options.searchFolders];
  return await recoverFromFiles(api, rst, { to: given.to, log: options.log, folders, peersFile: given.peers });
}

/** Where the files of a set go and where their logs lie, by `--backend` and `--backend-directory`. */
function backendTargets({ backend, backendDirectory }: RestoreFlags): RestoreOptions['backends'] {
  const places = new Map(parseBackends(backend).map((one) => [one.id, one.path]));
  const logs = parseBackendFolders(backendDirectory);
  return [...new Set([...places.keys(), ...logs.keys()])].map((id) => ({
    id,
    path: places.get(id) ?? null,
    logFolder: logs.get(id)?.[0] ?? null,
    logFiles: null,
  }));
}

const backendsOf = ({ backends }: RestoreOptions) =>
  backends.flatMap(({ id, path: place }) => (place === null ? [] : [{ id, path: place }]));
