// holdfast restore --plan and holdfast ways: what a restore would read, how far it reaches and what is missing, before anything is done.
import path from 'node:path';
import { scanBackups } from '../../../core/backup/catalog.ts';
import { groupChains } from '../../../core/backup/chain.ts';
import { openBackup } from '../../../core/backup/reader.ts';
import type { RestorePlan } from '../../../core/contract/console.ts';
import { type ErrorName, HoldfastError } from '../../../core/contract/errors.ts';
import type { RestoreOptions } from '../../../core/contract/restore.ts';
import { type RestoreChain, restoreChain } from '../../../core/engine/restore-chain.ts';
import { systemFiles } from '../../../core/platform/files.ts';
import { inspectLogFolder } from '../../../core/rollforward/log-reader.ts';
import { findInstance, withEngine } from '../engine-client.ts';
import { formatBytes, formatDuration, formatTable, formatTime } from '../format.ts';
import { isoTime, stampTexts } from '../json-forms.ts';
import type { CommandResult } from '../output.ts';

/** The chain of the full in `options`, its incrementals and the logs of some folders, by header, straight from the files. */
export function chainOnDisk(
  options: RestoreOptions,
  logFolders: readonly string[],
  furtherFolders: ReadonlyMap<string, string[]>,
): RestoreChain {
  const { file, incrementals, searchFolders, until, untilStamp } = options;
  const full = openBackup(file, systemFiles, { searchFolders }).info;
  const folders = [...new Set([file, ...(incrementals ?? [])].map((one) => path.dirname(one))), ...searchFolders];
  const { infos } = scanBackups(folders, systemFiles);
  const wanted = infos.filter((info) => incrementals === null || incrementals.includes(info.file));
  const { chains } = groupChains([...wanted.filter((info) => info.idtag !== full.idtag), full]);
  const own = chains.filter((chain) => chain.full.idtag === full.idtag && chain.full.serial === full.serial);
  const logs = logFolders.flatMap((folder) => inspectLogFolder(folder, systemFiles));
  const last = own[0]?.incrementals.find((one) => one.file === incrementals?.at(-1));
  const request = { idtag: last?.idtag ?? null, until, untilStamp, useLogs: logFolders.length > 0 };
  // Of files for which no folder was given only the database itself knows where their logs lie.
  const whole = own[0]?.full.backends?.slice(1).every(({ id }) => furtherFolders.has(id)) ?? false;
  const furtherLogs = [...furtherFolders.values()].flat().flatMap((folder) => inspectLogFolder(folder, systemFiles));
  const catalog = { chains: own, logs, unusable: [], ...(whole ? { furtherLogs } : {}) };
  return restoreChain(catalog, null, request);
}

/** The chosen files with the logs of several folders; throws what the chain cannot be restored for. */
export function withLogs(
  options: RestoreOptions,
  logFolders: readonly string[],
  furtherFolders: ReadonlyMap<string, string[]>,
): RestoreOptions {
  const chain = chainOnDisk(options, logFolders, furtherFolders);
  if (chain.problem) throw new HoldfastError(chain.problem.name as ErrorName, chain.problem.message);
  const incrementals = chain.incrementals.map((one) => one.file);
  const backends = options.backends.map((one) => {
    const logs = chain.further.find(({ id }) => id === one.id)?.logs ?? [];
    return { ...one, logFiles: logs.length > 0 ? logs : null };
  });
  return { ...options, incrementals, backends, logFolder: logFolders[0] ?? null, logFiles: chain.logs };
}

