// holdfast restadv --recover: after -6034, what is missing, who has it, and the ways on; with --way one of them is carried out.
import path from 'node:path';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { Recovery } from '../../../core/contract/recovery.ts';
import { restoreOptionsSchema } from '../../../core/contract/restore.ts';
import type { WaitingRst } from '../../../core/contract/verification.ts';
import { restoreCommand } from '../../../core/engine/command-line.ts';
import { answerIn } from '../../../core/engine/peers.ts';
import { factsOf, heldOf, sourcesIn } from '../../../core/engine/recovery-held.ts';
import { wayWords } from '../../../core/engine/recovery-words.ts';
import { type PlannedWay, planRecovery } from '../../../core/restore/guided-recovery.ts';
import { mergeAnswers, ofKnownBackends } from '../../../core/restore/peers-waiting.ts';
import type { AgentApi } from '../../../core/rpc/types.ts';
import { readPeers } from '../arguments.ts';
import { requireConfirmation } from '../confirmation.ts';
import { withDirectAgent } from '../direct.ts';
import { findInstance, followJob, isInstanceName, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';
import { recoveryForm, recoveryLines } from '../recovery-report.ts';
import type { ByNameFlags } from './restore-by-name.ts';

export interface RecoverFlags extends ByNameFlags {
  to: string;
  log?: string;
  peers?: string;
  folder?: string[];
  way?: string;
}

export async function recoverCommand(flags: RecoverFlags, progress: ProgressSink): Promise<CommandResult> {
  if (isInstanceName(flags.to)) return await recoverByName(flags.to, flags, progress);
  if (flags.way !== undefined)
    throw new HoldfastError('INVALID_INPUT', '--way goes through the running engine', {
      hint: 'Run the command that stands under the way.',
    });
  return await withDirectAgent(flags.to, async ({ api, instance }) => {
    const rst = await api.waitingRst({ instance });
    if (!rst) throw new HoldfastError('NO_RST', `No restored set of ${flags.to} waits in RST`);
    const found = await recoverFromFiles(api, rst, {
      ...{ to: flags.to, log: flags.log ?? 'LOG', folders: flags.folder ?? [], peersFile: flags.peers },
    });
    return { json: recoveryForm(found), text: recoveryLines(found) };
  });
}

export interface FromFiles {
  to: string;
  log: string;
  /** More places to look in. */
  folders: readonly string[];
  peersFile: string | undefined;
}

/** The ways on with no engine running: out of the folder of the backups and those that are named. */
export async function recoverFromFiles(
  api: AgentApi,
  rst: Pick<WaitingRst, 'file' | 'vector' | 'backends' | 'restoredTo' | 'verification'>,
  given: FromFiles,
): Promise<Recovery> {
  const { to, folders, peersFile } = given;
  const { instances } = await api.status({});
  // Where the logs of further files lie is known to the database alone.
  const own = instances.flatMap(({ backends }) => (backends ?? []).slice(1).map((one) => one.logging.directory));
  const all = [...new Set([path.dirname(rst.file), ...folders, ...own].map((folder) => path.resolve(folder)))];
  const { chains } = await api.catalog({ folders: all, logFolders: [] });
  const logs = (await Promise.all(all.map((folder) => api.catalog({ folders: [], logFolders: [folder] })))).flatMap(
    (view) => view.logs,
  );
  const backups = chains.flatMap((chain) => [chain.full, ...chain.incrementals]);
  const last = backups.find((one) => one.file === rst.file);
  const before = (rst.verification?.servers ?? []).map(answerIn);
  const ids = (rst.backends ?? []).map((one) => one.id);
  const peers = mergeAnswers(before, ofKnownBackends(readPeers(peersFile), ids));
  const planned = planRecovery({
    ...factsOf(heldOf(rst)),
    restoredTo: rst.restoredTo,
    baseIdtag: last?.baseIdtag ?? null,
    srvname: last?.srvname ?? null,
    used: [rst.file, ...logs.map(({ file }) => file).filter((file) => own.includes(path.dirname(file)))],
    peers,
    places: [{ server: '', backups, logs }],
    copies: [],
  });
  const commandOf = (way: PlannedWay) => {
    if (way.kind === 'accept') return `holdfast restadv --to ${to} -l ${given.log} -v -o -k`;
    return restoreCommand(to, restoreOptionsSchema.parse({ ...sourcesIn(way), log: given.log, peers }));
  };
  const ways = planned.ways.map((way) => ({ ...way, ...wayWords(way, planned.loss, []), command: commandOf(way) }));
  return { ...planned, ways, searched: all.map((folder) => ({ server: '', folder, problem: null })) };
}

async function recoverByName(name: string, flags: RecoverFlags, progress: ProgressSink): Promise<CommandResult> {
  return await withEngine(flags.data, async (engine) => {
    const { id } = findInstance(await engine.site.get({}), name);
    const job = (await engine.jobs.list({})).find((one) => one.kind === 'restore' && one.target === id);
    if (!job) throw new HoldfastError('NOT_FOUND', `No restore of ${id} has run`);
    const folders = (flags.folder ?? []).map((folder) => path.resolve(folder));
    const found = await engine.restore.recovery({ jobId: job.id, folders });
    const shown = { json: recoveryForm(found), text: recoveryLines(found) };
    if (flags.way === undefined) return shown;
    const way = found.ways[Number(flags.way) - 1] ?? found.ways.find((one) => one.id === flags.way);
    if (!way) throw new HoldfastError('INVALID_INPUT', `--way ${flags.way}: there are ${found.ways.length} ways`);
    const plan = await engine.restore.recoveryPlan({ jobId: job.id, wayId: way.id, folders });
    if (plan.class === 'typed') requireConfirmation(plan, flags.confirm);
    const { jobId } = await engine.restore.recover({ token: plan.token, typed: flags.confirm ?? null });
    const done = jobId === null ? null : await followJob(engine, jobId, progress);
    return {
      json: { way: way.id, jobId, verdict: done?.verdict ?? null },
      text: [done?.verdict ?? `${way.title}: done.`],
    };
  });
}
