// Files that travel with a backup: the security files of the instance, and those of an include file. Few and small ones in the header,
// all others as a stream behind the pages.
import path from 'node:path';
import { fileError, readAt } from '../backup/file-access.ts';
import type { FileStreams, OpenedFile } from '../backup/file-section.ts';
import type { HeaderFile } from '../backup/header.ts';
import type { BackupOptions } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { OtherFile } from '../contract/other-files.ts';
import { createSealer } from '../encryption/sealed-file.ts';
import type { MasterKey } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { closeBesideOwners } from '../sqlite/registry.ts';
import { ownFile } from './own-files.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** All of them together; whoever names a whole disk by mistake is told before it is read. */
export const MAX_OTHER_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_OTHER_FILES = 1000;
/** What travels in the header, of which readers take up to 4 MiB: contents in base64, and names. */
const MAX_HEADER_CONTENT = 2.5 * 1024 * 1024;
const MAX_NAMES = 512 * 1024;
const MAX_INCLUDE_BYTES = 256 * 1024;
const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

type Selection = Pick<BackupOptions, 'securityFiles' | 'include'>;

/** What would be taken along. Throws INVALID_INPUT, NOT_FOUND, NO_PERMISSION, OUTSIDE_ROOT, OTHER_FILES_TOO_LARGE. */
export function selectFiles(instance: ProtectedInstance, { securityFiles, include }: Selection): OtherFile[] {
  const { agent, facts } = instance;
  const { files } = agent.deps;
  const named = securityFiles ? facts.securityFiles : [];
  if (securityFiles && named.length === 0)
    throw new HoldfastError('INVALID_INPUT', `${instance.name} names no security files.`, {
      hint: 'Name its certificates, keyrings and configuration in its backup settings first.',
    });
  const listed = include === null ? [] : readInclude(instance, agent.allowed(include));
  const found = new Map<string, OtherFile>();
  for (const [type, paths] of [['nici', named] as const, ['user', listed] as const])
    for (const name of paths)
      for (const file of expand(agent.allowed(name), (one) => agent.allowed(one), files)) {
        // A security file stays encrypted, even where the include file names it as well.
        if (!found.has(file.name)) found.set(file.name, { ...file, type });
        if (found.size > MAX_OTHER_FILES) throw tooMany(name);
      }
  refuseLongNames([...found.keys()]);
  const chosen = [...found.values()];
  for (const { name } of chosen) {
    refuseDatabase(instance, name);
    readStart(name, 1, files);
  }
  const bytes = chosen.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > MAX_OTHER_BYTES) throw tooLarge(chosen, bytes);
  return chosen;
}

export interface FileKeys {
  /** For the security files. */
  security: MasterKey | null;
  /** Of the pages: included files behind them are as secret as they are. */
  included: MasterKey | null;
}

/** What a backup takes of the chosen files: read already, or to be read behind its pages. */
export type PackedFiles = { otherFiles: HeaderFile[]; streams: FileStreams | null };

/** Throws PASSWORD_REQUIRED without a key for security files, NOT_FOUND and NO_PERMISSION for what is gone since it was chosen. */
export function packFiles(instance: ProtectedInstance, chosen: OtherFile[], keys: FileKeys): PackedFiles {
  if (chosen.length === 0) return { otherFiles: [], streams: null };
  const secure = chosen.some(({ type }) => type === 'nici');
  if (secure && !keys.security) throw new HoldfastError('PASSWORD_REQUIRED', 'Security files need a password.');
  const secret = keys.included !== null && chosen.some(({ type }) => type === 'user');
  const inHeader = secret ? null : packIntoHeader(instance, chosen, keys.security);
  if (inHeader) return { otherFiles: inHeader, streams: null };
  const files = chosen.map((file) => ({ ...file, open: () => openToRead(instance, file.name) }));
  const { security, included } = keys;
  return { otherFiles: [], streams: { files, security: secure ? security : null, included: secret ? included : null } };
}

/** Null when they are too long for it. */
function packIntoHeader(instance: ProtectedInstance, chosen: OtherFile[], key: MasterKey | null): HeaderFile[] | null {
  if (chosen.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_HEADER_CONTENT) return null;
  const seal = key && createSealer(key);
  let room = MAX_HEADER_CONTENT;
  const packed: HeaderFile[] = [];
  for (const { name, type } of chosen) {
    const opened = openToRead(instance, name);
    try {
      const content = opened.read(room + 1);
      room -= content.length;
      if (room < 0) return null;
      const stored = type === 'nici' && seal ? seal(name, content) : content;
      const changed = opened.changed();
      packed.push({ name, type, encoding: 'base64', data: stored.toString('base64'), ...(changed ? { changed } : {}) });
    } finally {
      opened.close();
    }
  }
  return packed;
}

