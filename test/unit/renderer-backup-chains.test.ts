// The chains timeline: restorable points, windows and ticks, shapes; and the draft of the restore wizard that picks from it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import {
  grownTimeline,
  markBefore,
  marksOf,
  nearestPoint,
  neighbourMark,
  pointAt,
  standingAt,
} from '../../renderer/features/chains/restore-points.ts';
import { shortFile } from '../../renderer/features/chains/short-file.ts';
import {
  clusterNear,
  layoutTimeline,
  overviewOf,
  timeAt,
  xOf,
} from '../../renderer/features/chains/timeline-layout.ts';
import {
  clampWindow,
  extentOf,
  panWindow,
  revealIn,
  scaleWindow,
  ticksFor,
  windowFor,
} from '../../renderer/features/chains/timeline-window.ts';
import {
  draftAt,
  newDraft,
  sourceMark,
  stepProblem,
  toRequest,
} from '../../renderer/features/restore/restore-draft.ts';
import { fixtureTimeline } from '../support/fixture-timeline.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 20, 8, 15, 4);
const timeline = fixtureTimeline(now);
const marks = marksOf(timeline);
const [firstFull, firstInc, brokenInc] = marks;
const gap = timeline.bands.find((band) => band.kind === 'gap')!;
const empty = {
  ...timeline,
  catalog: { chains: [], logs: [], unusable: [] },
  bands: [],
  restorableFrom: null,
  restorableTo: null,
};

describe('restorable points', () => {
  test('an incremental behind a gap of its chain is broken, with the reason', () => {
    expect(marks.map((mark) => mark.at)).toEqual([...marks.map((mark) => mark.at)].sort((a, b) => a - b));
    expect(firstFull!.broken).toBeNull();
    expect(firstInc!.broken).toBeNull();
    expect(brokenInc!.broken).toBe('incremental 2 is missing');
  });

  test('a backup, a moment inside logs, and nothing are told apart', () => {
    expect(pointAt(timeline, marks, firstInc!.at)).toMatchObject({ kind: 'backup' });
    expect(pointAt(timeline, marks, firstInc!.at + 1)).toMatchObject({ kind: 'log' });
    expect(pointAt(timeline, marks, gap.from + hour)).toEqual({
      kind: 'none',
      at: gap.from + hour,
      reason: 'logging was turned off',
    });
    expect(pointAt(timeline, marks, firstFull!.at - 1)).toMatchObject({
      kind: 'none',
      reason: 'this is before the first backup',
    });
    expect(pointAt(timeline, marks, now + hour)).toMatchObject({ kind: 'none' });
    expect(pointAt(empty, [], now)).toMatchObject({ kind: 'none', reason: 'there is no backup yet' });
  });

  test('what stands at a moment: proven where a restore came this way, stored, or a gap', () => {
    const at = firstInc!.at + 1;
    expect(standingAt(timeline, marks, at)).toBe('stored');
    const proven = { from: at - 5, to: at, kind: 'proven' as const, reason: null };
    const tried = { ...timeline, bands: [...timeline.bands, proven] };
    expect(standingAt(tried, marks, at)).toBe('proven');
    expect(standingAt(tried, marks, at + 1)).toBe('stored');
    expect(standingAt(tried, marks, gap.from + hour)).toBe('gap');
  });

  test('a long file name keeps the end that tells it from its neighbours', () => {
    expect(shortFile('/srv/backups/directory-20261120T140551.2-inc.bak')).toEqual({
      start: 'directory-20261120',
      end: 'T140551.2-inc.bak',
    });
    expect(shortFile('a.bak')).toEqual({ start: '', end: 'a.bak' });
  });

  test('the time of a broken incremental can still be reached through the logs', () => {
    expect(pointAt(timeline, marks, brokenInc!.at)).toMatchObject({ kind: 'log' });
    expect(markBefore(marks, brokenInc!.at)).toBe(firstInc);
  });

  test('logs without a backup before them restore nothing', () => {
    const later = marks.filter((mark) => mark.at > gap.to);
    expect(
      pointAt(
        { ...timeline, catalog: { ...timeline.catalog, chains: timeline.catalog.chains.slice(1) } },
        later,
        firstFull!.at + 5,
      ),
    ).toMatchObject({ kind: 'none' });
  });

  test('moving into a gap comes out at its far edge', () => {
    expect(nearestPoint(timeline, marks, gap.from + hour, 1)).toBe(gap.to);
    expect(nearestPoint(timeline, marks, gap.from + hour, -1)).toBe(gap.from);
    expect(nearestPoint(timeline, marks, now + 5, 1)).toBeNull();
    expect(neighbourMark(marks, firstInc!.at, 1)!.at).toBe(gap.to);
    expect(neighbourMark(marks, firstFull!.at, -1)).toBeNull();
  });
});

