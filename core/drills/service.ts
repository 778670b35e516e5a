// Restore drills: keeps what is to be tried, starts what is due, remembers each report, and warns when a proof grows old.
import { randomUUID } from 'node:crypto';
import type { DrillConfig, DrillReport, DrillView } from '../contract/drills.ts';
import { HoldfastError } from '../contract/errors.ts';
import { createDueTimes } from '../schedule/due-times.ts';
import { checkSchedule } from '../schedule/schedule.ts';
import { drillText, drillVerdict } from './report-text.ts';
import { type DrillOrder, runDrill } from './run-drill.ts';
import type { DrillPorts, DrillRecord } from './types.ts';

export interface Drills {
  /** Starts what is due, warns of old proofs, removes what a crash left. Call it every second or so. */
  tick(): Promise<void>;
  list(instanceId: string | null): DrillView[];
  save(config: DrillConfig): void;
  remove(instanceId: string): void;
  /** Starts a drill by hand; throws NOT_FOUND, BACKUP_ACTIVE while one of this instance runs. */
  run(instanceId: string, how: { point?: DrillConfig['point']; until?: number | null }): string;
  reports(instanceId: string, limit: number): DrillReport[];
  report(id: string): { report: DrillReport; text: string };
  /** Newest backups that a drill could not bring back, and that no later one could. */
  badBackups(instanceId: string): Set<string>;
}

const DAY = 86_400_000;
const LOOKED_AT = 50;
/** What says that the backup itself is bad, not the drill or the disk it ran on. */
const DAMAGE = new Set(['BACKUP_DAMAGED', 'BACKUP_TRUNCATED', 'BACKUP_PART_MISSING', 'INTEGRITY_FAILED', 'NOT_SQLITE']);

/** For a drill by hand where nothing was set up. */
const DEFAULTS: Omit<DrillConfig, 'instanceId'> = {
  enabled: false,
  when: { kind: 'weekly', day: 6, at: '04:00' },
  point: 'last',
  folder: null,
  probes: [],
  timeLimitMs: 60_000,
  warnAfterDays: null,
};

