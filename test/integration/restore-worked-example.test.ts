// The worked example of the field: fulls on Friday, incrementals Monday to Thursday, a crash on Wednesday afternoon. Without the
// roll-forward logs Tuesday night comes back, with them the last commit. Real files, real SQLite, a clock that is set.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sql } from '../support/agent-lab.ts';
import { type RealSite, requestOf, startRealSite } from '../support/real-site.ts';

const instanceId = 'SRV-1/Directory';
/** Friday, 6 November 2026, at an hour UTC; further days count on. */
const at = (day: number, hour: number, minute = 0) => Date.UTC(2026, 10, 6 + day, hour, minute);
const [FRIDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY] = [0, 3, 4, 5, 6];

async function week() {
  const site = await startRealSite();
  const file = path.join(site.folder, 'disk-1', 'directory.db');
  fs.mkdirSync(path.dirname(file));
  fs.mkdirSync(path.join(site.folder, 'disk-2', 'logs'), { recursive: true });
  site.clock.set(at(FRIDAY, 9));
  sql(file, 'PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT)');
  await site.api.servers.add({ name: 'SRV-1', root: null });
  const folders = { backupFolder: path.join(site.folder, 'disk-2'), logging: true, switchToWal: false };
  await site.api.instances.protect({ server: 'SRV-1', name: 'Directory', path: file, ...folders });
  await site.api.instances.setConfig({ instanceId, directory: path.join(site.folder, 'disk-2', 'logs') });
  const write = async (day: number, hour: number, word: string) => {
    site.clock.set(at(day, hour));
    sql(file, `INSERT INTO entry (word) VALUES ('${word}')`);
    site.agent('SRV-1').instance('Directory').captureNow();
  };
  const backUp = async (day: number, type: 'full' | 'incremental') => {
    site.clock.set(at(day, 22));
    await site.backUp(instanceId, type);
  };
  return { site, file, write, backUp };
}

const words = (file: string) => sql(file, 'SELECT word FROM entry ORDER BY id').split('\n');

it('brings Tuesday night back without logs, and the last commit with them', { timeout: 60_000 }, async () => {
  const { site, file, write, backUp } = await week();
  await write(FRIDAY, 10, 'friday');
  await backUp(FRIDAY, 'full');
  for (const [day, word] of [
    [MONDAY, 'monday'],
    [TUESDAY, 'tuesday'],
    [WEDNESDAY, 'wednesday'],
    [THURSDAY, 'thursday'],
  ] as const) {
    await write(day, 11, word);
    await backUp(day, 'incremental');
  }
  await write(FRIDAY + 7, 10, 'second friday');
  await backUp(FRIDAY + 7, 'full');
  await write(MONDAY + 7, 11, 'second monday');
  await backUp(MONDAY + 7, 'incremental');
  await write(TUESDAY + 7, 11, 'second tuesday');
  await backUp(TUESDAY + 7, 'incremental');
  await write(WEDNESDAY + 7, 9, 'wednesday morning');
  await write(WEDNESDAY + 7, 15, 'last commit');
  const before = words(file);

  // The crash: the disk of the database is gone and the agent's own memory with it, the disk of backups and logs is not.
  site.clock.set(at(WEDNESDAY + 7, 16));
  const { ways: known } = await site.api.library.ways({ instanceId });
  expect(known.map(({ kind, lossCommits }) => [kind, lossCommits])).toEqual([
    ['logs', 0],
    ['backup', 2],
  ]);
  await site.agent('SRV-1').stop();
  fs.rmSync(path.dirname(file), { recursive: true });
  const answers = () => site.engine.snapshot().servers[0]?.state;
  await expect.poll(answers, { timeout: 15_000 }).toBe('online');
  const searchFolders = [path.join(site.folder, 'disk-2')];
  const timeline = await site.api.instances.timeline({ instanceId });
  expect(timeline.catalog.chains.map((chain) => chain.incrementals.length)).toEqual([2, 4]);
  expect(timeline.catalog.chains.flatMap((chain) => chain.gaps)).toEqual([]);
  const into = (name: string) => ({ kind: 'file' as const, server: 'SRV-1', path: path.join(site.folder, name) });

  const bare = await site.restore({ instanceId, target: into('bare.db'), useLogs: false });
  expect(bare.restoredTo).toBeGreaterThanOrEqual(at(TUESDAY + 7, 22));
  expect(bare.restoredTo).toBeLessThan(at(TUESDAY + 7, 22, 5));
  expect(words(path.join(site.folder, 'bare.db'))).toEqual(before.slice(0, -2));

  const whole = await site.restore({ instanceId, target: into('whole.db'), searchFolders });
  expect(whole.restoredTo).toBeGreaterThanOrEqual(at(WEDNESDAY + 7, 15));
  expect(whole.restoredTo).toBeLessThan(at(WEDNESDAY + 7, 15, 5));
  expect(words(path.join(site.folder, 'whole.db'))).toEqual(before);
  expect(before.at(-1)).toBe('last commit');

  expect(whole.restoredTo).toBe(known[0]?.reaches);
  expect(bare.restoredTo).toBe(known[1]?.reaches);
  await pointInTime(site, into('point.db'), before, searchFolders);
});

/** To exactly one commit, by its stamp; the ones around it are of other days. */
async function pointInTime(
  site: RealSite,
  target: { kind: 'file'; server: string; path: string },
  before: string[],
  searchFolders: string[],
) {
  const page = await site.api.library.commits({ instanceId, searchFolders, around: at(MONDAY + 7, 12), limit: 4 });
  const chosen = page.commits.findLast((commit) => commit.at <= at(MONDAY + 7, 12));
  if (!chosen) throw new Error(JSON.stringify(page));
  const request = requestOf({ instanceId, target, searchFolders, until: chosen.at, untilStamp: chosen.stamp });
  const plan = await site.api.restore.plan(request);
  expect(plan).toMatchObject({ refusal: null, ends: null, reaches: chosen.at });
  const result = await site.restore(request);
  expect(result.lastCommit).toMatchObject(chosen.stamp);
  expect(words(target.path)).toEqual(before.slice(0, before.indexOf('second monday') + 1));
  const { ways } = await site.api.library.ways({ instanceId });
  expect(ways[0]?.proof).toMatchObject({ kind: 'restore', instanceId });
}
