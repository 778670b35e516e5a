// Takes a whole page of settings at once (G13): everything is checked, then the difference is carried out; until then nothing is live.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { type GroupConfig, groupConfigSchema } from '../contract/failover.ts';
import { checkSchedule } from '../schedule/schedule.ts';
import { within } from './call.ts';
import { checkMember } from './check-member.ts';
import { type Group, instanceOf, masterOf, note, save, say } from './group.ts';
import { newMember } from './model.ts';
import type { FailoverPorts } from './types.ts';

/** Validates everything, then applies the difference; throws before the first change. */
export async function applyConfig(
  ports: FailoverPorts,
  group: Group,
  others: Group[],
  input: GroupConfig,
): Promise<void> {
  // The page may have been read before encryption was turned on.
  const config = { ...groupConfigSchema.parse(input), encryption: group.config.encryption ?? null };
  if (group.operation)
    throw new HoldfastError('PLAN_EXPIRED', `${group.name} is changing its active database right now`);
  checkShape(group, config);
  for (const schedule of [config.full, config.differential]) checkSchedule(schedule);
  const before = new Map(group.config.members.map((member) => [member.id, member]));
  const draft: Group = { ...group, config };
  for (const member of config.members) {
    const old = before.get(member.id);
    const same =
      old &&
      old.server === member.server &&
      old.instance === member.instance &&
      old.folder === member.folder &&
      old.databaseServer === member.databaseServer;
    if (same) continue;
    const problems = await checkMember(ports, draft, others, { ...member, exceptId: member.id });
    if (old && old.server === member.server && old.instance === member.instance)
      removeIf(problems, (problem) => problem.field === 'server' && ports.probeOf(member.server).state !== 'online');
    const first = problems[0];
    if (first)
      throw new HoldfastError('INVALID_INPUT', `Row ${member.server}/${member.instance}: ${first.message}`, {
        details: { member: member.id, problems },
      });
  }
  if (config.enabled && !group.config.enabled) checkCanEnable(ports, group, config);
  await carryOut(ports, group, config);
}

function checkShape(group: Group, config: GroupConfig): void {
  if (config.enabled && config.mode !== 'backupAndRestore')
    throw new HoldfastError('NOT_SUPPORTED', `Failover mode ${config.mode} cannot be turned on here`);
  const master = masterOf(group);
  const ids = config.members.map((member) => member.id);
  if (new Set(ids).size !== ids.length) throw new HoldfastError('DUPLICATE', 'Two rows have the same id');
  if (!ids.includes(master.id))
    throw new HoldfastError(
      'MASTER_PROTECTED',
      `${master.server} is the master of ${group.name} and cannot be removed`,
    );
  if (ids[0] !== master.id)
    throw new HoldfastError(
      'MASTER_PROTECTED',
      `Another row cannot become the master by moving it: ${master.server} is the master of ${group.name}`,
      { hint: 'Promote the other database; a full backup follows.' },
    );
  const first = config.members[0]!;
  if (first.server !== master.server || first.instance !== master.instance)
    throw new HoldfastError('MASTER_PROTECTED', 'The server and the instance of the master cannot be changed');
  if (!ids.includes(group.memory.activeId))
    throw new HoldfastError('MASTER_PROTECTED', 'The active database cannot be removed', {
      hint: 'Reconnect to the master or switch to another database first.',
    });
  for (const member of config.members) {
    const old = group.config.members.find((candidate) => candidate.id === member.id);
    if (old && old.id === group.memory.activeId && (old.server !== member.server || old.instance !== member.instance))
      throw new HoldfastError(
        'MASTER_PROTECTED',
        'The server and the instance of the active database cannot be changed',
      );
  }
}

function checkCanEnable(ports: FailoverPorts, group: Group, config: GroupConfig): void {
  const active = config.members.find((member) => member.id === group.memory.activeId) ?? config.members[0]!;
  const status = instanceOf(ports, active);
  if (ports.probeOf(active.server).state !== 'online')
    throw new HoldfastError(
      'SERVER_UNREACHABLE',
      `The agent of ${active.server}, the active server of ${group.name}, does not answer`,
    );
  if (!status) throw new HoldfastError('NOT_FOUND', `${active.server} does not protect a database ${active.instance}`);
  if (status.state === 'Error')
    throw new HoldfastError(
      'INVALID_INPUT',
      `The database of ${active.server} cannot be used: ${status.error?.message ?? 'error'}`,
    );
}

