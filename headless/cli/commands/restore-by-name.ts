// holdfast restore and restadv of SERVER/INSTANCE: through the plans of the running engine, which has the database open.
import path from 'node:path';
import type { Chain } from '../../../core/contract/backup.ts';
import type { RestoreRequest } from '../../../core/contract/console.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { PlaceFiles } from '../../../core/contract/other-files.ts';
import type { RestoreOptions } from '../../../core/contract/restore.ts';
import type { ConsoleApi } from '../../../core/rpc/types.ts';
import { compareStamps } from '../../../core/vectors/stamp.ts';
import { stampOf } from '../../../core/vectors/vector.ts';
import { requireConfirmation } from '../confirmation.ts';
import { findInstance, followJob, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';
import { type Ran, reportRestore } from '../restore-report.ts';
import { planFromEngine } from './restore-plan.ts';

export interface ByNameFlags {
  confirm?: string;
  data?: string;
  /** Show what would be done, and do nothing. */
  plan?: boolean;
}

/** Restores from backups that the engine knows; its own log folder and backup log are used. */
export async function restoreByName(
  name: string,
  options: RestoreOptions,
  others: PlaceFiles,
  flags: ByNameFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  return await withEngine(flags.data, async (engine) => {
    findInstance(await engine.site.get({}), name);
    const { activate, open, clearLock, skipVerify, override, keepLogSettings, peers, until, untilStamp, waitMs } =
      options;
    const request: RestoreRequest = {
      instanceId: name,
      target: { kind: 'instance', instanceId: name },
      ...(await sourceOf(engine, name, options)),
      useLogs: options.logFolder !== null,
      searchFolders: options.searchFolders,
      ...{ activate, open, clearLock, skipVerify, override, keepLogSettings, peers, until, untilStamp, waitMs },
    };
    const plan = await engine.restore.plan(request);
    if (flags.plan) return planFromEngine(plan);
    // A refused plan is refused again when it is started, under its own name.
    if (!plan.refusal) requireConfirmation(plan, flags.confirm);
    const { jobId } = await engine.restore.start({
      token: plan.token,
      typed: flags.confirm ?? null,
      secrets: others.secrets,
      otherFiles: others.security || others.included ? others : null,
    });
    const ran = await follow(engine, jobId, progress);
    const behind = 'error' in ran && ran.error.name === 'VERIFICATION_BEHIND';
    return reportRestore(ran, `restadv --to ${name}`, behind ? await engine.restore.recovery({ jobId }) : null);
  });
}

/**
 * The backup to restore up to: the last one given, or the newest of the chain that begins with the full, when a point or the logs
 * decide. A full that the engine does not know is looked for in its folder, whatever database it is of.
 */
async function sourceOf(
  engine: ConsoleApi,
  name: string,
  options: RestoreOptions,
): Promise<Pick<RestoreRequest, 'idtag' | 'from'>> {
  const known = (await engine.instances.timeline({ instanceId: name })).catalog.chains;
  const own = known.find(({ full }) => full.file === options.file);
  if (own) return { idtag: idtagIn(own, options) };
  const folders = [...new Set([options.file, ...(options.incrementals ?? [])].map((file) => path.dirname(file)))];
  const logs = options.logFolder === null ? [] : [options.logFolder];
  const server = name.slice(0, name.indexOf('/'));
  const opened = await engine.library.open({ server, folders: [...folders, ...options.searchFolders, ...logs] });
  for (const { source, timeline } of opened.databases) {
    const chain = timeline.catalog.chains.find(({ full }) => full.file === options.file);
    if (chain) return { idtag: idtagIn(chain, options), from: source };
  }
  throw new HoldfastError('NOT_FOUND', `The engine knows no backup ${options.file} of ${name}`, {
    hint: `Known full backups: ${known.map(({ full }) => full.file).join(', ') || 'none'}.`,
  });
}

function idtagIn(chain: Chain, { file, incrementals, until, untilStamp }: RestoreOptions): string {
  const whole = [chain.full, ...chain.incrementals];
  const within = whole.filter((one) => {
    const held = untilStamp ? stampOf(one.vector, untilStamp.replica) : null;
    if (untilStamp && held && compareStamps(held, untilStamp) > 0) return false;
    return until === null || one.consistentAt <= until;
  });
  const chosen = (incrementals ?? within.map((one) => one.file)).map((one) => {
    const found = whole.find((each) => each.file === one);
    if (!found) throw new HoldfastError('NOT_FOUND', `${path.basename(one)} is not of the chain of ${file}`);
    return found;
  });
  return (chosen.at(-1) ?? chain.full).idtag;
}

async function follow(engine: ConsoleApi, jobId: string, progress: ProgressSink): Promise<Ran> {
  let error: HoldfastError | null = null;
  try {
    await followJob(engine, jobId, progress);
  } catch (thrown) {
    if (!(thrown instanceof HoldfastError)) throw thrown;
    error = thrown;
  }
  for await (const { view, result } of await engine.restore.watch({ jobId })) {
    if (error) return { error: error.report(), view };
    if (result) return { result };
  }
  throw new HoldfastError('INTERNAL', 'The restore ended without a result');
}

export interface FinishFlags extends ByNameFlags {
  override?: boolean;
  open?: boolean;
  clearLock?: boolean;
  verify: boolean;
  delete?: boolean;
}

/** Activates or deletes the set that waits in RST, by the plan of the engine, which says what has to be confirmed. */
export async function finishByName(name: string, flags: FinishFlags): Promise<CommandResult> {
  const action = flags.delete ? ('delete' as const) : ('activate' as const);
  return await withEngine(flags.data, async (engine) => {
    findInstance(await engine.site.get({}), name);
    const override = (flags.override ?? false) || !flags.verify;
    const switches = { override, open: flags.open ?? false, clearLock: flags.clearLock ?? false };
    const plan = await engine.restore.finishPlan({ instanceId: name, action, ...switches });
    if (!plan.refusal && plan.class === 'typed') requireConfirmation(plan, flags.confirm);
    const { contingency } = await engine.restore.finishPlanned({ token: plan.token, typed: flags.confirm ?? null });
    const text = flags.delete ? 'The set in RST was deleted.' : 'The set in RST is active now.';
    const kept = contingency ? [`  replaced set   kept in ${contingency}`] : [];
    return { json: { action, contingency }, text: [text, ...kept] };
  });
}
