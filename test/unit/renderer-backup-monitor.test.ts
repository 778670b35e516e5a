// The restore monitor's view models: stamps, vector rows, block map, phase, verdict, missing data, what to do after.
import { describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import { afterRestore } from '../../renderer/features/monitor/after-restore.ts';
import {
  cellAt,
  cellMeaning,
  cellPath,
  cellShares,
  countCells,
  fitGrid,
  mapMeaning,
} from '../../renderer/features/monitor/block-map.ts';
import { lightTexts } from '../../renderer/features/monitor/light-text.ts';
import { missingRanges } from '../../renderer/features/monitor/missing-data.ts';
import {
  cancelMeaning,
  exchanged,
  intoFile,
  phaseOf,
  type RestorePicture,
  rstTaken,
  verdictOf,
  writtenText,
} from '../../renderer/features/monitor/restore-phase.ts';
import { settledView } from '../../renderer/features/monitor/settled-view.ts';
import { groupText, sourceGroups, sourceShare } from '../../renderer/features/monitor/source-line.ts';
import { stampMeaning, stampText } from '../../renderer/features/monitor/stamp-text.ts';
import { stepRows } from '../../renderer/features/monitor/step-rows.ts';
import { behindText, peerBlocks, worstBehind } from '../../renderer/features/monitor/vector-rows.ts';
import { waysOn } from '../../renderer/features/monitor/ways-on.ts';
import { blockMap, type RestoreMomentName, restoreMoment } from '../support/fixture-restore.ts';
import { fixtureStatus } from '../support/fixture-snapshot.ts';

const now = Date.UTC(2026, 10, 20, 8, 15, 4);
const verdict = (name: RestoreMomentName) => verdictOf(restoreMoment(name, now), '08:15:02');

describe('stamps', () => {
  test("are written in the field's form", () => {
    expect(stampText({ sec: 0x3d35f377, replica: 2, event: 2, seq: 1 })).toBe('s3D35F377 r02 e002');
    expect(stampText({ sec: 7, replica: 113, event: 1204, seq: 1 })).toBe('s00000007 r113 e1204');
  });

  test('decode to their time', () => {
    expect(stampMeaning({ sec: 0x3d35f377, replica: 2, event: 2, seq: 20_411 })).toContain('2002-07-17 22:45:11 UTC');
    expect(stampMeaning({ sec: 0x3d35f377, replica: 2, event: 2, seq: 20_411 })).toContain('commit 20,411');
    expect(stampMeaning(null)).toBe('nothing from this replica');
  });
});

describe('vector rows', () => {
  const { view } = restoreMoment('behind', now);
  const [chip, dale] = peerBlocks(view.verification.servers);

  test("keep the rows of the field's example, two of them behind", () => {
    expect(chip!.lines.map((line) => `${line.local}   ${line.remote}`).slice(0, 2)).toEqual([
      's3D35F377 r02 e002   s3D35F3C4 r02 e002',
      's3D35F370 r01 e001   s3D35F370 r01 e001',
    ]);
    expect(chip!.lines.filter((line) => line.status === 'behind').map((line) => [line.replica, line.note])).toEqual([
      [2, 'behind by 77 s, 14 commits'],
      [4, 'behind by 84 s, 6 commits'],
    ]);
    expect(chip!.logStatus).toBe('ERROR = -6034');
    expect(chip!.summary).toBe('2 of 6 rows behind, up to 84 s, 20 commits missing');
  });

  test('an unreachable server is not a server that is behind', () => {
    expect(dale).toMatchObject({ status: 'unreachable', logStatus: null, lines: [] });
    expect(dale!.summary).toContain('unreachable');
  });

  test('the worst is found by seconds first', () => {
    expect(worstBehind(view.verification.servers)).toMatchObject({ seconds: 84, commits: 20 });
    expect(worstBehind(restoreMoment('done', now).view.verification.servers)).toBeNull();
  });

  test('a measure that is zero is left out', () => {
    expect(behindText(77, 14)).toBe('behind by 77 s, 14 commits');
    expect(behindText(0, 1)).toBe('behind by 1 commit');
    expect(behindText(3, 0)).toBe('behind by 3 s');
    expect(behindText(0, 0)).toBe('behind');
  });

  test('a missing local or remote stamp is said, not hidden', () => {
    const remote = { replica: 3, sec: 9, event: 0, seq: 1 };
    const [block] = peerBlocks([
      {
        server: 'S',
        replica: 'R',
        status: 'behind',
        rows: [{ replica: 3, local: null, remote, status: 'behind', behindSec: 0, behindCommits: 1 }],
      },
    ]);
    expect(block!.lines[0]).toMatchObject({ local: 'none', remote: 's00000009 r03 e000', note: 'behind by 1 commit' });
  });
});

describe('block map', () => {
  test('fits 1,000 cells into its box and a few cells without stretching them', () => {
    const grid = fitGrid(1000, 480, 170);
    expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(1000);
    expect(grid.width).toBeLessThanOrEqual(480);
    expect(grid.height).toBeLessThanOrEqual(170);
    expect(fitGrid(3, 480, 170)).toMatchObject({ columns: 3, rows: 1, pitch: 14 });
    expect(fitGrid(0, 480, 170).rows).toBe(1);
  });

  test('every cell is in exactly one path', () => {
    const map = blockMap(100, 61, 20);
    const grid = fitGrid(100, 300, 100);
    const squares = (state: '.' | 'r' | 'v') => cellPath(map, state, grid).split('M').length - 1;
    expect([squares('v'), squares('r'), squares('.')]).toEqual([20, 41, 39]);
    expect(countCells(map)).toEqual({ todo: 39, restored: 41, verified: 20, total: 100 });
  });

  test('a point finds its cell, and nothing past the last', () => {
    const grid = fitGrid(10, 70, 100);
    expect(grid.columns).toBe(5);
    expect(cellAt(grid.pitch * 4 + 1, grid.pitch + 1, 10, grid)).toBe(9);
    expect(cellAt(grid.pitch * 4 + 1, grid.pitch * 2 + 1, 10, grid)).toBeNull();
    expect(cellAt(-1, 0, 10, grid)).toBeNull();
  });

  test('says pages and shares in words', () => {
    expect(cellMeaning('vr.', 1, 64)).toBe('pages 65 to 128: restored');
    expect(cellMeaning('vr.', 0, 1)).toBe('page 1: verified');
    expect(mapMeaning('vvr.')).toBe('75 % restored, 50 % verified, 25 % to do');
    expect(mapMeaning('')).toBe('No pages yet');
  });

  test('shares add up to 100, and nothing is done before it is', () => {
    const of = (verified: number, restored: number, todo: number) =>
      cellShares({ verified, restored, todo, total: verified + restored + todo });
    expect(of(0, 614, 386)).toEqual({ verified: 0, restored: 61, todo: 39 });
    expect(of(0, 999, 1)).toEqual({ verified: 0, restored: 99, todo: 1 });
    expect(of(666, 334, 0)).toEqual({ verified: 66, restored: 34, todo: 0 });
    expect(of(1000, 0, 0)).toEqual({ verified: 100, restored: 0, todo: 0 });
    expect(of(0, 0, 0)).toEqual({ verified: 0, restored: 0, todo: 0 });
  });
});

describe('sources', () => {
  test('read as in the step list', () => {
    const text = (name: RestoreMomentName) => sourceGroups(restoreMoment(name, now).view.sources).map(groupText);
    const cut = { name: 'x.bak', kind: 'full' as const, status: 'skipped' as const, done: 21, total: 100 };
    expect(sourceGroups([cut]).map(groupText)).toEqual(['full']);
    expect(text('restoring')).toEqual(['full ✓', 'inc 2 ✓', 'logs 3/5']);
    expect(text('done')).toEqual(['full ✓', 'inc 2 ✓', 'logs 5 ✓']);
    expect(text('queued')).toEqual(['full', 'inc 0/2', 'logs 0/5']);
    expect(text('damaged')).toEqual(['full ✓', 'inc 0/2 ✕', 'logs 0/5']);
    expect(text('behind')).toEqual(['full ✓', 'inc 2 ✓']);
  });

  test('a source of unknown size is empty until it is done', () => {
    expect(sourceShare({ name: 'x', kind: 'log', status: 'running', done: 0, total: 0 })).toBe(0);
    expect(sourceShare({ name: 'x', kind: 'log', status: 'done', done: 0, total: 0 })).toBe(1);
    expect(sourceShare({ name: 'x', kind: 'log', status: 'running', done: 9, total: 6 })).toBe(1);
  });
});

describe('phase and verdict', () => {
  test.each([
    ['queued', 'running'],
    ['restoring', 'running'],
    ['verifying', 'running'],
    ['done', 'activated'],
    ['held', 'held'],
    ['behind', 'behind'],
    ['unreachable', 'unreachable'],
    ['damaged', 'failed'],
    ['canceled', 'canceled'],
  ] as const)('%s is %s', (name, phase) => {
    expect(phaseOf(restoreMoment(name, now))).toBe(phase);
  });

  test('say what happened and which set is active', () => {
    expect(verdict('restoring').text).toBe('Restoring into RST: 60 %, 292 of 480 MB.');
    expect(verdict('verifying').text).toBe('Verifying: 1 of 2 servers answered.');
    expect(verdict('waiting').text).toBe('Verifying: 1 of 2 servers answered.');
    expect(verdict('done')).toEqual({
      tone: 'ok',
      text: 'Restored to 08:15:02, verified. The restored database is active.',
    });
    expect(verdict('behind')).toMatchObject({ tone: 'critical' });
    expect(verdict('behind').text).toContain('-6034');
    expect(verdict('behind').text).toContain('behind by 84 s, 20 commits');
    expect(verdict('behind').text).toContain('The old database is still active.');
    expect(verdict('unreachable')).toMatchObject({ tone: 'warning' });
    expect(verdict('unreachable').text).not.toContain('behind');
    expect(verdict('damaged').text).toContain('Step 3 failed (Restoring): Block 41 of 3D35EA91.bak');
  });

  test('a set that is being written says how much of it is there, whatever size its file has', () => {
    expect(writtenText(restoreMoment('restoring', now).view)).toBe('292 of 480 MB');
    expect(writtenText(restoreMoment('done', now).view)).toBeUndefined();
  });

  test('an activation without verification is never called verified', () => {
    const moment = restoreMoment('done', now);
    for (const status of ['skipped', 'overridden', 'noPeers'] as const) {
      const verify = { ...moment.result!.verify, status };
      const said = verdictOf({ ...moment, result: { ...moment.result!, verify } }, null);
      expect(said.text).not.toContain(', verified');
      if (status !== 'noPeers') expect(said.tone).toBe('warning');
    }
  });

  test('the old set is not called active when the view does not say so', () => {
    const moment = restoreMoment('damaged', now);
    const view = { ...moment.view, nds: { ...moment.view.nds, state: 'absent' as const } };
    expect(verdictOf({ ...moment, view }, null).text).not.toContain('old database');
  });

  test('a set that was activated or deleted since is not said to wait', () => {
    const moment = restoreMoment('behind', now);
    const at = moment.job.endedAt! + 60_000;
    const there = { hasRst: true, reachable: true, newest: true, at };
    expect(rstTaken(moment, there)).toBe(false);
    expect(rstTaken(moment, { ...there, hasRst: false })).toBe(true);
    expect(rstTaken(moment, { ...there, newest: false })).toBe(true);
    // Neither silence nor a report that is older than the end of the job proves anything.
    expect(rstTaken(moment, { ...there, hasRst: false, reachable: false })).toBe(false);
    expect(rstTaken(moment, { ...there, hasRst: false, at: moment.job.endedAt! + 500 })).toBe(false);
    for (const name of ['restoring', 'done', 'damaged'] as const) {
      expect(rstTaken(restoreMoment(name, now), { ...there, hasRst: false })).toBe(false);
    }
    for (const name of ['behind', 'unreachable', 'held'] as const) {
      const { text } = verdictOf(restoreMoment(name, now), null, true);
      expect(text).toContain('activated or deleted since');
      expect(text).not.toContain('still active');
      expect(text).not.toContain('for your decision');
    }
  });

  test('cancel says what it will do', () => {
    expect(cancelMeaning(restoreMoment('restoring', now))).toMatchObject({ enabled: true });
    expect(cancelMeaning(restoreMoment('restoring', now))!.text).toMatch(/^Stops at once\./);
    expect(cancelMeaning(restoreMoment('restoring', now))!.text).toContain('RST is discarded');
    expect(cancelMeaning(restoreMoment('verifying', now))!.text).toMatch(/^Stops after step 6\. RST is kept/);
    const moment = restoreMoment('verifying', now);
    expect(cancelMeaning({ ...moment, job: { ...moment.job, cancelability: 'no' } })).toMatchObject({ enabled: false });
    expect(cancelMeaning(restoreMoment('done', now))).toBeNull();
  });
});

describe('a restore into a new file', () => {
  const done = restoreMoment('done', now);
  const moment = { ...done, job: { ...done.job, target: '/srv/copy.db' } };

  test('is never said to be active, and leaves nothing to do', () => {
    expect(intoFile(moment)).toBe(true);
    expect(verdictOf(moment, '08:15:02').text).toBe(
      'Restored to 08:15:02, verified. The new database lies in /srv/copy.db.',
    );
    expect(lightTexts(moment.view, true, true)[2]!.detail).toBe('the new file is in place');
    expect(afterRestore(moment, { home: '/srv/h' } as InstanceStatus)).toEqual([]);
  });

  test('the pages are in NDS once the sets were exchanged, and only then', () => {
    expect(exchanged(done.view)).toBe(true);
    for (const name of ['restoring', 'verifying', 'behind', 'held', 'canceled'] as const) {
      expect(exchanged(restoreMoment(name, now).view)).toBe(false);
    }
  });
});

describe('ways on', () => {
  const ids = (name: RestoreMomentName, rstWaits: boolean, repeatable = false) =>
    waysOn(restoreMoment(name, now), { rstWaits, repeatable }).map((way) => way.id);

  test('after -6034 the guided recovery leads on; here the set can only be deleted while it waits', () => {
    expect(ids('behind', true)).toEqual(['delete']);
    expect(ids('behind', false)).toEqual([]);
  });

  test('an unreachable server is retried, not overridden first', () => {
    expect(ids('unreachable', true)).toEqual(['retry', 'byHand', 'activate', 'delete']);
    expect(ids('unreachable', false, true)).toEqual(['wizard']);
    // Interrupted while it waited: the set is still there and can be checked again.
    expect(ids('canceled', true)).toEqual(['wizard', 'retry', 'activate', 'delete']);
  });

  test('nothing is offered while it runs and after it is active', () => {
    for (const name of ['queued', 'restoring', 'verifying', 'done'] as const) expect(ids(name, true, true)).toEqual([]);
    expect(ids('held', true)).toEqual(['activate', 'delete']);
    expect(ids('damaged', false)).toEqual(['wizard']);
    // The same damaged file would be read again: another source comes first.
    expect(ids('damaged', false, true)).toEqual(['wizard', 'again']);
  });
});

describe('lights', () => {
  test('carry the state that the engine gave, and words for it', () => {
    const of = (name: RestoreMomentName, over = false) =>
      lightTexts(restoreMoment(name, now).view, over).map((light) => `${light.name} ${light.word}`);
    expect(of('restoring')).toEqual(['data working', 'verified not yet', 'active not yet']);
    expect(of('done', true)).toEqual(['data yes', 'verified yes', 'active yes']);
    expect(of('behind', true)).toEqual(['data yes', 'verified failed', 'active no']);
    // Silence is not a failure of the data.
    expect(of('unreachable', true)).toEqual(['data yes', 'verified not decided', 'active no']);
    expect(lightTexts(restoreMoment('unreachable', now).view, true)[1]!.detail).toBe('SRV-3 did not answer');
    expect(lightTexts(restoreMoment('waiting', now).view, false)[1]!.detail).toBe('waits for SRV-3');
    expect(lightTexts(restoreMoment('restoring', now).view, false)[0]!.detail).toBe('61 % of the pages');
  });
});

describe('steps', () => {
  test('a running step counts from its start, a done one keeps its time', () => {
    const moment = restoreMoment('restoring', now);
    const rows = stepRows(moment.view.steps, now);
    expect(rows).toHaveLength(7);
    expect(rows[0]).toMatchObject({ status: 'done', time: '0.2 s' });
    expect(rows[2]).toMatchObject({ status: 'running', time: '8 s' });
    expect(rows[6]).toMatchObject({ statusText: 'waits', time: '' });
    expect(stepRows(moment.view.steps, now, true)[6]).toMatchObject({ statusText: 'not reached' });
  });
});

describe('missing data', () => {
  const { view } = restoreMoment('behind', now);
  const ranges = missingRanges(view.verification);

  test('is one range for each replica that is behind', () => {
    expect(ranges.map((range) => [range.replica, range.seconds])).toEqual([
      [2, 77],
      [4, 84],
    ]);
  });

  test('of several servers the newest counts', () => {
    const [chip] = view.verification.servers;
    const newest = { replica: 2, sec: 0x3d35f3ff, event: 0, seq: 20_500 };
    const rows = [
      {
        replica: 2,
        local: chip!.rows[0]!.local,
        remote: newest,
        status: 'behind' as const,
        behindSec: 136,
        behindCommits: 89,
      },
    ];
    const found = missingRanges({ ...view.verification, servers: [chip!, { ...chip!, server: 'DALE', rows }] });
    expect(found[0]).toMatchObject({ replica: 2, heldBy: ['DALE'], seconds: 136 });
  });
});

describe('after a restore', () => {
  const moment = restoreMoment('done', now);
  const status = {
    home: '/srv/h',
    fullRequired: true,
    fullRequiredReason: 'the database was restored',
    lastFull: { idtag: 'A', at: now - 86_400_000, file: 'a' },
    logging: { on: false, directory: '/srv/h/nds.rfl', currentLog: '00000001.log' },
  } as unknown as InstanceStatus;

  test('logging, location and a full backup are still to do', () => {
    expect(afterRestore(moment, status).map((item) => [item.id, item.done])).toEqual([
      ['logging', false],
      ['location', false],
      ['full', false],
      ['contingency', true],
    ]);
  });

  test('is ticked by what the instance reports, not by clicks', () => {
    const later = {
      ...status,
      fullRequired: false,
      lastFull: { idtag: 'B', at: now, file: 'b' },
      logging: { ...status.logging, on: true, directory: '/logs/nds.rfl' },
    };
    expect(afterRestore(moment, later).every((item) => item.done)).toBe(true);
    const oldFull = { ...later, lastFull: status.lastFull };
    expect(afterRestore(moment, oldFull).find((item) => item.id === 'full')!.done).toBe(false);
  });

  test('is empty when nothing was activated', () => {
    expect(afterRestore(restoreMoment('held', now), status)).toEqual([]);
    expect(afterRestore(restoreMoment('behind', now), status)).toEqual([]);
  });
});

describe('a restore that is over', () => {
  const stopped = (): RestorePicture => {
    const moment = restoreMoment('restoring', now);
    return { ...moment, job: { ...moment.job, status: 'canceled', endedAt: now } };
  };
  const target = (change: Parameters<typeof fixtureStatus>[1] = {}) => ({
    reachable: true,
    status: fixtureStatus(now, change),
  });

  test('shows nothing that still moves, and takes what is left from the target itself', () => {
    const view = settledView(stopped(), target());
    expect(view.steps.some((step) => step.status === 'running')).toBe(false);
    expect(view.sources.some((source) => source.status === 'running')).toBe(false);
    expect(Object.values(view.lights)).not.toContain('working');
    expect(view.nds.state).toBe('active');
    expect(view.rst.state).toBe('discarded');
  });

  test('claims nothing about the sets that the target does not say', () => {
    const before = stopped().view;
    expect(settledView(stopped(), null)).toMatchObject({ nds: before.nds, rst: before.rst });
    expect(settledView(stopped(), { ...target(), reachable: false }).rst).toEqual(before.rst);
    expect(settledView(stopped(), target({ writable: false })).nds).toEqual(before.nds);
    expect(settledView(stopped(), target({ hasRst: true })).rst).toEqual(before.rst);
  });

  test('leaves a running one alone', () => {
    const running = restoreMoment('restoring', now);
    expect(settledView(running, target())).toBe(running.view);
  });
});
