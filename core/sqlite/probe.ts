// Looks at a file before it is protected: what it is, and why it cannot be. Opens it only when nobody in this process owns it.
import { constants } from 'node:fs';
import path from 'node:path';
import type { Warning } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Probe } from '../contract/instance.ts';
import type { Files } from '../platform/files.ts';
import { type DatabaseHeader, HEADER_BYTES, parseHeader, readAt } from './header.ts';
import { holdsExclusive, locksOn, processName } from './lock-table.ts';
import { isNetworkFileSystem, type Mount, mountOf, readMounts } from './mounts.ts';
import { ownerOf } from './registry.ts';
import type { OwnerContext } from './types.ts';

const SAMPLE_BYTES = 4096;
/** An application's own commit holds the file exclusively for a moment; one that never lets go is in exclusive mode. */
const EXCLUSIVE_LOOKS = 8;
const EXCLUSIVE_PAUSE_MS = 60;
const ARCHIVE_MAGICS = [
  '504b0304',
  '1f8b',
  '28b52ffd',
  'fd377a58',
  '425a68',
  '377abcaf',
  '89504e47',
  'ffd8ff',
  '25504446',
];

/** Never throws for a file that cannot be protected: `refusal` says why. `mounts` can be given by tests. */
export function probeDatabase(
  file: string,
  allowedRoots: string[],
  context: OwnerContext,
  mounts: () => Mount[] = () => readMounts(context.files),
): Probe {
  const probe: Probe = {
    path: file,
    realPath: null,
    size: 0,
    pageSize: null,
    pageCount: null,
    journal: null,
    fileSystem: null,
    freeBytes: null,
    refusal: null,
    warnings: [],
  };
  try {
    inspect(probe, allowedRoots, context.files, mounts);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    probe.refusal = error.report();
  }
  return probe;
}

function inspect(probe: Probe, allowedRoots: string[], files: Files, mounts: () => Mount[]): void {
  const real = realPath(probe.path, files);
  const roots = allowedRoots.map((root) => realPathOrNull(root, files)).filter((root) => root !== null);
  if (!roots.some((root) => isInside(real, root))) {
    const details = { realPath: real, roots };
    if (real === path.resolve(probe.path))
      throw new HoldfastError('OUTSIDE_ROOT', `${real} lies outside the folders that this server may use.`, {
        details,
      });
    throw new HoldfastError(
      'OUTSIDE_ROOT',
      `${probe.path} leads to ${real}, outside the folders that this server may use.`,
      {
        details,
        hint: 'Give the path of the database itself, without the symbolic link.',
      },
    );
  }
  probe.realPath = real;
  const stat = files.statSync(real);
  if (!stat.isFile()) throw new HoldfastError('NOT_SQLITE', `${probe.path} is not a file.`);
  probe.size = stat.size;
  const free = files.statfsSync(path.dirname(real));
  probe.freeBytes = free.bavail * free.bsize;
  const mount = mountOf(real, mounts());
  probe.fileSystem = mount?.type ?? null;
  assertAccess(real, files);

  const owner = ownerOf(stat.dev, stat.ino);
  if (owner) {
    const info = owner.info();
    probe.pageSize = info.pageSize;
    probe.pageCount = info.pageCount;
    probe.journal = info.journal;
    return;
  }
  const sample = readSample(real, files);
  const header = parseHeader(sample);
  if (!header) throw notDatabase(probe.path, sample, stat.size);
  probe.pageSize = header.pageSize;
  probe.pageCount = header.pageCountValid ? header.pageCount : Math.floor(stat.size / header.pageSize);
  probe.journal = header.readVersion === 2 ? 'wal' : 'rollback';
  assertComplete(probe.path, real, header, stat.size, files);
  assertNotExclusive(probe.path, stat.ino, files);
  const network = mount !== null && isNetworkFileSystem(mount.type);
  if (network && probe.journal === 'wal') {
    throw new HoldfastError(
      'NETWORK_FILE_SYSTEM',
      `${probe.path} uses WAL and lies on ${mount.folder} (${mount.type}).`,
    );
  }
  probe.warnings.push(...warningsFor(real, header, network, files));
}

