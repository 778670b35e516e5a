// Exact reads and writes at a position, and system errors turned into the catalogue's.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export function readAt(files: Files, fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = files.readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done === length ? bytes : bytes.subarray(0, done);
}

export function writeAt(files: Files, fd: number, position: number, bytes: Buffer): void {
  let done = 0;
  while (done < bytes.length) {
    done += files.writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/**
 * Starts writing out what is in the page cache, without holding up this thread: a synchronous fsync of a whole backup
 * would keep an agent silent for seconds.
 */
export function flushInBackground(files: Files, fd: number): Promise<void> {
  return new Promise((resolve, reject) => files.fdatasync(fd, (error) => (error ? reject(error) : resolve())));
}

/** A system error with what was attempted; anything else as it is. */
export function fileError(thrown: unknown, attempt: string): unknown {
  if (thrown instanceof HoldfastError || (thrown as NodeJS.ErrnoException | null)?.code === undefined) return thrown;
  const report = toErrorReport(thrown);
  if (report.name === 'INTERNAL') return thrown;
  return new HoldfastError(report.name, `${attempt}: ${report.message}`, { cause: thrown });
}

/** Throws CANCELLED once the signal has aborted. */
export function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new HoldfastError('CANCELLED');
}

/** The same error with the file it is about. */
export function naming(error: unknown, file: string): unknown {
  if (!(error instanceof HoldfastError)) return fileError(error, `Reading ${file}`);
  if (error.details?.file !== undefined || error.name === 'CANCELLED') return error;
  const message = error.message.includes(file) ? error.message : `${file}: ${error.message}`;
  return new HoldfastError(error.name, message, {
    hint: error.hint,
    details: { ...error.details, file },
    cause: error.cause,
  });
}
