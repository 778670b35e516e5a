// The stores of records as the services see them: what the disk refuses just now waits, and is read as if it had been written.

import type { DrillReport } from '../contract/drills.ts';
import type { HistoryEntry } from '../contract/failover.ts';
import type { Job, JobLogLine } from '../contract/jobs.ts';
import type { Delivery } from '../contract/notify.ts';
import type { ScheduleRun } from '../contract/schedules.ts';
import type { DrillStore } from '../drills/types.ts';
import type { FailoverStore } from '../failover/types.ts';
import type { JobStore } from '../jobs/store.ts';
import type { NotifyStore, OpenCondition } from '../notify/types.ts';
import type { ScheduleStore } from '../schedule/types.ts';
import { type LateWrites, LINE_PREFIX } from './late-writes.ts';
import type { MessageStore } from './messages.ts';
import type { ProofStore } from './proofs.ts';

export function lateJobs(store: JobStore, late: LateWrites): JobStore {
  let lines = 0;
  const jobKey = (id: string) => `job:${id}`;
  const lineKey = (id: string) => `${LINE_PREFIX}${id}:`;
  return {
    ...store,
    save: (job) => late.write(jobKey(job.id), () => store.save(job), job),
    saveRequest: (id, request) => late.write(`request:${id}`, () => store.saveRequest(id, request), { request }),
    saveOutcome: (id, result, view) =>
      late.write(`outcome:${id}`, () => store.saveOutcome(id, result, view), { result, view }),
    appendLine: (id, line) => late.write(`${lineKey(id)}${++lines}`, () => store.appendLine(id, line), line),
    lines: (id) => [...store.lines(id), ...late.all<JobLogLine>(lineKey(id))],
    get: (id) => late.get<Job>(jobKey(id)) ?? store.get(id),
    request: (id) => (late.get<{ request: unknown }>(`request:${id}`) ?? { request: store.request(id) }).request,
    outcome: (id) => late.get<{ result: unknown; view: unknown }>(`outcome:${id}`) ?? store.outcome(id),
    list(limit, before) {
      const stored = store.list(limit, before);
      const known = new Set(stored.map(({ id }) => id));
      const fresh = late.all<Job>('job:').filter(({ id }) => !known.has(id));
      const earlier = fresh.filter(({ startedAt }) => startedAt < (before ?? Number.POSITIVE_INFINITY));
      const jobs = [...earlier.reverse(), ...stored.map((job) => late.get<Job>(jobKey(job.id)) ?? job)];
      return jobs.sort((a, b) => b.startedAt - a.startedAt).slice(0, limit);
    },
  };
}

export function lateMessages(store: MessageStore, late: LateWrites): MessageStore {
  return {
    ...store,
    save: (message) => late.write(`message:${message.key}`, () => store.save(message)),
    remove: (key) => late.write(`message:${key}`, () => store.remove(key)),
  };
}

export function lateProofs(store: ProofStore, late: LateWrites): ProofStore {
  return {
    ...store,
    record(proof) {
      const { instanceId, idtag, reachedAt, kind } = proof;
      late.write(`proof:${instanceId}:${idtag}:${reachedAt}:${kind}`, () => store.record(proof));
    },
  };
}

/**
 * The history of groups, and the end of an entry of their journal, which says no more than what has been done. The beginning of an entry
 * and the state have to be durable before anything is done.
 */
export function lateHistory(store: FailoverStore, late: LateWrites): FailoverStore {
  const prefix = (groupId: string) => `history:${groupId}:`;
  return {
    ...store,
    appendHistory: (groupId, entry) =>
      late.write(`${prefix(groupId)}${entry.id}`, () => store.appendHistory(groupId, entry), entry),
    openJournal(groupId, entry) {
      store.openJournal(groupId, entry);
      late.forget(`journal:${groupId}`);
    },
    closeJournal: (groupId) => late.write(`journal:${groupId}`, () => store.closeJournal(groupId)),
    listHistory: (groupId, limit) =>
      [...late.all<HistoryEntry>(prefix(groupId)).reverse(), ...store.listHistory(groupId, limit)].slice(0, limit),
  };
}

interface WaitingRun {
  instanceId: string;
  /** False: only its end waits. */
  isNew: boolean;
  scheduleId: string;
  run: ScheduleRun;
}

