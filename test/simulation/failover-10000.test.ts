// Ten thousand lives of a failover group, and the proof that the simulator would notice: each part of the protection is taken away once.
// `HOLDFAST_SEED=n` runs that one seed and prints what happened in it; `HOLDFAST_SEEDS=n` runs so many.
import { expect, test } from 'vitest';
import { type Sabotage, simulate } from './failover-simulator.ts';

const only = process.env.HOLDFAST_SEED ? Number(process.env.HOLDFAST_SEED) : null;
const count = Number(process.env.HOLDFAST_SEEDS ?? 10_000);

test(only === null ? `${count} seeds keep every invariant` : `seed ${only} keeps every invariant`, () => {
  const total = { agent: 0, withoutAgent: 0, lease: 0, reconnects: 0, blocked: 0, writes: 0, caughtUp: 0 };
  const first = only ?? 1;
  for (let seed = first; seed < first + (only === null ? count : 1); seed++) {
    const result = simulate(seed);
    if (result.violation !== null || only !== null) console.log([`seed ${seed}`, ...result.trace].join('\n'));
    expect(result.violation, `seed ${seed}; run it alone with HOLDFAST_SEED=${seed}`).toBeNull();
    for (const proof of ['agent', 'withoutAgent', 'lease'] as const) total[proof] += result.failovers[proof];
    total.reconnects += result.reconnects;
    total.blocked += result.blocked;
    total.writes += result.writes;
    total.caughtUp += result.caughtUp;
  }
  if (only !== null || count < 1000) return;
  // A run in which little happened proves little.
  for (const [what, times] of Object.entries(total)) expect(times, what).toBeGreaterThan(count / 100);
});

test('a seed gives the same life each time', () => {
  expect(simulate(4711)).toEqual(simulate(4711));
});

const controls: { name: string; sabotage: Sabotage; caught: RegExp }[] = [
  {
    name: 'promoting without a fence',
    sabotage: { skip: 'fence' },
    caught: /accept writes at the same time/,
  },
  {
    name: 'promoting when a server is only silent',
    sabotage: {
      decide: (state, seen, now, honest) => {
        const config = { ...state.config, whenConsoleLost: 'fence' as const };
        const memory = { ...state.memory, leasedId: state.memory.activeId };
        const hasty = { ...state, config, memory, watch: { ...state.watch, leaseBase: -1e9 } };
        const far = Object.fromEntries(Object.entries(seen).map(([id, one]) => [id, { ...one, remote: true }]));
        const decision = honest(hasty, far, now, timers);
        const leased = state.config.whenConsoleLost === 'fence';
        return { ...decision, actions: decision.actions.filter((action) => leased || action.kind !== 'renewLease') };
      },
    },
    caught: /accept writes at the same time/,
  },
  {
    name: 'a lease that is counted from the arrival of a late renewal',
    sabotage: { leaseFromArrival: true },
    caught: /accept writes at the same time/,
  },
  {
    name: 'trusting the lease of an agent that hangs on this machine',
    sabotage: {
      decide: (state, seen, now, honest) =>
        honest(
          state,
          Object.fromEntries(Object.entries(seen).map(([id, one]) => [id, { ...one, remote: true }])),
          now,
          timers,
        ),
    },
    caught: /accept writes at the same time/,
  },
  {
    name: 'agents that do not look at the term',
    sabotage: { ignoreTerms: true },
    caught: /accept writes at the same time|both primary in term/,
  },
  {
    name: 'a copy that was never restored',
    sabotage: {
      decide: (state, seen, now, honest) => {
        const members = Object.fromEntries(
          Object.entries(state.memory.members).map(([id, member]) => [id, { ...member, restored: true }]),
        );
        const claimed = Object.fromEntries(
          Object.entries(seen).map(([id, one]) => [
            id,
            { ...one, instance: one.instance && { ...one.instance, restored: true } },
          ]),
        );
        return honest({ ...state, memory: { ...state.memory, members } }, claimed, now, timers);
      },
    },
    caught: /was never restored and became active/,
  },
  {
    name: 'reconnecting without a contingency backup of the fenced database',
    sabotage: { skip: 'last' },
    caught: /left behind without a contingency backup/,
  },
  {
    name: 'a term that is used twice',
    sabotage: {
      decide: (state, seen, now, honest) => {
        const decision = honest(state, seen, now, timers);
        return { ...decision, memory: { ...decision.memory, activeTerm: Math.max(1, decision.memory.term - 1) } };
      },
    },
    caught: /both primary in term|does not follow|accept writes at the same time/,
  },
];

const timers = {
  isDue: (schedule: { kind: string }, last: number | null, now: number) =>
    schedule.kind !== 'off' && (last === null || now - last >= 8000),
};

test.skipIf(only !== null).each(controls)('the simulator notices $name', ({ sabotage, caught }) => {
  for (let seed = 1; seed <= 10_000; seed++) {
    const { violation } = simulate(seed, sabotage);
    if (violation === null) continue;
    expect(violation).toMatch(caught);
    return;
  }
  expect.fail('no seed noticed it');
});
