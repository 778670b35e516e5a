// What the owner of a file can say of it at one moment: its state, who holds its WAL.
import type { Connections } from './connections.ts';
import type { DatabaseHeader } from './header.ts';
import { locksOn } from './lock-table.ts';
import { journalOf, type OpenFile } from './open-file.ts';
import { readMarks } from './read-marks.ts';
import type { DatabaseInfo, WalObservation } from './types.ts';
import { FRAME_HEADER_BYTES } from './wal.ts';
import { checkpointers, walHolds } from './wal-holds.ts';

export interface OwnedState {
  file: OpenFile;
  pageSize: number;
  /** Null while the file is durably fenced. */
  connections: Connections | null;
}

/** `header` is the newest that is known. */
export function describeOwned(
  { file, pageSize, connections }: OwnedState,
  header: DatabaseHeader,
  durablyFenced: boolean,
): DatabaseInfo {
  const journal = journalOf(header);
  const gauge = journal === 'wal' && connections ? connections.gauge() : null;
  const free = connections && !connections.locked ? connections : null;
  return {
    journal,
    pageSize,
    pageCount: free ? free.currentPageCount() : header.pageCount,
    size: file.size(),
    changeCounter: header.changeCounter,
    schemaCookie: free ? free.schemaCookie() : header.schemaCookie,
    inode: file.inode,
    device: file.device,
    wal: gauge && {
      frames: Math.max(0, gauge.log),
      copiedBack: Math.max(0, gauge.copied),
      bytes: file.walBytes(),
      sealed: gauge.log === gauge.copied,
    },
    durablyFenced,
  };
}

/** Null without a WAL. `copying`: a copy of ours keeps it. */
export function observeOwnedWal({ file, pageSize, connections }: OwnedState, copying: boolean): WalObservation | null {
  if (!connections || journalOf(file.header()) !== 'wal') return null;
  const { files } = file;
  const shm = file.shmInode();
  const locks = shm === null ? [] : locksOn(files, shm);
  // Our own reader needs no explanation unless it serves a copy.
  const asked = shm !== null && (copying || locks.some(({ pid }) => pid !== process.pid));
  const { log, copied } = connections.gauge();
  return {
    frames: Math.max(0, log),
    copiedBack: Math.max(0, copied),
    frameBytes: FRAME_HEADER_BYTES + pageSize,
    ownCheckpoints: connections.checkpoints,
    copying,
    checkpointing: shm === null ? [] : checkpointers(locks, shm),
    holds: shm === null ? [] : walHolds(locks, shm, asked ? readMarks(files, shm) : null),
  };
}
