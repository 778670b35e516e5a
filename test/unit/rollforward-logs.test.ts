import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { ENGINE_MAXIMUM } from '../../core/rollforward/log-format.ts';
import { inspectLogFolder, type KnownLogs, readLog } from '../../core/rollforward/log-reader.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../core/rollforward/log-writer.ts';
import { changedPages } from '../../core/rollforward/page-set.ts';
import { replay } from '../../core/rollforward/replay.ts';
import { resumePosition } from '../../core/rollforward/resume-position.ts';
import type { LogRecord, ReplayRange } from '../../core/rollforward/types.ts';
import type { CapturePosition } from '../../core/sqlite/types.ts';
import { temporaryFolder } from '../support/writers.ts';

const PAGE = 512;
let folder: string;
let writer: LogWriter | null = null;
let now = 1_700_000_000_000;
const clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };

beforeEach(() => {
  folder = temporaryFolder('logs');
  now = 1_700_000_000_000;
});
afterEach(() => {
  writer?.close();
  writer = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

function open(more: Partial<LogWriterOptions> = {}): LogWriter {
  writer?.close();
  writer = openLogWriter({
    folder,
    files: systemFiles,
    clock,
    databaseSerial: 'db-1',
    serial: 'run-1',
    previousSerial: null,
    pageSize: PAGE,
    origin: 3,
    vector: [],
    minBytes: 1 << 20,
    maxBytes: 1 << 24,
    resume: true,
    ...more,
  });
  return writer;
}

function commit(to: LogWriter, pages: number[], pageCount = 100, position: CapturePosition | null = null): LogRecord {
  now += 400;
  const data = Buffer.concat(pages.map((page) => Buffer.alloc(PAGE, page)));
  return to.append({ at: now, kind: 'commit', pageCount, numbers: Uint32Array.from(pages), data }, position);
}

const range = (more: Partial<ReplayRange> = {}): ReplayRange => ({
  folder,
  databaseSerial: 'db-1',
  firstLog: '00000001.log',
  after: [],
  until: null,
  ...more,
});
const seqs = (more: Partial<ReplayRange> = {}) => [...replay(range(more), systemFiles)].map(({ record }) => record.seq);
const file = (name: string) => path.join(folder, name);
function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof HoldfastError) return error.name;
    throw error;
  }
  return 'nothing thrown';
}

test('what is appended comes back, with gap-free seq and growing stamps', () => {
  const log = open();
  commit(log, [1, 5, 9]);
  commit(log, [2]);
  commit(log, []);
  now -= 3_600_000;
  const late = commit(log, [7]);
  log.flush();
  const records = [...readLog(file('00000001.log'), systemFiles)];
  expect(records.map((record) => record.seq)).toEqual([1, 2, 3, 4]);
  expect([...(records[0]?.numbers ?? [])]).toEqual([1, 5, 9]);
  expect(records[0]?.data).toEqual(Buffer.concat([1, 5, 9].map((page) => Buffer.alloc(PAGE, page))));
  const stamps = records.map(({ stamp }) => stamp.sec * 1000 + stamp.event);
  expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  expect(new Set(stamps).size).toBe(4);
  expect(late.stamp.sec, 'a clock that goes back does not take the stamp back').toBe(records[2]?.stamp.sec);
  expect(log.vector()).toEqual([late.stamp]);
});

test('numbers are hexadecimal, and replay crosses from 00000009 to 0000000a', () => {
  const log = open();
  for (let i = 0; i < 11; i++) {
    commit(log, [i + 1]);
    log.roll();
  }
  expect(log.currentLog()).toBe('0000000c.log');
  expect(log.lastNotUsed()).toBe('0000000b.log');
  expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(fs.existsSync(file('0000000a.log'))).toBe(true);
});

