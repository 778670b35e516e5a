// Chains by serial, sequence and id; the catalogue of a folder; copying a set; nothing here trusts a name.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanFolders } from '../../core/backup/catalog.ts';
import { buildChains, checkChain, planChain } from '../../core/backup/chain.ts';
import { openBackup } from '../../core/backup/reader.ts';
import { receiveSet } from '../../core/backup/receive.ts';
import type { BackupIdentity } from '../../core/backup/types.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import type { BackupFileInfo } from '../../core/contract/backup.ts';
import type { Progress } from '../../core/contract/common.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { registerOwner, unregisterOwner } from '../../core/sqlite/registry.ts';
import type { DatabaseOwner } from '../../core/sqlite/types.ts';
import { batchOf, identity, options, readPages, sourceOf, temporaryFolder, writeFull } from './backup-support.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A chain `A`, `B`, … as the agent would write it: ids go on over fulls, serials are new each time. */
function fullOf(name: string, nextId = 1): Partial<BackupIdentity> {
  const idtag = `0000000${name}`;
  return {
    idtag,
    baseIdtag: idtag,
    serial: `${name}0`,
    nextIncId: String(nextId),
    startedAt: Number(`0x${name}`) * 1e6,
  };
}
function incrementalOf(name: string, sequence: number, firstId = 1): Partial<BackupIdentity> {
  const id = firstId + sequence - 1;
  return {
    ...{ type: 'incremental', idtag: `${sequence}000000${name}`, baseIdtag: `0000000${name}`, sequence },
    ...{ serial: `${name}${sequence}`, previousSerial: `${name}${sequence - 1}` },
    ...{ incrementalId: String(id), nextIncId: String(id + 1), startedAt: Number(`0x${name}`) * 1e6 + sequence * 1000 },
  };
}
function info(changes: Partial<BackupIdentity>): BackupFileInfo {
  const id = identity(changes);
  return {
    ...{ file: `/b/${id.idtag}.bak`, parts: [], bytes: 1, idtag: id.idtag, type: id.type, time: id.startedAt },
    ...{ srvname: 'S', instance: id.instance, dsversion: '1', compression: 'none', os: 'linux', currentLog: '' },
    ...{ incrementalId: id.incrementalId, nextIncId: id.nextIncId, serial: id.serial, baseIdtag: id.baseIdtag },
    ...{ previousSerial: id.previousSerial, sequence: id.sequence, pageSize: 4096, pageCount: 1, vector: [] },
    ...{ consistentAt: id.startedAt, replicas: [] },
  };
}
const full = info(fullOf('A'));
const [one, two, three] = [1, 2, 3].map((n) => info(incrementalOf('A', n))) as [
  BackupFileInfo,
  BackupFileInfo,
  BackupFileInfo,
];
/** The same ids as in chain A, but taken after full B. */
const foreign = [1, 2, 3].map((n) => info(incrementalOf('B', n))) as [BackupFileInfo, BackupFileInfo, BackupFileInfo];

describe('planning a chain', () => {
  it('orders what belongs and leaves the rest', () => {
    const plan = planChain(full, [three, foreign[0], two, full, one, { ...one, file: '/copy/of/one' }]);
    expect(plan).toEqual({ incrementals: [one, two, three], missing: [] });
  });

  it('stops after a backup or before a time', () => {
    const all = [one, two, three];
    expect(planChain(full, all, two.idtag).incrementals).toEqual([one, two]);
    expect(planChain(full, all, full.idtag).incrementals).toEqual([]);
    expect(planChain(full, all, two.consistentAt).incrementals).toEqual([one, two]);
    expect(planChain(full, all, two.consistentAt - 1).incrementals).toEqual([one]);
  });

  it('names what is missing', () => {
    expect(planChain(full, [one, three])).toMatchObject({
      incrementals: [one],
      missing: [{ afterIdtag: one.idtag, expectedIncId: '2' }],
    });
    expect(planChain(full, [one], three.idtag).missing).toHaveLength(1);
    expect(planChain(full, [one, three], one.idtag).missing).toEqual([]);
    expect(planChain(full, [one, three], one.consistentAt).missing).toEqual([]);
    expect(planChain(full, []).missing).toEqual([]);
  });

  it('does not take an incremental whose serial is wrong although its id fits', () => {
    const imposter = { ...two, serial: 'X', previousSerial: 'X' };
    expect(planChain(full, [one, imposter]).incrementals).toEqual([one]);
  });
});

