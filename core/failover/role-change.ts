// Carries out a change of the active database step by step: the journal knows each step before it is begun, and every step can be repeated.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { HistoryEntry } from '../contract/failover.ts';
import type { JobContext, JobOutcome } from '../jobs/types.ts';
import { behindBy, riskText, seqOf, spanText } from './at-risk.ts';
import { backUp } from './backup-source.ts';
import { within } from './call.ts';
import { recordContingency, sendTo } from './cycle.ts';
import { type Group, instanceOf, masterOf, memberOf, note, save, saveLater, say, setMember } from './group.ts';
import { assertComplete, keepFenced } from './keep-fenced.ts';
import { afterStep, commit, firstStep, isCommitted, type Operation, takeTerm } from './operation.ts';
import { openActive, setRole, stopWriters } from './orders.ts';
import type { FailoverPorts } from './types.ts';

const RETRY_MS = 3000;
/** Pauses between automatic reconnections that fail, doubled each time. */
const RECONNECT_RETRY_MS = 30_000;
const RECONNECT_MAX_MS = 960_000;
const kindTitles = { failover: 'Failover', switch: 'Switch', reconnect: 'Reconnect', promote: 'Promotion' } as const;

/** Begins an operation as a job; the group takes no other decision about roles until it has ended. */
export function startOperation(
  ports: FailoverPorts,
  group: Group,
  order: Pick<Operation, 'kind' | 'fromId' | 'toId' | 'proof' | 'why' | 'startedAt'>,
): string {
  if (group.operation)
    throw new HoldfastError('PLAN_EXPIRED', `${group.name} is changing its active database right now`);
  group.memory = takeTerm(group.memory);
  save(ports, group);
  const fromBackup = order.fromId === group.memory.activeId && order.fromId !== masterOf(group).id;
  const operation = firstStep({ ...order, id: crypto.randomUUID(), term: group.memory.term, fromBackup });
  return runOperation(ports, group, operation);
}

/**
 * An automatic failover proves first that the old active accepts no more writes, beside the rounds: it becomes a job only
 * then, so that a blocked one, which is tried again and again, leaves one message and not a hundred failed jobs.
 */
export async function startFailover(
  ports: FailoverPorts,
  group: Group,
  order: Pick<Operation, 'fromId' | 'toId' | 'proof' | 'why' | 'startedAt'>,
): Promise<void> {
  if (group.operation) return;
  group.memory = takeTerm(group.memory);
  save(ports, group);
  const operation = firstStep({ ...order, kind: 'failover', id: crypto.randomUUID(), term: group.memory.term });
  ports.store.openJournal(group.id, operation);
  group.operation = operation;
  try {
    await stopWriters(ports, group, memberOf(group, operation.fromId), operation);
    runOperation(ports, group, { ...operation, step: 'commit' });
  } catch (error) {
    close(ports, group);
    afterFailure(ports, group, operation, error);
  }
}

/** Goes on with an operation at its step; after a restart the agent of the new active may have `patienceMs` to come up. */
export function runOperation(ports: FailoverPorts, group: Group, operation: Operation, patienceMs = 0): string {
  const from = memberOf(group, operation.fromId);
  const to = memberOf(group, operation.toId);
  ports.store.openJournal(group.id, operation);
  group.operation = operation;
  const jobId = ports.jobs.run(
    {
      kind: operation.kind === 'reconnect' ? 'reconnect' : 'failover',
      title: `${kindTitles[operation.kind]} of ${group.name}: ${from.server} to ${to.server}`,
      target: group.name,
      instanceId: `${to.server}/${to.instance}`,
      groupId: group.id,
      request: null,
      cancelability: 'no',
      exclusive: null,
    },
    async (job) => {
      try {
        if (patienceMs > 0) await comesUp(ports, memberOf(group, operation.toId).server, patienceMs);
        return await carryOut(ports, group, operation, job);
      } finally {
        group.operationJob = null;
        ports.changed();
      }
    },
  );
  group.operationJob = jobId;
  ports.changed();
  return jobId;
}

async function carryOut(ports: FailoverPorts, group: Group, first: Operation, job: JobContext): Promise<JobOutcome> {
  const facts = factsBefore(ports, group, first);
  let operation: Operation | null = first;
  let done = first;
  let openedAt: number | null = null;
  try {
    await stopDeliveries(ports, group, first);
    while (operation) {
      ports.store.openJournal(group.id, operation);
      group.operation = operation;
      job.log('info', `Step: ${operation.step}`);
      done = { ...operation, ...(await takeStep(ports, group, operation, job)) };
      if (operation.step === 'open' || (operation.step === 'commit' && operation.fromId === operation.toId))
        openedAt = ports.clock.now();
      operation = afterStep(done);
    }
  } catch (error) {
    close(ports, group);
    afterFailure(ports, group, operation ?? first, error);
    throw error;
  }
  close(ports, group);
  group.watch = { ...group.watch, reconnectFailures: 0, openFailures: 0 };
  return conclude(ports, group, done, facts, (openedAt ?? ports.clock.now()) - first.startedAt);
}

