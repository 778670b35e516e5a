// Properties of the failover decisions over arbitrary situations, and the cases in which a rule could be got wrong by one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GroupConfig } from '../../core/contract/failover.ts';
import { decide, driftMs } from '../../core/failover/decide.ts';
import { isFresh, obstacle } from '../../core/failover/health.ts';
import {
  type Decision,
  type DecisionState,
  newMember,
  newMemory,
  newWatch,
  type Observation,
  type Observations,
} from '../../core/failover/model.ts';

const seed = Number(process.env.HOLDFAST_SEED ?? 20261120);
const timers = {
  isDue: (schedule: { kind: string }, last: number | null, now: number) =>
    schedule.kind !== 'off' && (last === null || now - last >= 60_000),
};
const NOW = 1_000_000;

const config: GroupConfig = {
  enabled: true,
  mode: 'backupAndRestore',
  members: ['a', 'b', 'c'].map((id) => ({
    id,
    server: id.toUpperCase(),
    databaseServer: id,
    instance: 'D',
    folder: `/${id}`,
  })),
  autoReconnect: false,
  full: { kind: 'off' },
  differential: { kind: 'every', minutes: 1 },
  whenConsoleLost: 'keep',
  probeMs: 1000,
  misses: 3,
  leaseMs: 10_000,
};

function state(change: Partial<DecisionState> = {}): DecisionState {
  const memory = newMemory('a', 1, 1);
  memory.members.b = { ...newMember(2), restored: true };
  memory.members.c = { ...newMember(3), restored: true };
  memory.lastFullAt = NOW - 1000;
  memory.lastDifferentialAt = NOW - 1000;
  return { name: 'Main', config, memory, watch: newWatch(0), operation: null, cycling: false, ...change };
}

const primary: Observation = {
  contact: 'online',
  misses: 0,
  seenAt: NOW - 10,
  remote: false,
  instance: {
    role: 'primary',
    writable: true,
    state: 'Online',
    term: 1,
    problem: null,
    fullRequired: false,
    fullRequiredReason: null,
    outOfSync: false,
    outOfSyncReason: null,
    restored: false,
  },
};
const copy: Observation = {
  ...primary,
  instance: { ...primary.instance!, role: 'standby', writable: false, restored: true, term: 0 },
};
const healthy: Observations = { a: primary, b: copy, c: copy };
const of = <K extends string>(decision: Decision, kind: K) =>
  decision.actions.filter(
    (action): action is Extract<Decision['actions'][number], { kind: K }> => action.kind === kind,
  );

const observation: fc.Arbitrary<Observation> = fc.record({
  contact: fc.constantFrom('online', 'online', 'offline', 'gone', 'starting'),
  misses: fc.constantFrom(0, 0, 0, 1, 3, 30),
  seenAt: fc.constantFrom(null, NOW - 10, NOW - 10_000, NOW - 100_000),
  remote: fc.boolean(),
  instance: fc.option(
    fc.record({
      role: fc.constantFrom('primary', 'standby'),
      writable: fc.boolean(),
      state: fc.constantFrom('Online', 'Online', 'Fenced', 'Error', 'Offline', 'Restoring', 'BackingUp', 'OutOfSync'),
      term: fc.integer({ min: 0, max: 4 }),
      problem: fc.constantFrom(null, 'broken'),
      fullRequired: fc.boolean(),
      fullRequiredReason: fc.constant(null),
      outOfSync: fc.boolean(),
      outOfSyncReason: fc.constant(null),
      restored: fc.boolean(),
    }),
    { freq: 8 },
  ),
});

const member = (replica: number) =>
  fc.record({
    replica: fc.constant(replica),
    lastBackupAt: fc.constant(null),
    lastRestoreAt: fc.constantFrom(null, NOW - 5000),
    dataTime: fc.constant(null),
    restored: fc.boolean(),
    diverged: fc.constantFrom(null, null, 'holds other changes'),
    chainLost: fc.boolean(),
    error: fc.constant(null),
    heldFenced: fc.constantFrom(false, false, false, true),
    unproved: fc.boolean(),
  });

const situation = fc.record({
  config: fc.record({
    enabled: fc.constantFrom(true, true, true, false),
    autoReconnect: fc.boolean(),
    whenConsoleLost: fc.constantFrom('keep' as const, 'fence' as const),
    full: fc.constantFrom({ kind: 'off' as const }, { kind: 'every' as const, minutes: 1 }),
  }),
  memory: fc.record({
    activeId: fc.constantFrom('a', 'a', 'b', 'c'),
    leasedId: fc.constantFrom(null, 'a', 'b'),
    term: fc.integer({ min: 2, max: 4 }),
    activeTerm: fc.constantFrom(1, 2),
    members: fc.record({ a: member(1), b: member(2), c: member(3) }),
    fullWanted: fc.constantFrom(null, 'asked for'),
    lastFullAt: fc.constantFrom(null, NOW - 1000, NOW - 100_000),
    outOfSync: fc.constantFrom(null, null, { since: 1, reason: 'changed' }),
    masterLostAt: fc.constantFrom(null, 5),
    masterBackAt: fc.constantFrom(null, 6),
    stayOnBackup: fc.boolean(),
  }),
  watch: fc.record({
    failedSince: fc.constantFrom(null, NOW - 500, NOW - 60_000),
    masterOnlineSince: fc.constantFrom(null, NOW - 60_000),
    leaseBase: fc.constantFrom(0, NOW - 5000, NOW - 20_000),
    roleChangedAt: fc.constantFrom(-1, NOW - 50, NOW),
  }),
  busy: fc.constantFrom(false, false, false, true),
  seen: fc.record({ a: observation, b: observation, c: observation }),
});

