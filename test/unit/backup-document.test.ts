// The description of the format is enough to get the data out: its own little extractor is run on a real backup.
import { execFileSync, spawnSync } from 'node:child_process';
import { createDecipheriv, createHash, createHmac, hkdfSync, scryptSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPart } from '../../core/backup/part-header.ts';
import { openBackup } from '../../core/backup/reader.ts';
import type { WriteBackupOptions } from '../../core/backup/types.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import { newMasterKey } from '../../core/encryption/master-key.ts';
import type { EncryptionRecord } from '../../core/encryption/record.ts';
import { createSealer } from '../../core/encryption/sealed-file.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { hashPage } from '../../core/sqlite/page-hash.ts';
import { identity, options, sourceOf, temporaryFolder } from './backup-support.ts';

const root = path.join(import.meta.dirname, '..', '..');
const database = fs.readFileSync(path.join(root, 'test', 'data', 'chinook.sqlite'));
const pageSize = database.readUInt16BE(16);
const pageCount = database.length / pageSize;

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function backUp(compression: 'none' | 'zstd', more: Partial<WriteBackupOptions> = {}): Promise<string> {
  const file = path.join(folder, 'x.bak');
  const perBatch = (1 << 20) / pageSize;
  const batches = Array.from({ length: Math.ceil(pageCount / perBatch) }, (_, i) => ({
    numbers: Uint32Array.from({ length: Math.min(perBatch, pageCount - i * perBatch) }, (_, n) => i * perBatch + n + 1),
    data: database.subarray(i * perBatch * pageSize, (i + 1) * perBatch * pageSize),
  }));
  await writeBackup(
    identity(),
    sourceOf(batches, pageSize, pageCount),
    options(file, { compression, ...more }),
    systemFiles,
  );
  return file;
}

const zstd = spawnSync('zstd', ['--version']).status === 0;
for (const compression of ['none', 'zstd'] as const) {
  it.skipIf(compression === 'zstd' && !zstd)(
    `the documented extractor gives the database back (${compression})`,
    async () => {
      const file = await backUp(compression);
      const document = fs.readFileSync(path.join(root, 'docs', 'technical', 'backup-file.md'), 'utf8');
      const script = path.join(folder, 'extract.py');
      fs.writeFileSync(script, /```python\n([\s\S]*?)```/.exec(document)![1]!);
      const restored = path.join(folder, 'restored.db');
      execFileSync('python3', [script, file, restored]);
      expect(fs.readFileSync(restored).equals(database)).toBe(true);
      const query = 'pragma integrity_check; select count(*) from Artist;';
      expect(execFileSync('sqlite3', [restored, query], { encoding: 'utf8' })).toMatch(/^ok\n\d+\n$/);
    },
  );
}

it('the description of the encryption is enough to open a block and a security file', async () => {
  const secret = 'pässword';
  const master = await newMasterKey(secret);
  const seal = createSealer(master);
  const name = '/etc/server.pem';
  const data = seal(name, Buffer.from('PRIVATE KEY')).toString('base64');
  const otherFiles = [{ name, type: 'nici' as const, encoding: 'base64', data }];
  const file = await backUp('none', { encryption: master, otherFiles });
  const { record, dataOffset, header } = readPart(file, systemFiles);
  const keysOf = (encryption: EncryptionRecord) => {
    const { cost: N, blockSize: r, parallelization: p, salt } = encryption.scrypt;
    const options = { N, r, p, maxmem: 2 * 128 * N * r };
    const key = scryptSync(Buffer.from(secret.normalize('NFC')), Buffer.from(salt, 'hex'), 32, options);
    const bytes = Buffer.from(hkdfSync('sha256', key, Buffer.from(encryption.seed, 'hex'), 'holdfast backup 1', 80));
    expect(bytes.subarray(64).toString('hex')).toBe(encryption.check);
    return { block: bytes.subarray(0, 32), checksum: bytes.subarray(32, 64) };
  };
  const open = (key: Buffer, number: number, bound: Buffer, sealed: Buffer) => {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(number);
    const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    cipher.setAAD(bound);
    cipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  };
  const bytes = fs.readFileSync(file);
  const { block, checksum } = keysOf(record.encryption!);
  const head = bytes.subarray(dataOffset, dataOffset + 64);
  expect(head.readUInt32LE(16) & 4).toBe(4);
  const stored = bytes.subarray(dataOffset + 64, dataOffset + 64 + head.readUInt32LE(24));
  const pages = open(block, head.readUInt32LE(4), head.subarray(0, 56), stored);
  expect(pages.equals(database.subarray(0, pages.length))).toBe(true);
  const hashes = Buffer.concat(
    Array.from({ length: pages.length / pageSize }, (_, i) =>
      hashPage(pages.subarray(i * pageSize, (i + 1) * pageSize)),
    ),
  );
  const raw = createHash('sha256').update(hashes).digest().subarray(0, 16);
  const blinded = createHmac('sha256', checksum).update(raw).digest().subarray(0, 16);
  expect(head.subarray(32, 48).equals(blinded)).toBe(true);
  const { idtag, serial, previousSerial, type, sequence, baseIdtag, pageCount: count, parts, vector } = record;
  const text = [
    ...[idtag, serial, previousSerial ?? '-', type, sequence, baseIdtag, pageSize, count, parts],
    ...[record.consistentAt, record.currentLog],
    ...vector.map((stamp) => `${stamp.replica} ${stamp.sec} ${stamp.event} ${stamp.seq}`),
    bytes.subarray(-36, -4).toString('hex'),
  ].join('\n');
  expect(createHmac('sha256', checksum).update(`set\n${text}`).digest('hex')).toBe(record.encryption?.seal);
  const sealed = Buffer.from(header.files[0]!.data, 'base64');
  expect(sealed.toString('latin1', 0, 4)).toBe('HFS1');
  const length = sealed.readUInt32LE(8);
  const own = keysOf(JSON.parse(sealed.toString('utf8', 12, 12 + length)) as EncryptionRecord);
  const bound = Buffer.from(`security file\0${name}`);
  expect(open(own.block, sealed.readUInt32LE(4), bound, sealed.subarray(12 + length)).toString()).toBe('PRIVATE KEY');
});

it('the reader gives out the very hashes that the owner of a database keeps', async () => {
  const file = await backUp('zstd');
  for await (const { numbers, pageHashes } of openBackup(file, systemFiles).batches(new AbortController().signal)) {
    numbers.forEach((number, i) => {
      const page = database.subarray((number - 1) * pageSize, number * pageSize);
      expect(pageHashes.subarray(i * 16, (i + 1) * 16).equals(hashPage(page))).toBe(true);
    });
  }
});