describe('a timeline that grows', () => {
  const status = {
    logging: { on: true },
    restorableTo: now + 5000,
    fullRequired: false,
    outOfSync: false,
  } as InstanceStatus;

  test('the open log band reaches what is safe by now', () => {
    const grown = grownTimeline(timeline, status);
    expect(grown.bands.at(-1)).toMatchObject({ kind: 'log', to: now + 5000 });
    expect(grown.bands).toHaveLength(timeline.bands.length);
    expect(grown.restorableTo).toBe(now + 5000);
  });

  test('a fresh full backup gets its first band', () => {
    const fresh = { ...timeline, bands: [] };
    expect(grownTimeline(fresh, status).bands).toEqual([{ from: now, to: now + 5000, kind: 'log', reason: null }]);
  });

  test('nothing grows without logging, with a full required, out of sync, or backwards', () => {
    for (const change of [
      { logging: { ...status.logging, on: false } },
      { fullRequired: true },
      { outOfSync: true },
      { restorableTo: now - 1 },
      { restorableTo: null },
    ]) {
      expect(grownTimeline(timeline, { ...status, ...change })).toBe(timeline);
    }
  });
});

describe('window and ticks', () => {
  const extent = extentOf(timeline, now);

  test('the extent holds all marks and now', () => {
    expect(extent.from).toBeLessThan(firstFull!.at);
    expect(extent.to).toBeGreaterThan(now);
    expect(extentOf(empty, now).to - extentOf(empty, now).from).toBeGreaterThan(60_000);
  });

  test('a zoom level stays inside the extent; a wider one ends with it', () => {
    const window = windowFor('hour', extent, now + 10 * hour);
    expect(window.to - window.from).toBe(hour);
    expect(window.to).toBe(extent.to);
    expect(windowFor('week', extent, now).to).toBe(extent.to);
    expect(windowFor('all', extent, now)).toBe(extent);
  });

  test('panning, scaling and revealing never leave the extent', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        fc.integer({ min: -90, max: 90 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (factor, pan, share) => {
          const start = windowFor('day', extent, now - 5 * hour);
          const scaled = scaleWindow(start, factor, start.from + share * (start.to - start.from), extent);
          const panned = panWindow(scaled, pan * hour, extent);
          const at = extent.from + share * (extent.to - extent.from);
          const shown = revealIn(panned, at, extent);
          for (const window of [scaled, panned, shown]) {
            expect(window.from).toBeGreaterThanOrEqual(extent.from - 1);
            expect(window.to).toBeLessThanOrEqual(extent.to + 1);
          }
          expect(at).toBeGreaterThanOrEqual(shown.from - 1);
          expect(at).toBeLessThanOrEqual(shown.to + 1);
        },
      ),
    );
  });

  test('the moment under the pointer stays there while scaling inside the extent', () => {
    const start = windowFor('hour', extent, now - 15 * hour);
    const around = start.from + 0.25 * hour;
    const scaled = scaleWindow(start, 0.5, around, extent);
    expect(xOf(around, scaled, 1000)).toBeCloseTo(xOf(around, start, 1000), 3);
    expect(clampWindow(start, extent)).toBe(start);
  });

  test('ticks stand at round local times and are far enough apart', () => {
    for (const span of [20_000, 60_000, hour, 6 * hour, 24 * hour, 7 * 24 * hour, 400 * 24 * hour]) {
      const ticks = ticksFor({ from: now - span, to: now }, 900);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(14);
      for (const tick of ticks.slice(1)) expect(new Date(tick.at).getMilliseconds()).toBe(0);
      for (let i = 1; i < ticks.length; i += 1) expect(ticks[i]!.x - ticks[i - 1]!.x).toBeGreaterThanOrEqual(60);
    }
    const day = ticksFor({ from: now - 24 * hour, to: now }, 900);
    expect(day.filter((tick) => tick.major)).toHaveLength(1);
    expect(day.find((tick) => tick.major)!.label).toBe('20 Nov');
    expect(ticksFor({ from: now, to: now }, 900)).toEqual([]);
  });
});

