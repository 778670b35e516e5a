// `<home>/journal.json`: what a running restore is about to do, durable before it does it.
import path from 'node:path';
import type { Vector } from '../contract/common.ts';
import type { Verification } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { readJournalFile, removeJournalFile, writeJournalFile } from './journal-file.ts';

/** What the target records of a set that has become active, or that waits in RST. */
export interface RestoredSet {
  file: string;
  idtag: string;
  serial: string;
  sequence: number;
  baseIdtag: string;
  databaseSerial: string;
  vector: Vector;
  /** ms since 1970: time of the last commit inside. */
  restoredTo: number;
  /** Step 6 let it pass; until then activating it needs an override. */
  verified: boolean;
  keepLogSettings: boolean;
  open: boolean;
  clearLock: boolean;
}

export interface FileIdentity {
  inode: number;
  device: number;
}

/** `activating` begins the swap; which side of the point of no return a crash fell on is read from the files themselves. */
export type RestorePhase = 'closing' | 'restoring' | 'disabled' | 'verifying' | 'activating' | 'activated';

export interface RestoreJournal {
  version: 1;
  startedAt: number;
  phase: RestorePhase;
  target: string;
  rst: string;
  log: string;
  /** The active file before the restore; null when there was none. */
  nds: FileIdentity | null;
  /** True when the active file was fenced before the restore began: then it stays so after a rollback. */
  wasFenced: boolean;
  /** Folder that keeps the replaced set. */
  contingency: string | null;
  rstFile: FileIdentity | null;
  /** ms since 1970: the last commit in the replaced set; only in the journal of several files. */
  dataTime?: number | null;
  set: RestoredSet | null;
  /** What was known of the peers when step 6 began to wait; absent before. */
  verification?: Verification | undefined;
}

const place = (home: string) => path.join(home, 'journal.json');

export function writeJournal(files: Files, home: string, journal: RestoreJournal): void {
  writeJournalFile(files, place(home), journal);
}

/** The open journal of a home; null when no restore was interrupted. */
export function readJournal(files: Files, home: string): RestoreJournal | null {
  return readJournalFile<RestoreJournal>(files, place(home));
}

export function closeJournal(files: Files, home: string): void {
  removeJournalFile(files, place(home));
}

/** Identity of the file at `file` without opening it; null when there is none. */
export function identify(files: Files, file: string): FileIdentity | null {
  const stat = files.statSync(file, { throwIfNoEntry: false });
  return stat ? { inode: stat.ino, device: stat.dev } : null;
}

export const sameFile = (a: FileIdentity | null, b: FileIdentity | null): boolean =>
  a !== null && b !== null && a.inode === b.inode && a.device === b.device;
