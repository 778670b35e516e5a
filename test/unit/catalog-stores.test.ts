// The catalog: what goes in comes out after a restart; damage, newer schemas and old ones each end well.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../core/catalog/catalog.ts';
import { migrations } from '../../core/catalog/migrations.ts';
import { openCatalog } from '../../core/catalog/open-catalog.ts';
import type { ServerRecord } from '../../core/catalog/servers.ts';
import { groupConfigSchema, type HistoryEntry } from '../../core/contract/failover.ts';
import type { Proof } from '../../core/contract/proofs.ts';
import { unknownStatus } from '../../core/contract/unknown-status.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const server = (name: string, root: string): ServerRecord => ({
  name,
  root,
  allowedFolders: ['/data'],
  httpPort: 0,
  stopped: true,
  lab: false,
  addedAt: 5,
});
const config = groupConfigSchema.parse({
  enabled: true,
  mode: 'backupAndRestore',
  members: [],
  autoReconnect: false,
  full: { kind: 'off' },
  differential: { kind: 'off' },
  whenConsoleLost: 'keep',
  probeMs: 1000,
  misses: 3,
  leaseMs: 10_000,
});
const entry = (id: string): HistoryEntry => ({
  id,
  at: 1,
  kind: 'failover',
  from: 'SRV-1',
  to: 'SRV-2',
  why: 'gone',
  durationMs: null,
  dataAgeMs: null,
  atRisk: null,
});

