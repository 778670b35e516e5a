// The failover service: a thin shell that observes, lets decide() decide, and carries the actions out through agents and jobs.
import path from 'node:path';
import type { BackupType } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { type GroupConfig, groupConfigSchema } from '../contract/failover.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import { isDue } from '../schedule/schedule.ts';
import { applyConfig, releaseCopies } from './apply-config.ts';
import { within } from './call.ts';
import { checkMember } from './check-member.ts';
import { startCycle } from './cycle.ts';
import { decide } from './decide.ts';
import { encryptCycles, stopEncrypting } from './encryption.ts';
import { type Group, observe, save, say, statusOf } from './group.ts';
import { type GroupMemory, newMemory, newWatch } from './model.ts';
import { createPlans } from './plans.ts';
import { createRecordKeeper } from './record-keeper.ts';
import { lookAround, type RoundShell, recoverGroup, runActions } from './rounds.ts';
import type { FailoverPorts, FailoverService, StoredGroup } from './types.ts';
import { viewOf } from './views.ts';

/** The groups that the store knows, ready for `recover()` and then a `tick()` per probe interval. */
export function createFailoverService(ports: FailoverPorts): FailoverService {
  const groups = new Map<string, Group>();
  /** Groups whose interrupted operation could not be taken up yet. */
  const cutOff = new Set<Group>();
  const records = createRecordKeeper(ports, groups, (stored) => wake(stored, ports.clock.now()));
  for (const stored of ports.store.loadGroups()) groups.set(stored.id, wake(stored, ports.clock.now()));
  const plans = createPlans(ports);
  const shell: RoundShell = { ports };
  const find = (id: string): Group => {
    const group = groups.get(id);
    if (!group) throw new HoldfastError('NOT_FOUND', `There is no group ${id}`);
    return group;
  };
  const confirmed = (id: string): Group => {
    const group = find(id);
    if (!group.memory.review) return group;
    throw new HoldfastError('GROUP_UNCONFIRMED', `${group.name} is not confirmed yet`);
  };
  const others = (group: Group) => [...groups.values()].filter((other) => other !== group);

  const round = (group: Group) => {
    const decision = decide({ ...group, cycling: group.cycling }, observe(ports, group), ports.clock.now(), { isDue });
    const changed = JSON.stringify(decision.memory) !== JSON.stringify(group.memory);
    const shown = group.state !== decision.state || group.stateText !== decision.stateText;
    const before = group.memory;
    group.memory = decision.memory;
    try {
      // Durable before anything is done about it: what the catalog refuses was not decided.
      if (changed || group.unsaved) save(ports, group);
    } catch (error) {
      group.memory = before;
      throw error;
    }
    group.watch = decision.watch;
    group.state = decision.state;
    group.stateText = decision.stateText;
    showStanding(group, decision.standing);
    runActions(shell, group, decision.actions);
    if (changed || shown) ports.changed();
  };

  const showStanding = (group: Group, standing: Group['standing']) => {
    for (const [key, message] of Object.entries(standing))
      if (group.standing[key]?.text !== message.text) say(ports, group, key, message.level, message.text, true);
    for (const key of Object.keys(group.standing)) if (!standing[key]) ports.clearMessage(`${group.id}:${key}`);
    group.standing = standing;
  };

  /** The group is no more, here and with its members; databases, copies and backups stay as they are. */
  const drop = async (group: Group) => {
    groups.delete(group.id);
    ports.store.deleteGroup(group.id);
    for (const key of Object.keys(group.standing)) ports.clearMessage(`${group.id}:${key}`);
    await records.forget(group);
    ports.changed();
  };

  /** Goes on where a crash cut an operation off; false while the catalog refuses to note it. */
  const recovered = (group: Group): boolean => {
    try {
      recoverGroup(ports, group);
      cutOff.delete(group);
    } catch (error) {
      if (!isStorageRefusal(error)) throw error;
      cutOff.add(group);
      notWatched(group, error);
    }
    return !cutOff.has(group);
  };
  const notWatched = (group: Group, error: unknown) =>
    say(ports, group, 'round', 'critical', `${group.name} is not being watched: ${toErrorReport(error).message}`, true);

  return {
    async recover() {
      for (const group of groups.values()) recovered(group);
    },

    async tick() {
      await records.look();
      for (const group of groups.values()) {
        // What a member keeps may say that this catalog is out of date.
        if (records.isUnread(group)) continue;
        if (cutOff.has(group) && !recovered(group)) continue;
        try {
          records.doubt(group);
          round(group);
        } catch (error) {
          // One group that cannot be decided must not keep the others from failing over.
          notWatched(group, error);
          continue;
        }
        ports.clearMessage(`${group.id}:round`);
        lookAround(shell, group);
        if (!group.unsaved) records.tell(group);
      }
    },

    views: () => [...groups.values()].map((group) => viewOf(ports, group)),

    async create(instanceId, name) {
      const [server, instance] = instanceId.split('/');
      if (!server || !instance) throw new HoldfastError('INVALID_INPUT', `${instanceId} is not SERVER/INSTANCE`);
      const status = statusOf(ports, server);
      const known = status?.instances.find((candidate) => candidate.name === instance);
      if (!status || !known) throw new HoldfastError('NOT_FOUND', `${server} does not protect a database ${instance}`);
      if (known.role !== 'primary')
        throw new HoldfastError(
          'INVALID_INPUT',
          `${instanceId} is a backup database and cannot be the master of a group`,
        );
      if (known.backends)
        throw new HoldfastError(
          'SEVERAL_BACKENDS',
          `${instanceId} has the backends ${known.backends.map((one) => one.id).join(', ')}; a failover group keeps databases of one file`,
        );
      for (const group of groups.values()) {
        if (group.name.toLowerCase() === name.toLowerCase())
          throw new HoldfastError('DUPLICATE', `There is a group ${name} already`);
        if (group.config.members.some((row) => row.server === server && row.instance === instance))
          throw new HoldfastError('DUPLICATE', `${instanceId} is in the group ${group.name} already`);
      }
      const masterId = crypto.randomUUID();
      const folder = path.join(status.root, 'failover', instance);
      const config = defaultConfig({ id: masterId, server, databaseServer: server, instance, folder });
      const stored: StoredGroup = {
        id: crypto.randomUUID(),
        name,
        config,
        state: newMemory(masterId, known.replica, known.term),
      };
      const group = wake(stored, ports.clock.now());
      save(ports, group);
      groups.set(group.id, group);
      ports.changed();
      return { groupId: group.id };
    },

    async checkMember(groupId, row) {
      const group = confirmed(groupId);
      return { problems: await checkMember(ports, group, others(group), row) };
    },

    async apply(groupId, config) {
      const group = confirmed(groupId);
      await applyConfig(ports, group, others(group), config);
      records.tell(group);
    },

    async remove(groupId) {
      const group = find(groupId);
      if (group.memory.review) {
        await drop(group);
        return;
      }
      if (group.operation || group.cycling || group.deliveries.size > 0)
        throw new HoldfastError('BACKUP_ACTIVE', `${group.name} is busy; wait for its jobs or cancel them`);
      if (group.memory.activeId !== group.config.members[0]!.id)
        throw new HoldfastError('MASTER_PROTECTED', `${group.name} runs on a backup database`, {
          hint: 'Reconnect to the master, or promote the backup database, first.',
        });
      if (group.config.enabled) {
        await applyConfig(ports, group, others(group), { ...group.config, enabled: false });
        round(group);
      }
      const left = await releaseCopies(ports, group);
      await drop(group);
      if (left.length > 0)
        say(
          ports,
          group,
          'removed',
          'warning',
          `${group.name} is removed; ${left.join(' and ')} did not let go of its copy`,
        );
      ports.changed();
    },

    async encrypt(groupId, password) {
      const group = confirmed(groupId);
      return password === null ? stopEncrypting(ports, group) : await encryptCycles(ports, group, password);
    },

    async backupNow(groupId, type: BackupType) {
      const group = confirmed(groupId);
      if (!group.config.enabled) throw new HoldfastError('INVALID_INPUT', `Database failover is off for ${group.name}`);
      if (group.operation)
        throw new HoldfastError('BACKUP_ACTIVE', `${group.name} is changing its active database right now`);
      const contingency = group.memory.activeId !== group.config.members[0]!.id;
      const wanted = group.memory.fullWanted || group.memory.outOfSync ? 'full' : type;
      return { jobId: startCycle(ports, group, { type: wanted, contingency, why: 'by the administrator' }) };
    },

    async plan(groupId, action) {
      return plans.plan(find(groupId), action);
    },

    async execute(token, typed) {
      return { jobId: plans.execute(find, token, typed) };
    },

    async leave() {
      const leases = [...groups.values()]
        .filter((group) => !group.memory.review && group.config.enabled && group.config.whenConsoleLost === 'fence')
        .flatMap((group) => group.config.members.map((member) => ({ group, server: member.server })));
      await Promise.allSettled(
        leases.map(async ({ group, server }) => {
          const api = ports.agentOf(server);
          if (!api) return;
          await within(ports.clock, 2000, `${server} did not end its lease`, (signal) =>
            api.lease({ ms: 0, term: group.memory.activeTerm }, { signal }),
          );
        }),
      );
    },
  };
}

function wake(stored: StoredGroup, now: number): Group {
  return {
    id: stored.id,
    name: stored.name,
    config: groupConfigSchema.parse(stored.config),
    memory: stored.state as GroupMemory,
    watch: newWatch(now),
    operation: null,
    operationJob: null,
    cycleJob: null,
    cycling: false,
    deliveries: new Map(),
    orders: new Set(),
    state: stored.config.enabled ? 'Normal' : 'Disabled',
    stateText: '',
    standing: {},
    unsaved: false,
    kept: new Map(),
    life: crypto.randomUUID(),
    found: { records: [], damaged: [] },
    acknowledged: new Map(),
  };
}

function defaultConfig(master: GroupConfig['members'][number]): GroupConfig {
  return {
    enabled: false,
    mode: 'backupAndRestore',
    members: [master],
    autoReconnect: false,
    full: { kind: 'daily', at: '02:00' },
    differential: { kind: 'every', minutes: 15 },
    whenConsoleLost: 'keep',
    probeMs: 1000,
    misses: 3,
    leaseMs: 10_000,
  };
}