describe('shapes', () => {
  const extent = extentOf(timeline, now);

  test('marks closer than a mark is wide become one cluster with all of them inside', () => {
    const wide = layoutTimeline(timeline, marks, windowFor('hour', extent, now), 900);
    const narrow = layoutTimeline(timeline, marks, extent, 300);
    const inside = (shapes: typeof wide) => shapes.clusters.reduce((sum, cluster) => sum + cluster.marks.length, 0);
    expect(wide.clusters.every((cluster) => cluster.marks.length === 1)).toBe(true);
    expect(inside(narrow)).toBe(marks.length);
    expect(narrow.clusters.length).toBeLessThan(marks.length);
    expect(narrow.clusters.filter((cluster) => cluster.broken)).toHaveLength(1);
  });

  test('adjacent log bands are one shape, a short gap stays visible', () => {
    const from = now - hour;
    const bands = [
      { from, to: from + 1000, kind: 'log' as const, reason: null },
      { from: from + 1000, to: from + 2000, kind: 'log' as const, reason: null },
      { from: from + 2000, to: from + 2010, kind: 'gap' as const, reason: 'x' },
      { from: from + 2010, to: now, kind: 'log' as const, reason: null },
    ];
    const shapes = layoutTimeline({ ...timeline, bands }, [], { from, to: now }, 900).bands;
    expect(shapes.map((band) => band.kind)).toEqual(['log', 'gap', 'log']);
    expect(shapes[1]!.width).toBe(4);
    expect(shapes[0]).toMatchObject({ from, to: from + 2000 });
  });

  test('a pixel and a time convert back and forth; a click near a mark finds it', () => {
    const window = windowFor('hour', extent, now - hour);
    expect(timeAt(xOf(now - hour, window, 900), window, 900)).toBe(now - hour);
    const shapes = layoutTimeline(timeline, marks, window, 900);
    const cluster = shapes.clusters[0]!;
    expect(clusterNear(shapes.clusters, cluster.x + 5)).toBe(cluster);
    expect(clusterNear(shapes.clusters, cluster.x + 30)).toBeNull();
  });

  test('the link to a broken incremental is drawn broken', () => {
    const { links } = layoutTimeline(timeline, marks, extent, 900);
    expect(links.filter((link) => link.broken).map((link) => link.key)).toEqual([brokenInc!.info.idtag]);
    const { x1, x2 } = links.find((link) => link.broken)!;
    expect([x1, x2]).toEqual(
      [marks[marks.indexOf(brokenInc!) - 1]!.at, brokenInc!.at].map((at) => xOf(at, extent, 900)),
    );
  });

  test('a chain is one line for as far as it looks the same, from its full to its last incremental', () => {
    const { links } = layoutTimeline(timeline, marks, extent, 900);
    const chains = Map.groupBy(marks, (mark) => mark.chain);
    const looks = [...chains.values()].flatMap((chain) => [
      ...new Set(chain.slice(1).map((mark) => mark.broken !== null)),
    ]);
    expect(links).toHaveLength(looks.length);
    const whole = [...chains.values()].find((chain) => chain.length > 2 && chain.every((mark) => !mark.broken))!;
    const ends = [whole[0]!, whole.at(-1)!].map((mark) => xOf(mark.at, extent, 900));
    expect(links.map(({ x1, x2 }) => [x1, x2])).toContainEqual(ends);
    expect(whole.length).toBeGreaterThan(2);
  });

  test('the overview draws what falls on one place once, and keeps what differs', () => {
    const whole = overviewOf(timeline, marks, extent, 1_000_000);
    expect(whole.marks).toEqual(marks);
    const coarse = overviewOf(timeline, marks, extent, 1);
    expect(new Set(coarse.marks.map((mark) => mark.info.type)).size).toBe(2);
    expect(coarse.marks.length).toBeLessThan(marks.length);
    const from = now - hour;
    const bands = [0, 1, 2, 3].map((n) => ({ from: from + n, to: from + n + 1, kind: 'gap' as const, reason: `${n}` }));
    const log = { from: from + 4, to: now, kind: 'log' as const, reason: null };
    expect(overviewOf({ ...timeline, bands: [...bands, log] }, [], extent).bands).toEqual([
      { kind: 'gap', from, to: from + 4 },
      { kind: 'log', from: from + 4, to: now },
    ]);
  });

  test('takes very many backups', () => {
    const info = marks[0]!.info;
    const many = Array.from({ length: 200_000 }, (_, n) => ({ ...info, consistentAt: info.consistentAt + n }));
    const [full, ...incrementals] = many;
    const catalog = { ...timeline.catalog, chains: [{ full: full!, incrementals, gaps: [] }] };
    expect(extentOf({ ...timeline, catalog }, now).from).toBeLessThan(info.consistentAt);
  });
});