describe('catalog', () => {
  it('gives back what was stored, after a restart', () => {
    const folder = temporaryFolder();
    const first = createCatalog(folder, 0);
    first.servers.save(server('SRV-1', '/r1'));
    first.servers.save({ ...server('srv-1', '/r1'), httpPort: 77 });
    const status = unknownStatus('Directory', '/data/d.db', '/data');
    const instance = { server: 'SRV-1', name: 'Directory', path: '/data/d.db', backupFolder: '/b' };
    first.instances.save({ ...instance, lastStatus: status, addedAt: 9 });
    first.site.set('site', { name: 'CORP' });
    first.close();
    const second = createCatalog(folder, 0);
    expect(second.servers.list()).toEqual([{ ...server('SRV-1', '/r1'), httpPort: 77 }]);
    expect(second.instances.list()).toEqual([{ ...instance, lastStatus: status, addedAt: 9 }]);
    expect(second.site.get('site')).toEqual({ name: 'CORP' });
    expect(second.site.get('nothing')).toBeNull();
    second.servers.remove('SRV-1');
    expect(second.instances.list()).toEqual([]);
    second.close();
  });

  it('keeps groups, the newest history first, and one journal entry a group', () => {
    const { failover, close } = createCatalog(temporaryFolder(), 0);
    failover.saveGroup({ id: 'g', name: 'G', config, state: { term: 3 } });
    failover.saveGroup({ id: 'g', name: 'G', config, state: { term: 4 } });
    expect(failover.loadGroups()).toEqual([{ id: 'g', name: 'G', config, state: { term: 4 } }]);
    for (let n = 0; n < 1_005; n++) failover.appendHistory('g', entry(`h${n}`));
    expect(failover.listHistory('g', 2).map((one) => one.id)).toEqual(['h1004', 'h1003']);
    expect(failover.listHistory('g', 5_000)).toHaveLength(1_000);
    failover.openJournal('g', { step: 1 });
    failover.openJournal('g', { step: 2 });
    expect(failover.readJournal('g')).toEqual({ step: 2 });
    failover.closeJournal('g');
    expect(failover.readJournal('g')).toBeNull();
    failover.deleteGroup('g');
    expect(failover.listHistory('g', 1)).toEqual([]);
    close();
  });

  it('refuses a catalog of a newer version and leaves it alone', () => {
    const folder = temporaryFolder();
    createCatalog(folder, 0).close();
    const file = path.join(folder, 'catalog.db');
    execFileSync('sqlite3', [file, `PRAGMA user_version = ${migrations.length + 1}`]);
    expect(() => createCatalog(folder, 0)).toThrowError(
      expect.objectContaining({ name: 'NOT_SUPPORTED', message: expect.stringContaining(file) }),
    );
    expect(fs.readdirSync(folder).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  it('keeps a copy before it migrates an older one', () => {
    const folder = temporaryFolder();
    const first = createCatalog(folder, 0);
    first.site.set('site', 'OLD');
    first.close();
    const steps = [...migrations, 'CREATE TABLE later (x TEXT) STRICT'];
    const { db, damagedCopy } = openCatalog(folder, 0, steps);
    expect(damagedCopy).toBeNull();
    expect(db.pragma('user_version', { simple: true })).toBe(steps.length);
    db.close();
    const copy = path.join(folder, `catalog.db.before-${steps.length}`);
    const kept = execFileSync('sqlite3', [
      copy,
      "SELECT value FROM kv; PRAGMA user_version; SELECT count(*) FROM sqlite_schema WHERE name = 'later'",
    ]);
    expect(kept.toString().trim().split('\n')).toEqual(['"OLD"', String(migrations.length), '0']);
  });

  it('changes nothing when a migration fails', () => {
    const folder = temporaryFolder();
    createCatalog(folder, 0).close();
    expect(() => openCatalog(folder, 0, [...migrations, 'CREATE TABLE later (x TEXT) STRICT; broken'])).toThrow(
      /syntax/,
    );
    const catalog = createCatalog(folder, 0);
    expect(catalog.damagedCopy).toBeNull();
    catalog.close();
  });

  it('sets a damaged catalog aside, starts anew, and finds the servers again', () => {
    const folder = temporaryFolder();
    const first = createCatalog(folder, 0);
    first.servers.save(server('SRV-1', '/r1'));
    first.close();
    const file = path.join(folder, 'catalog.db');
    fs.writeFileSync(file, 'this is not a database, and never was one: '.repeat(200));
    const second = createCatalog(folder, Date.UTC(2026, 10, 20, 8));
    expect(second.damagedCopy).toBe(`${file}.damaged-20261120T080000Z`);
    expect(fs.readFileSync(second.damagedCopy as string, 'utf8')).toMatch(/^this is not a database/);
    expect(second.servers.list().map((one) => one.name)).toEqual(['SRV-1']);
    second.close();
  });

  it('notices damage inside a page as well', () => {
    const folder = temporaryFolder();
    const first = createCatalog(folder, 0);
    for (let n = 0; n < 500; n++) first.site.set(`key ${n}`, 'x'.repeat(100));
    first.close();
    const file = path.join(folder, 'catalog.db');
    const bytes = fs.readFileSync(file);
    bytes.fill(0xff, 4096 * 3, 4096 * 8);
    fs.writeFileSync(file, bytes);
    const second = createCatalog(folder, 0);
    expect(second.damagedCopy).not.toBeNull();
    expect(second.site.get('key 1')).toBeNull();
    second.close();
  });

  it('keeps the proofs of an instance, newest first, each point once, after a restart', () => {
    const folder = temporaryFolder();
    const first = createCatalog(folder, 0);
    const proof = (idtag: string, provenAt: number, more: Partial<Proof> = {}): Proof => ({
      ...{ instanceId: 'SRV-1/Directory', idtag, reachedAt: 100, provenAt, kind: 'drill' },
      ...{ stamp: 's3D35F377 r02 e002', durationMs: 5, bytes: 10, ...more },
    });
    first.proofs.record(proof('A', 1));
    first.proofs.record(proof('B', 2, { stamp: null, durationMs: null, bytes: null }));
    first.proofs.record(proof('A', 3, { instanceId: 'srv-1/directory' }));
    first.proofs.record(proof('C', 4, { instanceId: 'SRV-2/Other', kind: 'restore' }));
    first.close();
    const { proofs } = createCatalog(folder, 0);
    expect(proofs.list('SRV-1/Directory')).toEqual([
      proof('A', 3),
      proof('B', 2, { stamp: null, durationMs: null, bytes: null }),
    ]);
    expect(proofs.latest().map((one) => one.idtag)).toEqual(['A', 'C']);
    for (let n = 0; n < 600; n++) proofs.record(proof('D', 10 + n, { reachedAt: n }));
    expect(proofs.list('SRV-1/Directory')).toHaveLength(500);
  });
});
