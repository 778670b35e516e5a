// B1: the full backup beside what else copies a database.
import fs from 'node:fs';
import path from 'node:path';
import { compare, measureRounds, type Series } from '../measure.ts';
import { copyWithFsync, driverBackup, sqliteBackup, vacuumInto } from '../peers.ts';
import type { Bench, Section } from '../section.ts';

/** B1: a compressed full as of its start, to the same disk. */
export async function fullBackup({ rounds, folder, database, agent }: Bench): Promise<Section> {
  const target = (name: string) => path.join(folder, name);
  const ours = (round: number) => path.join(agent.root, `b1-${round}.bak`);
  const plain = (round: number) => path.join(agent.root, `b1-plain-${round}.bak`);
  let written = 0;
  const series = await measureRounds(rounds, folder, agent.pid, [
    {
      name: 'Holdfast full, zstd',
      run: async (round) => {
        written = (await agent.backup('full', ours(round))).bytesWritten;
        fs.rmSync(ours(round));
      },
    },
    {
      name: 'Holdfast full, not compressed',
      run: async (round) => {
        await agent.backup('full', plain(round), 'none');
        fs.rmSync(plain(round));
      },
    },
    { name: 'cp + fsync', run: async () => copyWithFsync(database, target('cp.db')) },
    { name: 'sqlite3 .backup', run: async () => sqliteBackup(database, target('backup.db')) },
    { name: 'VACUUM INTO', run: async () => vacuumInto(database, target('vacuum.db')) },
    { name: 'better-sqlite3 backup()', run: () => driverBackup(database, target('driver.db')) },
  ]);
  for (const name of ['cp.db', 'backup.db', 'vacuum.db', 'driver.db']) fs.rmSync(target(name), { force: true });
  const [zstd, , cp, backup] = series as [Series, Series, Series, Series];
  return {
    id: 'B1',
    title: 'Full backup to the same disk',
    series,
    comparisons: [compare('B1', zstd, backup, 0.6), compare('B1', zstd, cp, 1)],
    facts: { backupBytes: written },
  };
}
