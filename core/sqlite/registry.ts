// Which database files this process owns. Opening and closing an owned file by any other way would drop its owner's locks.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import type { DatabaseOwner } from './types.ts';

const owners = new Map<string, DatabaseOwner>();

const keyOf = (device: number, inode: number) => `${device}:${inode}`;

export function registerOwner(device: number, inode: number, owner: DatabaseOwner): void {
  if (owners.has(keyOf(device, inode))) throw new Error(`${owner.path} has an owner in this process already`);
  owners.set(keyOf(device, inode), owner);
}

export function unregisterOwner(device: number, inode: number): void {
  owners.delete(keyOf(device, inode));
}

export function ownerOf(device: number, inode: number): DatabaseOwner | null {
  return owners.get(keyOf(device, inode)) ?? null;
}

/** Throws when the file at `path` is owned here; to be called before any raw open of a database file. */
export function assertNotOwned(path: string, files: Files): void {
  let found: { dev: number; ino: number };
  try {
    found = files.statSync(path);
  } catch {
    return;
  }
  if (ownerOf(found.dev, found.ino)) {
    throw new HoldfastError(
      'DATABASE_IN_USE',
      `${path} is open in this very agent and must not be opened a second time.`,
    );
  }
}