export function createDrills(ports: DrillPorts): Drills {
  const { clock, store, jobs } = ports;
  const dueTimes = createDueTimes(ports.timezone);
  const keyOf = (instanceId: string) => instanceId.toLowerCase();
  const records = new Map(store.list().map((record) => [keyOf(record.config.instanceId), record]));
  const running = new Map<string, string>();
  const latest = new Map<string, DrillReport | null>();
  const ours = new Set<string>();

  function latestOf(instanceId: string): DrillReport | null {
    const key = keyOf(instanceId);
    const known = latest.get(key);
    if (known !== undefined) return known;
    const found = store.reports(instanceId, 1)[0] ?? null;
    latest.set(key, found);
    return found;
  }

  const lastPassed = (instanceId: string) =>
    store.reports(instanceId, LOOKED_AT).find((report) => report.status === 'passed') ?? null;

  function start(config: DrillConfig, trigger: DrillReport['trigger'], until: number | null): string {
    const { instanceId } = config;
    const key = keyOf(instanceId);
    settle();
    if (running.has(key)) throw new HoldfastError('BACKUP_ACTIVE', `A drill of ${instanceId} is running`);
    const order: DrillOrder = { id: randomUUID(), config, trigger, until, before: lastPassed(instanceId) };
    const jobId = jobs.run(
      {
        kind: 'drill',
        title: 'Restore drill',
        target: instanceId,
        instanceId,
        groupId: ports.groupOf(instanceId),
        request: null,
        cancelability: 'now',
        // One after the other, whatever the database: a drill must not slow down what it is for.
        exclusive: { key: 'drill', busyError: null },
      },
      async (job) => {
        const report = await runDrill(ports, order, job);
        takeIn(report);
        for (const warning of report.warnings) job.warn(warning);
        if (report.error)
          throw report.status === 'cancelled' ? job.signal.reason : HoldfastError.fromReport(report.error);
        return { verdict: drillVerdict(report), result: { reportId: report.id } };
      },
    );
    running.set(key, jobId);
    ports.changed();
    return jobId;
  }

  function takeIn(report: DrillReport): void {
    const { instanceId } = report;
    store.addReport(report);
    latest.set(keyOf(instanceId), report);
    if (report.status === 'passed') {
      ports.clearMessage(`drill:${instanceId}`);
      if (report.idtag !== null && report.reachedAt !== null)
        ports.record({
          instanceId,
          idtag: report.idtag,
          reachedAt: report.reachedAt,
          provenAt: report.endedAt,
          kind: 'drill',
          stamp: report.lastCommit,
          durationMs: report.restoreMs === null ? null : Math.round(report.restoreMs),
          bytes: report.bytes,
        });
      ports.passed(report, report.trigger === 'schedule');
    } else if (report.status === 'failed')
      ports.message(
        `drill:${instanceId}`,
        'critical',
        `The restore drill of ${instanceId} failed: ${drillVerdict(report)}`,
        instanceId,
      );
    ports.changed();
  }

  function settle(): void {
    for (const [key, jobId] of running) {
      const job = jobs.get(jobId);
      if (!job || job.endedAt !== null) {
        running.delete(key);
        ports.changed();
      }
    }
  }

  function startDue(now: number): void {
    for (const record of records.values()) {
      const { config } = record;
      const key = keyOf(config.instanceId);
      if (!config.enabled || running.has(key)) continue;
      const at = dueTimes(config.when, record.dueFrom, now);
      if (at === null || at > now || !ports.place(config.instanceId)?.reachable) continue;
      start(config, 'schedule', null);
      keep({ ...record, dueFrom: now }, store.saveLater);
    }
  }

  function keep(record: DrillRecord, save = store.save): void {
    save(record);
    records.set(keyOf(record.config.instanceId), record);
    ports.changed();
  }

  function isOverdue({ config, createdAt }: DrillRecord, now: number): boolean {
    if (config.warnAfterDays === null) return false;
    const since = ports.proven(config.instanceId)?.provenAt ?? createdAt;
    return now - since > config.warnAfterDays * DAY;
  }

  function warnOfOld(now: number): void {
    for (const record of records.values()) {
      const { instanceId, warnAfterDays } = record.config;
      const key = `drillOverdue:${instanceId}`;
      if (!isOverdue(record, now)) {
        ports.clearMessage(key);
        continue;
      }
      const text = `No restore of ${instanceId} was proven in the last ${warnAfterDays} days`;
      ports.message(key, 'warning', text, instanceId);
    }
  }

  /** Folders of drills that this process does not run: their engine was killed. */
  async function removeLeftovers(): Promise<void> {
    for (const { folder, pid } of store.folders()) {
      if (ours.has(folder) || running.size > 0) continue;
      if (pid !== null && ports.processRuns(pid)) continue;
      try {
        await ports.removeFolder(folder);
      } catch (error) {
        ours.add(folder);
        const text = `The folder ${folder} of a restore drill cannot be removed: ${(error as Error).message}`;
        ports.message(`drillFolder:${folder}`, 'warning', text, 'Restore drills', false);
      }
      if (!ports.folderExists(folder)) store.dropFolder(folder);
    }
  }

  function viewOf(instanceId: string): DrillView {
    const record = records.get(keyOf(instanceId)) ?? null;
    const last = latestOf(instanceId);
    const proof = ports.proven(instanceId);
    const enabled = record?.config.enabled === true;
    return {
      instanceId,
      config: record?.config ?? null,
      nextAt: record && enabled ? dueTimes(record.config.when, record.dueFrom, clock.now()) : null,
      running: running.has(keyOf(instanceId)),
      last: last && {
        id: last.id,
        status: last.status,
        startedAt: last.startedAt,
        endedAt: last.endedAt,
        reachedAt: last.reachedAt,
        restoreMs: last.restoreMs,
        verdict: drillVerdict(last),
      },
      lastProven: proof && { at: proof.provenAt, reachedAt: proof.reachedAt, idtag: proof.idtag },
      overdue: record !== null && isOverdue(record, clock.now()),
    };
  }

  return {
    async tick() {
      settle();
      await removeLeftovers();
      const now = clock.now();
      startDue(now);
      warnOfOld(now);
    },
    list(instanceId) {
      settle();
      const wanted = (id: string) => instanceId === null || keyOf(id) === keyOf(instanceId);
      return ports.instanceIds().filter(wanted).map(viewOf);
    },
    save(config) {
      checkSchedule(config.when);
      if (!ports.place(config.instanceId))
        throw new HoldfastError('NOT_FOUND', `There is no instance ${config.instanceId}`);
      const known = records.get(keyOf(config.instanceId));
      const same =
        known?.config.enabled === config.enabled && JSON.stringify(known.config.when) === JSON.stringify(config.when);
      const now = clock.now();
      keep({ config, dueFrom: known && same ? known.dueFrom : now, createdAt: known?.createdAt ?? now });
    },
    remove(instanceId) {
      if (!records.delete(keyOf(instanceId)))
        throw new HoldfastError('NOT_FOUND', `No drill of ${instanceId} is set up`);
      store.remove(instanceId);
      ports.clearMessage(`drillOverdue:${instanceId}`);
      ports.changed();
    },
    run(instanceId, { point, until = null }) {
      if (!ports.place(instanceId)) throw new HoldfastError('NOT_FOUND', `There is no instance ${instanceId}`);
      const config = records.get(keyOf(instanceId))?.config ?? { ...DEFAULTS, instanceId };
      return start({ ...config, point: point ?? config.point }, 'manual', until);
    },
    reports: (instanceId, limit) => store.reports(instanceId, limit),
    report(id) {
      const report = store.report(id);
      if (!report) throw new HoldfastError('NOT_FOUND', 'This report is no longer there');
      return { report, text: drillText(report) };
    },
    badBackups(instanceId) {
      const bad = new Set<string>();
      for (const report of store.reports(instanceId, LOOKED_AT).reverse()) {
        if (report.idtag === null) continue;
        if (report.status === 'passed') bad.delete(report.idtag);
        else if (report.error && DAMAGE.has(report.error.name)) bad.add(report.idtag);
      }
      return bad;
    },
  };
}
