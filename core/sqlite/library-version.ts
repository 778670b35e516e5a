// Which SQLite a running program has inside: from the files that it has mapped as code. Reads programs and libraries, never data.
import type { Files } from '../platform/files.ts';
import { readAt } from './header.ts';
import { readProcFile } from './mounts.ts';
import { assertNotOwned } from './registry.ts';

/** A file with an SQLite engine in it. */
export interface SqliteLibrary {
  file: string;
  /** For example `3.40.1`; null where the text cannot be told from others. */
  version: string | null;
  /** `2022-12-28`, when this SQLite was made. */
  madeOn: string;
}

const CHUNK_BYTES = 1024 * 1024;
/** Longer than any text that is looked for. */
const OVERLAP_BYTES = 256;
const LARGEST_BYTES = 512 * 1024 * 1024;
const MADE = /(20\d\d-\d\d-\d\d) \d\d:\d\d:\d\d [0-9a-f]{60,64}/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the text ends with a NUL in the program
const VERSION = /(?<![\w.])3\.(\d{1,2})\.\d{1,3}(?=\x00)/g;
/** WAL came with 3.7; lower numbers belong to other libraries. */
const FIRST_WITH_WAL = 7;
/** The release that ended the race between a checkpoint and a commit (3.51.3), and its day. */
const RACE_ENDED = { version: [3, 51, 3], madeOn: '2026-03-13' } as const;

/** Before 3.51.3 a commit that races a checkpoint can be lost. */
export function hasWalResetRace(library: Pick<SqliteLibrary, 'version' | 'madeOn'>): boolean {
  // Fixes for older lines carry a lower number and a later day.
  if (library.madeOn >= RACE_ENDED.madeOn) return false;
  const parts = library.version?.split('.').map(Number) ?? [];
  for (const [i, minimum] of RACE_ENDED.version.entries()) {
    const part = parts[i] ?? 0;
    if (part !== minimum) return part < minimum;
  }
  return false;
}

/** Paths of files mapped as private code, from `/proc/PID/maps`: a database that is mapped is shared and no code. */
export function codeFiles(maps: string): string[] {
  const found = new Set<string>();
  for (const line of maps.split('\n')) {
    const match = /^[0-9a-f]+-[0-9a-f]+ r.xp [0-9a-f]+ \S+ [1-9]\d* +(\/.+)$/.exec(line);
    const file = match?.[1];
    if (file && !file.endsWith(' (deleted)')) found.add(file);
  }
  return [...found];
}

/** Looks into the files of a program in small steps; every file is read once as long as it stays the same. */
export class LibraryReader {
  readonly #files: Files;
  readonly #known = new Map<string, SqliteLibrary | null>();

  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * The engines of a process: libraries that are named after SQLite, and only without one of those the program itself. Empty where
   * nothing can be read.
   */
  async of(pid: number): Promise<SqliteLibrary[]> {
    const mapped = codeFiles(readProcFile(this.#files, `/proc/${pid}/maps`));
    const libraries: SqliteLibrary[] = [];
    for (const file of mapped.filter((path) => /sqlite/i.test(path))) {
      const library = await this.#look(pid, file);
      if (library && !libraries.some((other) => other.file === file)) libraries.push(library);
    }
    if (libraries.length > 0) return libraries;
    const program = mapped.find((file) => this.#isProgram(pid, file));
    const own = program ? await this.#look(pid, program) : null;
    return own ? [own] : [];
  }

  #isProgram(pid: number, file: string): boolean {
    try {
      return this.#files.realpathSync(`/proc/${pid}/exe`) === file;
    } catch {
      return false;
    }
  }

  async #look(pid: number, file: string): Promise<SqliteLibrary | null> {
    // The process may see other files under its names than we do.
    const inside = `/proc/${pid}/root${file}`;
    try {
      const { dev, ino, size, mtimeMs } = this.#files.statSync(inside);
      const key = `${dev} ${ino} ${size} ${mtimeMs}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known && { ...known, file };
      assertNotOwned(inside, this.#files);
      const library = size > LARGEST_BYTES ? null : await this.#read(inside, file);
      this.#known.set(key, library);
      return library;
    } catch {
      return null;
    }
  }

  async #read(inside: string, file: string): Promise<SqliteLibrary | null> {
    const fd = this.#files.openSync(inside, 'r');
    let madeOn: string | null = null;
    let version: { text: string; minor: number } | null = null;
    try {
      for (let at = 0; ; at += CHUNK_BYTES - OVERLAP_BYTES) {
        const chunk = readAt(this.#files, fd, CHUNK_BYTES, at);
        const text = chunk.toString('latin1');
        madeOn ??= MADE.exec(text)?.[1] ?? null;
        for (const match of text.matchAll(VERSION)) {
          const minor = Number(match[1]);
          if (minor >= FIRST_WITH_WAL && minor > (version?.minor ?? 0)) version = { text: match[0], minor };
        }
        if (chunk.length < CHUNK_BYTES) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.#files.closeSync(fd);
    }
    return madeOn === null ? null : { file, version: version?.text ?? null, madeOn };
  }
}
