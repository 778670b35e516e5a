// Every write, fsync, rename, open, truncate and removal of the log writer fails once, for good, by half or torn: what was acknowledged
// by a flush is read back, nothing is there twice, the log goes on, and a log opened after a crash at that point does too.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../core/rollforward/log-writer.ts';
import { replay } from '../../core/rollforward/replay.ts';
import { everyFault, faultyFiles } from '../support/faulty-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PAGE = 512;
const START = 1_700_000_000_000;
const clock = { now: () => START, monotonic: () => 0, sleep: () => Promise.resolve() };

function options(folder: string, files: Files, more: Partial<LogWriterOptions> = {}): LogWriterOptions {
  return {
    folder,
    files,
    clock,
    databaseSerial: 'db-1',
    serial: 'run-1',
    previousSerial: null,
    pageSize: PAGE,
    origin: 3,
    vector: [],
    minBytes: 48_000,
    maxBytes: 70_000,
    resume: true,
    ...more,
  };
}

/** Commit number `n`: which pages, and what is in them, follow from the number. */
function append(writer: LogWriter, n: number): number {
  const pages = n % 4 === 0 ? 90 : 1 + (n % 3);
  const numbers = Uint32Array.from({ length: pages }, (_, i) => i + 1);
  const data = Buffer.alloc(pages * PAGE, n);
  return writer.append({ at: START + n, kind: 'commit', pageCount: 200, numbers, data }).seq;
}

/** The commits that a restore would see, in order. */
function commits(folder: string): number[] {
  const range = { folder, databaseSerial: 'db-1', firstLog: '00000001.log', after: [], until: null };
  return [...replay(range, systemFiles)].map(({ record }) => record.at - START);
}

const expected = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

function failsCleanly(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const clean = error instanceof HoldfastError || (typeof code === 'string' && /^E[A-Z]+$/.test(code));
    if (!clean) throw error;
    return false;
  }
}

test.each(['goes on', 'restarts', 'dies'] as const)(
  'each call fails, and the writer %s',
  async (after) => {
    const root = temporaryFolder('log-faults');
    const faulty = faultyFiles();
    let round = 0;
    const shown = await everyFault(faulty, ['once', 'lasting', 'short', 'torn'], async (fault) => {
      const folder = path.join(root, String(round++));
      fs.mkdirSync(folder);
      faulty.arm(fault);
      let writer: LogWriter | null = null;
      let given = 0;
      let acknowledged = 0;
      failsCleanly(() => {
        writer = openLogWriter(options(folder, faulty.files));
      });
      const work = (upTo: number) => {
        while (given < upTo) {
          // A commit that was refused is given again, exactly as capture does.
          if (!failsCleanly(() => append(writer!, given + 1))) return;
          given += 1;
          if (given % 2 === 0 && failsCleanly(() => writer!.flush())) acknowledged = given;
          if (given === 9 && !failsCleanly(() => writer!.roll())) return;
        }
      };
      if (writer) work(10);
      faulty.disarm();
      // The process ends: what is on the disk is what the next one finds. Half of the unflushed tail may be missing, too.
      const disk = path.join(root, `${round}-disk`);
      if (after === 'dies') {
        fs.cpSync(folder, disk, { recursive: true });
        if (writer) failsCleanly(() => (writer as LogWriter).close());
        const next = openLogWriter(options(disk, systemFiles));
        const seen = commits(disk);
        expect(seen.length).toBeGreaterThanOrEqual(acknowledged);
        expect(seen).toEqual(expected(seen.length));
        for (let n = seen.length + 1; n <= 11; n++) append(next, n);
        next.close();
        expect(commits(disk)).toEqual(expected(11));
        fs.rmSync(disk, { recursive: true });
      } else {
        if (after === 'restarts' || !writer) {
          if (writer) failsCleanly(() => (writer as LogWriter).close());
          writer = openLogWriter(options(folder, systemFiles));
          const seen = commits(folder);
          expect(seen.length).toBeGreaterThanOrEqual(acknowledged);
          given = seen.length;
        }
        for (let n = given + 1; n <= 11; n++) append(writer, n);
        writer.close();
        expect(commits(folder)).toEqual(expected(11));
      }
      fs.rmSync(folder, { recursive: true });
    });
    expect(shown).toBeGreaterThan(60);
  },
  300_000,
);
