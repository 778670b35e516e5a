// Restores at telling moments, for component tests and screenshots. The failed one carries the numbers of the field's own example.
import type { Stamp, Vector } from '../../core/contract/common.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { Recovery } from '../../core/contract/recovery.ts';
import type { PeerVerification, RestoreResult, RestoreView, VectorRow } from '../../core/contract/restore.ts';

export interface RestoreMoment {
  view: RestoreView;
  result: RestoreResult | null;
  job: Job;
}

export type RestoreMomentName =
  | 'queued'
  | 'restoring'
  | 'verifying'
  | 'waiting'
  | 'done'
  | 'held'
  | 'behind'
  | 'unreachable'
  | 'damaged'
  | 'canceled';

const MB = 1024 * 1024;
const stamp = (sec: number, replica: number, event: number, seq: number): Stamp => ({ sec, replica, event, seq });

const stepNames = [
  'Agent closed',
  'Switched to RST',
  'Restoring',
  'RST disabled',
  'Log settings reset',
  'Verification',
  'Activated',
];
const stepDurations = [214, 38, 9_412, 21, 4, 1_380, 96];

/** Steps up to `at` are done, `at` has the given status, later ones wait. */
function stepsAt(
  at: number,
  status: RestoreView['steps'][number]['status'],
  startedAt: number,
  detail = '',
): RestoreView['steps'] {
  let clock = startedAt;
  return stepNames.map((name, index) => {
    const step = index + 1;
    const began = clock;
    if (step < at || (step === at && status === 'done')) {
      const durationMs = stepDurations[index]!;
      clock += durationMs;
      return { step, name, status: 'done' as const, startedAt: began, durationMs, detail: doneDetail[index]! };
    }
    if (step === at) {
      const durationMs = status === 'running' ? null : stepDurations[index]!;
      return { step, name, status, startedAt: began, durationMs, detail };
    }
    return { step, name, status: 'waiting' as const, startedAt: null, durationMs: null, detail: '' };
  });
}
const doneDetail = [
  'clients are locked out',
  'NDS stays where it is',
  '3 backups, 5 logs, 122,880 pages',
  'login disabled',
  'off, default folder',
  '2 servers, nothing missing',
  'old set kept as contingency copy',
];

/** A map of `cells` cells, the first `restored` of them restored and of these the first `verified` verified. */
export const blockMap = (cells: number, restored: number, verified: number): string =>
  'v'.repeat(verified) +
  'r'.repeat(Math.max(0, restored - verified)) +
  '.'.repeat(cells - Math.max(restored, verified));

type SourceStatus = RestoreView['sources'][number]['status'];
const source = (
  name: string,
  kind: 'full' | 'incremental' | 'log',
  status: SourceStatus,
  total: number,
  share = 1,
) => ({
  name,
  kind,
  status,
  done: status === 'done' ? total : status === 'running' ? Math.round(total * share) : 0,
  total,
});

const folder = '/srv/holdfast/backups/SRV-1';
const logs = '/srv/holdfast/SRV-1/.holdfast/Directory/nds.rfl';
const logNames = ['00000009.log', '0000000a.log', '0000000b.log', '0000000c.log', '0000000d.log'];

function sourcesAt(doneLogs: number, runningShare: number | null): RestoreView['sources'] {
  return [
    source(`${folder}/3D35E100.bak`, 'full', 'done', 391 * MB),
    source(`${folder}/3D35EA91.bak`, 'incremental', 'done', 18 * MB),
    source(`${folder}/3D35F01C.bak`, 'incremental', 'done', 23 * MB),
    ...logNames.map((name, index) => {
      const status = index < doneLogs ? 'done' : index === doneLogs && runningShare !== null ? 'running' : 'waiting';
      return source(`${logs}/${name}`, 'log', status, 12 * MB, runningShare ?? 0);
    }),
  ];
}

const row = (local: Stamp, remote: Stamp, behindCommits = 0): VectorRow => {
  const ahead = local.sec - remote.sec || local.event - remote.event;
  return {
    replica: local.replica,
    local,
    remote,
    status: ahead === 0 ? 'equal' : ahead > 0 ? 'ahead' : 'behind',
    behindSec: ahead < 0 ? Math.max(0, remote.sec - local.sec) : 0,
    behindCommits,
  };
};

