// One stamp of a transitive vector: its two written forms, its order, and how the next one is made.
import type { Stamp } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';

const LOG_FORM = /^s([0-9A-Fa-f]{1,8})\s+r(\d{1,9})\s+e(\d{1,9})$/;
const HEADER_FORM = /^s([0-9A-Fa-f]{1,8})_r(\d{1,9})_e(\d{1,9})$/;

/** The form of logs and reports: `s3D35F377 r02 e002`. */
export function formatStamp(stamp: Stamp): string {
  const replica = String(stamp.replica).padStart(2, '0');
  const event = String(stamp.event).padStart(3, '0');
  return `s${hexSeconds(stamp)} r${replica} e${event}`;
}

/** The form of backup headers: `s3D611D95_r1_e2`. */
export function formatHeaderStamp(stamp: Stamp): string {
  return `s${hexSeconds(stamp)}_r${stamp.replica}_e${stamp.event}`;
}

/** Reads either form; `seq` is 0, since neither form holds it. Throws INVALID_INPUT. */
export function parseStamp(text: string): Stamp {
  const match = LOG_FORM.exec(text.trim()) ?? HEADER_FORM.exec(text.trim());
  const replica = Number(match?.[2]);
  if (!match || replica < 1) throw new HoldfastError('INVALID_INPUT', `“${text}” is not a stamp.`);
  return { replica, sec: Number.parseInt(match[1]!, 16), event: Number(match[3]), seq: 0 };
}

/** Negative when `a` is earlier: seconds first, then event. Only stamps of one replica have an order. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.sec - b.sec || a.event - b.event;
}

/** The second of the stamp, in ms since 1970. */
export function stampTime(stamp: Stamp): number {
  return stamp.sec * 1000;
}

/**
 * The stamp of this replica's next commit: later than `previous` even when the clock went back, event 1 in a new second,
 * `seq` one higher. `previous` is null for the replica's first commit.
 */
export function nextStamp(previous: Stamp | null, replica: number, now: number): Stamp {
  const sec = Math.floor(now / 1000);
  if (!previous) return { replica, sec, event: 1, seq: 1 };
  if (sec > previous.sec) return { replica, sec, event: 1, seq: previous.seq + 1 };
  return { replica, sec: previous.sec, event: previous.event + 1, seq: previous.seq + 1 };
}

function hexSeconds(stamp: Stamp): string {
  return stamp.sec.toString(16).toUpperCase().padStart(8, '0');
}
