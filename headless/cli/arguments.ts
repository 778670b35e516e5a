// Reads option values: sizes, times, lists, secrets. What is not valid is refused with INVALID_INPUT (exit 2).
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type BackendPlace, backendPlaceSchema } from '../../core/contract/backend.ts';
import type { Stamp } from '../../core/contract/common.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { type Peer, peerSchema } from '../../core/contract/restore.ts';
import { parseStamp } from '../../core/vectors/stamp.ts';

export function parseByteCount(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(k|m|g|t)?b?$/i.exec(text.trim());
  if (!match)
    throw new HoldfastError('INVALID_INPUT', `${option} ${text}: a number of bytes is needed`, {
      hint: 'Write for example 104857600, 100m or 1.5 GB.',
    });
  const factor = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }[match[2]?.toLowerCase() ?? ''] ?? 1;
  return Math.round(Number(match[1]) * factor);
}

/** `90`, `90s`, `10m` or `2h` as milliseconds; 0 when it is not given. */
export function parseWait(text: string | undefined): number {
  const match = /^(\d+)\s*(s|m|h)?$/i.exec((text ?? '0').trim());
  if (!match)
    throw new HoldfastError('INVALID_INPUT', `--wait ${text}: a time is needed`, {
      hint: 'Write for example 90, 10m or 2h.',
    });
  return Number(match[1]) * ({ s: 1, m: 60, h: 3600 }[match[2]?.toLowerCase() ?? 's'] ?? 1) * 1000;
}

/** A whole number from `least` to `most`. */
export function parseCount(text: string, option: string, most: number, least = 1): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > most)
    throw new HoldfastError('INVALID_INPUT', `${option} ${text}: a whole number from ${least} to ${most} is needed`);
  return count;
}

/** An ISO time or a stamp (`s3D35F377 r02 e002`) as milliseconds since 1970. A stamp means: up to the end of its second. */
export function parseUntil(text: string): number {
  if (/^s[0-9a-f]{8}/i.test(text.trim())) return parseStamp(text.trim()).sec * 1000 + 999;
  const time = /^\d{4}-\d\d-\d\d/.test(text.trim()) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new HoldfastError('INVALID_INPUT', `--until ${text}: an ISO time or a stamp is needed`, {
      hint: 'Write for example 2026-11-20T07:45:00Z.',
    });
  }
  return time;
}

/** The same as a point that a restore ends at: a stamp is that very commit, whatever the clocks said. */
export function parsePoint(text: string | undefined): { until: number | null; untilStamp: Stamp | null } {
  if (text === undefined) return { until: null, untilStamp: null };
  const until = parseUntil(text);
  return /^s[0-9a-f]{8}/i.test(text.trim())
    ? { until: null, untilStamp: parseStamp(text.trim()) }
    : { until, untilStamp: null };
}

export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/**
 * The password of `-e @FILE`, or of the variable HOLDFAST_PASSWORD with a bare `-e`; null without `-e`. One in clear on the
 * command line is refused and never repeated.
 */
export function readPassword(option: string | true | undefined): string | null {
  if (option === undefined) return null;
  if (option === true) {
    const { HOLDFAST_PASSWORD: password } = process.env;
    if (password) return password;
    throw new HoldfastError('INVALID_INPUT', '-e needs a password', { hint: PASSWORD_HINT });
  }
  if (!option.startsWith('@')) {
    throw new HoldfastError(
      'INVALID_INPUT',
      'A password on the command line can be seen by every user of this machine.',
      { hint: PASSWORD_HINT },
    );
  }
  return readTextFile(option.slice(1)).replace(/\r?\n$/, '');
}

const PASSWORD_HINT = 'Write it to a file and give -e @FILE, or set the variable HOLDFAST_PASSWORD and give -e alone.';

const writtenVector = z.array(z.string()).nullable();

/**
 * `--peers FILE`: a JSON list of `{server, replica, vector: [stamps]}`. Of a database of several files `backend` names the one that the
 * vector is of, or `backends: [{id, vector}]` gives all of them, as `vector --json` prints them.
 */
export function readPeers(file: string | undefined): Peer[] {
  if (file === undefined) return [];
  const written = z.array(
    z
      .object({
        server: z.string(),
        replica: z.string().default(''),
        vector: writtenVector.optional(),
        backend: z.string().optional(),
        backends: z
          .array(z.object({ id: z.string(), vector: writtenVector }))
          .min(1)
          .optional(),
      })
      .refine(({ vector, backends }) => vector !== undefined || backends !== undefined, 'vector is missing'),
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(readTextFile(file));
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('INVALID_INPUT', `${file} is not JSON`, { cause: error });
  }
  const result = written.safeParse(parsed);
  if (!result.success) throw new HoldfastError('INVALID_INPUT', `${file}: ${z.prettifyError(result.error)}`);
  return result.data.flatMap(({ backends, backend, vector, ...peer }) => {
    const files = backends?.map((one) => ({ backend: one.id, vector: one.vector })) ?? [
      { backend, vector: vector ?? null },
    ];
    return files.map((one) =>
      peerSchema.parse({ ...peer, ...one, vector: one.vector?.map((stamp) => parseStamp(stamp)) ?? null }),
    );
  });
}

function readTextFile(file: string): string {
  try {
    return fs.readFileSync(path.resolve(file), 'utf8');
  } catch (error) {
    throw new HoldfastError('NOT_FOUND', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** `--backend-directory ID=FOLDER`, or several folders, comma separated or one after the other; by id. */
export function parseBackendFolders(given: string[] = []): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const text of given) {
    const [id = '', ...more] = parseList(text);
    const [first] = parseBackends([id], '--backend-directory');
    if (!first) continue;
    const before = folders.get(first.id) ?? [];
    folders.set(first.id, [...before, first.path, ...more.map((folder) => path.resolve(folder))]);
  }
  return folders;
}

/** `--backend ID=PATH`, as often as the database has files. */
export function parseBackends(given: string[] = [], option = '--backend'): BackendPlace[] {
  return given.map((text) => {
    const at = text.indexOf('=');
    const id = text.slice(0, Math.max(0, at));
    const parsed = backendPlaceSchema.safeParse({ id, path: path.resolve(text.slice(at + 1)) });
    if (at < 1 || at === text.length - 1 || !parsed.success)
      throw new HoldfastError('INVALID_INPUT', `${option} ${text}: ID=PATH is needed`, {
        hint: 'Write for example --backend schema=/data/schema.db; a name has letters, digits, hyphens and underscores.',
      });
    return parsed.data;
  });
}