/** The six replicas of the field's example; r02 and r04 are behind in it. */
export const exampleRows: VectorRow[] = [
  row(stamp(0x3d35f377, 2, 2, 20_411), stamp(0x3d35f3c4, 2, 2, 20_425), 14),
  row(stamp(0x3d35f370, 1, 1, 88_204), stamp(0x3d35f370, 1, 1, 88_204)),
  row(stamp(0x3d35f363, 3, 1, 4_120), stamp(0x3d35f363, 3, 1, 4_120)),
  row(stamp(0x3d35f31e, 4, 4, 951), stamp(0x3d35f372, 4, 2, 957), 6),
  row(stamp(0x3d35f2ee, 5, 1, 12), stamp(0x3d35f2ee, 5, 1, 12)),
  row(stamp(0x3d35f365, 6, 3, 77), stamp(0x3d35f365, 6, 3, 77)),
];
const goodRows: VectorRow[] = exampleRows.map((each) => row(each.local!, each.local!));

const peer = (name: string, status: PeerVerification['status'], rows: VectorRow[]): PeerVerification => ({
  server: `\\T=LONE_RANGER\\O=novell\\CN=${name}`,
  replica: '\\T=LONE_RANGER\\O=novell',
  status,
  rows,
});

const base = '/srv/holdfast/SRV-1';
const boxes = (
  nds: RestoreView['nds']['state'],
  rst: RestoreView['rst']['state'],
  rstBytes: number,
): Pick<RestoreView, 'nds' | 'rst'> => ({
  nds: { path: `${base}/directory.db`, bytes: 480 * MB, state: nds },
  rst: { path: `${base}/.holdfast/Directory/staging/directory.db.rst`, bytes: rstBytes, state: rst },
});

const vector: Vector = exampleRows.map((each) => each.local!).sort((a, b) => a.replica - b.replica);

function jobAt(now: number, status: Job['status'], more: Partial<Job> = {}): Job {
  const running = status === 'running' || status === 'queued';
  const startedAt = more.startedAt ?? now - 7_900;
  return {
    id: 'restore-1',
    kind: 'restore',
    title: 'Restore SRV-1/Directory',
    target: 'SRV-1/Directory',
    instanceId: 'SRV-1/Directory',
    groupId: null,
    status,
    progress: null,
    rate: null,
    etaMs: null,
    cancelability: running ? 'now' : 'no',
    startedAt,
    endedAt: running ? null : startedAt + 11_165,
    verdict: null,
    error: null,
    warnings: [],
    repeatable: true,
    ...more,
  };
}

const noVerification: RestoreView['verification'] = { status: 'waiting', code: 0, integrity: 'waiting', servers: [] };
const ofVerification = (status: RestoreView['verification']['status'], code: number, servers: PeerVerification[]) => ({
  status,
  code,
  integrity: 'ok' as const,
  servers,
});

const resultOf = (view: RestoreView, activated: boolean): RestoreResult => ({
  steps: view.steps.map(({ step, status }) => ({ step, status })),
  restoredTo: view.restoredTo,
  lastCommit: view.lastCommit,
  verify: view.verification,
  activated,
  contingency: activated ? `${base}/.holdfast/Directory/contingency/20261120-081502` : null,
  target: `${base}/directory.db`,
  vector,
  durationMs: 11_165,
});

