// What a restore needs from its target: an instance of an agent, or a bare path.
import type { Vector } from '../contract/common.ts';
import type { RestoreEvent, Verification } from '../contract/restore.ts';
import type { KeySource } from '../encryption/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import type { LockHolder } from '../sqlite/types.ts';
import type { HeldVector } from '../vectors/verify.ts';
import type { RestoredSet, RestoreJournal } from './journal.ts';
import type { PeersDesk } from './peers-desk.ts';

/** A complete set in RST, why it is not active, and what its verification found. */
export interface WaitingSet {
  set: RestoredSet;
  reason: string;
  verification?: Verification | undefined;
}

export interface RestoreTarget {
  /** The database file; it need not exist. */
  readonly path: string;
  /** Folder for journal, staging and contingency copies, on the file system of `path`. */
  readonly home: string;
  /** True when the active set was fenced before; then a failed restore leaves it so. */
  readonly wasFenced: boolean;
  /** Time of the last commit in the active set; null when it is not known. */
  readonly dataTime: number | null;
  /** How the log settings read that step 5 resets; null when there are none. */
  readonly logSettings: string | null;
  /**
   * Step 1: flushes and stops the capture, fences the active file durably and lets go of it. Programs that have it open get
   * some time to leave; `waitingFor` hears of them. Throws DATABASE_IN_USE with the holders when they stay, or the signal's
   * reason, and then everything is as before.
   */
  close(signal: AbortSignal, waitingFor: (holders: LockHolder[]) => void): Promise<void>;
  /** The old set is active again: open it as it was before. Called after the fence was lifted. */
  reopen(): void;
  /** A complete set waits in RST, or (null) no longer does. */
  waiting(set: WaitingSet | null): void;
  /** True when everything that the active set holds is in `set` too, so that replacing it discards nothing. Asked before `adopt`. */
  contains(set: RestoredSet): boolean;
  /** The set is in place: record what it is. Called again after a crash; must be idempotent. */
  adopt(set: RestoredSet): void;
  /** Opens the activated set, once the journal is closed. */
  opened(set: RestoredSet): void;
}

/** Where the restore of one file among several waits for the others, so that all become active or none does. */
export interface RestoreTogether {
  /** ms since 1970: when the old files are replaced, the same for all, so that their kept copies share a name. */
  takenAt(): number;
  /** The active file is closed: resolves when those of all are, and it is this one's turn. */
  closed(): Promise<void>;
  /** Takes what this file holds; returns what all hold when the peers are to be asked now, for the first file, and null before. */
  held(vector: Vector): HeldVector[] | null;
  /** The set is complete and verified: resolves when those of all are. */
  ready(): Promise<void>;
  /** Exchanges the files of all under one journal; `own` is what this one's would say. Rejects when all are old again. */
  activate(own: RestoreJournal): Promise<void>;
}

export interface RestoreContext {
  target: RestoreTarget;
  files: Files;
  clock: Clock;
  signal: AbortSignal;
  /** Keys for encrypted backups; without any, they are refused before anything is begun. */
  keys?: KeySource;
  emit(event: RestoreEvent): void;
  /** Where peers' answers arrive while it runs; without one those of the options are all there are. */
  desk?: PeersDesk | undefined;
  /** Missing for a database of one file. */
  together?: RestoreTogether | undefined;
  /** Called around each step that must survive a crash. */
  at(name: string): void;
}
