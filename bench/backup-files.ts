// Backup files by the ten thousand, for lists: each with the header that a backup of its place in a chain has, and no page.
import { hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { encodePartHeader } from '../core/backup/part-header.ts';

export interface ManyBackups {
  folder: string;
  server: string;
  instance: string;
  count: number;
  /** Backups of a chain: one full, the rest incrementals. */
  chain: number;
  /** ms since 1970 of the last one; there is one a minute. */
  until: number;
}

const MINUTE = 60_000;
const HEX = (number: number, digits: number) => number.toString(16).toUpperCase().padStart(digits, '0');

/** Writes them; what lies in the zeros of the header takes no room on the disk. The folder must exist. */
export function writeManyBackups({ folder, server, instance, count, chain, until }: ManyBackups): void {
  const serialOf = (index: number) => hash('sha256', `${server}/${instance} ${index}`, 'hex').slice(0, 32);
  const databaseSerial = serialOf(-1);
  const idtagOf = (index: number) => HEX(Math.floor(timeOf(index) / 1000), 8);
  const timeOf = (index: number) => until - (count - 1 - index) * MINUTE;
  for (let index = 0; index < count; index++) {
    const sequence = index % chain;
    const full = sequence === 0;
    const idtag = idtagOf(index);
    const startedAt = timeOf(index);
    const file = path.join(folder, `${instance}-${full ? 'full' : 'inc'}-${idtag}.bak`);
    const identity = {
      ...{ type: full ? ('full' as const) : ('incremental' as const), startedAt, idtag, site: 'BENCH' },
      ...{ organization: 'BENCH', server, instance, databasePath: `/srv/${instance}.db`, replica: 1 },
      ...{ serial: serialOf(index), previousSerial: full ? null : serialOf(index - 1), sequence },
      ...{ baseIdtag: idtagOf(index - sequence), incrementalId: full ? null : String(index), databaseSerial },
      ...{ nextIncId: String(index + 1), logSerial: null },
    };
    const options = {
      ...{ file, compression: 'zstd' as const, level: 1, partBytes: 0, overwrite: false },
      ...{ signal: new AbortController().signal, onProgress: () => {} },
    };
    const vector = [{ replica: 1, sec: Math.floor(startedAt / 1000), event: 1, seq: index + 1 }];
    const outcome = {
      ...{ at: 'start' as const, consistentAt: startedAt + 500, pageCount: 1200, vector, currentLog: '00000001.log' },
      ...{ position: null, walHeldMs: 0 },
    };
    // The length of the header does not depend on the number that says it.
    const bytes = encodePartHeader(identity, options, 4096, outcome, { part: 0, parts: 1, partBytes: 0, mapOffset: 0 });
    const place = { part: 0, parts: 1, partBytes: bytes.length, mapOffset: 0 };
    writeSparse(file, encodePartHeader(identity, options, 4096, outcome, place));
  }
}

function writeSparse(file: string, bytes: Buffer): void {
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  const fd = fs.openSync(file, 'wx');
  try {
    fs.writeSync(fd, bytes, 0, used, 0);
    fs.ftruncateSync(fd, bytes.length);
  } finally {
    fs.closeSync(fd);
  }
}