/** One moment of a restore that began shortly before `now`. */
export function restoreMoment(name: RestoreMomentName, now: number): RestoreMoment {
  const startedAt = now - 7_900;
  const last = stamp(0x3d35f377, 2, 2, 20_411);
  const common = { pagesPerCell: 128, restoredTo: last.sec * 1000, lastCommit: last };
  const bytes = (phase: string, phaseIndex: number, done: number, total: number) =>
    ({ phase, phaseIndex, phaseCount: 7, done, total, unit: 'bytes' }) as const;
  const complete = {
    ...common,
    blockMap: blockMap(960, 960, 960),
    sources: sourcesAt(5, null),
    progress: bytes('Verification', 6, 480 * MB, 480 * MB),
  };
  switch (name) {
    case 'queued':
      return {
        view: {
          ...boxes('active', 'absent', 0),
          steps: stepsAt(0, 'waiting', startedAt),
          blockMap: '',
          pagesPerCell: 128,
          sources: sourcesAt(0, null).map((each) => ({ ...each, status: 'waiting' as const, done: 0 })),
          progress: bytes('Waiting', 0, 0, 480 * MB),
          verification: noVerification,
          lights: { data: 'off', verified: 'off', active: 'off' },
          restoredTo: null,
          lastCommit: null,
        },
        result: null,
        job: jobAt(now, 'queued', { startedAt: now - 1200 }),
      };
    case 'restoring':
      return {
        view: {
          ...common,
          ...boxes('active, locked', 'being written', 292 * MB),
          steps: stepsAt(3, 'running', startedAt, 'replaying 0000000c.log'),
          blockMap: blockMap(960, 592, 0),
          sources: sourcesAt(3, 0.45),
          progress: bytes('Restoring', 3, 292 * MB, 480 * MB),
          verification: noVerification,
          lights: { data: 'working', verified: 'off', active: 'off' },
        },
        result: null,
        job: jobAt(now, 'running', { rate: 41 * MB, etaMs: 4_600, cancelability: 'now' }),
      };
    case 'verifying':
      return {
        view: {
          ...complete,
          ...boxes('active, locked', 'complete, disabled', 480 * MB),
          steps: stepsAt(6, 'running', startedAt - 4_000, 'SRV-2 answered, SRV-3 is asked'),
          blockMap: blockMap(960, 960, 643),
          verification: {
            status: 'running',
            code: 0,
            integrity: 'running',
            servers: [peer('SRV-2', 'ok', goodRows), peer('SRV-3', 'waiting', [])],
          },
          lights: { data: 'on', verified: 'working', active: 'off' },
        },
        result: null,
        job: jobAt(now, 'running', { startedAt: now - 11_000, cancelability: 'afterStep' }),
      };
    case 'waiting':
      return {
        view: {
          ...complete,
          ...boxes('active, locked', 'complete, disabled', 480 * MB),
          steps: stepsAt(6, 'running', startedAt - 64_000),
          verification: {
            status: 'running',
            code: 0,
            integrity: 'ok',
            servers: [peer('SRV-2', 'ok', goodRows), peer('SRV-3', 'waiting', [])],
            waiting: { since: now - 62_000, until: now + 538_000, askedAt: now - 2_000, rounds: 12 },
          },
          lights: { data: 'on', verified: 'working', active: 'off' },
        },
        result: null,
        job: jobAt(now, 'running', { startedAt: now - 74_000, cancelability: 'now' }),
      };
    case 'done': {
      const view: RestoreView = {
        ...complete,
        ...boxes('active', 'absent', 0),
        steps: stepsAt(7, 'done', startedAt),
        verification: ofVerification('ok', 0, [peer('SRV-2', 'ok', goodRows), peer('SRV-3', 'ok', goodRows)]),
        lights: { data: 'on', verified: 'on', active: 'on' },
      };
      return {
        view,
        result: resultOf(view, true),
        job: jobAt(now, 'succeeded', { verdict: 'Restored and active', startedAt: now - 60_000 }),
      };
    }
    case 'held': {
      const view: RestoreView = {
        ...complete,
        ...boxes('active', 'complete, disabled', 480 * MB),
        steps: stepsAt(7, 'skipped', startedAt, 'not asked for'),
        verification: ofVerification('ok', 0, [peer('SRV-2', 'ok', goodRows)]),
        lights: { data: 'on', verified: 'on', active: 'off' },
      };
      return {
        view,
        result: resultOf(view, false),
        job: jobAt(now, 'succeeded', { verdict: 'Restored; waits in RST' }),
      };
    }
    case 'behind': {
      const view: RestoreView = {
        ...complete,
        ...boxes('active', 'complete, disabled', 480 * MB),
        steps: stepsAt(6, 'failed', startedAt, 'error -6034').map((step) =>
          step.step === 3 ? { ...step, detail: '3 backups, no logs, 122,880 pages' } : step,
        ),
        sources: sourcesAt(5, null).filter((each) => each.kind !== 'log'),
        verification: ofVerification('behind', -6034, [
          peer('CHIP', 'behind', exampleRows),
          peer('DALE', 'unreachable', []),
        ]),
        lights: { data: 'on', verified: 'failed', active: 'off' },
      };
      return {
        view,
        result: null,
        job: jobAt(now, 'failed', {
          error: {
            code: -6034,
            name: 'VERIFICATION_BEHIND',
            message: 'CHIP holds changes that the restored data does not have.',
            hint: 'Run the restore again with the roll-forward logs or the missing incremental.',
          },
        }),
      };
    }
    case 'unreachable': {
      const view: RestoreView = {
        ...complete,
        ...boxes('active', 'complete, disabled', 480 * MB),
        steps: stepsAt(6, 'failed', startedAt, 'SRV-3 did not answer'),
        verification: ofVerification('unreachable', -7034, [
          peer('SRV-2', 'ok', goodRows),
          peer('SRV-3', 'unreachable', []),
        ]),
        lights: { data: 'on', verified: 'failed', active: 'off' },
      };
      return {
        view,
        result: null,
        job: jobAt(now, 'failed', {
          error: {
            code: -7034,
            name: 'VERIFICATION_UNREACHABLE',
            message: 'SRV-3 could not be reached.',
            hint: 'Start it and retry, or decide with an override.',
          },
        }),
      };
    }
    case 'damaged': {
      const view: RestoreView = {
        ...common,
        ...boxes('active', 'discarded', 0),
        steps: stepsAt(3, 'failed', startedAt, '3D35EA91.bak, block 41'),
        blockMap: blockMap(960, 402, 0),
        sources: sourcesAt(0, null).map((each, index) =>
          index === 1
            ? { ...each, status: 'failed' as const, done: 7 * MB }
            : index > 1
              ? { ...each, status: 'waiting' as const, done: 0 }
              : each,
        ),
        progress: bytes('Restoring', 3, 398 * MB, 480 * MB),
        verification: noVerification,
        lights: { data: 'failed', verified: 'off', active: 'off' },
        restoredTo: null,
        lastCommit: null,
      };
      return {
        view,
        result: null,
        job: jobAt(now, 'failed', {
          error: {
            code: -7025,
            name: 'BACKUP_DAMAGED',
            message: 'Block 41 of 3D35EA91.bak does not agree with its checksum.',
            hint: 'Use another copy of this backup.',
          },
        }),
      };
    }
    case 'canceled': {
      const view: RestoreView = {
        ...common,
        ...boxes('active', 'discarded', 0),
        steps: stepsAt(3, 'skipped', startedAt, 'canceled'),
        blockMap: blockMap(960, 210, 0),
        sources: sourcesAt(0, null),
        progress: bytes('Restoring', 3, 105 * MB, 480 * MB),
        verification: noVerification,
        lights: { data: 'off', verified: 'off', active: 'off' },
        restoredTo: null,
        lastCommit: null,
      };
      return { view, result: null, job: jobAt(now, 'canceled', { endedAt: now - 2000 }) };
    }
  }
}

