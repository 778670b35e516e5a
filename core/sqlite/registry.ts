// Which database files this process owns. Opening and closing an owned file by any other way would drop its owner's locks.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import type { DatabaseOwner } from './types.ts';

const owners = new Map<string, DatabaseOwner>();

/** Descriptors that outlived the moment in which their file got its owner; they close with it. */
const late = new Map<string, (() => void)[]>();

const keyOf = (device: number, inode: number) => `${device}:${inode}`;

export function registerOwner(device: number, inode: number, owner: DatabaseOwner): void {
  if (owners.has(keyOf(device, inode))) throw new Error(`${owner.path} has an owner in this process already`);
  owners.set(keyOf(device, inode), owner);
}

/** To be called once the owner's connections are closed. */
export function unregisterOwner(device: number, inode: number): void {
  const key = keyOf(device, inode);
  owners.delete(key);
  for (const close of late.get(key) ?? []) close();
  late.delete(key);
}

/**
 * Closes the descriptor of a file that was read over more than one turn of the loop: at once, or, when a database owner has taken the
 * file meanwhile, together with that owner, whose locks it would drop.
 */
export function closeBesideOwners(fd: number, files: Files): void {
  const { dev, ino } = files.fstatSync(fd);
  const key = keyOf(dev, ino);
  const close = () => files.closeSync(fd);
  if (owners.has(key)) late.set(key, [...(late.get(key) ?? []), close]);
  else close();
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
