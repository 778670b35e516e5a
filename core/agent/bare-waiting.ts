// A set that waits in RST for a path that is no instance: remembered in the home until an agent opens the path.
import fs from 'node:fs';
import path from 'node:path';
import { systemFiles, writeFileDurably } from '../platform/files.ts';
import type { WaitingSet } from '../restore/types.ts';

const place = (home: string) => path.join(home, 'waiting.json');

export function writeBareWaiting(home: string, waiting: WaitingSet | null): void {
  if (waiting) writeFileDurably(systemFiles, place(home), JSON.stringify(waiting));
  else forgetBareWaiting(home);
}

/** Null when no set waits. */
export function readBareWaiting(home: string): WaitingSet | null {
  if (!fs.existsSync(place(home))) return null;
  return JSON.parse(fs.readFileSync(place(home), 'utf8')) as WaitingSet;
}

export function forgetBareWaiting(home: string): void {
  fs.rmSync(place(home), { force: true });
}