/** `--plan` on a file. */
export function planFromFiles(
  options: RestoreOptions,
  logFolders: readonly string[],
  furtherFolders: ReadonlyMap<string, string[]>,
): CommandResult {
  const chain = chainOnDisk(options, logFolders, furtherFolders);
  const backups = chain.full ? [chain.full, ...chain.incrementals] : [];
  const rows = [
    ...backups.map((info) => [
      info.type,
      info.idtag,
      formatTime(info.consistentAt),
      formatBytes(info.bytes),
      info.file,
    ]),
    ...chain.logs.map((log) => ['log', path.basename(log), '', '', log]),
    ...chain.further.flatMap(({ id, logs }) => logs.map((log) => ['log', `${id}/${path.basename(log)}`, '', '', log])),
  ];
  return report({
    rows,
    reaches: chain.reaches,
    ends: chain.ends,
    missing: chain.missing,
    problem: chain.problem ? new HoldfastError(chain.problem.name as ErrorName, chain.problem.message) : null,
    json: {
      full: chain.full?.file ?? null,
      incrementals: chain.incrementals.map((one) => one.file),
      logs: chain.logs,
      ...(chain.further.length > 0 ? { backends: chain.further.map(({ id, logs }) => ({ id, logs })) } : {}),
      vector: chain.vector && stampTexts(chain.vector),
    },
    more: [],
  });
}

/** `--plan` on SERVER/INSTANCE: the engine's plan, which knows peers, space and confirmation as well. */
export function planFromEngine(plan: RestorePlan): CommandResult {
  const sources = plan.sources ?? [];
  return report({
    rows: sources.map((one) => [one.kind, one.id, formatTime(one.at), formatBytes(one.bytes ?? 0), one.file]),
    reaches: plan.reaches,
    ends: plan.ends ?? null,
    missing: plan.missing,
    problem: plan.refusal === null ? null : new HoldfastError('POINT_NOT_COVERED', plan.refusal),
    json: {
      sources,
      effects: plan.effects,
      warnings: plan.warnings,
      checks: plan.checks,
      estimatedMs: plan.estimatedMs,
    },
    more: [
      ...plan.effects.map((text) => `  ${text}`),
      ...plan.warnings.map((text) => `  warning: ${text}`),
      ...plan.checks.filter((check) => check.status !== 'ok').map((check) => `  ${check.status}: ${check.text}`),
      ...(plan.estimatedMs === null ? [] : [`  takes about ${formatDuration(plan.estimatedMs)}`]),
    ],
  });
}

interface Report {
  rows: string[][];
  reaches: number | null;
  ends: string | null;
  missing: string[];
  problem: HoldfastError | null;
  json: Record<string, unknown>;
  more: string[];
}

function report({ rows, reaches, ends, missing, problem, json, more }: Report): CommandResult {
  return {
    json: { ...json, reaches: isoTime(reaches), ends, missing },
    text: [
      ...(rows.length > 0 ? formatTable(['source', 'id', 'time', 'size', 'file'], rows) : []),
      ...missing.map((what) => `MISSING ${what}`),
      ...(reaches === null ? [] : [`Reaches ${formatTime(reaches)}${ends ? `: ${ends}` : ''}`]),
      ...more,
    ],
    ...(problem ? { error: problem.report() } : {}),
  };
}

/** The ways to bring a database of the running engine back, best first. */
export async function waysCommand(name: string, data: string | undefined): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    findInstance(await engine.site.get({}), name);
    const { ways, newest, newestAt } = await engine.library.ways({ instanceId: name });
    const loss = (commits: number | null, ms: number | null) =>
      commits === 0 ? 'nothing' : `${commits ?? '?'} commits, ${ms === null ? '?' : formatDuration(ms)}`;
    return {
      json: {
        newest: stampTexts(newest),
        newestAt: isoTime(newestAt),
        ways: ways.map((way) => ({
          ...way,
          reaches: isoTime(way.reaches),
          vector: way.vector && stampTexts(way.vector),
          proof: way.proof && {
            ...way.proof,
            reachedAt: isoTime(way.proof.reachedAt),
            provenAt: isoTime(way.proof.provenAt),
          },
        })),
      },
      text: formatTable(
        ['way', 'reaches', 'loses', 'takes', 'proven', 'detail'],
        ways.map((way) => [
          way.title,
          formatTime(way.reaches),
          loss(way.lossCommits, way.lossMs) +
            (way.lossHeldBy.length > 0 ? `, only on ${way.lossHeldBy.join(' and ')}` : ''),
          way.estimatedMs === null ? '?' : formatDuration(way.estimatedMs),
          way.proof ? formatTime(way.proof.provenAt) : 'no',
          way.problem ?? way.detail,
        ]),
      ),
    };
  });
}
