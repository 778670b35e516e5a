// Files that only exist in memory and can only be read: for decoders that are given thousands of broken files.
import path from 'node:path';
import { type Files, systemFiles } from '../../core/platform/files.ts';

/** The files of `content` by their absolute path; whatever else is not there. `largest` is the longest read that was asked for. */
export function memoryFiles(content: Map<string, Buffer>): { files: Files; largest(): number } {
  const open = new Map<number, Buffer>();
  let next = 1000;
  let largest = 0;
  const missing = (file: string) => Object.assign(new Error(`ENOENT: ${file}`), { code: 'ENOENT' });
  const stat = (size: number) => ({ size, ino: 1, dev: 1, isFile: () => true });
  const bytesOf = (fd: number) => {
    const bytes = open.get(fd);
    if (!bytes) throw new Error(`descriptor ${fd} is not open`);
    return bytes;
  };
  const files = {
    ...systemFiles,
    openSync: (file: string) => {
      const bytes = content.get(file);
      if (!bytes) throw missing(file);
      open.set(next, bytes);
      return next++;
    },
    closeSync: (fd: number) => void open.delete(fd),
    readSync: (fd: number, target: Buffer, offset: number, length: number, at: number) => {
      largest = Math.max(largest, target.length);
      return bytesOf(fd).copy(
        target,
        offset,
        Math.min(at, bytesOf(fd).length),
        Math.min(at + length, bytesOf(fd).length),
      );
    },
    fstatSync: (fd: number) => stat(bytesOf(fd).length),
    statSync: (file: string, options?: { throwIfNoEntry?: boolean }) => {
      const bytes = content.get(file);
      if (bytes) return stat(bytes.length);
      if (options?.throwIfNoEntry === false) return undefined;
      throw missing(file);
    },
    existsSync: (file: string) => content.has(file),
    readdirSync: (folder: string) =>
      [...content.keys()].filter((file) => path.dirname(file) === folder).map((file) => path.basename(file)),
  };
  return { files: files as unknown as Files, largest: () => largest };
}
