// Unattended backups of single databases: keeps the schedules, starts what is due, and remembers what came of it.
import { randomUUID } from 'node:crypto';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Job } from '../contract/jobs.ts';
import type { BackupScheduleInput, ScheduleRun, ScheduleView } from '../contract/schedules.ts';
import { decideRuns, type RunDecision, scheduleStanding } from './decide-runs.ts';
import { createDueTimes } from './due-times.ts';
import { scheduledFileName } from './file-name.ts';
import { checkSchedule } from './schedule.ts';
import type { SchedulePorts, ScheduleRecord } from './types.ts';

export interface BackupSchedules {
  /** Starts what is due and takes in what has ended. Call it every second or so. */
  tick(): Promise<void>;
  list(instanceId: string | null): ScheduleView[];
  save(input: BackupScheduleInput): string;
  remove(id: string): void;
  runNow(id: string): Promise<string>;
  runs(id: string, limit: number): ScheduleRun[];
  /** The next backup of each instance by any of its schedules; keys in lower case. */
  next(): Map<string, number>;
  /** Folders that schedules of the instance write to. */
  foldersOf(instanceId: string): string[];
}

export function createBackupSchedules(ports: SchedulePorts): BackupSchedules {
  const { clock, store } = ports;
  const dueTimes = createDueTimes(ports.timezone);
  const records = new Map(store.list().map((record) => [record.schedule.id, record]));
  const last = new Map<string, ScheduleRun>();
  /** Where the next time was counted from before the run that goes on. */
  const before = new Map<string, number>();
  for (const id of records.keys()) {
    const [run] = store.runs(id, 1);
    if (run) last.set(id, run);
  }
  const isRunning = (id: string) => {
    const run = last.get(id);
    return run !== undefined && run.endedAt === null;
  };
  const messageKey = (id: string) => `schedule:${id}`;

  function get(id: string): ScheduleRecord {
    const record = records.get(id);
    if (!record) throw new HoldfastError('NOT_FOUND', 'This schedule is no longer there');
    return record;
  }

  function keep(record: ScheduleRecord, save = store.saveLater): void {
    save(record);
    records.set(record.schedule.id, record);
    ports.changed();
  }

  function addRun({ schedule }: ScheduleRecord, run: ScheduleRun): void {
    store.addRun(schedule.id, schedule.instanceId, run);
    last.set(schedule.id, run);
    ports.changed();
  }

  async function start(record: ScheduleRecord, decision: Pick<RunDecision, 'type' | 'instead'>): Promise<string> {
    const { schedule } = record;
    const { type, instead } = decision;
    const warnings = instead ? [{ name: 'fullInstead', message: `A full backup instead: ${instead}` }] : [];
    const jobId = await ports.start(schedule, type, warnings);
    addRun(record, { at: clock.now(), endedAt: null, jobId, status: 'running', type, idtag: null, verdict: null });
    return jobId;
  }

  /** BACKUP_ACTIVE and the like are no failure: it stays due. */
  const mustWait = (error: unknown) =>
    error instanceof HoldfastError && ['BACKUP_ACTIVE', 'RESTORE_ACTIVE', 'SERVER_UNREACHABLE'].includes(error.name);

  async function startDue(decision: RunDecision): Promise<void> {
    const record = records.get(decision.id);
    if (!record) return;
    const now = clock.now();
    before.set(decision.id, record.dueFrom);
    try {
      await start(record, decision);
    } catch (error) {
      if (mustWait(error)) return;
      const report = toErrorReport(error);
      if (report.name === 'INTERNAL' && !(error instanceof HoldfastError)) throw error;
      const { type } = decision;
      const at = clock.now();
      addRun(record, { at, endedAt: at, jobId: null, status: 'failed', type, idtag: null, verdict: report.message });
      complain(record, report.message);
    }
    if (records.get(decision.id) === record) keep({ ...record, dueFrom: now, retrying: false });
    for (const id of decision.covers) {
      const covered = records.get(id);
      if (!covered) continue;
      const verdict = `${record.schedule.name} took a full backup at the same time`;
      const status = 'covered' as const;
      addRun(covered, { at: now, endedAt: now, jobId: null, status, type: 'incremental', idtag: null, verdict });
      keep({ ...covered, dueFrom: now, retrying: false });
    }
  }

  function complain({ schedule }: ScheduleRecord, why: string): void {
    const { id, name, instanceId } = schedule;
    ports.message(messageKey(id), 'critical', `The backup "${name}" of ${instanceId} failed: ${why}`, instanceId);
  }

  /** What a job that has ended means for its schedule. */
  function takeIn(record: ScheduleRecord, run: ScheduleRun, job: Job | null): void {
    const { schedule } = record;
    const status = job?.status ?? 'unknown';
    const verdict = job?.verdict ?? 'Nothing is known of this run any more';
    const idtag = run.jobId ? ports.idtagOf(run.jobId) : null;
    const ended: ScheduleRun = { ...run, endedAt: job?.endedAt ?? clock.now(), status, verdict, idtag };
    store.saveRun(schedule.id, ended);
    last.set(schedule.id, ended);
    if (status === 'succeeded' || status === 'succeededWithWarnings') {
      ports.clearMessage(messageKey(schedule.id));
      ports.succeeded(schedule, verdict);
    } else if (status === 'failed' || status === 'unknown') complain(record, verdict);
    else if (status === 'interrupted') makeUpFor(record, run);
    ports.changed();
  }

  /** A run that the end of the engine cut off is due again, once: an engine that dies of it must not try for ever. */
  function makeUpFor(record: ScheduleRecord, run: ScheduleRun): void {
    if (record.retrying) complain(record, 'it was cut off twice by the end of the engine');
    else keep({ ...record, dueFrom: before.get(record.schedule.id) ?? lastBefore(record, run), retrying: true });
  }

  function lastBefore({ schedule }: ScheduleRecord, run: ScheduleRun): number {
    const earlier = store.runs(schedule.id, 2).find((one) => one.at < run.at);
    return earlier?.at ?? schedule.createdAt;
  }

  function settle(): void {
    for (const record of records.values()) {
      const run = last.get(record.schedule.id);
      if (!run || run.endedAt !== null) continue;
      const job = run.jobId ? ports.job(run.jobId) : null;
      if (!job || job.endedAt !== null) takeIn(record, run, job);
    }
  }

  return {
    async tick() {
      settle();
      const now = clock.now();
      const decisions = decideRuns({
        records: records.values(),
        facts: ports.facts,
        running: isRunning,
        now,
        dueTimes,
      });
      for (const decision of decisions) await startDue(decision);
    },

    list(instanceId) {
      settle();
      const wanted = ({ schedule }: ScheduleRecord) =>
        !instanceId || schedule.instanceId.toLowerCase() === instanceId.toLowerCase();
      return [...records.values()].filter(wanted).map((record) => {
        const { schedule } = record;
        const facts = ports.facts(schedule.instanceId);
        const standing = scheduleStanding(record, facts, isRunning(schedule.id), clock.now(), dueTimes);
        return { ...schedule, ...standing, last: last.get(schedule.id) ?? null };
      });
    },

    save(input) {
      const known = input.id === null ? null : get(input.id);
      checkInput(input, records.values(), clock.now());
      const id = input.id ?? randomUUID();
      const createdAt = known?.schedule.createdAt ?? clock.now();
      const schedule = { ...input, id, createdAt };
      // Another time starts to count now; what was due by the old one is not made up for.
      const same = known?.schedule.enabled === input.enabled && isSame(known.schedule.when, input.when);
      const dueFrom = known && same ? known.dueFrom : clock.now();
      keep({ schedule, dueFrom, retrying: known?.retrying ?? false }, store.save);
      if (!input.enabled) ports.clearMessage(messageKey(id));
      return id;
    },

    remove(id) {
      get(id);
      store.remove(id);
      records.delete(id);
      last.delete(id);
      ports.clearMessage(messageKey(id));
      ports.changed();
    },

    async runNow(id) {
      const record = get(id);
      settle();
      if (isRunning(id)) throw new HoldfastError('BACKUP_ACTIVE', `"${record.schedule.name}" is running`);
      const { type, fullWhenNoBase } = record.schedule;
      const noBase = ports.facts(record.schedule.instanceId)?.noBase() ?? null;
      const instead = type === 'incremental' && fullWhenNoBase ? noBase : null;
      return await start(record, { type: instead ? 'full' : type, instead });
    },

    runs(id, limit) {
      get(id);
      return store.runs(id, limit);
    },

    next() {
      const next = new Map<string, number>();
      const now = clock.now();
      for (const record of records.values()) {
        const key = record.schedule.instanceId.toLowerCase();
        const facts = ports.facts(key);
        // Whether something else runs now makes no difference to when it is due.
        const idle = facts && { ...facts, busy: () => null };
        const { nextAt } = scheduleStanding(record, idle, false, now, dueTimes);
        if (nextAt !== null) next.set(key, Math.min(nextAt, next.get(key) ?? nextAt));
      }
      return next;
    },

    foldersOf: (instanceId) =>
      [...records.values()].flatMap(({ schedule }) =>
        schedule.folder && schedule.instanceId.toLowerCase() === instanceId.toLowerCase() ? [schedule.folder] : [],
      ),
  };
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function checkInput(input: BackupScheduleInput, records: Iterable<ScheduleRecord>, now: number): void {
  checkSchedule(input.when);
  const [server = '', instance = ''] = input.instanceId.split('/');
  if (input.namePattern)
    scheduledFileName(input.namePattern, { server, instance, schedule: input.name, type: input.type, at: now });
  for (const { schedule } of records) {
    const other = schedule.id !== input.id && schedule.instanceId.toLowerCase() === input.instanceId.toLowerCase();
    if (other && schedule.name.toLowerCase() === input.name.toLowerCase())
      throw new HoldfastError('DUPLICATE', `${input.instanceId} has a schedule "${schedule.name}" already`);
  }
}
