// Made-up pages and identities for the tests of the backup file.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { headerLength } from '../../core/backup/header.ts';
import { openBackup } from '../../core/backup/reader.ts';
import type { BackupIdentity, BackupSource, WriteBackupOptions } from '../../core/backup/types.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import type { PageBatch } from '../../core/sqlite/types.ts';

export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-backup-'));
}

export function identity(changes: Partial<BackupIdentity> = {}): BackupIdentity {
  return {
    type: 'full',
    startedAt: Date.UTC(2026, 0, 31, 4, 5, 6),
    idtag: '697D8132',
    site: 'SITE',
    organization: 'ORG',
    server: 'SRV-1',
    instance: 'Directory',
    databasePath: '/srv/directory.db',
    replica: 1,
    serial: 'serial-of-the-full',
    previousSerial: null,
    sequence: 0,
    baseIdtag: '697D8132',
    incrementalId: null,
    nextIncId: '1',
    databaseSerial: 'database',
    ...changes,
  };
}

export function options(file: string, changes: Partial<WriteBackupOptions> = {}): WriteBackupOptions {
  return {
    file,
    compression: 'zstd',
    level: 1,
    partBytes: 0,
    overwrite: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  };
}

/** A page that can be told from every other one; half of it compresses. */
export function makePage(number: number, pageSize: number, generation = 0): Buffer {
  const page = Buffer.alloc(pageSize, `page ${number} of generation ${generation} `);
  const noise = createHash('sha512').update(`${number} ${generation}`).digest();
  for (let at = 0; at < pageSize / 2; at += noise.length) noise.copy(page, at);
  return page;
}

export function batchOf(numbers: number[], pageSize: number, generation = 0): PageBatch {
  return {
    numbers: Uint32Array.from(numbers),
    data: Buffer.concat(numbers.map((number) => makePage(number, pageSize, generation))),
  };
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** A source of the given batches; `pageCount` is what the database has at the end. */
export function sourceOf(batches: PageBatch[], pageSize: number, pageCount: number): BackupSource {
  return {
    pageSize,
    expectedPages: pageCount,
    async *batches() {
      for (const batch of batches) yield batch;
      return {
        at: 'start' as const,
        pageCount,
        consistentAt: Date.UTC(2026, 0, 31, 4, 5, 7),
        vector: [{ replica: 1, sec: 0x3d35f377, event: 2, seq: 40 }],
        currentLog: '0000000a.log',
      };
    },
  };
}

/** Writes a full of `pages` pages in batches of `perBatch`. */
export function writeFull(
  file: string,
  set: { pages: number; pageSize?: number; perBatch?: number },
  changes: { options?: Partial<WriteBackupOptions>; identity?: Partial<BackupIdentity> } = {},
  files: Files = systemFiles,
) {
  const { pages, pageSize = 4096, perBatch = 64 } = set;
  const batches: PageBatch[] = [];
  for (let from = 1; from <= pages; from += perBatch) {
    batches.push(batchOf(range(from, Math.min(pages, from + perBatch - 1)), pageSize));
  }
  const source = sourceOf(batches, pageSize, pages);
  return writeBackup(identity(changes.identity), source, options(file, changes.options), files);
}

/** The database as a restore would have it: pages in order, later images win. */
export async function readPages(file: string, searchFolders: string[] = []): Promise<Map<number, Buffer>> {
  const backup = openBackup(file, systemFiles, { searchFolders });
  const pages = new Map<number, Buffer>();
  try {
    for await (const { numbers, data } of backup.batches(new AbortController().signal)) {
      numbers.forEach((number, i) => {
        pages.set(number, data.subarray(i * backup.info.pageSize, (i + 1) * backup.info.pageSize));
      });
    }
  } finally {
    backup.close();
  }
  return pages;
}

/** The same one-part backup as format 1 had it: without a block map. */
export function asFormat1(file: string): void {
  const bytes = fs.readFileSync(file);
  const preamble = headerLength(bytes);
  const end = preamble + bytes.readUInt32LE(preamble + 12);
  const { mapOffset, ...record } = JSON.parse(
    bytes.toString('utf8', preamble + 64, preamble + 64 + bytes.readUInt32LE(preamble + 16)),
  ) as { mapOffset: number; partBytes: number };
  const head = Buffer.from(bytes.subarray(preamble, end));
  const json = Buffer.from(JSON.stringify({ ...record, partBytes: mapOffset + 80 }));
  head.fill(0, 64);
  json.copy(head, 64);
  head.writeUInt32LE(1, 8);
  head.writeUInt32LE(json.length, 16);
  head.writeUInt32LE(0, 20);
  head.writeUInt32LE(crc32(head), 20);
  fs.writeFileSync(
    file,
    Buffer.concat([bytes.subarray(0, preamble), head, bytes.subarray(end, mapOffset), bytes.subarray(-80)]),
  );
}
