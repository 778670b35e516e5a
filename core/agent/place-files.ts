// Other files of a backup go back: to where they were, each replaced one kept as a copy beside it, or all into one folder. All of them are
// written beside their places first, so that a full disk or a damaged backup replaces none.
import path from 'node:path';
import { type LogEntryWriter, startRestoreEntry } from '../backup/backup-log.ts';
import { fileError, flushInBackground, readAt, writeAt } from '../backup/file-access.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { OtherFile, PlacedFile, PlaceFiles } from '../contract/other-files.ts';
import { ensureFolder, type Files, fsyncFolder } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { closeBesideOwners } from '../sqlite/registry.ts';
import type { Agent } from './agent.ts';
import { type HeldFile, openHeldFiles } from './held-files.ts';
import { ownFile } from './own-files.ts';

const PIECE_BYTES = 1024 * 1024;
/** Ends the name of a file that is not in its place yet. */
const STAGED = '.holdfast-new';

interface TargetedFile extends HeldFile {
  target: string;
}

interface StagedFile extends TargetedFile {
  temporary: string;
  /** What stands there now has the same content. */
  same: boolean;
}

/** Targets that are being written now; a second call would write into the same temporary file. */
const busy = new Set<string>();

/** What would be restored, everything proved that can be without writing. Throws as `placeFiles`. */
export async function checkFiles(agent: Agent, request: PlaceFiles): Promise<OtherFile[]> {
  const opened = await openFiles(agent, request);
  return opened.map(({ name, type, bytes }) => ({ name, type, bytes }));
}

/**
 * Restores them with an entry of its own in the backup log. Every password, path and file is proved before the first is written, and all
 * are written before the first is replaced. Throws PASSWORD_REQUIRED, WRONG_PASSWORD, NOT_FOUND, OUTSIDE_ROOT, DATABASE_IN_USE, NO_SPACE.
 */
export async function placeFiles(agent: Agent, request: PlaceFiles, log: string): Promise<PlacedFile[]> {
  const { files, clock } = agent.deps;
  const opened = await openFiles(agent, request);
  const began = clock.monotonic();
  const entry = startRestoreEntry(agent.allowed(log), { startedAt: clock.now(), restoreFile: request.file }, files);
  const release = holdTargets(opened);
  try {
    const placed = await placeAll(agent, opened, entry);
    entry.succeeded(clock.monotonic() - began);
    return placed;
  } catch (error) {
    entry.failed(toErrorReport(error).code, clock.monotonic() - began);
    throw error;
  } finally {
    release();
  }
}

async function openFiles(agent: Agent, request: PlaceFiles): Promise<TargetedFile[]> {
  const folder = request.folder === null ? null : agent.allowed(request.folder);
  const taken = new Set<string>();
  const opened: TargetedFile[] = [];
  for (const held of await openHeldFiles(agent, request)) {
    const target = folder === null ? agent.allowed(held.name) : freeName(path.join(folder, baseOf(held.name)), taken);
    taken.add(target);
    refuseTarget(agent, target);
    // Damage must show before a database is restored that these files belong to.
    for await (const piece of held.content()) releaseBuffer(piece);
    opened.push({ ...held, target });
  }
  return opened;
}

/** Also of a name that was written on Windows. */
const baseOf = (name: string) => name.split(/[\\/]/).at(-1) || 'file';

/** Two files of different folders may have one name. */
function freeName(wanted: string, taken: Set<string>): string {
  const { dir, name, ext } = path.parse(wanted);
  for (let n = 1, file = wanted; ; file = path.join(dir, `${name}-${++n}${ext}`)) if (!taken.has(file)) return file;
}

/** A header can be forged, and names of included files are taken from it. */
function refuseTarget(agent: Agent, target: string): void {
  const own = ownFile(agent, target);
  if (own) throw new HoldfastError('DATABASE_IN_USE', `${target} ${own}; nothing is restored over it.`);
  const stat = agent.deps.files.statSync(target, { throwIfNoEntry: false });
  if (stat && !stat.isFile()) throw new HoldfastError('TARGET_EXISTS', `${target} is not a regular file.`);
}

function holdTargets(opened: TargetedFile[]): () => void {
  const targets = opened.map(({ target }) => target);
  const taken = targets.find((target) => busy.has(target));
  if (taken) throw new HoldfastError('RESTORE_ACTIVE', `${taken} is being restored already.`);
  for (const target of targets) busy.add(target);
  return () => {
    for (const target of targets) busy.delete(target);
  };
}