describe('a list given by hand', () => {
  const wrong = (list: BackupFileInfo[], name: string) =>
    expect(() => checkChain(full, list)).toThrow(expect.objectContaining({ name }));

  it('is taken when it is right', () => {
    expect(() => checkChain(full, [one, two, three])).not.toThrow();
  });

  it('is refused with the code that fits', () => {
    wrong([foreign[0]], 'SERIAL_MISMATCH');
    wrong([one, foreign[1]], 'SERIAL_MISMATCH');
    wrong([one, { ...two, previousSerial: 'X' }], 'SERIAL_MISMATCH');
    wrong([two], 'INVALID_SEQUENCE');
    wrong([one, three], 'INVALID_SEQUENCE');
    wrong([one, one], 'INVALID_SEQUENCE');
    wrong([one, { ...two, incrementalId: '9' }], 'INVALID_SEQUENCE');
    wrong([info(fullOf('B'))], 'INVALID_SEQUENCE');
  });
});

describe('chains', () => {
  it('are built from any heap, with their gaps', () => {
    const fullB = info(fullOf('B', 4));
    const bs = [1, 2].map((n) => info(incrementalOf('B', n, 4)));
    const chains = buildChains([...bs, three, fullB, one, full]);
    expect(chains.map((chain) => chain.full.idtag)).toEqual([full.idtag, fullB.idtag]);
    expect(chains[0]!.incrementals).toEqual([one, three]);
    expect(chains[0]!.gaps).toMatchObject([{ afterIdtag: one.idtag, expectedIncId: '2' }]);
    expect(chains[1]).toMatchObject({ incrementals: bs, gaps: [] });
  });

  it('of two servers that started in the same second stay apart', () => {
    const other = { ...full, srvname: 'T', serial: 'T0' };
    const own = { ...one, srvname: 'T', serial: 'T1', previousSerial: 'T0' };
    const chains = buildChains([full, one, other, own]);
    expect(chains.map((chain) => chain.incrementals)).toEqual([[one], [own]]);
    expect(chains.every((chain) => chain.gaps.length === 0)).toBe(true);
  });
});

async function writeChain(where: string, partBytes = 0): Promise<void> {
  await writeFull(
    path.join(where, 'full.bak'),
    { pages: 60 },
    {
      identity: fullOf('A'),
      options: { partBytes, compression: 'none' },
    },
  );
  for (const n of [1, 2, 3]) {
    const source = sourceOf([batchOf([n, 10 + n], 4096, n)], 4096, 60);
    await writeBackup(identity(incrementalOf('A', n)), source, options(path.join(where, `inc${n}.bak`)), systemFiles);
  }
}

describe('the catalogue of a folder', () => {
  it('reads headers, groups chains, lists what is unusable and passes over the rest', async () => {
    await writeChain(folder, 60_000);
    fs.unlinkSync(path.join(folder, 'inc2.bak'));
    fs.writeFileSync(path.join(folder, 'notes.txt'), 'mine');
    fs.writeFileSync(path.join(folder, 'foreign.bak'), 'not ours');
    fs.writeFileSync(path.join(folder, 'half.bak.unfinished'), 'x');
    fs.copyFileSync(path.join(folder, 'inc3.bak'), path.join(folder, 'short.bak'));
    const short = path.join(folder, 'short.bak');
    fs.truncateSync(short, fs.statSync(short).size - 10);
    const other = temporaryFolder();
    try {
      const orphan = sourceOf([batchOf([1], 4096)], 4096, 60);
      const orphanFile = path.join(other, 'orphan.bak');
      await writeBackup(identity(incrementalOf('C', 1)), orphan, options(orphanFile), systemFiles);
      fs.renameSync(path.join(folder, 'full.bak.00002'), path.join(other, 'full.bak.00002'));
      const view = scanFolders([folder, other, path.join(folder, 'none')], systemFiles);
      expect(view.chains).toHaveLength(1);
      expect(view.chains[0]!.full.parts.length).toBeGreaterThan(3);
      expect(view.chains[0]!.incrementals.map((i) => i.idtag)).toEqual(['1000000A', '3000000A']);
      expect(view.chains[0]!.gaps).toHaveLength(1);
      const bad = view.unusable.map(({ file, error }) => [path.basename(file), error.name]).sort();
      expect(bad).toEqual([
        ['foreign.bak', 'NOT_A_BACKUP'],
        ['orphan.bak', 'NOT_FOUND'],
        ['short.bak', 'BACKUP_TRUNCATED'],
      ]);
      const alone = scanFolders([folder], systemFiles);
      expect(alone.chains).toEqual([]);
      expect(alone.unusable.map(({ error }) => error.name)).toContain('BACKUP_PART_MISSING');
    } finally {
      fs.rmSync(other, { recursive: true });
    }
  });

  it('passes over text and XML of others, whatever they mention, and still lists damaged backups under any name', async () => {
    await writeChain(folder, 0);
    const good = fs.readFileSync(path.join(folder, 'full.bak'));
    const put = (name: string, content: string | Buffer) => fs.writeFileSync(path.join(folder, name), content);
    put('backup.log', 'Server name: \\T=HOLDFAST\\O=HOLDFAST\\CN=SRV-1\n'.repeat(900));
    put('report.xml', `<?xml version="1.0"?><report>${'HOLDFAST '.repeat(9000)}</report>`);
    put('empty.txt', '');
    const [first, end, short] = [Buffer.from(good), Buffer.from(good), good.subarray(0, 200)];
    first[0]! ^= 1;
    end[end.indexOf('</backup>')]! ^= 1;
    put('first', first);
    put('end', end);
    put('short', short);
    put('empty.bak', '');
    const bad = scanFolders([folder], systemFiles).unusable.map(({ file, error }) => [path.basename(file), error.name]);
    expect(bad.sort()).toEqual([
      ['empty.bak', 'BACKUP_TRUNCATED'],
      ['end', 'BACKUP_DAMAGED'],
      ['first', 'BACKUP_DAMAGED'],
      ['short', 'BACKUP_TRUNCATED'],
    ]);
  });

  it('never opens a database that this process owns', async () => {
    const database = path.join(folder, 'looks-like.bak');
    new Database(database).exec('create table t (a)').close();
    const { dev, ino } = fs.statSync(database);
    const opened: string[] = [];
    const files: Files = {
      ...systemFiles,
      openSync: ((...input: Parameters<Files['openSync']>) => {
        opened.push(String(input[0]));
        return systemFiles.openSync(...input);
      }) as Files['openSync'],
    };
    fs.writeFileSync(`${database}-shm`, '');
    registerOwner(dev, ino, { path: database } as DatabaseOwner);
    try {
      expect(scanFolders([folder], files)).toEqual({ chains: [], unusable: [] });
      expect(() => openBackup(database, files)).toThrow(expect.objectContaining({ name: 'DATABASE_IN_USE' }));
      const over = writeFull(database, { pages: 2 }, { options: { overwrite: true } }, files);
      await expect(over).rejects.toMatchObject({ name: 'DATABASE_IN_USE' });
      expect(opened).toEqual([]);
    } finally {
      unregisterOwner(dev, ino);
    }
    await expect(writeFull(database, { pages: 2 }, { options: { overwrite: true } })).rejects.toMatchObject({
      name: 'FILE_EXISTS',
    });
  });
});

