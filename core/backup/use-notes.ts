// Notes beside backups: who reads or removes them now. They bind every process that sees the folder, with an engine or without one, and
// outlast none: a note whose process has ended does not count.
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { type Files, writeFileDurably } from '../platform/files.ts';
import { isAlive, thisProcess } from '../platform/process-lock.ts';
import { readAt } from './file-access.ts';
import { openGuarded } from './guarded-open.ts';

type Kind = 'reading' | 'removing';

const HEARTBEAT_MS = 30_000;
/** For a process that cannot be looked for from here: another machine, another boot, another container. */
const SILENT_MS = 15 * 60_000;
const MAX_NOTE_BYTES = 1024 * 1024;
const NAME = /^\.holdfast-(reading|removing)-[0-9a-f]{16}\.json$/;

const noteSchema = z.object({
  pid: z.number().int(),
  started: z.string().nullable(),
  boot: z.string().nullable(),
  namespace: z.string().nullable(),
  host: z.string(),
  /** What the process does, as in "is read now by …". */
  what: z.string(),
  /** Names in this folder; null for whatever lies in it. */
  names: z.array(z.string()).nullable(),
  /** Grows with each heartbeat; what counts is when it was written. */
  beat: z.number().int(),
});
type Note = z.infer<typeof noteSchema>;

export interface FoundNote {
  file: string;
  kind: Kind;
  /** Null when it cannot be read: it counts for everything. */
  note: Note | null;
  /** When the file was written last, by the clock of whoever keeps the folder; ms since 1970. */
  writtenAt: number;
}

/** Notes that work of this process stands behind: one that is left over from work that has ended binds nobody. */
const own = new Set<string>();
const me = thisProcess();

export interface HeldNotes {
  /** Folders in which no note could be left, with why. */
  failed: { folder: string; error: unknown }[];
  /** The notes, one a folder. */
  files: string[];
  /** Removes them. */
  release(): void;
}

/**
 * Leaves a note in each folder, durably, and keeps it fresh until `release`. Where none can be left (a medium that is read-only, a full
 * disk) the others stand all the same. `what` goes into messages of whoever is refused.
 */
export function leaveNotes(kind: Kind, what: string, places: Map<string, string[] | null>, files: Files): HeldNotes {
  const held: { file: string; note: Note }[] = [];
  const failed: HeldNotes['failed'] = [];
  for (const [folder, names] of places) {
    if (!files.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
    const file = path.join(folder, `.holdfast-${kind}-${randomBytes(8).toString('hex')}.json`);
    const note: Note = { ...me, host: os.hostname(), what, names, beat: 0 };
    own.add(file);
    try {
      write(file, note, files);
      held.push({ file, note });
    } catch (error) {
      failed.push({ folder, error });
      drop(file, files);
    }
  }
  const timer = setInterval(() => {
    for (const { file, note } of held) {
      note.beat++;
      try {
        write(file, note, files);
      } catch {
        // The one before still stands, and the next may succeed.
      }
    }
  }, HEARTBEAT_MS);
  timer.unref();
  return {
    failed,
    files: held.map(({ file }) => file),
    release() {
      clearInterval(timer);
      for (const { file } of held) drop(file, files);
    },
  };
}

/** Others than their owner read them, too: the folder says who may. */
const write = (file: string, note: Note, files: Files): void =>
  writeFileDurably(files, file, `${JSON.stringify(note)}\n`, 0o644);

function drop(file: string, files: Files): void {
  own.delete(file);
  for (const one of [file, `${file}.new`]) removeIfPossible(one, files);
}

/** What is left behind binds nobody any more, and the next one to look removes it. */
function removeIfPossible(file: string, files: Files): void {
  try {
    files.rmSync(file, { force: true });
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
  }
}

/**
 * The notes of one kind in `folder` that bind: their process lives, or may live where it cannot be looked for and was heard of within a quarter
 * of an hour before `now`. Those of processes that have ended are removed. `now` is by the clock of whoever keeps the folder.
 */
export function bindingNotes(kind: Kind, folder: string, now: number, files: Files): FoundNote[] {
  const found: FoundNote[] = [];
  for (const name of namesIn(folder, files)) {
    if (NAME.exec(name)?.[1] !== kind) continue;
    const one = readNote(path.join(folder, name), kind, files);
    if (!one) continue;
    if (binds(one, now)) found.push(one);
    else removeIfPossible(one.file, files);
  }
  return found;
}

function binds({ file, note, writtenAt }: FoundNote, now: number): boolean {
  if (own.has(file)) return true;
  if (!note) return true;
  const { host, boot, namespace, pid, started } = note;
  // A boot has an id of its own; a machine can change its name while it runs.
  const sameBoot = boot === me.boot && (boot !== null || host === os.hostname());
  const elsewhere = !sameBoot || namespace !== me.namespace;
  if (elsewhere) return now - writtenAt < SILENT_MS;
  // Ours, but of work that has ended.
  if (pid === me.pid && started === me.started) return false;
  return isAlive({ pid, started });
}

/** True when the note is about the file with this name in its folder. */
export const isAbout = ({ note }: FoundNote, name: string): boolean => !note?.names || note.names.includes(name);

/** For a sentence: `a restore (process 4711 on db1)`. */
export const whoOf = ({ file, note }: FoundNote): string =>
  note ? `${note.what} (process ${note.pid} on ${note.host})` : `whoever has left ${file}, which cannot be read`;

function namesIn(folder: string, files: Files): string[] {
  try {
    return files.readdirSync(folder) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Null when it has gone meanwhile. */
function readNote(file: string, kind: Kind, files: Files): FoundNote | null {
  let fd = -1;
  try {
    fd = openGuarded(file, files);
    const { size, mtimeMs } = files.fstatSync(fd);
    const text = readAt(files, fd, 0, Math.min(size, MAX_NOTE_BYTES)).toString();
    return { file, kind, note: parse(text), writtenAt: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const writtenAt = files.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    return writtenAt === undefined ? null : { file, kind, note: null, writtenAt };
  } finally {
    if (fd >= 0) files.closeSync(fd);
  }
}

function parse(text: string): Note | null {
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Now, by the clock that dates the files of the folder of `note`: when that was written just before, or by its last heartbeat. */
export const folderTime = (note: string, files: Files): number => files.statSync(note).mtimeMs;
