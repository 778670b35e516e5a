// The lease of `fence` mode: when the console has not been heard for its length, the agent fences its primaries by itself, and
// opens none until the next one. That there is a lease outlasts the agent; how long it still runs does not.
import fs from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { type Files, writeFileDurably } from '../platform/files.ts';

const REMEMBERED = 128;

export interface Lease {
  /** Notes a status answer, so that a renewal can refer to it by its `at`. */
  answered(at: number): void;
  /**
   * Renews for `ms` counted from the agent's own answer `asOf` (null: from now); 0 ends the lease and keeps serving.
   * Returns false when the lease that it asks for is over already. Durable when it returns that there is one, or none.
   */
  renew(ms: number, asOf: number | null): boolean;
  /** A lease was given and is not in force: it has run out, or the agent was started since. No primary may serve. */
  lapsed(): boolean;
  /** Monotonic ms that remain; null without a lease, and until the first one after a start. */
  remaining(): number | null;
}

/** Where it is kept that a lease was given. */
export interface LeaseNote {
  given: boolean;
  keep(given: boolean): void;
}

/** Measured by the monotonic clock, so that setting the wall clock neither shortens nor lengthens it. */
export function createLease(clock: Clock, note: LeaseNote): Lease {
  const answers = new Map<number, number>();
  let { given } = note;
  let endsAt: number | null = null;
  const momentOf = (asOf: number | null) => {
    const now = clock.monotonic();
    if (asOf === null) return now;
    // An answer that is not remembered any more is an old one: its age by the wall clock, never less than nothing.
    return answers.get(asOf) ?? now - Math.max(0, clock.now() - asOf);
  };
  const keep = (value: boolean) => {
    if (value !== given) note.keep(value);
    given = value;
  };
  return {
    answered(at) {
      answers.set(at, clock.monotonic());
      const oldest = answers.keys().next().value;
      if (answers.size > REMEMBERED && oldest !== undefined) answers.delete(oldest);
    },
    renew(ms, asOf) {
      keep(ms > 0);
      if (ms <= 0) {
        endsAt = null;
        return true;
      }
      const end = momentOf(asOf) + ms;
      endsAt = endsAt === null ? end : Math.max(endsAt, end);
      return endsAt > clock.monotonic();
    },
    lapsed: () => given && (endsAt === null || clock.monotonic() >= endsAt),
    remaining: () => (endsAt === null ? null : endsAt - clock.monotonic()),
  };
}

/** The note in `<root>/lease.json`; without `durable` nothing is read nor kept. */
export function leaseNote(files: Files, root: string, durable: boolean): LeaseNote {
  if (!durable) return { given: false, keep: () => {} };
  const file = path.join(root, 'lease.json');
  return {
    given: fs.existsSync(file) && readGiven(file),
    keep: (given) => writeFileDurably(files, file, `${JSON.stringify({ given })}\n`),
  };
}

/** A note that cannot be read binds: it is only ever written under a lease. */
function readGiven(file: string): boolean {
  try {
    return (JSON.parse(fs.readFileSync(file, 'utf8')) as { given: boolean }).given !== false;
  } catch (error) {
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}

/** Refuses to open a primary while the lease has lapsed: DATABASE_FENCED. */
export function assertLeased(lease: Lease, name: string): void {
  if (!lease.lapsed()) return;
  throw new HoldfastError('DATABASE_FENCED', `${name} serves under a lease of its console, and none is in force`, {
    hint: 'Start the console that watches this server; it renews the lease.',
  });
}