async function carryOut(ports: FailoverPorts, group: Group, config: GroupConfig): Promise<void> {
  const before = group.config;
  const members = { ...group.memory.members };
  let { nextReplica, fullWanted } = group.memory;
  for (const member of config.members) {
    const old = before.members.find((candidate) => candidate.id === member.id);
    if (old && members[member.id] && old.server === member.server && old.instance === member.instance) continue;
    members[member.id] = newMember(nextReplica++);
    fullWanted = `${member.server} was added`;
  }
  const removed = before.members.filter(
    (old) =>
      !config.members.some(
        (member) => member.id === old.id && member.server === old.server && member.instance === old.instance,
      ),
  );
  for (const old of removed) if (!config.members.some((member) => member.id === old.id)) delete members[old.id];
  const turnedOn = config.enabled && !before.enabled;
  if (turnedOn) fullWanted = 'database failover was turned on';
  const again = (one: { server: string; instance: string }) =>
    config.members.some((member) => member.server === one.server && member.instance === one.instance);
  const toRelease = [
    ...(group.memory.toRelease ?? []),
    ...removed.map(({ server, instance }) => ({ server, instance })),
  ];
  group.memory = {
    ...group.memory,
    members,
    nextReplica,
    fullWanted,
    toRelease: toRelease.filter((one) => !again(one)),
  };
  group.config = config;
  group.watch = {
    ...group.watch,
    failedSince: null,
    missingSince: null,
    retryCycleAt: 0,
    // A longer lease that was given before still runs.
    leaseBase: Math.max(group.watch.leaseBase, ports.clock.now()) + Math.max(0, before.leaseMs - config.leaseMs),
  };
  save(ports, group);
  if (config.enabled !== before.enabled)
    note(ports, group, {
      kind: config.enabled ? 'enabled' : 'disabled',
      from: null,
      to: null,
      why: `by the administrator, with ${config.members.length - 1} backup ${config.members.length === 2 ? 'database' : 'databases'}`,
      durationMs: null,
      dataAgeMs: null,
      atRisk: null,
    });
  ports.changed();
  await endLeases(ports, group, before);
  await releaseRemoved(ports, group);
}

/** A lease that nobody will renew any more must not fence a database. */
async function endLeases(ports: FailoverPorts, group: Group, before: GroupConfig): Promise<void> {
  const leased = before.enabled && before.whenConsoleLost === 'fence';
  if (!leased || (group.config.enabled && group.config.whenConsoleLost === 'fence')) return;
  for (const member of before.members) {
    const api = ports.agentOf(member.server);
    if (!api) continue;
    try {
      if (group.memory.leasedId === member.id) {
        group.memory = { ...group.memory, leasedId: null };
        save(ports, group);
      }
      await within(ports.clock, 3000, `${member.server} did not end its lease`, (signal) =>
        api.lease({ ms: 0, term: group.memory.activeTerm }, { signal }),
      );
    } catch (error) {
      say(
        ports,
        group,
        `lease:${member.server}`,
        'warning',
        `${(error as Error).message}; it may fence its database when the console ends.`,
      );
    }
  }
}

/** Every copy of a group that ends is let go, its file stays; returns the servers that did not answer. */
export async function releaseCopies(ports: FailoverPorts, group: Group): Promise<string[]> {
  const copies = group.config.members.slice(1).map(({ server, instance }) => ({ server, instance }));
  group.memory = { ...group.memory, toRelease: [...(group.memory.toRelease ?? []), ...copies] };
  await releaseRemoved(ports, group);
  return (group.memory.toRelease ?? []).map(({ server }) => server);
}

/** Copies that are no longer in the list are let go, now or when their agents answer; their files stay where they are. */
export async function releaseRemoved(ports: FailoverPorts, group: Group): Promise<void> {
  for (const one of group.memory.toRelease ?? []) {
    const { server, instance } = one;
    const api = ports.probeOf(server).state === 'online' ? ports.agentOf(server) : null;
    if (!api) continue;
    try {
      if (instanceOf(ports, one)?.role === 'standby')
        await within(ports.clock, 10_000, `${server} did not release ${instance}`, (signal) =>
          api.release({ instance }, { signal }),
        );
      await within(ports.clock, 10_000, `${server} did not forget ${group.name}`, (signal) =>
        api.forgetGroupRecord({ groupId: group.id }, { signal }),
      );
    } catch (error) {
      const { name, message } = toErrorReport(error);
      if (name !== 'NOT_FOUND') {
        say(
          ports,
          group,
          `release:${server}`,
          'warning',
          `${message}. Nothing updates that copy any more; it is tried again.`,
        );
        continue;
      }
    }
    // Whoever has made it a primary of its own meanwhile keeps it.
    if (instanceOf(ports, one)?.role !== 'primary') ports.instanceDetached(server, instance);
    ports.clearMessage(`${group.id}:release:${server}`);
    group.memory = { ...group.memory, toRelease: (group.memory.toRelease ?? []).filter((other) => other !== one) };
    save(ports, group);
  }
}

function removeIf<T>(list: T[], test: (item: T) => boolean): void {
  for (let at = list.length - 1; at >= 0; at--) if (test(list[at]!)) list.splice(at, 1);
}
