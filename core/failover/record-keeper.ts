// Reads what the agents keep of failover groups, once in each agent's life and before anything is decided about it, and tells members what to keep.
// A group that only the files know, or that they know better than the catalog, is put under review: it does nothing until it is confirmed.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { type GroupRecord, knows } from '../contract/group-records.ts';
import { within } from './call.ts';
import { type FoundRecord, findingsOf, sameState, unknownTerm } from './findings.ts';
import { agentFor, type Group, observe, save, say } from './group.ts';
import { recordFor, recordOf, toldMark } from './group-record.ts';
import { foundMemory } from './take-over.ts';
import type { FailoverPorts, StoredGroup } from './types.ts';

/** So long a round waits for files that are being read; an agent that is slower is waited for without holding the others up. */
const PATIENCE_MS = 500;
const ASK_MS = 5000;

/** Whose record the engine's own catalog would be. */
export const OWN_CATALOG = 'this console';

interface Kept {
  records: GroupRecord[];
  damaged: string[];
}

export interface RecordKeeper {
  /** Reads the files of agents that have just come up; returns after half a second at the latest. */
  look(): Promise<void>;
  /** A member answers whose files have not been read: nothing may be decided about the group yet. */
  isUnread(group: Group): boolean;
  /** Puts the group under review when a member has heard of a term that this catalog never gave out. */
  doubt(group: Group): void;
  /** Has the members keep the newest state. */
  tell(group: Group): void;
  /** The members that answer forget the group; the others when they come up. */
  forget(group: Group): Promise<void>;
}

