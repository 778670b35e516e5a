// What endangers a protected database, from what was observed of it and of those who use it. Pure.
import type { Hazard, HazardReport, Opener, WalPin } from '../contract/logging.ts';
import type { SqliteLibrary } from '../sqlite/library-version.ts';
import { hasWalResetRace } from '../sqlite/library-version.ts';

export interface SeenOpener {
  pid: number;
  program: string;
  libraries: SqliteLibrary[];
}

export interface HazardObservations {
  journal: 'wal' | 'rollback' | null;
  pageSize: number;
  autoVacuum: number | null;
  encoding: string | null;
  /** Of our own connections. */
  synchronous: number | null;
  /** Other processes that have the file open. */
  openers: SeenOpener[];
  /** Who holds the file exclusively, if anybody does. */
  exclusive: { pid: number; program: string } | null;
  fileSystem: string | null;
  network: boolean;
  /** Of the volume of the database. */
  freeBytes: number;
  totalBytes: number;
  logging: boolean;
  logsBesideDatabase: boolean;
  pins: WalPin[];
  foreign: { count: number; waited: number; since: number };
  /** Our own SQLite. */
  ownVersion: string;
}

const MIB = 1024 * 1024;
/** The application's disk: below the first, capture lets the WAL go. */
const DISK_CRITICAL_BYTES = 256 * MIB;
const DISK_WARNING_SHARE = 0.05;
const DISK_WARNING_BYTES = 2048 * MIB;