/** The file as long as it is now: what is appended meanwhile would have no end. */
function openToRead(instance: ProtectedInstance, name: string): OpenedFile {
  const { files } = instance.agent.deps;
  // It was looked at when it was chosen, and can have become another one.
  refuseDatabase(instance, instance.agent.allowed(name));
  try {
    const fd = files.openSync(name, 'r');
    const before = files.fstatSync(fd, { bigint: true });
    const size = Number(before.size);
    let position = 0;
    return {
      read(limit) {
        try {
          const bytes = readAt(files, fd, position, Math.min(limit, size - position));
          position += bytes.length;
          return bytes;
        } catch (error) {
          throw fileError(error, `Reading ${name}`);
        }
      },
      changed() {
        const now = files.fstatSync(fd, { bigint: true });
        const same = now.size === before.size && now.mtimeNs === before.mtimeNs && now.ctimeNs === before.ctimeNs;
        return !same || position < size;
      },
      close: () => closeBesideOwners(fd, files),
    };
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** The paths of an include file: one line, separated by `;`, as the field's tool reads it. Throws INVALID_INPUT. */
export function parseInclude(text: string, file: string): string[] {
  const line = text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
  const problem = (reason: string) =>
    new HoldfastError('INVALID_INPUT', `${file}: ${reason}`, {
      hint: 'Write full paths on one line, separated by “;”, without spaces around them and without line breaks.',
    });
  if (/[\r\n]/.test(line)) throw problem('there are line breaks in it.');
  const paths = line.split(';').filter((one) => one !== '');
  if (paths.length === 0) throw problem('it names no file.');
  for (const one of paths) {
    if (one !== one.trim()) throw problem(`“${one}” begins or ends with a space.`);
    if (!path.isAbsolute(one)) throw problem(`“${one}” is not a full path.`);
  }
  return [...new Set(paths)];
}

function readInclude(instance: ProtectedInstance, file: string): string[] {
  const { files } = instance.agent.deps;
  if (!files.statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new HoldfastError('NOT_FOUND', `There is no include file ${file}.`);
  refuseDatabase(instance, file);
  if ((files.statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_INCLUDE_BYTES)
    throw new HoldfastError('INVALID_INPUT', `${file} is too long for an include file.`);
  return parseInclude(readStart(file, MAX_INCLUDE_BYTES, files).toString(), file);
}

/** The file itself, or every file below a folder; links are followed only as far as this server may go. */
function expand(start: string, allowed: (file: string) => string, files: Files): { name: string; bytes: number }[] {
  const stat = files.statSync(start, { throwIfNoEntry: false });
  if (!stat) throw new HoldfastError('NOT_FOUND', `${start} does not exist.`);
  if (stat.isFile()) return [{ name: start, bytes: stat.size }];
  if (!stat.isDirectory()) throw new HoldfastError('INVALID_INPUT', `${start} is neither a file nor a folder.`);
  const found: { name: string; bytes: number }[] = [];
  for (const entry of listFolder(start, files)) {
    const real = allowed(path.join(start, entry));
    // A link back up would never end.
    if (start === real || start.startsWith(`${real}${path.sep}`)) continue;
    found.push(...expand(real, allowed, files));
    if (found.length > MAX_OTHER_FILES) throw tooMany(start);
  }
  return found;
}

function listFolder(folder: string, files: Files): string[] {
  try {
    return (files.readdirSync(folder) as string[]).sort();
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** A database that is in use is no file to copy. */
function refuseDatabase({ agent }: ProtectedInstance, file: string): void {
  const { files } = agent.deps;
  const refused = (why: string) =>
    new HoldfastError('INVALID_INPUT', `${file} ${why}.`, {
      hint: 'Leave it out; a database is backed up as one that is protected.',
    });
  const own = ownFile(agent, file);
  if (own) throw refused(own);
  if (!readStart(file, SQLITE_MAGIC.length, files).equals(SQLITE_MAGIC)) return;
  for (const log of [`${file}-wal`, `${file}-journal`])
    if ((files.statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0) throw refused('is a database in use');
}

function readStart(file: string, limit: number, files: Files): Buffer {
  try {
    const fd = files.openSync(file, 'r');
    try {
      return readAt(files, fd, 0, Math.min(files.fstatSync(fd).size, limit));
    } finally {
      files.closeSync(fd);
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM')
    return new HoldfastError('NO_PERMISSION', `${file} cannot be read.`, {
      hint: 'Let the user of the server read it, or leave it out.',
      cause: error,
    });
  if (code === 'ENOENT') return new HoldfastError('NOT_FOUND', `${file} does not exist.`, { cause: error });
  return fileError(error, `Reading ${file}`);
}

const tooMany = (place: string) =>
  new HoldfastError('OTHER_FILES_TOO_LARGE', `${place}: a backup takes at most ${MAX_OTHER_FILES} files along.`);

/** The names stand in the header of every backup that is listed. */
function refuseLongNames(names: string[]): void {
  const escaped = names.reduce(
    (sum, name) => sum + Buffer.byteLength(name) + 5 * (name.match(/[&<>"']/g)?.length ?? 0),
    0,
  );
  if (escaped > MAX_NAMES)
    throw new HoldfastError(
      'OTHER_FILES_TOO_LARGE',
      `The names of the files to take along have ${escaped} bytes in all.`,
    );
}

function tooLarge(chosen: OtherFile[], bytes: number): HoldfastError {
  const largest = chosen.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  return new HoldfastError(
    'OTHER_FILES_TOO_LARGE',
    `The files to take along have ${bytes} bytes; a backup takes ${MAX_OTHER_BYTES}. The largest is ${largest.name} with ${largest.bytes}.`,
    { details: { bytes, limit: MAX_OTHER_BYTES, largest: largest.name } },
  );
}
