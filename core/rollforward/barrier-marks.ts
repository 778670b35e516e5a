// `barriers.marks` beside the logs of the first of several files: moments at which no file had a writer, with the last commit of each.
// A restore to a time goes to the last of them before it, so that all files show one moment.
import path from 'node:path';
import { z } from 'zod';
import { type Stamp, stampSchema } from '../contract/common.ts';
import type { Files } from '../platform/files.ts';

const NAME = 'barriers.marks';
/** Two of these are kept: weeks of a busy database. A moment without a mark is found by time alone. */
const PART_BYTES = 4 * 1024 * 1024;

const markSchema = z.object({
  /** ms since 1970. */
  at: z.number(),
  /** By backend id; null: nothing was ever committed there. */
  last: z.record(z.string(), stampSchema.nullable()),
});
export type BarrierMark = z.infer<typeof markSchema>;

/** Appends a mark. A crash may tear the last line, which then counts for nothing. */
export function appendMark(folder: string, mark: BarrierMark, files: Files): void {
  const file = path.join(folder, NAME);
  const size = files.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > PART_BYTES) files.renameSync(file, `${file}.old`);
  const fd = files.openSync(file, 'a', 0o600);
  try {
    // A line of its own, whatever a torn one before it ended with.
    files.writeSync(fd, Buffer.from(`\n${JSON.stringify(mark)}\n`));
  } finally {
    files.closeSync(fd);
  }
}

/** The last mark of `folder` at or before `until`, and not before `from`; null when there is none. */
export function lastMark(folder: string, from: number, until: number, files: Files): BarrierMark | null {
  let best: BarrierMark | null = null;
  for (const name of [`${NAME}.old`, NAME]) {
    for (const mark of readMarks(path.join(folder, name), files))
      if (mark.at >= from && mark.at <= until && mark.at >= (best?.at ?? 0)) best = mark;
  }
  return best;
}

function readMarks(file: string, files: Files): BarrierMark[] {
  if (!files.existsSync(file)) return [];
  const fd = files.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(files.fstatSync(fd).size);
    const length = files.readSync(fd, bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, length).split('\n').flatMap(parseMark);
  } finally {
    files.closeSync(fd);
  }
}

function parseMark(line: string): BarrierMark[] {
  if (!line.endsWith('}')) return [];
  try {
    const parsed = markSchema.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

export const sameMoment = (a: Record<string, Stamp | null>, b: Record<string, Stamp | null>): boolean =>
  Object.keys({ ...a, ...b }).every((id) => a[id]?.seq === b[id]?.seq);