/** Worst first. */
export function findHazards(seen: HazardObservations): Hazard[] {
  const found: Hazard[] = [];
  const add = (code: Hazard['code'], level: Hazard['level'], message: string, action: string) =>
    found.push({ code, level, message, action });

  if (seen.network && seen.journal === 'wal')
    add(
      'NETWORK_FILE_SYSTEM',
      'critical',
      `The database uses WAL on a network file system (${seen.fileSystem}); its shared memory does not work there.`,
      'Move the database to a local disk.',
    );
  else if (seen.network)
    add(
      'NETWORK_FILE_SYSTEM',
      'warning',
      `The database lies on a network file system (${seen.fileSystem}); its locks may not hold.`,
      'Move the database to a local disk.',
    );
  if (seen.exclusive)
    add(
      'EXCLUSIVE_LOCKING',
      'warning',
      `${seen.exclusive.program} (process ${seen.exclusive.pid}) holds the file exclusively.`,
      'Set locking_mode=NORMAL in that program; until then nobody else can read or back up the database.',
    );
  addOpeners(seen, add);
  if (seen.journal === 'rollback')
    add(
      'ROLLBACK_JOURNAL',
      'warning',
      'The database uses a rollback journal: writers wait while it is backed up, and commits cannot be logged.',
      'Switch it to WAL with: PRAGMA journal_mode=WAL',
    );
  addDisk(seen, add);
  for (const pin of seen.pins.filter(({ level }) => level === 'warning'))
    add(
      'WAL_PINNED',
      'warning',
      pinSentence(pin),
      pin.kind === 'writer'
        ? 'Let that program end its write transaction; other writers wait for it.'
        : 'Let that program end its read transaction; until then the WAL can only grow.',
    );
  if (seen.foreign.count > 0)
    add(
      'FOREIGN_CHECKPOINT',
      seen.foreign.waited > 0 ? 'warning' : 'info',
      foreignSentence(seen.foreign),
      'Set wal_autocheckpoint=0 in those programs to leave checkpoints to Holdfast, and let them never run TRUNCATE, RESTART or FULL: those wait for its reader, and keep every writer waiting with them.',
    );
  if (seen.autoVacuum === 1 || seen.autoVacuum === 2)
    add(
      'AUTO_VACUUM',
      'info',
      `auto_vacuum is ${seen.autoVacuum === 1 ? 'full' : 'incremental'}: pages move when rows are deleted, so logs and incremental backups grow more than the data changes.`,
      'Leave it if file size matters more than backup size.',
    );
  if (seen.pageSize < 4096)
    add(
      'PAGE_SIZE',
      'info',
      `Pages are ${seen.pageSize} bytes: each commit carries much overhead in the WAL and the logs.`,
      'Consider 4096 with: PRAGMA page_size=4096; VACUUM (outside WAL mode).',
    );
  if (seen.synchronous === 0)
    add(
      'SYNCHRONOUS',
      'info',
      'Our connections run with synchronous=OFF.',
      'Set it in the build of the SQLite library that is used.',
    );
  const order = ['critical', 'warning', 'info'];
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

type Add = (code: Hazard['code'], level: Hazard['level'], message: string, action: string) => void;

function addOpeners({ openers, journal }: HazardObservations, add: Add): void {
  const racing = openers.filter(({ libraries }) => libraries.some(hasWalResetRace));
  if (racing.length > 0 && journal !== 'rollback')
    add(
      'WAL_RESET_RACE',
      'warning',
      `${names(racing)} ${racing.length === 1 ? 'uses' : 'use'} SQLite ${versionsOf(racing).join(', ')}; before 3.51.3 a commit that meets a checkpoint of another program can be lost.`,
      'Update SQLite in that program to 3.51.3 or newer. Until then, set wal_autocheckpoint=0 in it.',
    );
  const unknown = openers.filter(({ libraries }) => libraries.length === 0);
  if (unknown.length > 0)
    add(
      'SQLITE_VERSION_UNKNOWN',
      'info',
      `It cannot be told which SQLite ${names(unknown)} ${unknown.length === 1 ? 'uses' : 'use'}.`,
      'Make sure that it is 3.51.3 or newer.',
    );
  const double = openers.filter(({ libraries }) => libraries.length > 1);
  if (double.length > 0)
    add(
      'DOUBLE_LIBRARY',
      'warning',
      `${names(double)} ${double.length === 1 ? 'has' : 'have'} more than one SQLite loaded (${versionsOf(double).join(', ')}); if two of them open this file in one process, each drops the locks of the other.`,
      'Make sure that only one of them opens this database.',
    );
}

function addDisk(seen: HazardObservations, add: Add): void {
  const { freeBytes, totalBytes } = seen;
  const low = freeBytes < DISK_WARNING_BYTES && freeBytes < totalBytes * DISK_WARNING_SHARE;
  if (freeBytes < DISK_CRITICAL_BYTES || low)
    add(
      'LOW_DISK',
      freeBytes < DISK_CRITICAL_BYTES ? 'critical' : 'warning',
      `${Math.floor(freeBytes / MIB)} MiB are free on the volume of the database.`,
      'Free space on it, or move the logs and backups to another volume.',
    );
  if (seen.logging && seen.logsBesideDatabase)
    add(
      'LOGS_BESIDE_DATABASE',
      'info',
      'The roll-forward logs lie on the same volume as the database: one failed disk takes both.',
      'Move the logs to another disk, and take a full backup after it.',
    );
}

function foreignSentence({ count, waited, since }: HazardObservations['foreign']): string {
  const times = `${count} ${count === 1 ? 'checkpoint' : 'checkpoints'} of other programs seen since ${new Date(since).toISOString()}`;
  return waited > 0 ? `${times}, ${waited} of them waiting for readers.` : `${times}; nothing is lost by it.`;
}

/** Also the text of the message that stands while the pin does, so nothing in it moves. */
export function pinSentence(pin: Pick<WalPin, 'pid' | 'program' | 'kind'>): string {
  const who = `${pin.program} (process ${pin.pid})`;
  return pin.kind === 'writer'
    ? `${who} keeps a write transaction open.`
    : `${who} keeps the WAL from being released by a read transaction.`;
}

export function describeOpeners(openers: SeenOpener[]): Opener[] {
  return openers.map(({ pid, program, libraries }) => ({ pid, program, sqliteVersions: libraries.map(versionOf) }));
}

/** What was looked at and is worth knowing, hazard or not. */
export function factsOf(seen: HazardObservations): HazardReport['facts'] {
  const synchronous = seen.synchronous === null ? null : (['OFF', 'NORMAL', 'FULL', 'EXTRA'][seen.synchronous] ?? null);
  const vacuum = seen.autoVacuum === null ? null : (['none', 'full', 'incremental'][seen.autoVacuum] ?? null);
  const facts: [string, string | null][] = [
    ['Journal mode', seen.journal === 'wal' ? 'WAL' : seen.journal && 'rollback journal'],
    ['Page size', `${seen.pageSize} bytes`],
    ['Encoding', seen.encoding],
    ['auto_vacuum', vacuum],
    ['synchronous of our connections', synchronous && `${synchronous}; that of other programs cannot be seen`],
    ['File system', seen.fileSystem],
    ['Our SQLite', seen.ownVersion],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]));
}

const versionOf = ({ version, madeOn }: SqliteLibrary) => version ?? `of ${madeOn}`;
const versionsOf = (openers: SeenOpener[]) => [...new Set(openers.flatMap((one) => one.libraries.map(versionOf)))];

function names(openers: SeenOpener[]): string {
  const [first, second, ...more] = openers.map(({ pid, program }) => `${program} (process ${pid})`);
  if (!second) return first ?? '';
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
}
