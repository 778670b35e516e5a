// Roll-forward logs as the rest of the core sees them: what a record is, how a folder is written, read and judged.
import type { Stamp, Vector } from '../contract/common.ts';

/** One commit in a log. */
export interface LogRecord {
  origin: number;
  seq: number;
  stamp: Stamp;
  /** ms since 1970. */
  at: number;
  kind: 'commit' | 'resync';
  pageCount: number;
  numbers: Uint32Array;
  data: Buffer;
}

export interface LogFileHeader {
  formatVersion: number;
  /** 1…0xffffffff; the name is 8 lower-case hex digits + `.log`. */
  number: number;
  databaseSerial: string;
  serial: string;
  previousSerial: string | null;
  pageSize: number;
  /** Vector before the first record. */
  vector: Vector;
  /** ms since 1970. */
  createdAt: number;
}

/** Where replay starts and ends. */
export interface ReplayRange {
  folder: string;
  databaseSerial: string;
  /** `current_log` of the last backup of the chain, for example `0000000a.log`. */
  firstLog: string;
  /** Records already in the restored pages are skipped by comparing with this vector. */
  after: Vector;
  /** Stop after the last commit at or before this time, ms; null for all. */
  until: number | null;
  /** Stop after the commit with this stamp, or the last one before it; then `until` is not looked at. */
  untilStamp?: Stamp | null;
  /** The very logs to replay, in order; they may lie in several folders. Absent: those of `folder`, from `firstLog` on. */
  logs?: string[] | null;
}
