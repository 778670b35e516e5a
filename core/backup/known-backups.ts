// What was read of backup files before, so that a folder of many thousands is not read anew each time that somebody lists it.
import path from 'node:path';
import type { BackendManifest } from '../contract/backend.ts';
import type { BackupFileInfo } from '../contract/backup.ts';

/** A backup of one part. */
export interface KnownBackup {
  info: BackupFileInfo;
  manifest: BackendManifest | null;
}

interface Stat {
  dev: number;
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

interface Entry {
  stat: Stat;
  known: KnownBackup;
}

/**
 * File systems stamp changes with a coarse clock: what changed this short a time ago, ms, may change again under the same stamp,
 * and is not remembered yet.
 */
const SETTLED_MS = 2_000;
/** About 1 KB each. */
const MOST = 200_000;

/** The headers of backup files by folder and file; an entry holds while nothing of the file's stat has changed. */
export class KnownBackups {
  private readonly folders = new Map<string, Map<string, Entry>>();
  private readonly now: () => number;
  private count = 0;

  /** `now` gives ms since 1970. */
  constructor(now: () => number) {
    this.now = now;
  }

  find(file: string, stat: Stat): KnownBackup | null {
    const entry = this.folders.get(path.dirname(file))?.get(file);
    return entry && same(entry.stat, stat) ? entry.known : null;
  }

  /** `stat` is from before the file was read. */
  keep(file: string, { dev, ino, size, mtimeMs, ctimeMs }: Stat, known: KnownBackup): void {
    if (this.now() - Math.max(mtimeMs, ctimeMs) < SETTLED_MS) return;
    const folder = path.dirname(file);
    const entries = this.folders.get(folder) ?? new Map<string, Entry>();
    this.folders.set(folder, entries);
    if (!entries.has(file) && ++this.count > MOST) {
      this.folders.clear();
      this.count = 0;
      return;
    }
    entries.set(file, { stat: { dev, ino, size, mtimeMs, ctimeMs }, known });
  }

  /** Forgets what is no longer there: `files` are all those of the folder. */
  only(folder: string, files: readonly string[]): void {
    const entries = this.folders.get(path.normalize(folder)) ?? this.folders.get(folder);
    if (!entries || entries.size === 0) return;
    const there = new Set(files);
    for (const file of entries.keys())
      if (!there.has(file)) {
        entries.delete(file);
        this.count--;
      }
  }
}

const same = (a: Stat, b: Stat) =>
  a.ino === b.ino && a.size === b.size && a.ctimeMs === b.ctimeMs && a.mtimeMs === b.mtimeMs && a.dev === b.dev;
