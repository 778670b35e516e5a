// The steps of a change of the active database: their order, what a crash at each leaves, what the commit remembers.
import { describe, expect, test } from 'vitest';
import { behindBy, riskText, spanText } from '../../core/failover/at-risk.ts';
import { watched, within } from '../../core/failover/call.ts';
import { newMember, newMemory } from '../../core/failover/model.ts';
import {
  afterStep,
  commit,
  firstStep,
  isCommitted,
  type Operation,
  type OperationKind,
  resume,
  stepsOf,
  takeTerm,
} from '../../core/failover/operation.ts';
import { FakeClock } from '../support/fake-clock.ts';

const members = ['a', 'b', 'c'].map((id) => ({
  id,
  server: id.toUpperCase(),
  databaseServer: id,
  instance: 'D',
  folder: `/${id}`,
}));

function memory(activeId = 'a') {
  const made = newMemory('a', 1, 1);
  made.members.b = { ...newMember(2), restored: true };
  made.members.c = { ...newMember(3), restored: true };
  return { ...made, activeId };
}

const operation = (kind: OperationKind, fromId: string, toId: string, change: Partial<Operation> = {}): Operation => ({
  ...firstStep({ id: '1', kind, fromId, toId, term: 2, proof: 'agent', why: 'x', startedAt: 0 }),
  ...change,
});

describe('steps', () => {
  test('nothing is promoted before the fence, and a reconnection keeps a copy before that', () => {
    for (const kind of ['failover', 'switch', 'reconnect', 'promote'] as const) {
      const steps = stepsOf(operation(kind, 'a', 'b'));
      expect(steps.indexOf('fence')).toBeGreaterThanOrEqual(0);
      expect(steps.indexOf('commit')).toBeGreaterThan(steps.indexOf('fence'));
      expect(steps.indexOf('open')).toBe(steps.indexOf('commit') + 1);
    }
    expect(stepsOf(operation('reconnect', 'b', 'a')).slice(0, 4)).toEqual(['contingency', 'fence', 'last', 'commit']);
    expect(stepsOf(operation('switch', 'b', 'c', { fromBackup: true })).slice(0, 4)).toEqual([
      'contingency',
      'fence',
      'sync',
      'commit',
    ]);
    expect(stepsOf(operation('switch', 'a', 'b'))).toContain('sync');
    expect(stepsOf(operation('switch', 'a', 'b', { proof: 'operator' }))).not.toContain('sync');
    expect(stepsOf(operation('promote', 'b', 'b'))).toEqual(['commit', 'settle']);
  });

  test('walking them ends', () => {
    const walked: string[] = [];
    for (let at: Operation | null = operation('switch', 'a', 'b'); at; at = afterStep(at)) walked.push(at.step);
    expect(walked).toEqual(['fence', 'sync', 'commit', 'open', 'settle']);
  });

  test('after a crash: back before the commit, on after it, at every step', () => {
    for (const kind of ['failover', 'switch', 'reconnect', 'promote'] as const)
      for (let at: Operation | null = operation(kind, 'b', 'a'); at; at = afterStep(at)) {
        const before = memory('b');
        expect(resume(at, before)).toEqual({ go: 'back' });
        const after = commit(before, members, at, 5).memory;
        const decision = resume(at, after);
        expect(decision.go).toBe('on');
        if (decision.go === 'on') expect(['open', 'settle']).toContain(decision.operation.step);
      }
  });

  test('a term that never served is given out again, one that served is not', () => {
    const first = takeTerm(memory());
    expect(first.term).toBe(2);
    expect(takeTerm(first).term).toBe(2);
    expect(takeTerm({ ...first, activeTerm: 2 }).term).toBe(3);
  });
});

