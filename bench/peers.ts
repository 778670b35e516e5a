// What else copies a database, each run as its users run it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import Database from 'better-sqlite3';

/** `cp`, then fsync of the copy. */
export function copyWithFsync(source: string, target: string): void {
  fs.rmSync(target, { force: true });
  execFileSync('cp', [source, target]);
  const fd = fs.openSync(target, 'r+');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

/** The backup API, as the command line tool runs it. */
export function sqliteBackup(source: string, target: string): void {
  fs.rmSync(target, { force: true });
  execFileSync('sqlite3', [source, `.backup '${target}'`]);
}

export function vacuumInto(source: string, target: string): void {
  fs.rmSync(target, { force: true });
  execFileSync('sqlite3', [source, `vacuum into '${target}'`]);
}

/** The backup API with the driver's own page rate. */
export async function driverBackup(source: string, target: string): Promise<void> {
  fs.rmSync(target, { force: true });
  const db = new Database(source, { readonly: true });
  await db.backup(target);
  db.close();
}
