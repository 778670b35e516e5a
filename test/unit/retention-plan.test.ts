// What retention may remove: by count and age, and never what anything that stays, works or is the last hope stands on.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupFileInfo, Chain } from '../../core/contract/backup.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { RetentionPolicy } from '../../core/contract/schedules.ts';
import { planRetention, type RetentionInput } from '../../core/retention/plan.ts';
import type { BackupKnowledge } from '../../core/retention/types.ts';
import { createBackupUses } from '../../core/retention/uses.ts';
import { backupInfo } from '../support/fake-agent.ts';

const DAY = 86_400_000;

function info(idtag: string, type: 'full' | 'incremental', at: number, more: Partial<BackupFileInfo>): BackupFileInfo {
  const made = backupInfo({ backups: [], name: 'SRV-1' }, 'Directory', type, `/b/${idtag}.bak`, at);
  return { ...made, idtag, consistentAt: at, baseIdtag: idtag, serial: `s${idtag}`, previousSerial: null, ...more };
}

/** A full every day with some incrementals, the newest last; `full(n)` is `F<n>`. */
function chains(count: number, incrementals = 2): Chain[] {
  return Array.from({ length: count }, (_, n) => {
    const full = info(`F${n}`, 'full', n * DAY, {});
    const rest = Array.from({ length: incrementals }, (_, i) =>
      info(`F${n}I${i}`, 'incremental', n * DAY + (i + 1) * 3_600_000, {
        baseIdtag: full.idtag,
        previousSerial: i === 0 ? full.serial : `sF${n}I${i - 1}`,
      }),
    );
    return { full, incrementals: rest, gaps: [] };
  });
}

const nothing: BackupKnowledge = {
  ...{ madeBy: new Map(), schedulePolicies: new Map(), heads: new Set(), listed: [], bad: new Set() },
  proven: new Set(),
};
const policy = (more: Partial<RetentionPolicy>): RetentionPolicy => ({
  ...{ keepFulls: null, keepDays: null, manual: true },
  ...more,
});

function plan(given: Partial<RetentionInput> & { chains: Chain[] }) {
  const all = { policy: null, knowledge: nothing, uses: [], now: given.chains.length * DAY, ...given };
  const { remove, keep } = planRetention(all);
  return { remove: remove.map((one) => one.idtag), keep: keep.map((one) => one.idtag), reasons: keep };
}