export function createRecordKeeper(
  ports: FailoverPorts,
  groups: Map<string, Group>,
  wake: (stored: StoredGroup) => Group,
): RecordKeeper {
  const kept = new Map<string, Kept>();
  const read = new Map<string, string>();
  const reading = new Map<string, Promise<void>>();

  const lifeOf = (server: string): string | null => {
    const { state, status, misses } = ports.probeOf(server);
    return state === 'online' && status && misses === 0 ? String(status.pid) : null;
  };
  const isUnreadServer = (server: string): boolean => {
    const life = lifeOf(server);
    return life !== null && read.get(server) !== life;
  };

  async function ask(server: string, life: string): Promise<void> {
    try {
      const found = await within(ports.clock, ASK_MS, `${server} did not say what it keeps of its groups`, (signal) =>
        agentFor(ports, server).groupRecords({}, { signal }),
      );
      kept.set(server, found);
    } catch (error) {
      const { name, message } = toErrorReport(error);
      if (name === 'SERVER_UNREACHABLE' || name === 'CANCELLED') return;
      kept.set(server, { records: [], damaged: [`what ${server} keeps of its groups (${message})`] });
    }
    try {
      let settled = true;
      for (const record of kept.get(server)?.records ?? []) settled = judge(server, record) && settled;
      for (const group of groups.values()) if (group.memory.review) gather(group);
      if (settled) read.set(server, life);
      ports.clearMessage(`records:${server}`);
    } catch (error) {
      // The catalog refuses it: its groups wait, and the files are read again.
      const { message } = toErrorReport(error);
      ports.message(
        `records:${server}`,
        'critical',
        `What ${server} keeps of its groups was not taken in: ${message}`,
        true,
      );
    }
    ports.changed();
  }

  /** What a record means; false when that cannot be said yet. */
  function judge(server: string, record: GroupRecord): boolean {
    const group = groups.get(record.groupId);
    if (!group) {
      if (ports.store.wasRemoved(record.groupId)) forgetAt(server, record.groupId);
      else found(record);
      return true;
    }
    const { told, review } = group.memory;
    if (review) return true;
    if (told && knows(told, record)) {
      const row = group.config.members.find((member) => member.id === record.memberId);
      if (row?.server !== server) forgetAt(server, group.id);
      else if (sameState(told, record)) group.acknowledged.set(server, toldMark(group.memory));
      return true;
    }
    if (group.operation) return false;
    putUnderReview(
      ports,
      group,
      `${server} keeps a state of ${group.name} that the catalog of this console does not know: the catalog is older than the files`,
    );
    return true;
  }

  function found(record: GroupRecord): void {
    const why = 'it is not in the catalog of this console and was found in the files of its members';
    const memory = foundMemory(record, ports.clock.now(), why);
    const taken = [...groups.values()].some((group) => group.name.toLowerCase() === record.name.toLowerCase());
    const name = taken ? `${record.name} (${record.groupId.slice(0, 4)})` : record.name;
    const group = wake({ id: record.groupId, name, config: record.config, state: memory });
    groups.set(group.id, group);
    save(ports, group);
  }

  /** What all servers keep of a group under review; its list is that of the newest record. */
  function gather(group: Group): void {
    const records: FoundRecord[] = [];
    for (const [server, { records: theirs }] of kept)
      for (const record of theirs) if (record.groupId === group.id) records.push({ server, record });
    const own = recordOf(group, group.config.members[0]!, ports.clock.now());
    if (own) records.push({ server: OWN_CATALOG, record: own });
    const members = new Set(records.flatMap(({ record }) => record.config.members.map((member) => member.server)));
    const damaged = [...kept].flatMap(([server, one]) => (members.has(server) ? one.damaged : []));
    group.found = { records, damaged };
    const { source } = findingsOf(group.config, records, observe(ports, group), damaged);
    if (!source || group.memory.told) return;
    if (JSON.stringify(source.config) === JSON.stringify(group.config)) return;
    const { since, why } = group.memory.review ?? { since: ports.clock.now(), why: '' };
    group.config = source.config;
    group.memory = foundMemory(source, since, why);
    save(ports, group);
  }

  function forgetAt(server: string, groupId: string): void {
    within(ports.clock, ASK_MS, `${server} did not forget a group`, (signal) =>
      agentFor(ports, server).forgetGroupRecord({ groupId }, { signal }),
    ).catch(() => {
      // Read and judged again when it comes up the next time.
    });
  }

  async function tellMember(group: Group, server: string, record: GroupRecord, mark: string): Promise<void> {
    try {
      await within(ports.clock, ASK_MS, `${server} did not keep the settings of ${group.name}`, (signal) =>
        agentFor(ports, server).keepGroupRecord({ record }, { signal }),
      );
      group.acknowledged.set(server, mark);
      ports.clearMessage(`${group.id}:record:${server}`);
    } catch (error) {
      const { name, message } = toErrorReport(error);
      // It keeps something newer: that is read and judged.
      if (name === 'STALE_TERM') read.delete(server);
      else if (name !== 'SERVER_UNREACHABLE' && name !== 'CANCELLED')
        say(
          ports,
          group,
          `record:${server}`,
          'warning',
          `${server} cannot keep the settings of ${group.name}: ${message}. If the catalog of this console is lost, it will not know of the group`,
          true,
        );
    }
  }

  return {
    async look() {
      for (const server of ports.serverNames()) {
        const life = lifeOf(server);
        if (life === null || read.get(server) === life || reading.has(server)) continue;
        reading.set(
          server,
          ask(server, life).finally(() => reading.delete(server)),
        );
      }
      if (reading.size === 0) return;
      const late = new AbortController();
      await Promise.race([
        Promise.all(reading.values()),
        ports.clock.sleep(PATIENCE_MS, late.signal).catch(() => {}),
      ]).finally(() => late.abort());
    },

    isUnread: (group) => group.config.members.some((member) => isUnreadServer(member.server)),

    doubt(group) {
      const { memory, operation, config } = group;
      if (memory.review || operation || !config.enabled) return;
      const member = unknownTerm(config, memory, observe(ports, group));
      if (!member) return;
      putUnderReview(
        ports,
        group,
        `the database of ${member.server} has a term that the catalog of this console never gave out: the catalog is older than what happened`,
      );
      gather(group);
    },

    tell(group) {
      if (group.memory.review) return;
      const mark = toldMark(group.memory);
      for (const member of group.config.members) {
        const { server } = member;
        const key = `record:${server}`;
        if (group.acknowledged.get(server) === mark || group.orders.has(key)) continue;
        if (lifeOf(server) === null || isUnreadServer(server)) continue;
        const record = recordFor(group, member, ports.clock.now());
        if (!record) return;
        group.orders.add(key);
        void tellMember(group, server, record, mark).finally(() => group.orders.delete(key));
      }
    },

    async forget(group) {
      await Promise.allSettled(
        group.config.members.map(async ({ server }) => {
          if (lifeOf(server) === null) return;
          await within(ports.clock, ASK_MS, `${server} did not forget ${group.name}`, (signal) =>
            agentFor(ports, server).forgetGroupRecord({ groupId: group.id }, { signal }),
          );
        }),
      );
    },
  };
}

/** Stops what is on its way into members, and everything else that the group does by itself. */
function putUnderReview(ports: FailoverPorts, group: Group, why: string): void {
  group.memory = { ...group.memory, review: { since: ports.clock.now(), why } };
  save(ports, group);
  if (group.cycleJob) ports.jobs.cancel(group.cycleJob);
  for (const delivery of group.deliveries.values()) delivery.abort.abort(new HoldfastError('CANCELLED'));
}