function warningsFor(real: string, header: DatabaseHeader, network: boolean, files: Files): Warning[] {
  const warnings: Warning[] = [];
  if (network) {
    warnings.push({
      name: 'NETWORK_FILE_SYSTEM',
      message: 'The file lies on a network file system; its locks may not hold.',
    });
  }
  if (header.readVersion !== 2) {
    warnings.push({
      name: 'JOURNAL_MODE',
      message: 'The database uses a rollback journal: backups block its writers, and continuous logging needs WAL.',
    });
    if (files.existsSync(`${real}-journal`)) {
      warnings.push({
        name: 'HOT_JOURNAL',
        message: 'A journal lies beside the file: a transaction runs or was cut off.',
      });
    }
  }
  if (header.writeVersion > 2) warnings.push({ name: 'DATABASE_FENCED', message: 'The database is durably fenced.' });
  return warnings;
}

function realPath(file: string, files: Files): string {
  try {
    return files.realpathSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new HoldfastError('NOT_FOUND', `There is no file ${file}.`);
    if (code === 'EACCES') throw new HoldfastError('NO_PERMISSION', `The folder of ${file} cannot be read.`);
    throw error;
  }
}

function realPathOrNull(folder: string, files: Files): string | null {
  try {
    return files.realpathSync(folder);
  } catch {
    return null;
  }
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative);
}

function assertAccess(real: string, files: Files): void {
  for (const target of [real, path.dirname(real)]) {
    try {
      files.accessSync(target, constants.R_OK | constants.W_OK);
    } catch {
      throw new HoldfastError('NO_PERMISSION', `This user cannot read and write ${target}.`);
    }
  }
}

function readSample(real: string, files: Files): Buffer {
  const fd = files.openSync(real, 'r');
  try {
    return readAt(files, fd, SAMPLE_BYTES, 0);
  } finally {
    files.closeSync(fd);
  }
}

function notDatabase(file: string, sample: Buffer, size: number): HoldfastError {
  if (size === 0) return new HoldfastError('NOT_SQLITE', `${file} is empty.`);
  if (looksEncrypted(sample, size)) {
    return new HoldfastError('ENCRYPTED_DATABASE', `${file} has no SQLite header and looks encrypted.`);
  }
  return new HoldfastError('NOT_SQLITE', `${file} does not begin like a SQLite database.`);
}

/** Evenly distributed bytes, a whole number of 512-byte pages, and no known archive or image format. */
export function looksEncrypted(sample: Buffer, size: number): boolean {
  if (sample.length < 512 || size % 512 !== 0) return false;
  const start = sample.subarray(0, 8).toString('hex');
  if (ARCHIVE_MAGICS.some((magic) => start.startsWith(magic))) return false;
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1;
  let entropy = 0;
  for (const count of counts) {
    if (count > 0) entropy -= (count / sample.length) * Math.log2(count / sample.length);
  }
  // 512 random bytes reach about 7.6 bits a byte, 4096 about 7.95; text stays below 6.
  return entropy > (sample.length >= 4096 ? 7.8 : 7.3);
}

/** In WAL mode pages may still be in the log only; then the file may be shorter than its header says. */
function assertComplete(file: string, real: string, header: DatabaseHeader, size: number, files: Files): void {
  const expected = header.pageSize * header.pageCount;
  const walHasData = header.readVersion === 2 && fileSize(`${real}-wal`, files) > 32;
  if (size < HEADER_BYTES || (header.pageCountValid && size < expected && !walHasData)) {
    throw new HoldfastError('TRUNCATED_DATABASE', `${file} has ${size} bytes, its header says ${expected}.`, {
      details: { size, expected },
    });
  }
}

function fileSize(file: string, files: Files): number {
  try {
    return files.statSync(file).size;
  } catch {
    return 0;
  }
}

function assertNotExclusive(file: string, inode: number, files: Files): void {
  for (let look = 1; ; look++) {
    const lock = holdsExclusive(locksOn(files, inode, 0));
    if (!lock) return;
    if (look === EXCLUSIVE_LOOKS) {
      const name = processName(files, lock.pid);
      throw new HoldfastError('EXCLUSIVE_LOCKING', `${name} (process ${lock.pid}) holds ${file} exclusively.`, {
        details: { pid: lock.pid, name },
      });
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXCLUSIVE_PAUSE_MS);
  }
}
