// Encrypted backups: round trip, wrong key, changed bytes, blocks from elsewhere, and what must not be seen in the file.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { readPart } from '../../core/backup/part-header.ts';
import { encodePreamble } from '../../core/backup/preamble.ts';
import { openBackup } from '../../core/backup/reader.ts';
import { openBlockCipher } from '../../core/encryption/block-cipher.ts';
import { anyKeys, newMasterKey, noKeys, passwordKeys } from '../../core/encryption/master-key.ts';
import type { KeySource, MasterKey } from '../../core/encryption/types.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { makePage, temporaryFolder, writeFull } from './backup-support.ts';

const PASSWORD = 'correct horse';
let master: MasterKey;
let folder: string;
beforeAll(async () => {
  master = await newMasterKey(PASSWORD);
});
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const known: KeySource = { candidates: async () => [master.key] };

async function readAll(file: string, keys: KeySource): Promise<number> {
  const backup = openBackup(file, systemFiles);
  await backup.unlock(keys);
  let pages = 0;
  for await (const { numbers, data } of backup.batches(new AbortController().signal)) {
    numbers.forEach((number, i) => {
      const page = data.subarray(i * 4096, (i + 1) * 4096);
      if (!page.equals(makePage(number, 4096))) throw new Error(`page ${number} differs`);
    });
    pages += numbers.length;
  }
  return pages;
}

const write = (name: string, changes: Parameters<typeof writeFull>[2] = {}) =>
  writeFull(
    path.join(folder, name),
    { pages: 700 },
    { ...changes, options: { encryption: master, ...changes.options } },
  );

it.each([
  ['compressed', {}],
  ['not compressed', { compression: 'none' as const }],
  ['in parts', { partBytes: 1_000_000 }],
])('gives every page back, %s', async (_, options) => {
  const { files } = await write('x.bak', { options });
  expect(await readAll(files[0]!, passwordKeys(PASSWORD))).toBe(700);
});

it('refuses a wrong password under its own code before a page is given out', async () => {
  const { files } = await write('x.bak');
  await expect(readAll(files[0]!, passwordKeys('wrong'))).rejects.toMatchObject({
    name: 'WRONG_PASSWORD',
    code: -7029,
  });
  await expect(readAll(files[0]!, noKeys)).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
  const backup = openBackup(files[0]!, systemFiles);
  await expect(backup.batches(new AbortController().signal).next()).rejects.toMatchObject({
    name: 'PASSWORD_REQUIRED',
  });
});

it('tries the keys of every source', async () => {
  const { files } = await write('x.bak');
  expect(await readAll(files[0]!, anyKeys(passwordKeys('wrong'), noKeys, known))).toBe(700);
});

it('shows neither pages nor their hashes: two backups of the same pages have nothing in common', async () => {
  const first = await write('a.bak', { options: { compression: 'none' } });
  const second = await write('b.bak', { options: { compression: 'none' } });
  const [a, b] = [first, second].map(({ files }) => fs.readFileSync(files[0]!));
  expect(a!.includes('page 7 of generation')).toBe(false);
  const at = a!.indexOf('HFB1');
  expect(b!.indexOf('HFB1')).toBe(at);
  expect(a!.subarray(at + 32, at + 48).equals(b!.subarray(at + 32, at + 48))).toBe(false);
  expect(a!.subarray(at + 64, at + 4096).equals(b!.subarray(at + 64, at + 4096))).toBe(false);
  expect(JSON.stringify(openBackup(first.files[0]!, systemFiles).info)).not.toContain(master.key.toString('hex'));
});

it('notices a changed byte, and a plain block in an encrypted set', async () => {
  const { files } = await write('x.bak');
  const bytes = fs.readFileSync(files[0]!);
  const damaged = Buffer.from(bytes);
  damaged[damaged.length - 5000]! ^= 1;
  fs.writeFileSync(files[0]!, damaged);
  await expect(readAll(files[0]!, known)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  // The same set id, so that only the encryption can tell.
  const plain = await writeFull(path.join(folder, 'plain.bak'), { pages: 700 });
  const other = fs.readFileSync(plain.files[0]!);
  const from = other.indexOf('HFB1');
  const record = bytes.subarray(0, from);
  const cut = Buffer.concat([record, other.subarray(from)]);
  fs.writeFileSync(files[0]!, cut);
  await expect(readAll(files[0]!, known)).rejects.toThrow();
});

it('binds a block to its place: the tag does not fit another number or another header', async () => {
  const { files } = await write('x.bak');
  const { encryption } = openBackup(files[0]!, systemFiles).info;
  expect(encryption).toEqual({ cipher: 'aes-256-gcm', definition: null });
  const cipher = await openBlockCipher((await recordOf(files[0]!))!, known);
  const sealed = cipher.seal(3, Buffer.from('header'), Buffer.from('pages'));
  expect(cipher.open(3, Buffer.from('header'), sealed)?.toString()).toBe('pages');
  expect(cipher.open(4, Buffer.from('header'), sealed)).toBeNull();
  expect(cipher.open(3, Buffer.from('other'), sealed)).toBeNull();
});

it('vouches for the whole: a header that was written anew with sound checksums is refused', async () => {
  const { files } = await write('x.bak');
  const { record, xml, dataOffset } = readPart(files[0]!, systemFiles);
  const bytes = fs.readFileSync(files[0]!);
  const forge = async (change: Partial<typeof record>) => {
    const preamble = encodePreamble({ ...record, ...change }, Buffer.from(xml));
    fs.writeFileSync(
      files[0]!,
      Buffer.concat([bytes.subarray(0, dataOffset - preamble.length), preamble, bytes.subarray(dataOffset)]),
    );
    await readAll(files[0]!, known);
  };
  await forge({});
  for (const change of [
    { pageCount: 600 },
    { sequence: 3 },
    { consistentAt: record.consistentAt + 1000 },
    { vector: [] },
    { currentLog: '00000001.log' },
    { encryption: { ...record.encryption!, seal: '00'.repeat(32) } },
  ])
    await expect(forge(change), JSON.stringify(change)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
});

async function recordOf(file: string) {
  return readPart(file, systemFiles).record.encryption;
}

it('a header that asks scrypt for too much memory is refused as damaged', async () => {
  const { scryptSchema } = await import('../../core/encryption/record.ts');
  const salt = '00'.repeat(16);
  expect(scryptSchema.safeParse({ cost: 2 ** 20, blockSize: 8, parallelization: 1, salt }).success).toBe(false);
  expect(scryptSchema.safeParse({ cost: 2 ** 15, blockSize: 8, parallelization: 3, salt }).success).toBe(true);
});
