// Other files of a backup go back: to where they were, each replaced one kept as a copy beside it, or all into one folder.
import path from 'node:path';
import { type LogEntryWriter, startRestoreEntry } from '../backup/backup-log.ts';
import { readAt } from '../backup/file-access.ts';
import type { HeaderFile } from '../backup/header.ts';
import { readPart } from '../backup/part-header.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { OtherFile, PlacedFile, PlaceFiles } from '../contract/other-files.ts';
import { createOpener } from '../encryption/sealed-file.ts';
import { ensureFolder, type Files, writeFileDurably } from '../platform/files.ts';
import type { Agent } from './agent.ts';
import { keysOf } from './encryption-settings.ts';
import { ownFile } from './own-files.ts';

interface OpenedFile {
  name: string;
  type: 'user' | 'nici';
  content: Buffer;
  target: string;
}

/** What would be restored, everything proved that can be without writing. Throws as `placeFiles`. */
export async function checkFiles(agent: Agent, request: PlaceFiles): Promise<OtherFile[]> {
  const opened = await openFiles(agent, request);
  return opened.map(({ name, type, content }) => ({ name, type, bytes: content.length }));
}

/**
 * Restores them with an entry of its own in the backup log. Every password, path and file is proved before the first is written. Throws
 * PASSWORD_REQUIRED, WRONG_PASSWORD, NOT_FOUND, OUTSIDE_ROOT, DATABASE_IN_USE.
 */
export async function placeFiles(agent: Agent, request: PlaceFiles, log: string): Promise<PlacedFile[]> {
  const { files, clock } = agent.deps;
  const opened = await openFiles(agent, request);
  const began = clock.monotonic();
  const entry = startRestoreEntry(agent.allowed(log), { startedAt: clock.now(), restoreFile: request.file }, files);
  try {
    const placed = opened.map((file) => place(file, entry, clock.now(), files));
    entry.succeeded(clock.monotonic() - began);
    return placed;
  } catch (error) {
    entry.failed(toErrorReport(error).code, clock.monotonic() - began);
    throw error;
  }
}

async function openFiles(agent: Agent, request: PlaceFiles): Promise<OpenedFile[]> {
  const { files } = agent.deps;
  const { header } = readPart(agent.allowed(request.file), files);
  const folder = request.folder === null ? null : agent.allowed(request.folder);
  const wanted = header.files.filter(({ type }) => (type === 'nici' ? request.security : request.included));
  for (const [asked, type, what] of [
    [request.security, 'nici', 'security files'],
    [request.included, 'user', 'included files'],
  ] as const)
    if (asked && !header.files.some((file) => file.type === type))
      throw new HoldfastError('NOT_FOUND', `${request.file} holds no ${what}.`, {
        hint: 'Its header lists what it holds: holdfast header FILE.',
      });
  const keys = keysOf(agent, request.secrets.security, homesOf(agent));
  const open = createOpener(keys);
  const taken = new Set<string>();
  const opened: OpenedFile[] = [];
  for (const file of wanted) {
    const target = folder === null ? agent.allowed(file.name) : freeName(path.join(folder, baseOf(file.name)), taken);
    taken.add(target);
    const content = file.type === 'nici' ? await open(file.name, decoded(file)) : decoded(file);
    refuseTarget(agent, target);
    opened.push({ name: file.name, type: file.type, content, target });
  }
  return opened;
}

const homesOf = (agent: Agent): string[] => [...agent.instances.values()].map(({ home }) => home);

function decoded({ name, encoding, data }: HeaderFile): Buffer {
  const text = data.trim();
  if (encoding !== 'base64' || !/^[A-Za-z0-9+/\s]*={0,2}$/.test(text))
    throw new HoldfastError('BACKUP_DAMAGED', `The file ${name} is not written in base64 in the header.`);
  return Buffer.from(text, 'base64');
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

function place(file: OpenedFile, entry: LogEntryWriter, now: number, files: Files): PlacedFile {
  const { target, content, name, type } = file;
  ensureFolder(files, path.dirname(target));
  const before = currentContent(target, files);
  const same = before?.content.equals(content) ?? false;
  let kept: string | null = null;
  if (before && !same) {
    kept = copyName(target, now, files);
    write(kept, before.content, before.mode, files);
  }
  if (!same) write(target, content, before?.mode ?? 0o600, files);
  entry.line(`Restoring file ${target}${kept ? `; the old one is kept as ${kept}` : ''}`);
  return { name, type, path: target, kept };
}

/** Temporary name, fsync, rename, and the rights that the replaced file had. */
function write(file: string, content: Buffer, mode: number, files: Files): void {
  writeFileDurably(files, file, content, mode & 0o777);
}

function currentContent(file: string, files: Files): { content: Buffer; mode: number } | null {
  const stat = files.statSync(file, { throwIfNoEntry: false });
  if (!stat) return null;
  const fd = files.openSync(file, 'r');
  try {
    return { content: readAt(files, fd, 0, files.fstatSync(fd).size), mode: stat.mode };
  } finally {
    files.closeSync(fd);
  }
}

/** `key.pem.before-20261120T104530Z`, and the next free name when there are several in a second. */
function copyName(file: string, now: number, files: Files): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const base = `${file}.before-${stamp}Z`;
  for (let n = 1, name = base; ; name = `${base}-${++n}`) if (!files.existsSync(name)) return name;
}
