// Backups wherever they lie: the catalogue rebuilt from files, a machine that never saw the database, files that were moved and renamed,
// a database that was restored in between, a set that waits in RST. Real agents, real files.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sql } from '../support/agent-lab.ts';
import { type RealSite, requestOf, startRealSite } from '../support/real-site.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const instanceId = 'SRV-1/Directory';
const words = (file: string) => sql(file, 'SELECT group_concat(word) FROM (SELECT word FROM entry ORDER BY id)');
const add = (file: string, word: string) => sql(file, `INSERT INTO entry (word) VALUES ('${word}')`);

async function protectedSite(): Promise<{ site: RealSite; file: string; backups: string }> {
  const site = await startRealSite();
  const file = path.join(site.folder, 'files', 'directory.db');
  const backups = path.join(site.folder, 'backups');
  fs.mkdirSync(path.dirname(file));
  sql(file, 'PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT)');
  await site.api.servers.add({ name: 'SRV-1', root: path.join(site.folder, 'srv-1') });
  const options = { backupFolder: backups, logging: true, switchToWal: false };
  await site.api.instances.protect({ server: 'SRV-1', name: 'Directory', path: file, ...options });
  add(file, 'one');
  await site.backUp(instanceId, 'full');
  add(file, 'two');
  await site.backUp(instanceId, 'incremental');
  add(file, 'three');
  site.agent('SRV-1').instance('Directory').captureNow();
  return { site, file, backups };
}

const files = (folder: string) =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.bak'))
    .sort()
    .map((name) => path.join(folder, name));
const into = (site: RealSite, name: string, server = 'SRV-1') => ({
  kind: 'file' as const,
  server,
  path: path.join(site.folder, name),
});

it('knows servers, databases, chains and logs again after the catalogue was deleted', { timeout: 60_000 }, async () => {
  const { site } = await protectedSite();
  const before = await site.api.instances.timeline({ instanceId });
  await site.stop();
  for (const name of fs.readdirSync(site.data))
    if (name.startsWith('catalog.db')) fs.rmSync(path.join(site.data, name));
  const again = await startRealSite(site.folder, site.clock);
  await expect.poll(() => again.engine.snapshot().instances[0]?.reachable, { timeout: 15_000 }).toBe(true);
  const { servers, instances, messages } = again.engine.snapshot();
  expect(servers.map(({ name, root }) => [name, root])).toEqual([['SRV-1', path.join(site.folder, 'srv-1')]]);
  expect(instances.map((one) => one.id)).toEqual([instanceId]);
  const said = messages.map((message) => message.text).join('\n');
  expect(said).toContain('Taken over: SRV-1');
  expect(said).toContain('Failover groups come back from what their members keep and wait to be confirmed');
  const after = await again.api.instances.timeline({ instanceId });
  expect(after.catalog.chains).toEqual(before.catalog.chains);
  await again.restore({ instanceId, target: into(again, 'copy.db') });
  expect(words(into(again, 'copy.db').path)).toBe('one,two,three');
  const { idtag } = after.catalog.chains[0]!.full;
  expect((await again.api.backup.verify({ instanceId, idtag })).ok).toBe(true);
  const { proofs } = await again.api.instances.timeline({ instanceId });
  expect(proofs.map((proof) => proof.kind).sort()).toEqual(['restore', 'verify']);
});

it('restores on a machine that never saw the database, into a file and over another one', {
  timeout: 60_000,
}, async () => {
  const { site, file, backups } = await protectedSite();
  // What is carried over: the files, in folders and under names of their own.
  const other = await startRealSite(temporaryFolder());
  const tape = path.join(other.folder, 'tape');
  fs.mkdirSync(path.join(tape, 'deep', 'er'), { recursive: true });
  const [full = '', incremental = ''] = files(backups);
  fs.copyFileSync(full, path.join(tape, 'first'));
  fs.copyFileSync(incremental, path.join(tape, 'deep', 'er', 'second.bin'));
  fs.cpSync(path.join(path.dirname(file), '.holdfast', 'Directory', 'nds.rfl'), path.join(tape, 'logs'), {
    recursive: true,
  });
  fs.writeFileSync(path.join(tape, 'notes.txt'), 'nothing to see');
  await site.stop();

  await other.api.servers.add({ name: 'NEW', root: null });
  const opened = await other.api.library.open({ server: 'NEW', folders: [tape] });
  expect(opened.databases).toMatchObject([{ instanceId: null, source: { instance: 'Directory' } }]);
  const from = opened.databases[0]?.source;
  expect(opened.databases[0]?.timeline.catalog.chains.map((chain) => chain.incrementals.length)).toEqual([1]);
  expect(from?.srvname).toContain('CN=SRV-1');
  await other.restore({ from, target: into(other, 'copy.db', 'NEW') });
  expect(words(into(other, 'copy.db').path)).toBe('one,two,three');
  await other.restore({ from, useLogs: false, target: into(other, 'bare.db', 'NEW') });
  expect(words(into(other, 'bare.db').path)).toBe('one,two');

  // Over a database that is protected here, which has to be typed and is kept.
  const own = path.join(other.folder, 'own.db');
  sql(
    own,
    "PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT); INSERT INTO entry VALUES (1, 'own')",
  );
  const options = { backupFolder: null, logging: false, switchToWal: false };
  await other.api.instances.protect({ server: 'NEW', name: 'Own', path: own, ...options });
  const target = { kind: 'instance' as const, instanceId: 'NEW/Own' };
  const plan = await other.api.restore.plan(requestOf({ from, target }));
  expect(plan).toMatchObject({ class: 'typed', typedName: 'Own', refusal: null });
  expect(plan.warnings.join()).toContain('found in a folder');
  const result = await other.restore({ from, target });
  expect(words(own)).toBe('one,two,three');
  expect(result.contingency).not.toBeNull();
});