function build(given: typeof situation extends fc.Arbitrary<infer T> ? T : never): [DecisionState, Observations] {
  const operation = given.busy
    ? {
        id: '',
        kind: 'switch' as const,
        fromId: 'a',
        toId: 'b',
        term: 3,
        proof: 'agent' as const,
        why: '',
        startedAt: 0,
        step: 'fence' as const,
      }
    : null;
  return [
    {
      name: 'Main',
      config: { ...config, ...given.config },
      memory: { ...newMemory('a', 1, 1), ...given.memory },
      watch: { ...newWatch(0), ...given.watch },
      operation,
      cycling: false,
    },
    given.seen,
  ];
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) freeze(one);
  return Object.freeze(value);
}

describe('in every situation', () => {
  const holds = (rule: (state: DecisionState, seen: Observations, decision: Decision) => void) => () => {
    let acted = 0;
    fc.assert(
      fc.property(situation, (given) => {
        const [before, seen] = build(given);
        freeze(before);
        freeze(seen);
        const decision = decide(before, seen, NOW, timers);
        if (decision.actions.length > 0) acted++;
        rule(before, seen, decision);
      }),
      { numRuns: 3000, seed },
    );
    expect(acted).toBeGreaterThan(300);
  };

  test(
    'deciding changes neither who is active nor the term, and nothing in place',
    holds((before, _seen, { memory }) => {
      for (const key of ['activeId', 'activeTerm', 'term', 'members', 'contingencies'] as const)
        expect(memory[key]).toEqual(before.memory[key]);
    }),
  );

  test(
    'there is at most one change of roles, and none while one is being carried out or the group is off',
    holds((before, _seen, decision) => {
      const changes = decision.actions.filter((action) => ['failover', 'reconnect', 'activate'].includes(action.kind));
      expect(changes.length).toBeLessThanOrEqual(before.operation ? 0 : 1);
      if (!before.config.enabled) expect(decision.actions).toEqual([]);
    }),
  );

  test(
    'who takes over is online, was restored, is in sync, and nobody before it in the list is',
    holds((before, seen, decision) => {
      for (const { fromId, toId } of of(decision, 'failover')) {
        expect(fromId).toBe(before.memory.activeId);
        expect(toId).not.toBe(fromId);
        expect(seen[toId]).toMatchObject({ contact: 'online', misses: 0 });
        const there = before.memory.members[toId]!;
        expect(there).toMatchObject({ restored: true, diverged: null, heldFenced: false });
        expect(before.memory.outOfSync).toBeNull();
        for (const row of before.config.members) {
          if (row.id === toId) break;
          if (row.id !== fromId) expect(obstacle(before, row.id, seen[row.id])).not.toBeNull();
        }
      }
    }),
  );

  test(
    'a silent server is only passed over when a confirmed lease of another machine has run out',
    holds((before, seen, decision) => {
      for (const { proof, fromId } of of(decision, 'failover')) {
        const from = seen[fromId]!;
        if (proof === 'agent') expect(from).toMatchObject({ contact: 'online', misses: 0 });
        else if (proof === 'withoutAgent') expect(from.contact).toBe('gone');
        else {
          expect(before.config.whenConsoleLost).toBe('fence');
          expect(from.remote).toBe(true);
          expect(before.memory.leasedId).toBe(fromId);
          const { leaseMs } = before.config;
          expect(NOW).toBeGreaterThanOrEqual(before.watch.leaseBase + leaseMs + driftMs(leaseMs));
        }
      }
    }),
  );

  test(
    'a database that accepts writes without being active is fenced',
    holds((before, seen, decision) => {
      if (!before.config.enabled || before.operation) return;
      const fenced = of(decision, 'fence').map((action) => action.memberId);
      for (const [id, one] of Object.entries(seen)) {
        const stray =
          id !== before.memory.activeId &&
          one.contact === 'online' &&
          isFresh(before.watch, one) &&
          one.instance?.role === 'primary' &&
          one.instance.writable;
        expect(fenced.includes(id)).toBe(stray);
      }
    }),
  );

  test(
    'it reconnects only when it is asked to, to a master that has been there for a while',
    holds((before, seen, decision) => {
      for (const { fromId, toId } of of(decision, 'reconnect')) {
        expect(before.config.autoReconnect).toBe(true);
        expect(toId).toBe('a');
        expect(fromId).toBe(before.memory.activeId);
        expect(before.watch.masterOnlineSince).not.toBeNull();
        expect(obstacle(before, 'a', seen.a)).toBeNull();
        expect(decision.memory.stayOnBackup).toBe(false);
      }
    }),
  );

  test(
    'a backup is made of the active database alone, while it serves, and not by itself when out of sync',
    holds((before, seen, decision) => {
      for (const action of of(decision, 'cycle')) {
        expect(seen[before.memory.activeId]).toMatchObject({ contact: 'online', instance: { writable: true } });
        expect(action.contingency).toBe(before.memory.activeId !== 'a');
        if (decision.memory.outOfSync && !action.contingency) expect(before.memory.fullWanted).not.toBeNull();
      }
    }),
  );
});

