// A file system that fails on schedule: the n-th write, fsync, rename, open, truncate, link or removal, once or from then on. A test goes
// through every n until one is not reached any more, so that no call of an operation is left out.
import type { Files } from '../../core/platform/files.ts';
import { systemFiles } from '../../core/platform/files.ts';

/** Calls that can be made to fail. Closing and looking are not among them. */
const COUNTED = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'fdatasync',
  'renameSync',
  'ftruncateSync',
  'linkSync',
  'unlinkSync',
  'rmSync',
  'mkdirSync',
] as const;

type Counted = (typeof COUNTED)[number];

/** What a disk, a quota or a process limit answers to each call. */
const CODES: Record<Counted, readonly string[]> = {
  openSync: ['EMFILE', 'EIO', 'ENOSPC'],
  writeSync: ['ENOSPC', 'EIO', 'EDQUOT'],
  fsyncSync: ['EIO', 'ENOSPC'],
  fdatasync: ['EIO', 'ENOSPC'],
  renameSync: ['EIO', 'ENOSPC'],
  ftruncateSync: ['EIO', 'EDQUOT'],
  linkSync: ['EIO', 'ENOSPC'],
  unlinkSync: ['EIO'],
  rmSync: ['EIO'],
  mkdirSync: ['ENOSPC', 'EDQUOT'],
};

export interface Fault {
  /** 1 for the first counted call after `arm`. */
  nth: number;
  /** `once`; `lasting`: everything from there on; `short`: a write stores half of its bytes and says so; `torn`: half, then the error. */
  mode: 'once' | 'lasting' | 'short' | 'torn';
  /** Picks one of the codes that fit the call. */
  pick?: number;
  /** Runs in place of the fault, before the call: for example the end of the process. */
  instead?: (call: string) => void;
}

export interface FaultyFiles {
  readonly files: Files;
  /** Counted calls since `arm`, each with the file's name: what a message shows of the place that failed. */
  readonly calls: string[];
  /** True once the fault has shown. */
  readonly struck: boolean;
  arm(fault: Fault, only?: (call: Counted, file: string) => boolean): void;
  disarm(): void;
}

export function faultyFiles(base: Files = systemFiles): FaultyFiles {
  let fault: Fault | null = null;
  let only: (call: Counted, file: string) => boolean = () => true;
  let calls: string[] = [];
  let struck = false;
  const names = new Map<number, string>();

  /** The error that the call has to end in, or null. */
  function due(call: Counted, file: string): NodeJS.ErrnoException | 'short' | 'torn' | null {
    if (!fault || !only(call, file)) return null;
    const { nth, mode, pick = 0, instead } = fault;
    if ((mode === 'short' || mode === 'torn') && call !== 'writeSync') return null;
    calls.push(`${call} ${file}`);
    const hit = mode === 'lasting' ? calls.length >= nth : calls.length === nth;
    if (!hit) return null;
    struck = true;
    if (instead) {
      instead(call);
      return null;
    }
    if (mode === 'short' || mode === 'torn') return mode;
    const codes = CODES[call];
    const code = codes[pick % codes.length]!;
    return Object.assign(new Error(`${code}: injected, ${call} '${file}'`), { code, syscall: call, path: file });
  }
  const failing = <A extends unknown[], R>(call: Counted, fileOf: (args: A) => string, real: (...args: A) => R) =>
    function faulty(...args: A): R {
      const error = due(call, fileOf(args));
      if (error instanceof Error) throw error;
      return real(...args);
    };
  const byPath = (args: unknown[]) => String(args[0]);
  const byDescriptor = (args: unknown[]) => names.get(args[0] as number) ?? `fd ${String(args[0])}`;

  const files = {
    ...base,
    openSync: ((file: string, ...rest: [string, number?]) => {
      const error = due('openSync', file);
      if (error instanceof Error) throw error;
      const fd = base.openSync(file, ...rest);
      names.set(fd, file);
      return fd;
    }) as Files['openSync'],
    writeSync: ((fd: number, data: Buffer, ...[from, count, at]: (number | null | undefined)[]) => {
      const offset = from ?? 0;
      const length = count ?? data.length - offset;
      const error = due('writeSync', byDescriptor([fd]));
      if (error instanceof Error) throw error;
      if (error === null) return base.writeSync(fd, data, offset, length, at);
      const half = base.writeSync(fd, data, offset, Math.max(1, length >>> 1), at);
      if (error === 'short') return half;
      throw Object.assign(new Error('ENOSPC: injected after half of the bytes'), { code: 'ENOSPC' });
    }) as Files['writeSync'],
    fsyncSync: failing('fsyncSync', byDescriptor, base.fsyncSync),
    fdatasync: ((fd: number, done: (error: NodeJS.ErrnoException | null) => void) => {
      const error = due('fdatasync', byDescriptor([fd]));
      if (error instanceof Error) setImmediate(() => done(error));
      else base.fdatasync(fd, done);
    }) as Files['fdatasync'],
    renameSync: failing('renameSync', byPath, base.renameSync),
    ftruncateSync: failing('ftruncateSync', byDescriptor, base.ftruncateSync),
    linkSync: failing('linkSync', byPath, base.linkSync),
    unlinkSync: failing('unlinkSync', byPath, base.unlinkSync),
    rmSync: failing('rmSync', byPath, base.rmSync),
    mkdirSync: failing('mkdirSync', byPath, base.mkdirSync as (...args: unknown[]) => string) as Files['mkdirSync'],
  } satisfies Files;

  return {
    files,
    get calls() {
      return calls;
    },
    get struck() {
      return struck;
    },
    arm(next, filter = () => true) {
      fault = next;
      only = filter;
      calls = [];
      struck = false;
    },
    disarm() {
      fault = null;
    },
  };
}

export interface Attempt {
  nth: number;
  mode: Fault['mode'];
  pick: number;
  /** For messages: which fault, where. */
  label(): string;
}

const LONG = Number(process.env.HOLDFAST_RUNS ?? 0) > 0;
const SEED = Number(process.env.HOLDFAST_SEED ?? 1);

/**
 * Goes through every schedule: for each mode, `nth` = 1, 2, … until an attempt ends without the fault having shown. One code a call in the
 * short form, and of the lasting faults every third (which, HOLDFAST_SEED says), and only each `every`-th call; all of it when HOLDFAST_RUNS is set. Returns how many
 * faults showed.
 */
export async function everyFault(
  faulty: FaultyFiles,
  modes: Fault['mode'][],
  attempt: (given: Attempt) => Promise<void>,
  every = 1,
): Promise<number> {
  let shown = 0;
  for (const mode of modes) {
    for (let pick = 0; pick < (LONG && mode !== 'short' && mode !== 'torn' ? 3 : 1); pick++) {
      const step = LONG ? 1 : mode === 'lasting' ? 3 * every : every;
      for (let nth = 1 + (SEED % step); ; nth += step) {
        const given: Attempt = {
          nth,
          mode,
          pick: LONG ? pick : nth,
          label: () => `seed ${SEED}, ${mode} fault at call ${nth}: ${faulty.calls[nth - 1] ?? 'not reached'}`,
        };
        try {
          await attempt(given);
        } catch (error) {
          if (error instanceof Error) error.message = `${given.label()}\n${error.message}`;
          throw error;
        } finally {
          faulty.disarm();
        }
        if (faulty.struck) shown += 1;
        if (faulty.calls.length < nth) break;
      }
    }
  }
  return shown;
}
