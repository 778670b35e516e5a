// The read marks of a WAL, out of this process's own mapping of its shared memory: opening and closing the `-shm` file would
// drop every lock that we hold on it.
import type { Files } from '../platform/files.ts';
import { readProcFile } from './mounts.ts';

/** Frames count from 1; 0 is the state without any frame. */
export interface ReadMarks {
  /** Frames in the log. */
  frames: number;
  /** Of them copied back into the database. */
  copiedBack: number;
  /** By slot 0…4: the last frame that readers of that slot see; slot 0 reads the database alone. */
  marks: number[];
}

const INDEX_BYTES = 136;
const FRAMES_AT = 16;
const COPIED_AT = 96;
const MARKS_AT = 100;
const SLOTS = 5;
/** A slot that nobody uses. */
const UNUSED = 0xffffffff;

/** Lines such as `7f…-7f… rw-s 00000000 fd:00 1311  /data/x.db-shm`; the start of the mapping of this inode's first bytes. */
export function mappingOf(maps: string, inode: number): number | null {
  for (const line of maps.split('\n')) {
    const match = /^([0-9a-f]+)-[0-9a-f]+ \S{3}s 0+ \S+ (\d+) /.exec(line);
    if (match && Number(match[2]) === inode) return Number.parseInt(match[1] as string, 16);
  }
  return null;
}

/** From the first bytes of the shared memory, which are in the machine's own byte order. */
export function parseReadMarks(index: Buffer): ReadMarks | null {
  if (index.length < INDEX_BYTES) return null;
  const copy = index.subarray(0, 48);
  // Two copies of the header, and both must agree: otherwise a writer is in the middle of it.
  if (!copy.equals(index.subarray(48, 96))) return null;
  const frames = index.readUInt32LE(FRAMES_AT);
  const marks = Array.from({ length: SLOTS }, (_, slot) => index.readUInt32LE(MARKS_AT + slot * 4));
  return {
    frames,
    copiedBack: index.readUInt32LE(COPIED_AT),
    marks: marks.map((mark) => (mark === UNUSED ? frames : mark)),
  };
}

/** Null where this process has not mapped it, or the system does not show its own memory. */
export function readMarks(files: Files, shmInode: number): ReadMarks | null {
  if (process.platform !== 'linux') return null;
  const at = mappingOf(readProcFile(files, '/proc/self/maps'), shmInode);
  if (at === null) return null;
  try {
    const fd = files.openSync('/proc/self/mem', 'r');
    try {
      const index = Buffer.alloc(INDEX_BYTES);
      return files.readSync(fd, index, 0, INDEX_BYTES, at) === INDEX_BYTES ? parseReadMarks(index) : null;
    } finally {
      files.closeSync(fd);
    }
  } catch {
    return null;
  }
}
