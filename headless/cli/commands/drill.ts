// holdfast drill: proves now that a database's backups restore, through the running engine; the report is the answer.
import { HoldfastError } from '../../../core/contract/errors.ts';
import { followJob, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';

export interface DrillFlags {
  data?: string;
  random?: boolean;
  until?: string;
  last?: boolean;
}

/** `drill SERVER/INSTANCE`; a drill that fails fails the command, and its report is printed all the same. */
export async function drillCommand(
  instanceId: string,
  flags: DrillFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  return await withEngine(flags.data, async (engine) => {
    const until = flags.until === undefined ? undefined : momentOf(flags.until);
    let failure: HoldfastError | null = null;
    if (!flags.last) {
      const how = { ...(flags.random ? { point: 'random' as const } : {}), ...(until === undefined ? {} : { until }) };
      const { jobId } = await engine.drills.run({ instanceId, ...how });
      try {
        await followJob(engine, jobId, progress);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        failure = error;
      }
    }
    const [newest] = await engine.drills.reports({ instanceId, limit: 1 });
    if (!newest) throw failure ?? new HoldfastError('NOT_FOUND', `No drill of ${instanceId} was run yet`);
    const { report, text } = await engine.drills.report({ id: newest.id });
    const error = failure?.report() ?? report.error;
    return { json: { report }, text: [text.trimEnd()], ...(error ? { error } : {}) };
  });
}

function momentOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new HoldfastError('INVALID_INPUT', `--until ${text} is not an ISO time`);
  return time;
}
