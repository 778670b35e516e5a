// The small parts of the agent: state, lock, allowed paths, lease, page index, streams.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeAgentLock } from '../../core/agent/agent-lock.ts';
import { allowedPath } from '../../core/agent/allowed-path.ts';
import { assertLeased, createLease, leaseNote } from '../../core/agent/lease.ts';
import { streamOperation } from '../../core/agent/operation-stream.ts';
import { changePageIndex, mergeHashes, settlePageIndex, stagePageIndex } from '../../core/agent/page-index.ts';
import { newFacts, openStateStore } from '../../core/agent/state-store.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { systemFiles as files } from '../../core/platform/files.ts';

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-parts-')));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const nameOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof HoldfastError ? error.name : String(error);
  }
  return 'no failure';
};

describe('the state', () => {
  const initial = () =>
    newFacts(
      { name: 'D', path: '/d', role: 'primary', replica: 1, site: 'S', organization: 'O', databaseSerial: 'x' },
      folder,
    );

  it('survives, keeps what it does not know, and belongs to one agent', () => {
    const file = path.join(folder, 'state.db');
    const store = openStateStore(file, initial());
    store.update({ term: 4, vector: [{ replica: 1, sec: 2, event: 3, seq: 4 }] });
    expect(nameOf(() => openStateStore(file, initial()))).toBe('AGENT_RUNNING');
    store.close();
    const again = openStateStore(file, { ...initial(), databaseSerial: 'other' });
    expect(again.facts).toMatchObject({ term: 4, databaseSerial: 'x', nextIncId: 1 });
    expect(again.facts.vector).toEqual([{ replica: 1, sec: 2, event: 3, seq: 4 }]);
    again.close();
  });

  it('refuses a newer schema and a damaged file', () => {
    const file = path.join(folder, 'state.db');
    openStateStore(file, initial()).close();
    spawnSync('sqlite3', [file, 'PRAGMA user_version = 99']);
    expect(nameOf(() => openStateStore(file, initial()))).toBe('NOT_SUPPORTED');
    fs.writeFileSync(path.join(folder, 'bad.db'), 'x'.repeat(5000));
    expect(nameOf(() => openStateStore(path.join(folder, 'bad.db'), initial()))).toBe('INTEGRITY_FAILED');
  });
});