export function lateSchedules(store: ScheduleStore, late: LateWrites): ScheduleStore {
  const recordKey = (id: string) => `schedule:${id}`;
  const prefix = (id: string) => `run:${id}:`;
  const add = (scheduleId: string, instanceId: string, run: ScheduleRun) =>
    late.write(`${prefix(scheduleId)}${run.at}`, () => store.addRun(scheduleId, instanceId, run), {
      ...{ instanceId, scheduleId, run, isNew: true },
    } satisfies WaitingRun);
  return {
    ...store,
    save(record) {
      store.save(record);
      late.forget(recordKey(record.schedule.id));
    },
    saveLater: (record) => late.write(recordKey(record.schedule.id), () => store.save(record)),
    remove(id) {
      store.remove(id);
      late.forget(recordKey(id));
    },
    addRun: add,
    saveRun(scheduleId, run) {
      const key = `${prefix(scheduleId)}${run.at}`;
      const waiting = late.get<WaitingRun>(key);
      if (waiting?.isNew) add(scheduleId, waiting.instanceId, run);
      else
        late.write(key, () => store.saveRun(scheduleId, run), {
          ...{ instanceId: '', scheduleId, run, isNew: false },
        } satisfies WaitingRun);
    },
    runs(id, limit) {
      const waiting = late.all<WaitingRun>(prefix(id)).reverse();
      const ended = new Map(waiting.flatMap(({ isNew, run }) => (isNew ? [] : [[run.at, run] as const])));
      const stored = store.runs(id, limit).map((run) => {
        const end = ended.get(run.at);
        // Of several that began in one millisecond it is the newest, as in the table.
        ended.delete(run.at);
        return end ?? run;
      });
      const fresh = waiting.flatMap(({ isNew, run }) => (isNew ? [run] : []));
      return [...fresh, ...stored].sort((a, b) => b.at - a.at).slice(0, limit);
    },
    madeBy(instanceId) {
      const made = store.madeBy(instanceId);
      const known = store.list().filter(({ schedule }) => schedule.instanceId === instanceId);
      for (const { schedule } of known)
        for (const { run } of late.all<WaitingRun>(prefix(schedule.id)))
          if (run.idtag !== null) made.set(run.idtag, { scheduleId: schedule.id, name: schedule.name });
      return made;
    },
  };
}

/** A folder is noted before it is made, durably: what a crash leaves behind must be found again. */
export function lateDrills(store: DrillStore, late: LateWrites): DrillStore {
  const recordKey = (id: string) => `drill:${id.toLowerCase()}`;
  const waiting = () => late.all<DrillReport>('report:').reverse();
  return {
    ...store,
    save(record) {
      store.save(record);
      late.forget(recordKey(record.config.instanceId));
    },
    saveLater: (record) => late.write(recordKey(record.config.instanceId), () => store.save(record)),
    remove(instanceId) {
      store.remove(instanceId);
      late.forget(recordKey(instanceId));
    },
    addReport: (report) => late.write(`report:${report.id}`, () => store.addReport(report), report),
    reports: (instanceId, limit) =>
      [...waiting().filter((one) => one.instanceId === instanceId), ...store.reports(instanceId, limit)].slice(
        0,
        limit,
      ),
    report: (id) => late.get<DrillReport>(`report:${id}`) ?? store.report(id),
    dropFolder: (folder) => late.write(`folder:${folder}`, () => store.dropFolder(folder), folder),
    folders() {
      const gone = new Set(late.all<string>('folder:'));
      return store.folders().filter(({ folder }) => !gone.has(folder));
    },
  };
}

/** Deliveries that wait for the disk are made all the same; until they are written they go by numbers below zero. */
export function lateNotifications(store: NotifyStore, late: LateWrites): NotifyStore {
  let last = 0;
  const numbers = new Map<number, number>();
  const add = (id: number, delivery: Omit<Delivery, 'id'>) =>
    late.write(`delivery:${id}`, () => void numbers.set(id, store.addDelivery(delivery)), { ...delivery, id });
  /** What waits, by number; those that were never written are below zero. */
  const waiting = () => new Map(late.all<Delivery>('delivery:').map((one) => [one.id, one]));
  const condition = (key: string, work: () => void, value: OpenCondition | null) =>
    late.write(`condition:${key}`, work, { key, value });
  return {
    ...store,
    openCondition: (key, value) => condition(key, () => store.openCondition(key, value), value),
    closeCondition: (key) => condition(key, () => store.closeCondition(key), null),
    conditions() {
      const found = store.conditions();
      for (const { key, value } of late.all<{ key: string; value: OpenCondition | null }>('condition:'))
        if (value) found.set(key, value);
        else found.delete(key);
      return found;
    },
    addDelivery(delivery) {
      const id = --last;
      add(id, delivery);
      return numbers.get(id) ?? id;
    },
    saveDelivery(delivery) {
      const { id: given, ...rest } = delivery;
      const id = numbers.get(given) ?? given;
      if (id < 0) add(id, rest);
      else late.write(`delivery:${id}`, () => store.saveDelivery({ ...rest, id }), { ...rest, id });
    },
    pending() {
      const kept = waiting();
      const stored = store.pending().map((one) => kept.get(one.id) ?? one);
      const fresh = [...kept.values()].filter(({ id }) => id < 0);
      return [...stored, ...fresh].filter(({ status }) => status === 'pending');
    },
    deliveries(limit) {
      const kept = waiting();
      const stored = store.deliveries(limit).map((one) => kept.get(one.id) ?? one);
      const fresh = [...kept.values()].filter(({ id }) => id < 0).reverse();
      return [...fresh, ...stored].slice(0, limit);
    },
  };
}