async function comesUp(ports: FailoverPorts, server: string, patienceMs: number): Promise<void> {
  const until = ports.clock.monotonic() + patienceMs;
  while (ports.probeOf(server).state !== 'online' && ports.clock.monotonic() < until) await ports.clock.sleep(250);
}

function close(ports: FailoverPorts, group: Group): void {
  ports.store.closeJournal(group.id);
  group.operation = null;
  // A cycle that was cancelled for this is due now, not after the pause that a person's cancel gets.
  group.watch = { ...group.watch, retryCycleAt: 0 };
}

/** Takes the operation's step; returns what the operation must remember of it. */
async function takeStep(
  ports: FailoverPorts,
  group: Group,
  operation: Operation,
  job: JobContext,
): Promise<Partial<Operation>> {
  const from = memberOf(group, operation.fromId);
  const to = memberOf(group, operation.toId);
  switch (operation.step) {
    case 'contingency': {
      const type = group.memory.lastContingencyFullAt === null ? 'full' : 'incremental';
      const backup = await backUp(ports, group, from, type, true, job, 1);
      await recordContingency(ports, group, from, `before ${to.server} became active`, backup);
      // The bulk goes to the new one while the old one still serves; what is missing after that, `sync` brings.
      if (operation.kind !== 'reconnect') await sendTo(ports, group, from, to, backup, job, 2, 3);
      return {};
    }
    case 'fence':
      return { fenced: (await stopWriters(ports, group, from, operation)) ?? undefined };
    case 'last': {
      const { kept } = await keepFenced(ports, group, from, to, operation.fenced, job, 1);
      return { kept };
    }
    case 'sync': {
      const contingency = group.memory.activeId !== masterOf(group).id;
      const type = !contingency && instanceOf(ports, from)?.fullRequired ? 'full' : 'incremental';
      const backup = await backUp(ports, group, from, type, contingency, job, 3, '-fenced');
      if (contingency) await recordContingency(ports, group, from, `fenced, before ${to.server} became active`, backup);
      assertComplete(from, backup, operation.fenced);
      const problem = await sendTo(ports, group, from, to, backup, job, 2, 3);
      if (problem)
        throw new HoldfastError(
          'RESTORE_FAILED',
          `The last changes could not be brought to ${to.server}: ${problem.message}`,
        );
      return { kept: `kept in ${backup.result.file} on ${from.server}, which equals the fenced database` };
    }
    case 'commit': {
      if (isCommitted(operation, group.memory) && operation.kind !== 'promote') return {};
      const { memory, config } = group;
      const next = commit(memory, config.members, operation, ports.clock.now());
      group.memory = { ...next.memory, promotedSeq: promotedSeq(ports, group, operation) };
      group.config = { ...config, members: next.members };
      try {
        save(ports, group);
      } catch (error) {
        // Not durable, so it did not happen: the operation goes back.
        Object.assign(group, { memory, config });
        throw error;
      }
      return {};
    }
    case 'open':
      await openActive(ports, group, to, operation.term);
      return {};
    case 'settle': {
      // The master keeps its own set as it is; every other database that was active becomes a closed copy.
      const stays = from.id === masterOf(group).id || from.id === to.id;
      if (!stays && ports.probeOf(from.server).state === 'online' && ports.agentOf(from.server))
        await setRole(ports, group, from, 'standby', operation.term).catch((error: unknown) =>
          job.warn({
            name: toErrorReport(error).name,
            message: `${from.server} is not a copy yet: ${toErrorReport(error).message}`,
          }),
        );
      return {};
    }
  }
}

/** How far the new active's own count had come: what it adds from here is what a later reconnection leaves behind. */
function promotedSeq(ports: FailoverPorts, group: Group, operation: Operation): number | null {
  const status = instanceOf(ports, memberOf(group, operation.toId));
  const replica = group.memory.members[operation.toId]?.replica;
  return status && replica !== undefined ? seqOf(status.vector, replica) : null;
}

/** No backup may be on its way into the copy that is about to open, nor out of a database that is being fenced. */
async function stopDeliveries(ports: FailoverPorts, group: Group, operation: Operation): Promise<void> {
  const { cycleJob } = group;
  const ends: Promise<unknown>[] = [...group.deliveries.values()].map((delivery) => delivery.done);
  if (cycleJob) {
    ports.jobs.cancel(cycleJob);
    ends.push(ports.jobs.wait(cycleJob));
  }
  for (const delivery of group.deliveries.values()) delivery.abort.abort(new HoldfastError('CANCELLED'));
  if (ends.length === 0) return;
  try {
    await within(ports.clock, 5000, 'Copying to the backup databases did not end', () => Promise.all(ends));
  } catch (error) {
    if (group.deliveries.has(operation.toId)) throw error;
  }
}