it('says what is missing, and finds it where it was moved to, under another name', { timeout: 60_000 }, async () => {
  const { site, file } = await protectedSite();
  await site.backUp(instanceId, 'incremental');
  add(file, 'four');
  const moved = path.join(site.folder, 'elsewhere', 'below');
  fs.mkdirSync(moved, { recursive: true });
  const [second, newest] = (await site.api.instances.timeline({ instanceId })).catalog.chains[0]?.incrementals ?? [];
  fs.renameSync(second?.file ?? '', path.join(moved, 'renamed.dat'));
  const request = { instanceId, idtag: newest?.idtag ?? '', target: into(site, 'copy.db') };
  const without = await site.api.restore.plan(requestOf(request));
  expect(without.refusal).toContain('cannot be reached');
  expect(without.missing.join()).toMatch(/^incremental 1 after [0-9A-F]{8}: it is incremental 2/);
  const searchFolders = [path.join(site.folder, 'elsewhere')];
  const plan = await site.api.restore.plan(requestOf({ ...request, searchFolders }));
  expect(plan).toMatchObject({ refusal: null, missing: [] });
  expect(plan.sources?.map(({ kind, server }) => [kind, server])).toEqual([
    ['full', 'SRV-1'],
    ['incremental', 'SRV-1'],
    ['incremental', 'SRV-1'],
    ['log', 'SRV-1'],
  ]);
  await site.restore({ ...request, searchFolders });
  expect(words(request.target.path)).toBe('one,two,three,four');
});

it('reaches the life before a restore up to its break, and says why it ends there', { timeout: 60_000 }, async () => {
  const { site, file } = await protectedSite();
  await site.restore({
    instanceId,
    useLogs: false,
    keepLogSettings: true,
    target: { kind: 'instance', instanceId },
  });
  expect(words(file)).toBe('one,two');
  add(file, 'second life');
  const plan = await site.api.restore.plan(requestOf({ instanceId, target: into(site, 'first-life.db') }));
  expect(plan).toMatchObject({ refusal: null, missing: [] });
  expect(plan.ends).toMatch(/^roll-forward logging was started anew in 0000000\d\.log$/);
  expect(plan.warnings.join()).toContain('Nothing after');
  await site.restore({ instanceId, target: into(site, 'first-life.db') });
  expect(words(into(site, 'first-life.db').path)).toBe('one,two,three');
  await site.backUp(instanceId, 'full');
  add(file, 'more');
  await site.restore({ instanceId, target: into(site, 'second-life.db') });
  expect(words(into(site, 'second-life.db').path)).toBe('one,two,second life,more');
});

it('restores on another server of the site, from the folders of the first', { timeout: 60_000 }, async () => {
  const { site } = await protectedSite();
  await site.api.servers.add({ name: 'SRV-2', root: null });
  const target = into(site, 'on-2.db', 'SRV-2');
  const plan = await site.api.restore.plan(requestOf({ instanceId, target }));
  expect(plan.checks.map((check) => check.text).join('\n')).toContain('3 files found by SRV-1');
  await site.restore({ instanceId, target });
  expect(words(target.path)).toBe('one,two,three');
  expect(fs.existsSync(path.join(site.data, 'servers', 'SRV-2', 'incoming')), 'what can be read is not copied').toBe(
    false,
  );
});

it('plans what becomes of a set that waits in RST', { timeout: 60_000 }, async () => {
  const { site, file } = await protectedSite();
  const finish = async (action: 'activate' | 'delete', more: { open?: boolean; clearLock?: boolean } = {}) =>
    await site.api.restore.finishPlan({ instanceId, action, ...more });
  expect(await finish('delete')).toMatchObject({ refusal: expect.stringContaining('No restored set') });
  const waiting = { instanceId, useLogs: false, activate: false, target: { kind: 'instance' as const, instanceId } };
  await site.restore(waiting);
  const remove = await finish('delete');
  expect(remove).toMatchObject({ class: 'confirm', typedName: null, refusal: null });
  expect(remove.command).toBe(`holdfast restadv --to ${instanceId} -m`);
  expect(await site.api.restore.finishPlanned({ token: remove.token })).toEqual({ contingency: null });
  await site.restore(waiting);
  const activate = await finish('activate', { clearLock: false });
  expect(activate).toMatchObject({ class: 'typed', typedName: 'Directory', refusal: null });
  expect(activate.effects.join()).toContain('It stays locked');
  const wrong = site.api.restore.finishPlanned({ token: activate.token, typed: 'directory' });
  await expect(wrong).rejects.toMatchObject({ name: 'CONFIRMATION_REQUIRED' });
  const { token } = await finish('activate');
  const { contingency } = await site.api.restore.finishPlanned({ token, typed: 'Directory' });
  expect(contingency).not.toBeNull();
  expect(words(file)).toBe('one,two');
});
