// Files that go along behind the pages: written and read block by block, whatever their length; every kind of damage has its code.
import { execFileSync } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileContents, type FileKeys, openFileCiphers } from '../../core/backup/file-content.ts';
import type { FileStreams, StreamedFile } from '../../core/backup/file-section.ts';
import { headerLength } from '../../core/backup/header.ts';
import { openBackup, openParts } from '../../core/backup/reader.ts';
import { receiveSet } from '../../core/backup/receive.ts';
import type { WriteBackupOptions } from '../../core/backup/types.ts';
import { verifyBackups } from '../../core/backup/verify.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { newMasterKey } from '../../core/encryption/master-key.ts';
import type { KeySource } from '../../core/encryption/types.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { makePage, readPages, temporaryFolder, writeFull } from './backup-support.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'x.bak');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const MiB = 1024 * 1024;
const signal = new AbortController().signal;
const PREAMBLE = 16 * 1024;

/** A file of this content. */
function streamed(name: string, content: Buffer, type: 'user' | 'nici' = 'user', changed = false): StreamedFile {
  return {
    name,
    type,
    bytes: content.length,
    open() {
      let at = 0;
      return {
        read(limit) {
          const piece = Buffer.from(content.subarray(at, at + limit));
          at += piece.length;
          return piece;
        },
        changed: () => changed,
        close: () => undefined,
      };
    },
  };
}

const three = (): StreamedFile[] => [
  streamed('/etc/a <&> "b"', randomBytes(2 * MiB + 17)),
  streamed('/etc/empty', Buffer.alloc(0)),
  streamed('/etc/text', Buffer.from('all the same '.repeat(50_000))),
];

const plain = (files: StreamedFile[]): FileStreams => ({ files, security: null, included: null });

function write(streams: FileStreams, options: Partial<WriteBackupOptions> = {}) {
  return writeFull(file, { pages: 40, perBatch: 10 }, { options: { streams, ...options } });
}

async function contents(keys: FileKeys = {}): Promise<Buffer[]> {
  const parts = openParts(file, systemFiles);
  const ciphers = await openFileCiphers(parts[0]!, keys);
  const read = new FileContents(parts, systemFiles);
  const all: Buffer[] = [];
  for (const index of parts[0]!.header.files.keys()) {
    const pieces: Buffer[] = [];
    for await (const piece of read.read(index, ciphers)) pieces.push(piece);
    all.push(Buffer.concat(pieces));
  }
  return all;
}

const given = (files: StreamedFile[]) => files.map((one) => one.open().read(Number.MAX_SAFE_INTEGER));
/** Comparing megabytes byte by byte takes seconds here. */
const shown = (bytes: Buffer) => `${bytes.length} ${hash('sha256', bytes)}`;
const source = (key: Buffer): KeySource => ({ candidates: async () => [key] });