describe('the commit', () => {
  test('of a failover moves the LED and not the master', () => {
    const next = commit(memory(), members, operation('failover', 'a', 'b', { proof: 'withoutAgent' }), 7);
    expect(next.memory).toMatchObject({
      activeId: 'b',
      activeTerm: 2,
      masterLostAt: 7,
      promotedAt: 7,
      fullWanted: null,
    });
    expect(next.memory.members.a!.unproved).toBe(false);
    expect(next.members.map((row) => row.id)).toEqual(['a', 'b', 'c']);
    expect(isCommitted(operation('failover', 'a', 'b'), next.memory)).toBe(true);
  });

  test('without a durable fence remembers that one is owed', () => {
    for (const proof of ['lease', 'operator'] as const) {
      const next = commit(memory(), members, operation('failover', 'a', 'b', { proof }), 7);
      expect(next.memory.members.a!.unproved).toBe(true);
    }
  });

  test('of a reconnection leaves every copy that holds interim changes out of sync until its full backup', () => {
    const before = { ...memory('b'), promotedAt: 3 };
    before.members.c = { ...before.members.c!, lastRestoreAt: 5 };
    const next = commit(before, members, operation('reconnect', 'b', 'a'), 7).memory;
    expect(next.members.b).toMatchObject({ diverged: expect.any(String), chainLost: true });
    expect(next.members.c).toMatchObject({ diverged: expect.any(String), chainLost: true });
    expect(next.fullWanted).not.toBeNull();
    const untouched = { ...memory('b'), promotedAt: 3 };
    untouched.members.c = { ...untouched.members.c!, lastRestoreAt: 2 };
    expect(commit(untouched, members, operation('reconnect', 'b', 'a'), 7).memory.members.c!.diverged).toBeNull();
  });

  test('of a promotion moves the row to the top once, even when it is repeated', () => {
    const at = operation('promote', 'a', 'c');
    const once = commit(memory(), members, at, 7);
    expect(once.members.map((row) => row.id)).toEqual(['c', 'a', 'b']);
    const twice = commit(once.memory, once.members, at, 8);
    expect(twice.members).toEqual(once.members);
    expect(twice.memory.members).toEqual(once.memory.members);
    expect(once.memory.members.a!.diverged).not.toBeNull();
    expect(once.memory.fullWanted).toContain('C has become the master');
  });

  test('of a switch stays on the backup database, that of a failover does not ask to', () => {
    expect(commit(memory(), members, operation('switch', 'a', 'b'), 7).memory.stayOnBackup).toBe(true);
    expect(commit(memory(), members, operation('failover', 'a', 'b'), 7).memory.stayOnBackup).toBe(false);
  });
});

describe('what is at risk', () => {
  const stamp = (replica: number, seq: number) => ({ replica, sec: 1, event: 1, seq });
  test('commits are counted by origin; one that the source lacks counts for nothing', () => {
    expect(behindBy([stamp(1, 10), stamp(2, 3)], [stamp(1, 7)])).toBe(6);
    expect(behindBy([stamp(1, 5)], [stamp(1, 9)])).toBe(0);
    expect(behindBy(null, [stamp(1, 9)])).toBeNull();
  });

  test('words', () => {
    expect(riskText('A', null, null, false)).toContain('not known');
    expect([900, 12_000, 180_000, 7_200_000, 200_000_000].map(spanText)).toEqual([
      '1 s',
      '12 s',
      '3 min',
      '2 h',
      '2 days',
    ]);
  });
});

describe('calls that cannot hang', () => {
  test('a short one ends with SERVER_UNREACHABLE and aborts what it called', async () => {
    const clock = new FakeClock();
    let aborted = false;
    const call = within(clock, 5000, 'A did not answer', (signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise<never>(() => {});
    });
    clock.advance(5000);
    await expect(call).rejects.toMatchObject({ name: 'SERVER_UNREACHABLE', message: 'A did not answer within 5 s' });
    expect(aborted).toBe(true);
  });

  test('a stream may take long as long as it says something', async () => {
    const clock = new FakeClock();
    async function* source() {
      for (let at = 0; at < 3; at++) {
        await clock.sleep(4000);
        yield at;
      }
      await new Promise(() => {});
    }
    const got: number[] = [];
    const run = (async () => {
      for await (const one of watched(clock, 5000, 'A said nothing', new AbortController().signal, async () =>
        source(),
      ))
        got.push(one);
    })();
    run.catch(() => {});
    for (let at = 0; at < 5; at++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(4000);
    }
    await expect(run).rejects.toMatchObject({ name: 'SERVER_UNREACHABLE' });
    expect(got).toEqual([0, 1, 2]);
  });

  test('a stream ends with its signal, whatever its source does', async () => {
    const abort = new AbortController();
    const run = (async () => {
      for await (const _ of watched(new FakeClock(), 5000, 'A', abort.signal, () => new Promise<never>(() => {}))) {
      }
    })();
    run.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await expect(run).rejects.toMatchObject({ name: 'CANCELLED' });
  });
});