describe('the lock of a root', () => {
  it('is refused to a second, and taken over from a process that has ended or only has the same number', () => {
    const lock = takeAgentLock(folder);
    expect(nameOf(() => takeAgentLock(folder))).toBe('AGENT_RUNNING');
    lock.release();
    takeAgentLock(folder).release();
    const ended = spawnSync('true').pid;
    fs.writeFileSync(path.join(folder, 'agent.lock'), JSON.stringify({ pid: ended, started: '1' }));
    takeAgentLock(folder).release();
    fs.writeFileSync(path.join(folder, 'agent.lock'), JSON.stringify({ pid: process.ppid, started: '1' }));
    takeAgentLock(folder).release();
    fs.writeFileSync(path.join(folder, 'agent.lock'), '{"pid":');
    takeAgentLock(folder).release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('allowed paths', () => {
  it('follow symbolic links before they are judged', () => {
    fs.mkdirSync(path.join(folder, 'in'));
    fs.symlinkSync('/etc', path.join(folder, 'in', 'out'));
    fs.symlinkSync(path.join(folder, 'in'), path.join(folder, 'alias'));
    const roots = [path.join(folder, 'in')];
    expect(allowedPath(files, roots, path.join(folder, 'in', 'new', 'x.db'))).toBe(
      path.join(folder, 'in', 'new', 'x.db'),
    );
    expect(allowedPath(files, roots, path.join(folder, 'alias', 'x.db'))).toBe(path.join(folder, 'in', 'x.db'));
    expect(nameOf(() => allowedPath(files, roots, path.join(folder, 'in', 'out', 'passwd')))).toBe('OUTSIDE_ROOT');
    expect(nameOf(() => allowedPath(files, roots, path.join(folder, 'in', '..', 'x')))).toBe('OUTSIDE_ROOT');
    expect(nameOf(() => allowedPath(files, roots, `${folder}/inside`))).toBe('OUTSIDE_ROOT');
    expect(nameOf(() => allowedPath(files, roots, 'x.db'))).toBe('INVALID_INPUT');
    expect(allowedPath(files, ['/'], '/etc')).toBe('/etc');
  });
});

describe('the lease', () => {
  it('runs by the monotonic clock from the answer that was seen', () => {
    let monotonic = 1000;
    let now = 1_000_000;
    const clock = { now: () => now, monotonic: () => monotonic, sleep: async () => {} };
    const lease = createLease(clock, { given: false, keep: () => {} });
    expect(lease.lapsed()).toBe(false);
    lease.answered(now);
    monotonic += 400;
    // The wall clock jumps; it does not matter.
    now += 3_600_000;
    expect(lease.renew(1000, 1_000_000)).toBe(true);
    expect(lease.remaining()).toBe(600);
    // A late, shorter renewal never shortens it; an old answer never lengthens it.
    lease.renew(100, 1_000_000);
    expect(lease.remaining()).toBe(600);
    monotonic += 600;
    expect(lease.lapsed()).toBe(true);
    expect(lease.renew(1000, 1_000_000)).toBe(false);
    monotonic += 5000;
    expect(createLease(clock, { given: false, keep: () => {} }).renew(1000, now - 2000)).toBe(false);
  });

  it('outlasts the agent as a fact and not as a time, and is noted before it counts', () => {
    const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} };
    const open = () => createLease(clock, leaseNote(files, folder, true));
    expect(open().lapsed()).toBe(false);
    const first = open();
    first.renew(60_000, null);
    expect(first.lapsed()).toBe(false);
    const second = open();
    expect(second.lapsed()).toBe(true);
    expect(nameOf(() => assertLeased(second, 'Directory'))).toBe('DATABASE_FENCED');
    second.renew(60_000, null);
    expect(nameOf(() => assertLeased(second, 'Directory'))).toBe('no failure');
    second.renew(0, null);
    expect(open().lapsed()).toBe(false);

    const broken = createLease(clock, {
      given: false,
      keep: () => {
        throw new Error('disk');
      },
    });
    expect(nameOf(() => broken.renew(60_000, null))).toContain('disk');
    expect(broken.remaining()).toBeNull();
    fs.writeFileSync(path.join(folder, 'lease.json'), '{"giv');
    expect(open().lapsed()).toBe(true);
  });
});

describe('the page index', () => {
  const hashes = (fill: number, pageCount = 3) => ({ pageCount, bytes: Buffer.alloc(pageCount * 16, fill) });

  it('takes effect with the serial that the state names, and not before', () => {
    stagePageIndex(files, folder, 'aaaa', hashes(1));
    expect(settlePageIndex(files, folder, 'aaaa')).toEqual(hashes(1));
    stagePageIndex(files, folder, 'bbbb', hashes(2));
    expect(settlePageIndex(files, folder, 'aaaa')).toEqual(hashes(1));
    expect(settlePageIndex(files, folder, 'bbbb')).toEqual(hashes(2));
    expect(settlePageIndex(files, folder, 'bbbb')).toEqual(hashes(2));
    expect(settlePageIndex(files, folder, 'aaaa')).toBeNull();
  });

  it('is not believed when a byte of it is wrong or it is cut', () => {
    stagePageIndex(files, folder, 'aaaa', hashes(1));
    settlePageIndex(files, folder, 'aaaa');
    const file = path.join(folder, 'pages.idx');
    const good = fs.readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = bad[at]! ^ 0x40;
      fs.writeFileSync(file, bad);
      expect(settlePageIndex(files, folder, 'aaaa'), `byte ${at}`).toBeNull();
    }
    fs.writeFileSync(file, good.subarray(0, -1));
    expect(settlePageIndex(files, folder, 'aaaa')).toBeNull();
  });

  it('merges an incremental, also into a smaller database', () => {
    const changed = { numbers: Uint32Array.of(2, 9), bytes: Buffer.alloc(32, 7) };
    const merged = mergeHashes(hashes(1), changed, 2);
    expect(merged.pageCount).toBe(2);
    expect([merged.bytes[0], merged.bytes[16]]).toEqual([1, 7]);
  });

  it('merges runs of pages and single ones, up to the last page and no further', () => {
    const numbers = Uint32Array.of(1, 3, 4, 5, 7, 8, 9);
    const bytes = Buffer.concat([...numbers].map((number) => Buffer.alloc(16, 100 + number)));
    const base = { pageCount: 6, bytes: Buffer.alloc(6 * 16, 1) };
    const merged = mergeHashes(base, { numbers, bytes }, 8);
    const of = (page: number) => [...new Set(merged.bytes.subarray((page - 1) * 16, page * 16))];
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(of)).toEqual([[101], [1], [103], [104], [105], [1], [107], [108]]);
    expect(merged.bytes).toHaveLength(8 * 16);
  });
});

