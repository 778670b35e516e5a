// Which file system a path lies on, and whether that is a network one, where WAL's shared memory does not work.
import path from 'node:path';
import type { Files } from '../platform/files.ts';

export interface Mount {
  folder: string;
  type: string;
}

const NETWORK_TYPES = new Set([
  'nfs',
  'nfs4',
  'cifs',
  'smb',
  'smb2',
  'smb3',
  'smbfs',
  '9p',
  'afs',
  'ncpfs',
  'ceph',
  'glusterfs',
  'lustre',
  'gfs2',
  'ocfs2',
  'virtiofs',
  'fuse.sshfs',
  'fuse.glusterfs',
  'fuse.rclone',
  'fuse.s3fs',
  'fuse.davfs',
]);

export function isNetworkFileSystem(type: string): boolean {
  return NETWORK_TYPES.has(type);
}

/** The mounts of this process; empty where the system has no `/proc/mounts`. */
export function readMounts(files: Files): Mount[] {
  if (process.platform !== 'linux') return [];
  return parseMounts(readProcFile(files, '/proc/mounts'));
}

/** Lines of `/proc/mounts`: device, folder (blanks as `\040`), type, options. */
export function parseMounts(text: string): Mount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length >= 3)
    .map((fields) => ({
      folder: (fields[1] as string).replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      ),
      type: fields[2] as string,
    }));
}

/** The mount that a real path lies on: the longest folder that contains it, the later of two equal ones. */
export function mountOf(realPath: string, mounts: Mount[]): Mount | null {
  let best: Mount | null = null;
  for (const mount of mounts) {
    const inside = mount.folder === '/' || realPath === mount.folder || realPath.startsWith(mount.folder + path.sep);
    if (inside && (best === null || mount.folder.length >= best.folder.length)) best = mount;
  }
  return best;
}

/** Whole text of a file under `/proc`, whose size is not known before; empty when it cannot be read. */
export function readProcFile(files: Files, file: string): string {
  let fd: number;
  try {
    fd = files.openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const parts: Buffer[] = [];
    for (;;) {
      const part = Buffer.alloc(65536);
      const got = files.readSync(fd, part, 0, part.length, null);
      if (got === 0) break;
      parts.push(part.subarray(0, got));
    }
    return Buffer.concat(parts).toString('utf8');
  } catch {
    return '';
  } finally {
    files.closeSync(fd);
  }
}