describe('files behind the pages', () => {
  for (const compression of ['zstd', 'none'] as const)
    for (const partBytes of [0, 700_000])
      it(`come back as they were, and so do the pages (${compression}, parts of ${partBytes})`, async () => {
        const files = three();
        const written = await write(plain(files), { compression, partBytes });
        expect(written.files.length > 1).toBe(partBytes > 0);
        for (const part of written.files)
          if (partBytes > 0) expect(fs.statSync(part).size).toBeLessThanOrEqual(partBytes);
        expect((await contents()).map(shown)).toEqual(given(files).map(shown));
        const pages = await readPages(file);
        expect(pages.size).toBe(40);
        for (const [number, page] of pages) expect(page.equals(makePage(number, 4096))).toBe(true);
        const backup = openBackup(file, systemFiles);
        expect(backup.blocks().places.length).toBeGreaterThan(0);
        expect(backup.info.files).toEqual(files.map(({ name, type, bytes }) => ({ name, type, bytes })));
        expect((await verifyBackups([file], systemFiles, signal)).ok).toBe(true);
        fs.writeFileSync(path.join(folder, 'header.xml'), backup.xml);
        execFileSync('xmllint', ['--valid', '--noout', path.join(folder, 'header.xml')]);
        const elsewhere = path.join(folder, 'elsewhere');
        fs.mkdirSync(elsewhere);
        const copies = await receiveSet(written.files, elsewhere, systemFiles, signal, () => undefined);
        file = copies[0]!;
        expect((await contents()).map(shown)).toEqual(given(files).map(shown));
      });

  it('are read to the length that they turn out to have, and a change is told', async () => {
    const files = [{ ...streamed('/etc/log', Buffer.from('longer than it was'), 'user', true), bytes: 3 }, ...three()];
    const written = await write(plain(files));
    expect(written.changedFiles).toEqual(['/etc/log']);
    expect(openBackup(file, systemFiles).info.files?.[0]?.bytes).toBe(18);
    expect((await contents())[0]!.toString()).toBe('longer than it was');
    const read = new FileContents(openParts(file, systemFiles), systemFiles);
    expect([0, 1, 2, 3].map((index) => read.changed(index))).toEqual([true, false, false, false]);
  });

  it('are encrypted, security files under a key of their own', async () => {
    const [security, included] = await Promise.all([newMasterKey('for the keys'), newMasterKey('for the pages')]);
    const secret = Buffer.from('PRIVATE KEY '.repeat(10_000));
    const files = [streamed('/etc/key.pem', secret, 'nici'), streamed('/etc/conf', Buffer.from('loglevel 1'))];
    await write({ files, security, included }, { encryption: included, compression: 'none' });
    expect(fs.readFileSync(file).includes('PRIVATE KEY')).toBe(false);
    expect(fs.readFileSync(file).includes('loglevel')).toBe(false);
    const keys = { nici: source(security.key), user: source(included.key) };
    expect((await contents(keys)).map(shown)).toEqual(given(files).map(shown));
    await expect(contents({ nici: source(included.key) })).rejects.toMatchObject({ name: 'WRONG_PASSWORD' });
    const verdict = await verifyBackups([file], systemFiles, signal, { keys: source(included.key) });
    expect(verdict).toMatchObject({ ok: true });
    // Whoever has no key cannot take one of them away, even with every checksum made anew.
    const bytes = fs.readFileSync(file);
    const at = headerLength(bytes);
    const record = JSON.parse(bytes.toString('utf8', at + 64, at + 64 + bytes.readUInt32LE(at + 16)));
    record.files.blocks -= 1;
    const json = Buffer.from(JSON.stringify(record));
    bytes.fill(0, at + 64, at + PREAMBLE);
    json.copy(bytes, at + 64);
    bytes.writeUInt32LE(json.length, at + 16);
    bytes.writeUInt32LE(0, at + 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + PREAMBLE)), at + 20);
    fs.writeFileSync(file, bytes);
    await expect(openBackup(file, systemFiles).unlock(source(included.key))).rejects.toThrow(/changed after it was/);
  });

  it('make no backup when there is no room for them, and leave nothing of one that ends on the way', async () => {
    const huge = { ...streamed('/etc/huge', Buffer.alloc(0)), bytes: Number.MAX_SAFE_INTEGER };
    await expect(write(plain([huge]))).rejects.toMatchObject({ name: 'NO_SPACE' });
    const gone: StreamedFile = {
      ...streamed('/etc/gone', Buffer.alloc(MiB)),
      open: () => {
        throw new HoldfastError('NOT_FOUND', '/etc/gone does not exist.');
      },
    };
    await expect(write(plain([...three(), gone]))).rejects.toMatchObject({ name: 'NOT_FOUND' });
    const stop = new AbortController();
    const run = write(plain(three()), {
      signal: stop.signal,
      onProgress: ({ phaseIndex }) => phaseIndex === 2 && stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ name: 'CANCELLED' });
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('damage in the files behind the pages', () => {
  async function outcome(): Promise<string> {
    const names = new Set<string>();
    for (const work of [() => readPages(file), () => contents()])
      await work().then(
        () => names.add('ok'),
        (error: unknown) => names.add(error instanceof HoldfastError ? error.name : String(error)),
      );
    return [...names].join(' and ');
  }
  const firstOf = (bytes: Buffer) => openParts(file, systemFiles)[0]!.record.filesOffset ?? bytes.length;

  it('is noticed in each byte of a header, and anywhere in what is stored', async () => {
    const files = [streamed('/etc/one', randomBytes(3000)), streamed('/etc/two', Buffer.from('two '.repeat(500)))];
    await write(plain(files));
    const good = fs.readFileSync(file);
    const start = firstOf(good);
    expect(await outcome()).toBe('ok');
    const spots = [...Array(64).keys()].map((byte) => start + byte);
    for (let at = start + 64; at < good.length - 80; at += 97) spots.push(at);
    for (const at of spots) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1 << (at % 8);
      fs.writeFileSync(file, bad);
      expect([at, await outcome()]).toEqual([at, 'BACKUP_DAMAGED']);
      expect((await verifyBackups([file], systemFiles, signal)).files[0]?.error?.name).toBe('BACKUP_DAMAGED');
    }
  });

  it('is noticed although every checksum of the block was made to agree', async () => {
    await write(plain([streamed('/etc/one', randomBytes(3000))]), { compression: 'none' });
    const bytes = fs.readFileSync(file);
    const at = firstOf(bytes);
    bytes[at + 100]! ^= 1;
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 64, at + 64 + 3000)), at + 56);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 60)), at + 60);
    fs.writeFileSync(file, bytes);
    expect(await outcome()).toBe('BACKUP_DAMAGED');
  });

  it('is a truncation where the file ends early, and a newer format where a flag is unknown', async () => {
    await write(plain(three()));
    const good = fs.readFileSync(file);
    const at = firstOf(good);
    for (const cut of [at, at + 1, at + 63, at + 64, at + MiB, good.length - 81, good.length - 1]) {
      fs.writeFileSync(file, good.subarray(0, cut));
      expect([cut, await outcome()]).toEqual([cut, 'BACKUP_TRUNCATED']);
    }
    const bad = Buffer.from(good);
    bad.writeUInt32LE(bad.readUInt32LE(at + 12) | 64, at + 12);
    bad.writeUInt32LE(crc32(bad.subarray(at, at + 60)), at + 60);
    fs.writeFileSync(file, bad);
    expect(await outcome()).toBe('BACKUP_NEWER_FORMAT');
  });

  it('does not keep the pages from being restored from the block map', async () => {
    await write(plain([streamed('/etc/one', randomBytes(3000))]));
    const bytes = fs.readFileSync(file);
    bytes[firstOf(bytes) + 500]! ^= 1;
    fs.writeFileSync(file, bytes);
    expect(openBackup(file, systemFiles).blocks().places.length).toBeGreaterThan(0);
  });
});