describe('a streamed operation', () => {
  it('gives views latest-wins, events in order, and its failure at the end', async () => {
    const stream = streamOperation<string>(undefined, async (out) => {
      out.emit('a');
      out.replace('view 1');
      out.replace('view 2');
      out.emit('b');
      throw new HoldfastError('LOG_GAP');
    });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const one of stream) seen.push(one);
      })(),
    ).rejects.toMatchObject({ name: 'LOG_GAP' });
    expect(seen).toEqual(['a', 'view 2', 'b']);
  });

  it('aborts the work when the reader goes away or the caller aborts', async () => {
    const work = (ended: { reason: unknown }) =>
      streamOperation<number>(undefined, async (out, signal) => {
        out.emit(1);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ended.reason = signal.reason;
      });
    const left = { reason: null as unknown };
    for await (const _ of work(left)) break;
    expect(left.reason).toBeInstanceOf(DOMException);

    const controller = new AbortController();
    const stream = streamOperation<number>(controller.signal, async (out, signal) => {
      out.emit(1);
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await stream.next();
    controller.abort(new HoldfastError('CANCELLED'));
    await expect(stream.next()).rejects.toMatchObject({ name: 'CANCELLED' });
  });
});

describe('changes of the page index', () => {
  const pageHash = (page: number, generation: number) => Buffer.alloc(16, page * 16 + generation);
  const whole = (pages: number) => ({
    pageCount: pages,
    bytes: Buffer.concat(Array.from({ length: pages }, (_, i) => pageHash(i + 1, 0))),
  });
  const changed = (pages: number[], generation: number) => ({
    numbers: Uint32Array.from(pages),
    bytes: Buffer.concat(pages.map((page) => pageHash(page, generation))),
  });
  const link = (previousSerial: string, serial: string) => ({ previousSerial, serial });
  const begin = () => {
    stagePageIndex(files, folder, 'full', whole(8));
    settlePageIndex(files, folder, 'full');
  };
  const changes = () => path.join(folder, 'pages.idx.changes');

  it('give the index of each incremental, also of one that made the database shorter and one that made it longer again', () => {
    begin();
    expect(changePageIndex(files, folder, link('full', 'one'), changed([2, 5], 1), 6)).toBe(true);
    expect(changePageIndex(files, folder, link('one', 'two'), changed([5, 8], 2), 8)).toBe(true);
    const one = settlePageIndex(files, folder, 'one')!;
    expect(one.pageCount).toBe(6);
    expect(one.bytes).toEqual(
      Buffer.concat([1, 2, 3, 4, 5, 6].map((page) => pageHash(page, page === 2 || page === 5 ? 1 : 0))),
    );
    const two = settlePageIndex(files, folder, 'two')!;
    expect(two.bytes).toEqual(
      Buffer.concat([
        ...[pageHash(1, 0), pageHash(2, 1), pageHash(3, 0), pageHash(4, 0), pageHash(5, 2), pageHash(6, 0)],
        // Cut off and not written since: not known.
        ...[Buffer.alloc(16), pageHash(8, 2)],
      ]),
    );
    expect(settlePageIndex(files, folder, 'full')).toEqual(whole(8));
  });

  it('of a backup that never joined the chain are written over', () => {
    begin();
    changePageIndex(files, folder, link('full', 'lost'), changed([1, 2, 3], 1), 8);
    expect(changePageIndex(files, folder, link('full', 'kept'), changed([4], 2), 8)).toBe(true);
    expect(settlePageIndex(files, folder, 'lost')).toBeNull();
    expect(settlePageIndex(files, folder, 'kept')!.bytes.subarray(0, 16)).toEqual(pageHash(1, 0));
  });

  it('are refused without their predecessor and when they outgrow the index', () => {
    begin();
    expect(changePageIndex(files, folder, link('other', 'one'), changed([1], 1), 8)).toBe(false);
    const many = Array.from({ length: 250_000 }, (_, i) => i + 1);
    expect(changePageIndex(files, folder, link('full', 'big'), changed(many, 1), 250_000)).toBe(false);
    fs.rmSync(path.join(folder, 'pages.idx'));
    expect(changePageIndex(files, folder, link('full', 'one'), changed([1], 1), 8)).toBe(false);
  });

  it('are believed only when they are whole: every cut and every flipped byte', () => {
    begin();
    changePageIndex(files, folder, link('full', 'one'), changed([2, 5], 1), 8);
    const good = fs.readFileSync(changes());
    for (let length = 0; length < good.length; length++) {
      fs.writeFileSync(changes(), good.subarray(0, length));
      expect(settlePageIndex(files, folder, 'one'), `length ${length}`).toBeNull();
      // The predecessor is still there, and the torn record gives way to the next one.
      if (length % 20 === 0) {
        expect(changePageIndex(files, folder, link('full', 'new'), changed([1], 3), 8)).toBe(true);
        expect(settlePageIndex(files, folder, 'new')!.bytes.subarray(0, 16)).toEqual(pageHash(1, 3));
      }
    }
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x40;
      fs.writeFileSync(changes(), bad);
      expect(settlePageIndex(files, folder, 'one'), `byte ${at}`).toBeNull();
    }
  });
});