async function placeAll(agent: Agent, opened: TargetedFile[], entry: LogEntryWriter): Promise<PlacedFile[]> {
  const { files, clock } = agent.deps;
  checkRoom(opened, files);
  const staged: StagedFile[] = [];
  try {
    for (const file of opened) {
      const temporary = file.target + STAGED;
      staged.push({ ...file, temporary, same: false });
      await stage(file, temporary, files);
    }
    for (const file of staged) {
      // The world has moved on while they were written.
      refuseTarget(agent, file.target);
      file.same = await isSame(file, files);
    }
    return staged.map((file) => {
      // And while they were compared.
      refuseTarget(agent, file.target);
      return place(file, entry, clock.now(), files);
    });
  } finally {
    for (const { temporary } of staged) files.rmSync(temporary, { force: true });
  }
}

/** Every file must have room beside the one that it replaces, which stays. */
function checkRoom(opened: TargetedFile[], files: Files): void {
  const disks = new Map<number, { folder: string; needed: number }>();
  for (const { target, bytes } of opened) {
    let folder = path.dirname(target);
    while (!files.existsSync(folder)) folder = path.dirname(folder);
    const { dev } = files.statSync(folder);
    const disk = disks.get(dev) ?? { folder, needed: 0 };
    disk.needed += bytes;
    disks.set(dev, disk);
  }
  for (const { folder, needed } of disks.values()) {
    const { bavail, bsize } = files.statfsSync(folder);
    if (bavail * bsize >= needed) continue;
    throw new HoldfastError('NO_SPACE', `${folder} has ${bavail * bsize} bytes free; the files need ${needed} there.`, {
      details: { folder, needed },
    });
  }
}

/** Writes the content durably under a name that nobody uses, with the rights of the file that it will replace. */
async function stage(file: TargetedFile, temporary: string, files: Files): Promise<void> {
  const { target } = file;
  try {
    ensureFolder(files, path.dirname(target));
    const mode = files.statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600;
    // What a crash has left behind can have other rights.
    files.rmSync(temporary, { force: true });
    const fd = files.openSync(temporary, 'wx', mode & 0o777);
    try {
      let position = 0;
      for await (const piece of file.content()) {
        writeAt(files, fd, position, piece);
        position += piece.length;
        // Its length is gone with it.
        releaseBuffer(piece);
      }
      await flushInBackground(files, fd);
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, `Restoring ${target}`);
  }
}

async function isSame({ target, temporary }: StagedFile, files: Files): Promise<boolean> {
  const there = files.statSync(target, { throwIfNoEntry: false });
  if (there?.size !== files.statSync(temporary).size) return false;
  const [one, other] = [target, temporary].map((file) => files.openSync(file, 'r')) as [number, number];
  try {
    for (let position = 0; position < there.size; position += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, there.size - position);
      if (!readAt(files, one, position, length).equals(readAt(files, other, position, length))) return false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  } finally {
    closeBesideOwners(one, files);
    files.closeSync(other);
  }
}

function place(file: StagedFile, entry: LogEntryWriter, now: number, files: Files): PlacedFile {
  const { target, temporary, name, type, changed } = file;
  let kept: string | null = null;
  try {
    if (!file.same) {
      if (files.existsSync(target)) kept = keep(target, now, files);
      files.renameSync(temporary, target);
      fsyncFolder(files, path.dirname(target));
    }
  } catch (error) {
    throw fileError(error, `Restoring ${target}`);
  }
  const torn = changed ? '; it was written to while it was backed up' : '';
  entry.line(`Restoring file ${target}${kept ? `; the old one is kept as ${kept}` : ''}${torn}`);
  return { name, type, path: target, kept, ...(changed ? { changed } : {}) };
}

/** The old file itself under a second name; the new one takes the first from it. */
function keep(target: string, now: number, files: Files): string {
  const name = copyName(target, now, files);
  try {
    files.linkSync(target, name);
  } catch (error) {
    // Not every file system has links, and not every file may be linked.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    copy(target, name, files);
  }
  return name;
}

function copy(from: string, to: string, files: Files): void {
  const temporary = to + STAGED;
  const source = files.openSync(from, 'r');
  try {
    const { mode, size } = files.fstatSync(source);
    const fd = files.openSync(temporary, 'w', mode & 0o777);
    try {
      for (let position = 0; position < size; position += PIECE_BYTES)
        writeAt(files, fd, position, readAt(files, source, position, Math.min(PIECE_BYTES, size - position)));
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
    files.renameSync(temporary, to);
  } catch (error) {
    files.rmSync(temporary, { force: true });
    throw error;
  } finally {
    files.closeSync(source);
  }
}

/** `key.pem.before-20261120T104530Z`, and the next free name when there are several in a second. */
function copyName(file: string, now: number, files: Files): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const base = `${file}.before-${stamp}Z`;
  for (let n = 1, name = base; ; name = `${base}-${++n}`) if (!files.existsSync(name)) return name;
}