describe('restore draft', () => {
  const draft = newDraft('SRV-1/Directory');
  const newest = marks.at(-1)!;

  test('the last commit uses the newest backup and all logs', () => {
    expect(sourceMark(draft, marks)).toBe(newest);
    expect(toRequest(draft, marks)).toMatchObject({
      idtag: null,
      useLogs: true,
      until: null,
      target: { kind: 'instance', instanceId: 'SRV-1/Directory' },
    });
  });

  test('the end of a backup replays no logs', () => {
    const at = draftAt('SRV-1/Directory', firstInc!.at, timeline, marks);
    expect(toRequest(at, marks)).toMatchObject({ idtag: firstInc!.info.idtag, useLogs: false, until: null });
    expect(toRequest({ ...draft, point: { kind: 'backup' } }, marks)).toMatchObject({
      idtag: newest.info.idtag,
      useLogs: false,
    });
  });

  test('a chosen time starts from the newest backup before it', () => {
    const at = firstInc!.at + 7;
    const chosen = draftAt('SRV-1/Directory', at, timeline, marks);
    expect(toRequest(chosen, marks)).toMatchObject({ idtag: null, useLogs: true, until: at });
    expect(stepProblem('point', chosen, timeline, marks)).toBeNull();
    expect(stepProblem('point', { ...chosen, idtag: newest.info.idtag }, timeline, marks)).toContain(
      'newer than this moment',
    );
    expect(stepProblem('point', { ...chosen, point: { kind: 'time', at: gap.from + 1 } }, timeline, marks)).toContain(
      'logging was turned off',
    );
  });

  test('a broken backup, an empty catalogue and a bad path are refused where they are chosen', () => {
    expect(stepProblem('source', { ...draft, idtag: brokenInc!.info.idtag }, timeline, marks)).toContain(
      'incremental 2 is missing',
    );
    expect(stepProblem('source', draft, empty, [])).toBe('There is no backup to restore from.');
    expect(stepProblem('source', draft, timeline, marks)).toBeNull();
    expect(
      stepProblem(
        'target',
        { ...draft, target: { kind: 'file', server: 'SRV-1', path: '/srv/new/' } },
        timeline,
        marks,
      ),
    ).toContain('file name');
    expect(
      stepProblem('target', { ...draft, target: { kind: 'file', server: '', path: '/srv/new.db' } }, timeline, marks),
    ).toBe('Choose a server.');
    expect(stepProblem('target', draft, timeline, marks)).toBeNull();
  });
});
