// Folders that were opened, commits of a log and ways back for the in-memory console.
import type { CommitPage, OpenedFolders, WaysBack } from '../../core/contract/library.ts';
import { fixtureTimeline } from './fixture-timeline.ts';

const minute = 60_000;

export function fixtureWays(now: number): WaysBack {
  const sec = Math.floor(now / 1000) - 1;
  const vector = [{ replica: 1, sec, event: 1, seq: 41_200 }];
  const fixed = { idtag: null, memberId: null, vector, proof: null, problem: null };
  return {
    newest: vector,
    newestAt: now - 1_000,
    ways: [
      {
        ...fixed,
        ...{ id: 'logs', kind: 'logs', title: 'Backups and every log', reaches: now - 1_000 },
        detail: 'full backup 6A1C20F4, 20 incrementals, 2 logs: reaches the last commit',
        ...{ lossCommits: 0, lossMs: 0, lossHeldBy: [], estimatedMs: 9_000 },
        proof: {
          ...{ instanceId: 'SRV-1/Directory', idtag: '6A1C20F4', reachedAt: now - 300 * minute, kind: 'drill' },
          ...{ provenAt: now - 290 * minute, stamp: null, durationMs: 9_000, bytes: 1_000_000 },
        },
      },
      {
        ...fixed,
        ...{ id: 'copy:m2', kind: 'copy', title: 'The copy on SRV-2', memberId: 'm2', reaches: now - 14 * minute },
        detail: 'Failover to SRV-2: holds data of 14 minutes ago',
        ...{ lossCommits: 212, lossMs: 14 * minute, lossHeldBy: [], estimatedMs: 1_900 },
      },
      {
        ...fixed,
        ...{ id: 'backup', kind: 'backup', title: 'The newest backup', reaches: now - 20 * minute },
        detail: 'full backup 6A1C20F4, 20 incrementals',
        ...{ lossCommits: 318, lossMs: 20 * minute, lossHeldBy: [], estimatedMs: 8_400 },
      },
      {
        ...fixed,
        ...{ id: 'copy:m3', kind: 'copy', title: 'The copy on SRV-3', memberId: 'm3', reaches: null, vector: null },
        ...{ detail: 'It was never restored', lossCommits: null, lossMs: null, lossHeldBy: [], estimatedMs: null },
        problem: 'The agent of SRV-3 does not answer',
      },
    ],
  };
}

export function fixtureCommits(now: number): CommitPage {
  const commits = Array.from({ length: 40 }, (_, index) => {
    const at = now - (40 - index) * 1_400;
    return {
      stamp: { replica: 1, sec: Math.floor(at / 1000), event: 1 + (index % 3), seq: 41_160 + index },
      ...{ at, pages: 1 + (index % 7), log: '00000003.log' },
    };
  });
  return { commits, before: 41_159, after: 0, problem: null };
}

export function fixtureFolders(now: number): OpenedFolders {
  const source = { server: 'SRV-1', folders: ['/mnt/tape'], srvname: '\\T=OLD\\O=CORP\\CN=SRV-9', instance: 'Archive' };
  return {
    server: 'SRV-1',
    databases: [{ source, instanceId: null, timeline: fixtureTimeline(now) }],
    unusable: [],
    folders: 12,
    cutShort: null,
  };
}