test('a log closes at its minimum and never passes its maximum', () => {
  const log = open({ minBytes: 50_000, maxBytes: 70_000 });
  for (let i = 0; i < 60; i++) commit(log, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  log.flush();
  const sizes = inspectLogFolder(folder, systemFiles).map((info) => info.bytes);
  expect(sizes.length).toBeGreaterThan(5);
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(50_000);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(70_000);
});

test('a minimum above the maximum is lowered to it; a transaction above the maximum gets a log of its own', () => {
  const log = open({ minBytes: 1 << 30, maxBytes: 65536 });
  commit(log, [1]);
  commit(
    log,
    Array.from({ length: 200 }, (_, i) => i + 1),
    200,
  );
  commit(log, [2], 200);
  log.flush();
  const infos = inspectLogFolder(folder, systemFiles);
  expect(infos.map((info) => [info.firstSeq, info.lastSeq])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect(infos[1]?.bytes).toBeGreaterThan(100_000);
  expect(ENGINE_MAXIMUM).toBe(4_294_705_152);
});

test('cut at every place, the tail is dropped and everything before it stays', () => {
  const log = open();
  const ends: number[] = [log.currentBytes()];
  for (const pages of [[1, 2], [3], [4, 5, 6]]) {
    commit(log, pages);
    ends.push(log.currentBytes());
  }
  log.close();
  const whole = fs.readFileSync(file('00000001.log'));
  for (let cut = ends[0] as number; cut < whole.length; cut += 37) {
    fs.writeFileSync(file('00000001.log'), whole.subarray(0, cut));
    const kept = ends.findLastIndex((end) => end <= cut);
    expect(seqs(), `cut at ${cut}`).toEqual([1, 2, 3].slice(0, kept));
    const resumed = open();
    expect(commit(resumed, [9]).seq, `cut at ${cut}`).toBe(kept + 1);
    resumed.flush();
    expect(seqs().length).toBe(kept + 1);
    resumed.close();
    fs.rmSync(file('00000001.log'));
  }
});

test('any flipped byte is noticed: the records before it are good, nothing wrong is given out', () => {
  const log = open();
  for (const pages of [[1, 2], [3], [4, 5, 6]]) commit(log, pages);
  log.roll();
  commit(log, [7]);
  log.close();
  const good = [...replay(range(), systemFiles)].map(({ record }) => record);
  const whole = fs.readFileSync(file('00000001.log'));
  const dataCheck = (record: LogRecord, i: number) => expect(record).toEqual(good[i]);
  let noticed = 0;
  for (let at = 0; at < whole.length; at += 11) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x20;
    fs.writeFileSync(file('00000001.log'), damaged);
    let i = 0;
    let code = 'none';
    try {
      for (const { record } of replay(range(), systemFiles)) dataCheck(record, i++);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      code = error.name;
    }
    const padding = i === 4;
    if (padding) continue;
    noticed += 1;
    expect(['LOG_GAP', 'LOG_INCOMPLETE', 'NOT_A_LOG', 'BACKUP_NEWER_FORMAT'], `byte ${at}`).toContain(code);
  }
  expect(noticed).toBeGreaterThan(whole.length / 11 / 1.6);
});

test('each way a folder can be wrong has its code', () => {
  const log = open();
  commit(log, [1]);
  log.roll();
  commit(log, [2]);
  log.roll();
  commit(log, [3]);
  log.close();
  writer = null;
  const [one, two, three] = ['00000001.log', '00000002.log', '00000003.log'].map((name) => fs.readFileSync(file(name)));
  const restore = () => {
    for (const name of fs.readdirSync(folder)) fs.rmSync(file(name));
    fs.writeFileSync(file('00000001.log'), one as Buffer);
    fs.writeFileSync(file('00000002.log'), two as Buffer);
    fs.writeFileSync(file('00000003.log'), three as Buffer);
  };
  const code = (change: () => void, more: Partial<ReplayRange> = {}) => {
    restore();
    change();
    return codeOf(() => seqs(more));
  };
  expect(code(() => fs.rmSync(file('00000001.log')))).toBe('LOG_NOT_FOUND');
  expect(code(() => fs.rmSync(file('00000002.log')))).toBe('LOG_NOT_FOUND');
  expect(code(() => fs.rmSync(file('00000003.log')))).toBe('nothing thrown');
  expect(code(() => fs.renameSync(file('00000003.log'), file('00000002.log')))).toBe('LOG_NUMBER_MISMATCH');
  expect(code(() => fs.writeFileSync(file('00000002.log'), 'something else'))).toBe('NOT_A_LOG');
  expect(code(() => {}, { databaseSerial: 'db-2' })).toBe('LOG_DATABASE_MISMATCH');
  expect(code(() => fs.truncateSync(file('00000002.log'), (two as Buffer).length - 128))).toBe('LOG_INCOMPLETE');
  expect(code(() => fs.truncateSync(file('00000003.log'), (three as Buffer).length - 20))).toBe('nothing thrown');
  expect(code(() => {}, { firstLog: '00000002.log', after: [{ replica: 3, sec: 1, event: 1, seq: 0 }] })).toBe(
    'LOG_GAP',
  );
  expect(code(() => fs.writeFileSync(file('notes.txt'), 'x'))).toBe('nothing thrown');
  restore();
  const newer = Buffer.from(one as Buffer);
  newer.writeUInt32LE(99, 8);
  fs.writeFileSync(file('00000001.log'), newer);
  expect(codeOf(() => seqs())).toBe('BACKUP_NEWER_FORMAT');
});

test('logs that change places, come twice, or overlap are noticed', () => {
  const log = open();
  commit(log, [1]);
  commit(log, [2]);
  log.roll();
  commit(log, [3]);
  log.roll();
  commit(log, [4]);
  log.close();
  writer = null;
  const names = ['00000001.log', '00000002.log', '00000003.log'];
  const whole = names.map((name) => fs.readFileSync(file(name)));
  const code = (change: () => void) => {
    for (const name of fs.readdirSync(folder)) fs.rmSync(file(name), { recursive: true });
    for (const [index, name] of names.entries()) fs.writeFileSync(file(name), whole[index] as Buffer);
    change();
    return codeOf(() => seqs());
  };
  const put = (name: string, content: Buffer | undefined) => fs.writeFileSync(file(name), content as Buffer);
  const swap = () => {
    put('00000002.log', whole[2]);
    put('00000003.log', whole[1]);
  };
  expect(code(swap)).toBe('LOG_NUMBER_MISMATCH');
  expect(code(() => put('00000004.log', whole[1]))).toBe('LOG_NUMBER_MISMATCH');
  // The same log of a life in which it began one commit earlier: its first record is in the log before, too.
  const overlapping = () => {
    const other = path.join(folder, 'other');
    fs.mkdirSync(other);
    const again = open({ folder: other });
    commit(again, [1]);
    again.roll();
    commit(again, [2]);
    commit(again, [3]);
    again.roll();
    again.close();
    writer = null;
    fs.copyFileSync(path.join(other, '00000002.log'), file('00000002.log'));
  };
  expect(code(overlapping)).toBe('LOG_GAP');
  // Two records of one length change places inside a log.
  const first = whole[0] as Buffer;
  const starts = [first.indexOf('HfRc'), first.indexOf('HfRc', first.indexOf('HfRc') + 4)] as const;
  const length = starts[1] - starts[0];
  const reordered = Buffer.from(first);
  first.copy(reordered, starts[0], starts[1], starts[1] + length);
  first.copy(reordered, starts[1], starts[0], starts[0] + length);
  expect(reordered.equals(first)).toBe(false);
  expect(code(() => put('00000001.log', reordered))).toMatch(/^(LOG_GAP|LOG_INCOMPLETE)$/);
});

test('a new run of logging begins a new log, which replay does not cross into', () => {
  const log = open();
  commit(log, [1]);
  log.flush();
  const next = open({ serial: 'run-2', previousSerial: 'run-1', resume: false, vector: log.vector() });
  expect(next.currentLog()).toBe('00000002.log');
  expect(commit(next, [2]).seq).toBe(2);
  next.flush();
  expect(codeOf(() => seqs())).toBe('LOG_SERIAL_MISMATCH');
  expect(seqs({ firstLog: '00000002.log', after: log.vector() })).toEqual([2]);
  expect(inspectLogFolder(folder, systemFiles)).toMatchObject([
    { closed: true, serial: 'run-1', problem: null },
    { closed: false, serial: 'run-2', previousSerial: 'run-1', problem: null },
  ]);
});

test('up to a point before a break, the logs of the first run are enough; behind it they are not', () => {
  const log = open();
  const made = [[1], [2], [3]].map((pages) => commit(log, pages));
  log.roll();
  const last = commit(log, [4]);
  const next = open({ serial: 'run-2', previousSerial: 'run-1', resume: false, vector: [made[1]!.stamp] });
  const later = commit(next, [9]);
  next.flush();
  expect(seqs({ until: made[2]!.at })).toEqual([1, 2, 3]);
  expect(seqs({ until: last.at })).toEqual([1, 2, 3, 4]);
  expect(seqs({ untilStamp: made[1]!.stamp })).toEqual([1, 2]);
  expect(codeOf(() => seqs({ until: later.at }))).toBe('LOG_SERIAL_MISMATCH');
  expect(codeOf(() => seqs())).toBe('LOG_SERIAL_MISMATCH');
  const logs = [file('00000001.log'), file('00000002.log')];
  expect(seqs({ logs })).toEqual([1, 2, 3, 4]);
  expect(codeOf(() => seqs({ logs: [...logs, file('00000003.log')] }))).toBe('LOG_SERIAL_MISMATCH');
  expect(codeOf(() => seqs({ logs, untilStamp: later.stamp }))).toBe('POINT_NOT_COVERED');
  fs.rmSync(file('00000002.log'));
  expect(seqs({ until: made[0]!.at })).toEqual([1]);
  expect(codeOf(() => seqs({ until: last.at }))).toBe('LOG_NOT_FOUND');
});

test('logs of several folders are replayed as one run, commits of one millisecond apart by their stamps', () => {
  const log = open();
  const [first, second] = [commit(log, [1]), commit(log, [2])];
  log.roll();
  now -= 400;
  const third = commit(log, [3]);
  log.flush();
  const other = path.join(folder, 'moved');
  fs.mkdirSync(other);
  fs.renameSync(file('00000001.log'), path.join(other, '00000001.log'));
  const logs = [path.join(other, '00000001.log'), file('00000002.log')];
  expect(third.at).toBe(second!.at);
  expect(seqs({ logs, untilStamp: second!.stamp })).toEqual([1, 2]);
  expect(seqs({ logs, until: third.at })).toEqual([1, 2, 3]);
  expect(seqs({ logs, after: [first!.stamp] })).toEqual([2, 3]);
  expect(inspectLogFolder(other, systemFiles)[0]).toMatchObject({ floor: [], have: [second!.stamp] });
});

test('a closed log is read once; one that changes or is still written is read again', () => {
  const log = open();
  commit(log, [1]);
  log.roll();
  commit(log, [2]);
  log.flush();
  const opened: string[] = [];
  const counting: Files = {
    ...systemFiles,
    openSync: (...given: Parameters<Files['openSync']>) => {
      opened.push(path.basename(String(given[0])));
      return systemFiles.openSync(...given);
    },
  };
  const known: KnownLogs = new Map();
  const first = inspectLogFolder(folder, counting, known);
  expect(first).toEqual(inspectLogFolder(folder, systemFiles));
  commit(log, [3]);
  log.flush();
  opened.length = 0;
  expect(inspectLogFolder(folder, counting, known).map((info) => info.lastSeq)).toEqual([1, 3]);
  expect(opened).toEqual(['00000002.log']);
  const bytes = fs.readFileSync(file('00000001.log'));
  fs.writeFileSync(file('00000001.log'), bytes.subarray(0, bytes.length - 40));
  expect(inspectLogFolder(folder, counting, known)[0]?.problem?.name).toBe('LOG_INCOMPLETE');
});

test('replay skips what the backup holds and stops at the time asked for', () => {
  const log = open();
  const made = [[1], [2, 50], [3], [50, 60]].map((pages) => commit(log, pages));
  log.flush();
  expect(seqs({ after: [made[1]!.stamp] })).toEqual([3, 4]);
  expect(seqs({ until: made[2]!.at })).toEqual([1, 2, 3]);
  expect(seqs({ until: made[2]!.at - 1 })).toEqual([1, 2]);
  expect([...changedPages(range({ after: [made[1]!.stamp] }), systemFiles).numbers]).toEqual([3, 50, 60]);
  commit(log, [1], 55);
  log.flush();
  expect([...changedPages(range(), systemFiles).numbers], 'pages cut off are not listed').toEqual([1, 2, 3, 50]);
});

test('records of another origin keep their stamps and must follow without a gap', () => {
  const log = open();
  commit(log, [1]);
  const theirs = {
    at: now,
    kind: 'commit' as const,
    pageCount: 9,
    numbers: Uint32Array.of(4),
    data: Buffer.alloc(PAGE),
  };
  const given = log.append({ ...theirs, stamp: { replica: 1, sec: 77, event: 5, seq: 1 } });
  expect(given).toMatchObject({ origin: 1, seq: 1, stamp: { sec: 77, event: 5 } });
  expect(codeOf(() => log.append({ ...theirs, stamp: { replica: 1, sec: 78, event: 1, seq: 3 } }))).toBe('LOG_GAP');
  log.flush();
  expect(log.vector().map((stamp) => stamp.replica)).toEqual([1, 3]);
  const again = open();
  expect(again.vector().map(({ replica, seq }) => [replica, seq])).toEqual([
    [1, 1],
    [3, 1],
  ]);
});

test('on a full volume nothing that was taken is lost or claimed, and all of it goes in later, once', () => {
  let full = false;
  const files: Files = {
    ...systemFiles,
    writeSync: ((fd: number, data: Buffer, offset: number, length: number, at: number) => {
      if (!full) return fs.writeSync(fd, data, offset, length, at);
      if (length > 300) return fs.writeSync(fd, data, offset, 300, at);
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    }) as typeof fs.writeSync,
  };
  const log = open({ files });
  commit(log, [1]);
  log.flush();
  full = true;
  commit(log, [2, 3, 4]);
  expect(codeOf(() => log.flush())).toBe('LOG_DEVICE_FULL');
  commit(log, [2, 3]);
  expect(codeOf(() => log.flush())).toBe('LOG_DEVICE_FULL');
  expect(log.vector()).toMatchObject([{ seq: 1 }]);
  full = false;
  commit(log, [5]);
  log.flush();
  expect(log.vector()).toMatchObject([{ seq: 4 }]);
  expect(seqs()).toEqual([1, 2, 3, 4]);
});

test('what waits to be written stays small: a record that comes when it does not fit is refused', () => {
  let full = true;
  let writes = 0;
  const files: Files = {
    ...systemFiles,
    writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
      writes += 1;
      if (full && writes > 1) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return fs.writeSync(...args);
    }) as typeof fs.writeSync,
  };
  const log = open({ files, minBytes: 1 << 23 });
  const pages = Array.from({ length: 100 }, (_, i) => i + 1);
  let taken = 0;
  const refused = () => codeOf(() => commit(log, pages)) === 'LOG_DEVICE_FULL';
  while (taken < 10_000 && !refused()) taken += 1;
  expect(taken * 100 * PAGE).toBeLessThan(2 << 20);
  expect(refused()).toBe(true);
  full = false;
  writes = 0;
  commit(log, pages);
  log.flush();
  expect(writes, 'trips to the system').toBeLessThan(5);
  expect(seqs()).toEqual(Array.from({ length: taken + 1 }, (_, i) => i + 1));
});