interface Facts {
  dataAgeMs: number | null;
  atRisk: string | null;
  leftBehind: number | null;
}

function factsBefore(ports: FailoverPorts, group: Group, operation: Operation): Facts {
  const from = memberOf(group, operation.fromId);
  const source = instanceOf(ports, from);
  const copy = instanceOf(ports, memberOf(group, operation.toId));
  if (operation.fromId === operation.toId) return { dataAgeMs: null, atRisk: null, leftBehind: null };
  const data =
    operation.toId === masterOf(group).id ? group.memory.promotedAt : group.memory.members[operation.toId]?.dataTime;
  const handsOver = operation.kind !== 'failover' && operation.kind !== 'reconnect' && operation.proof === 'agent';
  return {
    dataAgeMs: handsOver ? 0 : data ? Math.max(0, ports.clock.now() - data) : null,
    atRisk: handsOver ? null : riskText(from.server, source, copy, false),
    leftBehind: behindBy(source?.vector, copy?.vector),
  };
}

function conclude(
  ports: FailoverPorts,
  group: Group,
  operation: Operation,
  facts: Facts,
  durationMs: number,
): JobOutcome {
  const from = memberOf(group, operation.fromId);
  const to = memberOf(group, operation.toId);
  const left = operation.fenced ? behindBy(operation.fenced, instanceOf(ports, to)?.vector) : facts.leftBehind;
  const count = left === null ? 'Changes' : `${left} ${left === 1 ? 'commit' : 'commits'}`;
  const behind = `${count} made on ${from.server} meanwhile ${left === 1 ? 'was' : 'were'} left behind${operation.kept ? ` and ${operation.kept}` : ''}.`;
  note(ports, group, {
    kind: operation.kind,
    from: from.server,
    to: to.server,
    why: operation.why,
    durationMs,
    dataAgeMs: facts.dataAgeMs,
    atRisk: operation.kind === 'reconnect' ? behind : facts.atRisk,
  });
  const age = facts.dataAgeMs === null ? '' : ` Its data is ${spanText(facts.dataAgeMs)} old.`;
  if (operation.kind === 'failover')
    say(
      ports,
      group,
      'changed',
      'critical',
      `${group.name} failed over from ${from.server} to ${to.server}: ${operation.why}.${age} ${facts.atRisk ?? ''}`.trim(),
    );
  else if (operation.kind === 'reconnect')
    say(ports, group, 'changed', 'warning', `${group.name} is back on its master ${to.server}. ${behind}`);
  else
    say(
      ports,
      group,
      'changed',
      'info',
      `${to.server} is now ${operation.kind === 'promote' ? 'the master' : 'active'} in ${group.name}.`,
    );
  return {
    verdict: `${to.server} is active in ${group.name} after ${spanText(durationMs)}.`,
    result: { from: from.server, to: to.server, term: operation.term, durationMs, atRisk: facts.atRisk },
  };
}

/** Before the commit everything goes back by itself: the old active is opened again as soon as it is seen idle. */
function afterFailure(ports: FailoverPorts, group: Group, operation: Operation, error: unknown): void {
  const report = toErrorReport(error);
  const now = ports.clock.now();
  const from = memberOf(group, operation.fromId);
  const to = memberOf(group, operation.toId);
  if (isCommitted(operation, group.memory)) {
    setMember(group, to.id, { error: report.message });
    saveLater(ports, group);
    const why = `${operation.why}; ${to.server} did not open at once: ${report.message}`;
    note(ports, group, {
      kind: operation.kind,
      from: from.server,
      to: to.server,
      why,
      durationMs: null,
      dataAgeMs: null,
      atRisk: null,
    });
    say(
      ports,
      group,
      'changed',
      'critical',
      `${to.server} is to be active in ${group.name} but did not open: ${report.message}. It is tried again.`,
    );
    return;
  }
  const reason = `${operation.why}; ${report.message}`;
  if (operation.kind === 'failover') {
    group.watch = { ...group.watch, retryFailoverAt: now + RETRY_MS };
    const same = group.memory.blocked?.reason === reason;
    group.memory = { ...group.memory, blocked: { since: group.memory.blocked?.since ?? now, reason } };
    saveLater(ports, group);
    if (same) return;
  } else {
    const failures = group.watch.reconnectFailures + 1;
    const pause = Math.min(RECONNECT_RETRY_MS * 2 ** (failures - 1), RECONNECT_MAX_MS);
    group.watch = { ...group.watch, retryReconnectAt: now + pause, reconnectFailures: failures };
    say(
      ports,
      group,
      'changed',
      'warning',
      `${group.name} stays on ${from.server}: the change to ${to.server} did not happen. ${report.message}`,
    );
  }
  const kind: HistoryEntry['kind'] = 'blocked';
  note(ports, group, {
    kind,
    from: from.server,
    to: to.server,
    why: reason,
    durationMs: null,
    dataAgeMs: null,
    atRisk: null,
  });
}