describe('copying a set', () => {
  const signal = new AbortController().signal;
  let target: string;
  beforeEach(() => {
    target = path.join(folder, 'target');
    fs.mkdirSync(target);
  });

  it('gives a whole, readable set, and does nothing the second time', async () => {
    await writeChain(folder, 60_000);
    const source = openBackup(path.join(folder, 'full.bak'), systemFiles).info.parts;
    const seen: Progress[] = [];
    const copied = await receiveSet(source.toReversed(), target, systemFiles, signal, (p) => seen.push(p));
    expect(copied).toEqual(source.map((file) => path.join(target, path.basename(file))));
    expect(fs.readdirSync(target).sort()).toEqual(copied.map((file) => path.basename(file)).sort());
    expect((await readPages(copied[0]!)).size).toBe(60);
    expect(seen.at(-1)).toMatchObject({ done: seen.at(-1)!.total });
    const before = fs.statSync(copied[0]!).ino;
    expect(await receiveSet(source, target, systemFiles, signal, () => undefined)).toEqual(copied);
    expect(fs.statSync(copied[0]!).ino).toBe(before);
  });

  it('never replaces another file', async () => {
    await writeChain(folder);
    fs.writeFileSync(path.join(target, 'full.bak'), 'precious');
    const running = receiveSet([path.join(folder, 'full.bak')], target, systemFiles, signal, () => undefined);
    await expect(running).rejects.toMatchObject({ name: 'FILE_EXISTS' });
    expect(fs.readFileSync(path.join(target, 'full.bak'), 'utf8')).toBe('precious');
  });

  it('leaves nothing when the source is damaged, the disk is full, a part is missing, or it is cancelled', async () => {
    await writeChain(folder, 60_000);
    const source = openBackup(path.join(folder, 'full.bak'), systemFiles).info.parts;
    const none = () => undefined;
    const full: Files = {
      ...systemFiles,
      writeSync: () => {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    };
    await expect(receiveSet(source, target, full, signal, none)).rejects.toMatchObject({ name: 'NO_SPACE' });
    const cancelled = receiveSet(source, target, systemFiles, AbortSignal.abort(), none);
    await expect(cancelled).rejects.toMatchObject({ name: 'CANCELLED' });
    const bytes = fs.readFileSync(source[1]!);
    bytes[bytes.length - 5000]! ^= 1;
    fs.writeFileSync(source[1]!, bytes);
    await expect(receiveSet(source, target, systemFiles, signal, none)).rejects.toMatchObject({
      name: 'BACKUP_DAMAGED',
    });
    fs.unlinkSync(source[1]!);
    const missing = receiveSet([source[0]!], target, systemFiles, signal, none);
    await expect(missing).rejects.toMatchObject({ name: 'BACKUP_PART_MISSING' });
    expect(fs.readdirSync(target)).toEqual([]);
  });
});