/** What the guided recovery says of the moment `behind`. */
export function fixtureRecovery(now: number): Recovery {
  const local = vectorOf(exampleRows, 'local');
  const remote = vectorOf(exampleRows, 'remote');
  const missing = exampleRows
    .filter((row) => row.status === 'behind')
    .map((row) => ({
      ...{ replica: row.replica, from: row.local, to: row.remote!, heldBy: [`${dn}CHIP`] },
      ...{ seconds: row.behindSec, commits: row.behindCommits, exact: true },
    }));
  const commits = missing.reduce((sum, range) => sum + range.commits, 0);
  const loss = { commits, exact: false, seconds: 84, silent: [`${dn}DALE`] };
  const log = (number: string, added: boolean) => ({
    ...{ file: `/mnt/tape/moved/${number}.log`, kind: 'log' as const, server: 'SRV-1', idtag: null, added },
  });
  const base = {
    reaches: remote,
    reachesTo: now - 4000,
    files: [],
    encrypted: false,
    source: null,
    command: 'holdfast restore …',
  };
  return {
    status: 'behind',
    restoredTo: now - 90_000,
    missing,
    loss,
    searched: [
      { server: 'SRV-1', folder: '/var/lib/holdfast/backups', problem: null },
      { server: 'SRV-1', folder: '/srv/directory/.holdfast/Directory/nds.rfl', problem: null },
      { server: 'SRV-2', folder: '/var/lib/holdfast/backups', problem: null },
    ],
    ways: [
      {
        ...base,
        ...{ id: 'complete:1', kind: 'complete', title: 'Run again with the complete set' },
        text: 'Found: 0000000d.log in /mnt/tape/moved, 0000000e.log in /mnt/tape/moved. It reaches 2002-07-17 22:46:30 UTC.',
        files: [log('0000000d', true), log('0000000e', true)],
      },
      {
        ...base,
        ...{ id: 'backup:2', kind: 'backup', title: 'Restore from a backup of SRV-2' },
        text: 'Backup 3D35F3D0 on SRV-2 holds everything that is missing. It reaches 2002-07-17 22:46:40 UTC.',
      },
      {
        ...base,
        ...{ id: 'accept', kind: 'accept', title: 'Accept the loss', reaches: local },
        text: `Activates the restored set as it is. Lost: ${commits} commits over 84 s, and whatever only DALE holds.`,
      },
    ],
  };
}

const vectorOf = (rows: readonly VectorRow[], side: 'local' | 'remote') => rows.flatMap((row) => row[side] ?? []);
const dn = '\\T=LONE_RANGER\\O=novell\\CN=';
