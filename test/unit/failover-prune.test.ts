// Which chains of backups may leave a folder.
import { expect, test } from 'vitest';
import type { BackupFileInfo, CatalogView } from '../../core/contract/backup.ts';
import { type Needed, removableChains } from '../../core/failover/prune.ts';

type Chain = CatalogView['chains'][number];

const info = (idtag: string, time: number, more: Partial<BackupFileInfo> = {}) => {
  const file = `/b/Directory-20261120-08000${time}-000-${more.type ?? 'full'}.bak`;
  return { idtag, time, instance: 'Directory', file, parts: [file], ...more } as BackupFileInfo;
};
const chain = (time: number, more: Partial<BackupFileInfo> = {}): Chain => ({
  full: info(`F${time}`, time, more),
  incrementals: [info(`I${time}`, time, { type: 'incremental' })],
  gaps: [],
});
const needed = (change: Partial<Needed> = {}): Needed => ({
  idtags: new Set(),
  files: new Set(),
  instances: new Set(['Directory']),
  ...change,
});
const removed = (chains: Chain[], change: Partial<Needed> = {}) =>
  removableChains(chains, needed(change)).map((one) => one.full.idtag);

test('the newest two stay, the others go, oldest first, whatever their order in the folder', () => {
  expect(removed([chain(3), chain(1), chain(4), chain(2)])).toEqual(['F1', 'F2']);
  expect(removed([chain(1), chain(2)])).toEqual([]);
});

test('a chain of which any backup is needed stays whole', () => {
  const chains = [chain(1), chain(2), chain(3), chain(4)];
  expect(removed(chains, { idtags: new Set(['I1']) })).toEqual(['F2']);
  expect(removed(chains, { files: new Set([chains[1]!.incrementals[0]!.parts[0]!]) })).toEqual(['F1']);
});

test('what the cycles of this group did not make stays', () => {
  const byHand = chain(1, { parts: ['/b/before-the-upgrade.bak'] });
  const other = chain(2, { instance: 'Payroll' });
  const mixed = chain(3);
  mixed.incrementals.push(info('X', 3, { parts: ['/b/by-hand.bak'] }));
  expect(removed([byHand, other, mixed, chain(4), chain(5), chain(6)])).toEqual(['F4']);
});
