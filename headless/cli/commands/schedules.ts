// holdfast schedules and holdfast retention: unattended backups and the clearing of old ones, through the running engine.
import { HoldfastError } from '../../../core/contract/errors.ts';
import { parseCount } from '../arguments.ts';
import { followJob, withEngine } from '../engine-client.ts';
import { formatBytes, formatTable, formatTime } from '../format.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';

export async function schedulesCommand(
  instanceId: string | undefined,
  flags: { data?: string; run?: string },
  progress: ProgressSink,
): Promise<CommandResult> {
  return await withEngine(flags.data, async (engine) => {
    const schedules = await engine.schedules.list({ instanceId: instanceId ?? null });
    if (flags.run !== undefined) {
      const named = schedules.filter((one) => one.name.toLowerCase() === flags.run?.toLowerCase());
      const [only] = named;
      if (!only || named.length > 1)
        throw new HoldfastError(
          only ? 'INVALID_INPUT' : 'NOT_FOUND',
          only ? `Several databases have a schedule ${flags.run}` : `There is no schedule ${flags.run}`,
          {
            hint: only
              ? 'Give SERVER/INSTANCE too.'
              : `Known: ${schedules.map((one) => one.name).join(', ') || 'none'}.`,
          },
        );
      const { jobId } = await engine.schedules.runNow({ id: only.id });
      const job = await followJob(engine, jobId, progress);
      return { json: { job }, text: [job.verdict ?? job.status] };
    }
    return {
      json: { schedules },
      text: formatTable(
        ['DATABASE', 'SCHEDULE', 'TYPE', 'NEXT', 'STATE', 'LAST', 'RESULT'],
        schedules.map((one) => [
          one.instanceId,
          one.name,
          one.type,
          formatTime(one.nextAt),
          one.stateText,
          formatTime(one.last?.at ?? null),
          one.last?.verdict ?? '–',
        ]),
      ),
    };
  });
}

export interface RetentionFlags {
  data?: string;
  keep?: string;
  days?: string;
  apply?: boolean;
}

export async function retentionCommand(
  instanceId: string,
  flags: RetentionFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  const asIf = flags.keep !== undefined || flags.days !== undefined;
  if (asIf && flags.apply)
    throw new HoldfastError('INVALID_INPUT', '--apply goes by the policy in force, not by --keep and --days');
  return await withEngine(flags.data, async (engine) => {
    if (flags.apply) {
      const { jobId } = await engine.retention.run({ instanceId });
      const job = await followJob(engine, jobId, progress);
      return { json: { job }, text: [job.verdict ?? job.status] };
    }
    const keepFulls = flags.keep === undefined ? null : parseCount(flags.keep, '--keep', 10_000);
    const keepDays = flags.days === undefined ? null : parseCount(flags.days, '--days', 36_500);
    const preview = await engine.retention.preview({
      instanceId,
      ...(asIf ? { policy: { keepFulls, keepDays, manual: true } } : {}),
    });
    const row = (would: string) => (one: (typeof preview.keep)[number]) => [
      would,
      one.idtag,
      formatTime(one.from),
      String(one.backups),
      formatBytes(one.bytes),
      one.reasons.join('; ') || 'no policy keeps it',
    ];
    return {
      json: { preview },
      text: [
        ...formatTable(
          ['', 'CHAIN', 'FULL OF', 'BACKUPS', 'SIZE', 'WHY'],
          [...preview.remove.map(row('goes')), ...preview.keep.map(row('stays'))],
        ),
        `${preview.remove.length} of ${preview.remove.length + preview.keep.length} chains would go, ${formatBytes(preview.bytes)}`,
      ],
    };
  });
}
