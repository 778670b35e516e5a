// Who holds the WAL of one instance, since when, and how much of it waits for them; and checkpoints that others run.
import type { WalPin } from '../contract/logging.ts';
import type { WalObservation } from '../sqlite/types.ts';

export interface PinLimits {
  /** A pin is worth a warning at this many bytes… */
  warningBytes: number;
  /** …or at this many after it has held for so long, ms. */
  longBytes: number;
  longMs: number;
  /** Readers come and go: only who is still there after this is shown, ms. */
  shownMs: number;
}

export const PIN_LIMITS: PinLimits = {
  warningBytes: 64 * 1024 * 1024,
  longBytes: 4 * 1024 * 1024,
  longMs: 10 * 60_000,
  shownMs: 1_500,
};

/** A write transaction that is open for this long keeps every other writer waiting, ms. */
const LONG_WRITE_MS = 60_000;

/** One hold as it is followed from look to look: the same process on the same frame is the same transaction. */
export interface TrackedPin {
  pid: number;
  kind: WalPin['kind'];
  frame: number | null;
  since: number;
  bytes: number | null;
}

/** What was seen of checkpoints that were not ours. */
export interface ForeignCheckpoints {
  count: number;
  /** Of them, those that were seen waiting for a reader: TRUNCATE, RESTART or FULL. */
  waited: number;
  /** Since when they are counted, ms since 1970. */
  since: number;
}

/** The pins now, with the beginning of those that were there before. `ownPid`: of our holds only a running copy counts. */
export function trackPins(
  before: readonly TrackedPin[],
  seen: WalObservation,
  ownPid: number,
  now: number,
): TrackedPin[] {
  return seen.holds.flatMap((hold): TrackedPin[] => {
    const own = hold.pid === ownPid;
    if (own && (hold.kind === 'writer' || !seen.copying)) return [];
    const kind = own ? 'copy' : hold.kind;
    const same = before.find((pin) => pin.pid === hold.pid && pin.kind === kind && pin.frame === hold.frame);
    const bytes = hold.heldFrames === null ? null : hold.heldFrames * seen.frameBytes;
    return [{ pid: hold.pid, kind, frame: hold.frame, since: Math.min(same?.since ?? now, now), bytes }];
  });
}

/** For people: longest first. */
export function describePins(
  pins: readonly TrackedPin[],
  programOf: (pid: number) => string,
  now: number,
  limits: PinLimits = PIN_LIMITS,
): WalPin[] {
  return pins
    .filter(({ since }) => now - since >= limits.shownMs)
    .sort((a, b) => a.since - b.since || a.pid - b.pid)
    .map(({ pid, kind, since, bytes }) => ({
      pid,
      program: programOf(pid),
      kind,
      since,
      bytes,
      level: isTooMuch(kind, bytes ?? 0, now - since, limits) ? 'warning' : 'info',
    }));
}

function isTooMuch(kind: WalPin['kind'], bytes: number, heldMs: number, limits: PinLimits): boolean {
  // A copy of ours ends by itself, and lets go by its own limit.
  if (kind === 'copy') return false;
  if (kind === 'writer') return heldMs >= LONG_WRITE_MS;
  return bytes >= limits.warningBytes || (bytes >= limits.longBytes && heldMs >= limits.longMs);
}

/**
 * One more when frames were copied back between two looks and none of our checkpoints ran, or when another process is at it just now.
 * What a PASSIVE checkpoint finds copied back already leaves no trace, and does no harm.
 */
export function countForeign(
  known: ForeignCheckpoints,
  before: WalObservation | null,
  seen: WalObservation,
): ForeignCheckpoints {
  const foreign =
    before !== null &&
    before.ownCheckpoints === seen.ownCheckpoints &&
    seen.frames >= before.frames &&
    seen.copiedBack > before.copiedBack;
  const began = seen.checkpointing.filter((pid) => !before?.checkpointing.includes(pid)).length;
  if (!foreign && began === 0) return known;
  return { ...known, count: known.count + Math.max(began, foreign ? 1 : 0), waited: known.waited + began };
}