describe('retention', () => {
  it('keeps everything without a policy, and says so', () => {
    const { remove, reasons } = plan({ chains: chains(3) });
    expect(remove).toEqual([]);
    expect(reasons.at(-1)?.reasons).toEqual(['no retention is set']);
  });

  it('keeps the newest so many fulls with their incrementals', () => {
    const { remove, keep, reasons } = plan({ chains: chains(5), policy: policy({ keepFulls: 2 }) });
    expect(remove).toEqual(['F0', 'F1', 'F2']);
    expect(keep).toEqual(['F4', 'F3']);
    expect(reasons[1]).toMatchObject({ backups: 3, reasons: ['among the newest 2'] });
  });

  it('keeps what the whole period needs, its first moment included', () => {
    // Two days back from day 5 at noon is day 3 at noon: that moment is restored from F3 and the logs after it.
    const { keep } = plan({ chains: chains(6), policy: policy({ keepDays: 2 }), now: 5.5 * DAY });
    expect(keep).toEqual(['F5', 'F4', 'F3']);
  });

  it('takes what either of count and age keeps', () => {
    const { keep } = plan({ chains: chains(6), policy: policy({ keepFulls: 4, keepDays: 1 }), now: 5.5 * DAY });
    expect(keep).toEqual(['F5', 'F4', 'F3', 'F2']);
  });

  it('leaves backups made by hand alone unless told otherwise, and counts those of a schedule by its own policy', () => {
    const madeBy = new Map(
      ['F0', 'F1', 'F2'].map((idtag) => [idtag, { scheduleId: 'a', name: 'Friday full' }] as const),
    );
    const knowledge = { ...nothing, madeBy, schedulePolicies: new Map([['a', policy({ keepFulls: 1 })]]) };
    const byHand = plan({ chains: chains(5), policy: policy({ keepFulls: 1, manual: false }), knowledge });
    expect(byHand.remove).toEqual(['F0', 'F1']);
    expect(byHand.reasons.find((one) => one.idtag === 'F3')?.reasons).toEqual(['made by hand']);
    const all = plan({ chains: chains(5), policy: policy({ keepFulls: 1, manual: true }), knowledge });
    expect(all.remove).toEqual(['F0', 'F1', 'F3']);
  });

  it('keeps what is in use, in a list, the head of a chain, proven, or the last one that nothing is known against', () => {
    const knowledge = {
      ...nothing,
      heads: new Set(['F1I1']),
      listed: [{ file: '/b/F2.bak', by: 'a contingency backup' }],
      proven: new Set(['F3I0']),
      bad: new Set(['F7', 'F6']),
    };
    const uses = [{ file: '/b/F4I1.bak', by: 'a restore drill' }];
    const { remove, reasons } = plan({ chains: chains(8), policy: policy({ keepFulls: 1 }), knowledge, uses });
    expect(remove).toEqual(['F0']);
    const why = Object.fromEntries(reasons.map((one) => [one.idtag, one.reasons]));
    expect(why.F1).toContain('the next backup continues it');
    expect(why.F2).toContain('a contingency backup');
    expect(why.F3).toContain('the newest one that is proven to restore');
    expect(why.F4).toContain('a restore drill');
    // The two newer ones are known to be bad: they take no place, and the newest good one stays.
    expect(why.F5).toEqual(['the newest backup that nothing is known against', 'among the newest 1']);
    expect(why.F6).toEqual(['among the newest 1']);
  });

  it('never removes the base of what stays, what is in use, the newest, or the newest good one (any history)', () => {
    const history = fc.record({
      count: fc.integer({ min: 1, max: 12 }),
      incrementals: fc.integer({ min: 0, max: 4 }),
      keepFulls: fc.option(fc.integer({ min: 1, max: 6 })),
      keepDays: fc.option(fc.integer({ min: 1, max: 8 })),
      manual: fc.boolean(),
      used: fc.array(fc.tuple(fc.nat(11), fc.nat(4))),
      bad: fc.array(fc.nat(11)),
      scheduled: fc.array(fc.nat(11)),
      crossing: fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 3 }),
      heads: fc.array(fc.nat(11), { maxLength: 2 }),
      own: fc.option(fc.integer({ min: 1, max: 3 })),
    });
    fc.assert(
      fc.property(history, (one) => {
        const all = chains(one.count, one.incrementals);
        // Incrementals that were filed under another chain still stand on the one that their serial names.
        for (const [from, to] of one.crossing) {
          const base = all[from]?.full;
          const target = all[to];
          if (base && target && base !== target.full)
            target.incrementals.push(
              info(`X${from}-${to}`, 'incremental', to * DAY + 9, {
                baseIdtag: target.full.idtag,
                previousSerial: base.serial,
              }),
            );
        }
        const byIndex = (n: number) => all[n]?.full.idtag ?? 'none';
        const uses = one.used.flatMap(([n, i]) => {
          const chain = all[n];
          const file = chain && [chain.full, ...chain.incrementals][i]?.file;
          return file ? [{ file, by: 'work' }] : [];
        });
        const knowledge: BackupKnowledge = {
          ...nothing,
          bad: new Set(one.bad.map(byIndex)),
          heads: new Set(one.heads.map(byIndex)),
          madeBy: new Map(one.scheduled.map((n) => [byIndex(n), { scheduleId: 'a', name: 'a' }])),
          schedulePolicies: one.own === null ? new Map() : new Map([['a', policy({ keepFulls: one.own })]]),
        };
        const given = { keepFulls: one.keepFulls, keepDays: one.keepDays, manual: one.manual };
        const result = planRetention({ chains: all, policy: given, knowledge, uses, now: one.count * DAY });

        expect(result.remove.length + result.keep.length).toBe(all.length);
        const gone = new Set(result.remove.flatMap((chain) => chain.files));
        for (const { file } of uses) expect(gone.has(file)).toBe(false);
        const backups = all.flatMap((chain) => [chain.full, ...chain.incrementals]);
        const staying = backups.filter((backup) => !gone.has(backup.file));
        const goneSerials = new Set(backups.filter((backup) => gone.has(backup.file)).map((backup) => backup.serial));
        for (const backup of staying) {
          expect(backup.previousSerial !== null && goneSerials.has(backup.previousSerial)).toBe(false);
          expect(result.remove.some((chain) => chain.idtag === backup.baseIdtag)).toBe(false);
        }
        const newest = all.at(-1)!.full;
        expect(gone.has(newest.file)).toBe(false);
        const good = all.findLast((chain) => !knowledge.bad.has(chain.full.idtag));
        if (good) expect(gone.has(good.full.file)).toBe(false);
        for (const head of knowledge.heads) expect(result.remove.some((chain) => chain.idtag === head)).toBe(false);
        // Every moment of the kept days has its chain: the newest good one that is not younger than it.
        if (one.keepDays !== null && one.manual && one.own === null)
          for (let moment = (one.count - one.keepDays) * DAY; moment <= one.count * DAY; moment += DAY / 4) {
            const base = all.findLast(
              (chain) => chain.full.consistentAt <= moment && !knowledge.bad.has(chain.full.idtag),
            );
            if (base) expect(gone.has(base.full.file)).toBe(false);
          }
        for (const chain of result.keep) expect(chain.reasons).not.toEqual([]);
      }),
      { numRuns: 1_500, seed: 7 },
    );
  });
});

describe('uses of backup files', () => {
  it('lets reading and removing exclude one another, whoever comes first', async () => {
    const uses = createBackupUses();
    const release = uses.hold(['/b/a.bak', '/b/b.bak'], 'a restore');
    let removed = 0;
    const remove = async () => ++removed;
    expect(await uses.removing(['/b/../b/b.bak'], remove)).toBeNull();
    release();
    const gate = Promise.withResolvers<void>();
    const removing = uses.removing(['/b/b.bak'], async () => {
      await gate.promise;
      return await remove();
    });
    expect(() => uses.hold(['/b/b.bak'], 'a restore')).toThrow(HoldfastError);
    uses.hold(['/b/a.bak'], 'another');
    gate.resolve();
    expect(await removing).toBe(1);
    uses.hold(['/b/b.bak'], 'a restore');
    expect(uses.list()).toHaveLength(2);
  });
});
