// Who keeps the WAL of a database from being copied back or begun anew: the locks on its shared memory, and what each holds back.
import type { FileLock } from './lock-table.ts';
import type { ReadMarks } from './read-marks.ts';

/** One lock of a process on the shared memory. */
export interface WalHold {
  pid: number;
  kind: 'reader' | 'writer';
  /** Last frame that the holder sees; null where it cannot be known. Another frame later means another transaction. */
  frame: number | null;
  /** Frames behind it, which cannot be copied back before it ends; null where that is not known. */
  heldFrames: number | null;
}

/** Bytes of the shared memory that are locks: 120 writes, 121 checkpoints, 123 to 127 are the read marks. */
const WRITE_LOCK = 120;
const CHECKPOINT_LOCK = 121;
const MARKS_FIRST = 123;
const MARKS_LAST = 127;

/** At most one hold for each process and kind: the oldest mark of a reader counts. Locks of other files are passed over. */
export function walHolds(locks: readonly FileLock[], shmInode: number, marks: ReadMarks | null): WalHold[] {
  const holds = new Map<string, WalHold>();
  for (const lock of locks) {
    if (lock.inode !== shmInode) continue;
    if (lock.from <= WRITE_LOCK && lock.to >= WRITE_LOCK && lock.write) {
      const frame = marks?.frames ?? null;
      holds.set(`${lock.pid} writer`, { pid: lock.pid, kind: 'writer', frame, heldFrames: marks ? 0 : null });
    }
    // An exclusive lock on a mark is a checkpoint or somebody moving the mark: gone in a moment.
    if (lock.write) continue;
    for (let byte = Math.max(lock.from, MARKS_FIRST); byte <= Math.min(lock.to, MARKS_LAST); byte++) {
      const hold = readerHold(lock.pid, byte - MARKS_FIRST, marks);
      const before = holds.get(`${lock.pid} reader`);
      if (!before || (hold.heldFrames ?? 0) > (before.heldFrames ?? 0)) holds.set(`${lock.pid} reader`, hold);
    }
  }
  return [...holds.values()];
}

/** Processes that are checkpointing right now; seen at a look, one most likely waits for a reader, and keeps writers waiting. */
export function checkpointers(locks: readonly FileLock[], shmInode: number): number[] {
  const holds = ({ inode, write, from, to }: FileLock) =>
    inode === shmInode && write && from <= CHECKPOINT_LOCK && to >= CHECKPOINT_LOCK;
  return [...new Set(locks.filter(holds).map(({ pid }) => pid))];
}

function readerHold(pid: number, slot: number, marks: ReadMarks | null): WalHold {
  if (!marks) return { pid, kind: 'reader', frame: null, heldFrames: null };
  // Whoever reads the database alone keeps a checkpoint from writing into it at all.
  const frame = slot === 0 ? marks.copiedBack : (marks.marks[slot] ?? marks.frames);
  return { pid, kind: 'reader', frame, heldFrames: Math.max(0, marks.frames - frame) };
}