test('after a failed fsync the records are written again before the next one', () => {
  let failing = true;
  let rewritten = 0;
  const files: Files = {
    ...systemFiles,
    fsyncSync: (fd) => {
      if (failing) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      fs.fsyncSync(fd);
    },
    writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
      rewritten += 1;
      return fs.writeSync(...args);
    }) as typeof fs.writeSync,
  };
  failing = false;
  const log = open({ files });
  commit(log, [1]);
  failing = true;
  expect(() => log.flush()).toThrow('EIO');
  fs.writeFileSync(file('00000001.log'), fs.readFileSync(file('00000001.log')).fill(0, 512));
  failing = false;
  rewritten = 0;
  log.flush();
  expect(rewritten).toBe(1);
  expect(seqs()).toEqual([1]);
});

test('the position of the last record is known after a restart, also across a roll', () => {
  const at = (endOffset: number, salt1 = 5): CapturePosition => ({
    salt1,
    salt2: 6,
    endOffset,
    checksum1: 7,
    checksum2: 4294967295,
    commitPages: 100,
    sealed: false,
    inode: 1234567,
    device: 2049,
  });
  const log = open();
  commit(log, [1], 100, at(32));
  commit(log, [1], 100, at(5000));
  expect(open().position()).toEqual(at(5000));
  writer?.roll();
  expect(open().position()).toEqual(at(5000));
  const place = (position: CapturePosition | null, seq: number) => ({
    position,
    vector: [{ replica: 3, sec: 1, event: 1, seq }],
  });
  expect(resumePosition(place(at(9000), 2), place(at(5000), 2), 3)?.endOffset).toBe(9000);
  expect(resumePosition(place(at(32, 9), 2), place(at(5000), 2), 3)?.salt1).toBe(9);
  expect(resumePosition(place(at(9000, 4), 1), place(at(5000), 2), 3)?.salt1).toBe(5);
  expect(resumePosition(place(at(1), 0), place(null, 0), 3)?.endOffset).toBe(1);
});
