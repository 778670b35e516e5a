// The picture of a restore as a pure function of what happened, its block map, and the journal on disk.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreViewSchema } from '../../core/contract/restore.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { settleSwap, swapIn } from '../../core/restore/activate.ts';
import { closeJournal, identify, type RestoreJournal, readJournal, writeJournal } from '../../core/restore/journal.ts';
import { createBlockMap, initialView, MAP_CELLS, reduceRestore } from '../../core/restore/steps.ts';

describe('the picture', () => {
  it('follows the steps, and the lights follow data, verification and activation', () => {
    let view = initialView('/d/x.db', 4096, '/d/x.rst');
    expect(view.nds.state).toBe('active');
    expect(initialView('/d/x.db', null, '/d/x.rst').nds.state).toBe('absent');
    view = reduceRestore(view, { kind: 'step', step: 3, status: 'running', at: 1000 });
    expect(view.lights.data).toBe('working');
    expect(view.progress).toMatchObject({ phase: 'Restoring', phaseIndex: 3, done: 0 });
    view = reduceRestore(view, { kind: 'step', step: 3, status: 'done', at: 1250, detail: '7 pages' });
    expect(view.steps[2]).toMatchObject({ status: 'done', startedAt: 1000, durationMs: 250, detail: '7 pages' });
    view = reduceRestore(view, { kind: 'step', step: 6, status: 'running', at: 2000 });
    const failed = reduceRestore(view, { kind: 'step', step: 6, status: 'failed', at: 1900 });
    expect(failed.lights).toEqual({ data: 'on', verified: 'failed', active: 'off' });
    // A clock that went back gives no negative duration.
    expect(failed.steps[5]!.durationMs).toBe(0);
    expect(view.steps[5]!.status).toBe('running');
    expect(restoreViewSchema.safeParse(failed).success).toBe(true);
  });

  it.each([
    ['ok', 'on'],
    ['noPeers', 'on'],
    ['skipped', 'off'],
    ['overridden', 'failed'],
  ] as const)('never shows as verified what was not compared: %s', (status, light) => {
    let view = initialView('/d/x.db', null, '/d/x.rst');
    view = reduceRestore(view, { kind: 'verification', verification: { ...view.verification, status } });
    view = reduceRestore(view, { kind: 'step', step: 6, status: 'done', at: 1 });
    expect(view.lights.verified).toBe(light);
  });

  it('shows a cell as restored or verified only when all of its pages are', () => {
    const map = createBlockMap(2500);
    expect(map.cells().pagesPerCell).toBe(3);
    map.restored(Uint32Array.of(1, 2));
    expect(map.cells().map[0]).toBe('.');
    map.restored(Uint32Array.of(3));
    map.verified(1);
    expect(map.cells().map[0]).toBe('r');
    for (const page of [2, 3]) map.verified(page);
    expect(map.cells().map.slice(0, 2)).toBe('v.');
    expect(map.cells().map.length).toBeLessThanOrEqual(MAP_CELLS);
    map.restored(Uint32Array.of(1));
    expect(map.cells().map[0]).toBe('r');
    map.resize(1);
    expect(map.cells()).toEqual({ map: 'r', pagesPerCell: 1 });
  });
});

describe('the swap', () => {
  let folder: string;
  let journal: RestoreJournal;
  const files = systemFiles;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-swap-'));
    const target = path.join(folder, 'x.db');
    const rst = path.join(folder, 'home', 'staging', 'x.db.rst');
    fs.mkdirSync(path.dirname(rst), { recursive: true });
    fs.writeFileSync(target, 'old');
    fs.writeFileSync(`${target}-wal`, 'old log');
    fs.writeFileSync(rst, 'new');
    journal = {
      version: 1,
      startedAt: 1,
      phase: 'activating',
      target,
      rst,
      log: 'l',
      nds: identify(files, target),
      wasFenced: false,
      contingency: path.join(folder, 'home', 'contingency', 'c1'),
      rstFile: identify(files, rst),
      set: null,
    };
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const read = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null);
  const kept = () => path.join(folder, 'home', 'contingency', 'c1', 'x.db');
  const note = { takenAt: 1, dataTime: null, reason: 'test' };

  it('keeps the old set with its log and leaves none of it beside the new one', () => {
    swapIn(files, journal, note, () => {});
    expect(read(journal.target)).toBe('new');
    expect(read(`${journal.target}-wal`)).toBeNull();
    expect([read(kept()), read(`${kept()}-wal`)]).toEqual(['old', 'old log']);
    expect(settleSwap(files, journal)).toBe('completed');
  });

  it.each(['swap.kept', 'swap.ready'])('is taken back whole after an end at %s', (point) => {
    expect(() =>
      swapIn(files, journal, note, (name) => {
        if (name === point) throw new Error('ended');
      }),
    ).toThrow('ended');
    expect(settleSwap(files, journal)).toBe('undone');
    expect([read(journal.target), read(`${journal.target}-wal`)]).toEqual(['old', 'old log']);
    expect(read(journal.rst)).toBe('new');
    expect(read(kept())).toBeNull();
  });

  it('is completed where the file system has no hard links and the old file was away already', () => {
    const without = {
      ...files,
      linkSync: () => {
        throw Object.assign(new Error('no links'), { code: 'EPERM' });
      },
    } as typeof files;
    expect(() =>
      swapIn(without, journal, note, (name) => {
        if (name === 'swap.ready') throw new Error('ended');
      }),
    ).toThrow('ended');
    expect(read(journal.target)).toBeNull();
    expect(settleSwap(without, journal)).toBe('completed');
    expect([read(journal.target), read(kept())]).toEqual(['new', 'old']);
  });

  it('is journalled: read back, closed, refused when it is newer', () => {
    const home = path.join(folder, 'home');
    expect(readJournal(files, home)).toBeNull();
    writeJournal(files, home, journal);
    expect(readJournal(files, home)).toEqual(journal);
    writeJournal(files, home, { ...journal, version: 2 as never });
    expect(() => readJournal(files, home)).toThrow(/newer/);
    closeJournal(files, home);
    expect(readJournal(files, home)).toBeNull();
  });
});
