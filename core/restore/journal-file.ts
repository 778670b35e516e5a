// A journal on disk: one JSON object, written whole or not at all, and gone once nothing of it is left to do.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { type Files, fsyncFolder, writeFileDurably } from '../platform/files.ts';

export function writeJournalFile(files: Files, file: string, journal: { version: 1 }): void {
  writeFileDurably(files, file, `${JSON.stringify(journal)}\n`);
}

/** The journal in `file`, null when there is none. Throws NOT_SUPPORTED for one of a newer version, IO_ERROR for one that is damaged. */
export function readJournalFile<Journal extends { version: 1 }>(files: Files, file: string): Journal | null {
  if (!files.existsSync(file)) return null;
  const fd = files.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(files.fstatSync(fd).size);
    const length = files.readSync(fd, bytes, 0, bytes.length, 0);
    const journal = JSON.parse(bytes.toString('utf8', 0, length)) as Journal;
    if (journal.version !== 1) throw new HoldfastError('NOT_SUPPORTED', `${file} was written by a newer version`);
    return journal;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new HoldfastError('IO_ERROR', `${file} is not readable: ${error.message}`, { cause: error });
    throw error;
  } finally {
    files.closeSync(fd);
  }
}

export function removeJournalFile(files: Files, file: string): void {
  files.rmSync(file, { force: true });
  fsyncFolder(files, path.dirname(file));
}
