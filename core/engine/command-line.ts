// The command line that does what the console is about to do, quoted for a POSIX shell.
import path from 'node:path';
import type { BackupOptions } from '../contract/backup.ts';
import type { Peer, RestoreOptions } from '../contract/restore.ts';
import { formatStamp } from '../vectors/stamp.ts';

/** One argument, quoted when a shell would read it as something else. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

const line = (words: readonly string[]) => ['holdfast', ...words].map(quoted).join(' ');

/** Where a password stands: in a file that the line names, never in the line. */
const SECRET = '@PASSWORD_FILE';

/** `target` is `SERVER/INSTANCE`; `known` is what its settings say where the line says nothing. */
export function backupCommand(
  target: string,
  options: BackupOptions,
  known: { encrypt: boolean; securityFiles: boolean; kept: boolean },
): string {
  const words = ['backup', target, '-f', options.file, '-l', options.log];
  words.push(options.cold ? '-c' : options.type === 'full' ? '-b' : '-i');
  if (options.followUp !== 'open') words.push(options.followUp === 'closed' ? '-o' : '-d');
  if (options.overwrite) words.push('-w');
  if (options.partBytes > 0) words.push('-s', String(options.partBytes));
  for (const folder of options.partFolders) words.push('--spread', folder);
  const secret = known.kept ? [] : [SECRET];
  if (options.securityFiles) words.push('-e', ...secret);
  else if (known.securityFiles) words.push('--no-security');
  if (options.include !== null) words.push('-u', options.include);
  if (options.encrypt) words.push('--encrypt', ...secret);
  else if (known.encrypt) words.push('--no-encrypt');
  if (options.at === 'end') words.push('--at', 'end');
  if (options.compression === 'none') words.push('--no-compress');
  else if (options.level !== 1) words.push('--level', String(options.level));
  return line(words);
}

/** A backup cycle of a failover group. */
export const failoverBackupCommand = (group: string, type: 'full' | 'incremental'): string =>
  line(['failover', group, 'backup-now', type === 'full' ? 'full' : 'differential']);

/**
 * `target` is the path of a new database file, or `SERVER/INSTANCE` for a database that the running engine has open; the engine
 * knows the peers of that one by itself, and asks for the name to be typed.
 */
export function restoreCommand(
  target: string,
  options: RestoreOptions,
  confirm: string | null = null,
  encrypted = false,
): string {
  const words = ['restore', '-f', options.file, '-l', options.log, '--to', target, '-r'];
  if (options.incrementals && options.incrementals.length > 0) words.push('-i', options.incrementals.join(','));
  const logFolders = new Set(options.logFiles?.map((file) => path.dirname(file)) ?? []);
  if (logFolders.size > 0) words.push('-d', [...logFolders].join(','));
  else if (options.logFolder) words.push('-d', options.logFolder);
  for (const { id, logFolder, logFiles } of logFolders.size > 0 || options.logFolder ? options.backends : []) {
    const folders = logFiles?.map((file) => path.dirname(file)) ?? (logFolder === null ? [] : [logFolder]);
    if (folders.length > 0) words.push('--backend-directory', `${id}=${[...new Set(folders)].join(',')}`);
  }
  if (options.untilStamp) words.push('--until', formatStamp(options.untilStamp));
  else if (options.until !== null) words.push('--until', new Date(options.until).toISOString());
  if (encrypted) words.push('--decrypt', SECRET);
  if (options.activate) words.push('-a');
  if (options.open) words.push('-o');
  if (options.skipVerify) words.push('-n');
  if (options.override) words.push('-v');
  if (options.clearLock) words.push('-k');
  if (options.keepLogSettings) words.push('-s');
  if (confirm !== null) words.push('--confirm', confirm);
  else if (options.peers.length > 0) words.push('--peers', peersFileName(options.peers));
  return line(words);
}

/** The file itself is not written: the name says what belongs into it. */
const peersFileName = (peers: readonly Peer[]) => (peers.length === 1 ? 'peer.json' : 'peers.json');