describe('detection', () => {
  const decided = (a: Observation, change: Partial<DecisionState> = {}) =>
    decide(state(change), { ...healthy, a }, NOW, timers);

  test('all is well: nothing is done', () => {
    expect(decided(primary).actions).toEqual([]);
    expect(decided(primary).state).toBe('Normal');
  });

  test('the last miss counts, the one before it does not', () => {
    expect(decided({ ...primary, contact: 'offline', misses: 2 }).memory.blocked).toBeNull();
    expect(decided({ ...primary, contact: 'offline', misses: 3 }).memory.blocked).not.toBeNull();
  });

  test('an ended agent and a report of its own need no misses', () => {
    expect(of(decided({ ...primary, contact: 'gone' }), 'failover')).toMatchObject([
      { toId: 'b', proof: 'withoutAgent' },
    ]);
    const damaged = { ...primary, instance: { ...primary.instance!, state: 'Error' as const, writable: false } };
    expect(of(decided(damaged), 'failover')).toMatchObject([{ toId: 'b', proof: 'agent' }]);
  });

  test('a server that this engine has not heard of yet is not gone in the first seconds', () => {
    const unheard = { ...primary, contact: 'gone' as const, seenAt: null, instance: null };
    const young = { watch: newWatch(NOW - 9_999) };
    expect(of(decided(unheard, young), 'failover')).toEqual([]);
    expect(of(decided(unheard, { watch: newWatch(NOW - 10_000) }), 'failover')).toHaveLength(1);
    expect(of(decided({ ...unheard, seenAt: NOW - 10 }, young), 'failover')).toHaveLength(1);
  });

  test('an instance that is missing from the answer must stay missing', () => {
    const none = { ...primary, instance: null };
    const first = decided(none);
    expect(of(first, 'failover')).toEqual([]);
    const later = decide(state({ watch: first.watch }), { ...healthy, a: none }, NOW + 3000, timers);
    expect(of(later, 'failover')).toHaveLength(1);
  });

  test('a restore of the master is no failure, a fence by hand neither', () => {
    const restoring = { ...primary, instance: { ...primary.instance!, state: 'Restoring' as const, writable: false } };
    expect(decided(restoring).actions).toEqual([]);
    const held = state();
    held.memory.members.a!.heldFenced = true;
    const fenced = { ...primary, instance: { ...primary.instance!, state: 'Fenced' as const, writable: false } };
    expect(decide(held, { ...healthy, a: fenced }, NOW, timers).actions).toEqual([]);
  });

  test('the active database that nobody wanted fenced is opened again; after three failures the next one is taken', () => {
    const fenced = { ...primary, instance: { ...primary.instance!, state: 'Fenced' as const, writable: false } };
    expect(of(decided(fenced), 'activate')).toHaveLength(1);
    const watch = { ...newWatch(0), openFailures: 3 };
    expect(of(decided(fenced, { watch }), 'failover')).toMatchObject([{ toId: 'b', proof: 'agent' }]);
  });

  test('a copy that is being restored is waited for, but not for long', () => {
    const seen = {
      a: { ...primary, contact: 'gone' as const },
      b: { ...copy, instance: { ...copy.instance!, state: 'Restoring' as const } },
      c: copy,
    };
    const first = decide(state(), seen, NOW, timers);
    expect(of(first, 'failover')).toEqual([]);
    const watch = { ...first.watch };
    expect(of(decide(state({ watch }), seen, NOW + 2999, timers), 'failover')).toEqual([]);
    expect(of(decide(state({ watch }), seen, NOW + 3000, timers), 'failover')).toMatchObject([{ toId: 'c' }]);
  });

  test('the alarm of the agent is not raised again by an answer from before the full backup that cleared it', () => {
    const alarmed = { ...primary, instance: { ...primary.instance!, outOfSync: true } };
    const cleared = state();
    cleared.memory.lastFullAt = NOW;
    expect(decide(cleared, { ...healthy, a: alarmed }, NOW, timers).memory.outOfSync).toBeNull();
    expect(decide(state(), { ...healthy, a: alarmed }, NOW, timers).memory.outOfSync).not.toBeNull();
  });
});
