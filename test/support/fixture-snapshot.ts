// A believable site for tests of the console and for work on its looks: three servers, one group, jobs, messages.
import type { GroupView, MemberView } from '../../core/contract/failover.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { InstanceView, ServerView, SiteSnapshot } from '../../core/contract/site.ts';

const MB = 1024 * 1024;
const minute = 60_000;

export type Scenario = 'normal' | 'failedOver' | 'blocked' | 'first' | 'noGroup' | 'disabled' | 'lost';

const root = '/home/admin/.local/share/holdfast/lab';

export function fixtureServer(name: string, now: number, more: Partial<ServerView> = {}): ServerView {
  return {
    name,
    root: `${root}/${name.toLowerCase()}`,
    state: 'online',
    version: '0.1.0',
    sqliteVersion: '3.53.0',
    pid: 4121,
    endpoint: `http://127.0.0.1:${8400 + Number(name.at(-1))}`,
    freeBytes: 212_000 * MB,
    lastContact: now - 400,
    lab: true,
    ...more,
  };
}

export function fixtureStatus(now: number, more: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    name: 'Directory',
    path: `${root}/srv-1/directory.db`,
    home: `${root}/srv-1/.holdfast/Directory`,
    role: 'primary',
    writable: true,
    state: 'Online',
    error: null,
    replica: 1,
    term: 4,
    journal: 'wal',
    pageSize: 4096,
    pageCount: 122_880,
    size: 480 * MB,
    logging: {
      on: true,
      directory: `${root}/srv-1/.holdfast/Directory/nds.rfl`,
      minBytes: 100 * MB,
      maxBytes: 1024 * MB,
      currentLog: '00000005.log',
      lastNotUsed: '00000004.log',
      usedBytes: 231 * MB,
      logCount: 5,
      safeToDelete: ['00000001.log', '00000002.log'],
      stopWhenFull: false,
      space: {
        freeBytes: 41_000 * MB,
        totalBytes: 256_000 * MB,
        growthPerHour: 2_900 * MB,
        fullInMs: 14.1 * 60 * minute,
        level: 'warning',
        sharedWithDatabase: true,
      },
    },
    wal: { frames: 812, copiedBack: 640, bytes: 3.2 * MB, sealed: false },
    walPins: [
      { pid: 2214, program: 'report.py', kind: 'reader', since: now - 14 * minute, bytes: 71 * MB, level: 'warning' },
    ],
    vector: [{ replica: 1, sec: Math.floor(now / 1000), event: 2, seq: 18_204 }],
    lastCommitAt: now - 200,
    restorableTo: now - 1_000,
    fullRequired: false,
    fullRequiredReason: null,
    outOfSync: false,
    outOfSyncReason: null,
    lastFull: { idtag: '6920F0A1', at: now - 6 * 60 * minute, file: 'Directory-full.hfb' },
    lastIncremental: { idtag: '6920F3B7', at: now - 4 * minute, file: 'Directory-inc.hfb' },
    lastRestore: null,
    hasRst: false,
    ...more,
  };
}

export function fixtureInstance(server: string, now: number, more: Partial<InstanceView> = {}): InstanceView {
  const folder = `${root}/${server.toLowerCase()}`;
  return {
    id: `${server}/Directory`,
    server,
    status: fixtureStatus(now, { path: `${folder}/directory.db`, home: `${folder}/.holdfast/Directory` }),
    reachable: true,
    groupId: 'g1',
    verdict: 'restorable to 1 s ago',
    verdictLevel: 'ok',
    backupFolder: `${folder}/backups`,
    ...more,
  };
}

export function fixtureMember(index: number, now: number, more: Partial<MemberView> = {}): MemberView {
  const server = `SRV-${index}`;
  const folder = `${root}/${server.toLowerCase()}`;
  return {
    id: `m${index}`,
    server,
    databaseServer: `${server.toLowerCase()}.example.org`,
    instance: 'Directory',
    folder: `${folder}/failover`,
    replica: index,
    master: index === 1,
    active: index === 1,
    state: index === 1 ? 'Online' : 'InSync',
    stateText: '',
    instanceId: `${server}/Directory`,
    path: `${folder}/directory.db`,
    lastBackupAt: index === 1 ? now - 4 * minute : null,
    lastRestoreAt: index === 1 ? null : now - 4 * minute + 2_000,
    dataTime: index === 1 ? now - 200 : now - 4 * minute,
    behindCommits: index === 1 ? 0 : 246,
    ...more,
  };
}

export function fixtureGroup(now: number, more: Partial<GroupView> = {}): GroupView {
  const members = more.members ?? [1, 2, 3].map((index) => fixtureMember(index, now));
  return {
    id: 'g1',
    name: 'Directory',
    config: {
      enabled: true,
      mode: 'backupAndRestore',
      members: members.map(({ id, server, databaseServer, instance, folder }) => ({
        id,
        server,
        databaseServer,
        instance,
        folder,
      })),
      autoReconnect: false,
      full: { kind: 'daily', at: '02:00' },
      differential: { kind: 'every', minutes: 15 },
      whenConsoleLost: 'fence',
      probeMs: 1000,
      misses: 3,
      leaseMs: 10_000,
    },
    state: 'Normal',
    stateText: 'SRV-1 serves clients; two copies are ready to take over.',
    term: 4,
    members,
    nextFull: now + 17 * 60 * minute,
    nextDifferential: now + 11 * minute,
    lastFull: now - 6 * 60 * minute,
    lastDifferential: now - 4 * minute,
    restoreHintMs: 9_000,
    history: [
      {
        id: 'h4',
        at: now - 30 * minute,
        kind: 'reconnect',
        from: 'SRV-2',
        to: 'SRV-1',
        why: 'Switched back by an administrator',
        durationMs: 640,
        dataAgeMs: 0,
        atRisk: null,
      },
      {
        id: 'h3',
        at: now - 33 * minute,
        kind: 'masterBack',
        from: null,
        to: 'SRV-1',
        why: 'SRV-1 answers again',
        durationMs: null,
        dataAgeMs: null,
        atRisk: null,
      },
      {
        id: 'h2',
        at: now - 52 * minute,
        kind: 'failover',
        from: 'SRV-1',
        to: 'SRV-2',
        why: 'SRV-1 did not answer three times in a row; its lease had run out',
        durationMs: 4_120,
        dataAgeMs: 12_000,
        atRisk: '14 commits of the last 12 s',
      },
      {
        id: 'h1',
        at: now - 26 * 60 * minute,
        kind: 'enabled',
        from: null,
        to: 'SRV-1',
        why: 'Database failover was turned on',
        durationMs: null,
        dataAgeMs: null,
        atRisk: null,
      },
    ],
    contingencies: [
      {
        id: 'c1',
        server: 'SRV-1',
        instance: 'Directory',
        takenAt: now - 33 * minute,
        dataTime: now - 52 * minute,
        reason: 'Left behind by the failover to SRV-2',
        kind: 'set',
        path: `${root}/srv-1/.holdfast/Directory/contingency/20261120-0716`,
        bytes: 480 * MB,
      },
    ],
    blocked: null,
    clients: {
      activeFile: `${root}/srv-1/active.json`,
      endpoints: [1, 2, 3].map((index) => ({
        server: `SRV-${index}`,
        url: `http://127.0.0.1:${8400 + index}/primary`,
      })),
    },
    ...more,
  };
}

export function fixtureJob(id: string, now: number, more: Partial<Job> = {}): Job {
  return {
    id,
    kind: 'cycle',
    title: 'Differential backup',
    target: 'Directory',
    instanceId: 'SRV-1/Directory',
    groupId: 'g1',
    status: 'succeeded',
    progress: null,
    rate: null,
    etaMs: null,
    cancelability: 'no',
    startedAt: now - 4 * minute,
    endedAt: now - 4 * minute + 2_300,
    verdict: '212 changed pages, 1.1 MB; restored on SRV-2 and SRV-3',
    error: null,
    warnings: [],
    repeatable: true,
    ...more,
  };
}

function runningFull(now: number): Job {
  return fixtureJob('j9', now, {
    title: 'Full backup',
    status: 'running',
    startedAt: now - 4_000,
    endedAt: null,
    verdict: null,
    cancelability: 'now',
    progress: {
      phase: 'Copying to SRV-3',
      phaseIndex: 2,
      phaseCount: 4,
      done: 212 * MB,
      total: 480 * MB,
      unit: 'bytes',
    },
    rate: 96 * MB,
    etaMs: 3_000,
    repeatable: false,
  });
}

function applyScenario(site: SiteSnapshot, scenario: Scenario, now: number): void {
  const group = site.groups[0];
  const [first, second] = group?.members ?? [];
  if (scenario === 'first') {
    Object.assign(site, { servers: [], instances: [], groups: [], jobs: [], messages: [], attention: [] });
    site.demo = { open: false, servers: [], client: null };
    site.site.firstStart = true;
    site.tray = { level: 'ok', critical: 0, warning: 0, info: 0 };
  }
  if (scenario === 'noGroup') {
    site.groups = [];
    for (const instance of site.instances) instance.groupId = null;
  }
  if (!group || !first || !second) return;
  if (scenario === 'disabled') {
    group.config = { ...group.config, enabled: false };
    group.state = 'Disabled';
    group.stateText = 'Database failover is off.';
  }
  if (scenario === 'failedOver' || scenario === 'blocked' || scenario === 'lost') {
    Object.assign(site.servers[0] ?? {}, { state: 'offline', lastContact: now - 46_000 });
    Object.assign(site.instances[0] ?? {}, {
      reachable: false,
      verdict: 'SRV-1 does not answer',
      verdictLevel: 'critical',
    });
    Object.assign(first, { active: false, state: 'Offline', stateText: 'SRV-1 does not answer for 46 s' });
    site.demo.servers = site.demo.servers.map((server) => ({ ...server, power: server.name !== 'SRV-1' }));
    site.messages = [
      {
        id: 'm0',
        at: now - 46_000,
        level: 'critical',
        text: 'SRV-1 does not answer; the Directory database is not reachable there.',
        source: 'Directory',
        acknowledged: false,
        standing: true,
      },
      ...site.messages,
    ];
    site.attention = [
      {
        id: 'a0',
        level: 'critical',
        text: 'SRV-1 does not answer.',
        action: { kind: 'openGroup', groupId: 'g1', label: 'Open' },
      },
      ...site.attention,
    ];
    site.tray = { level: 'critical', critical: 1, warning: 1, info: 1 };
  }
  if (scenario === 'failedOver') {
    Object.assign(second, { active: true, state: 'Online', dataTime: now - 300, behindCommits: 0 });
    group.state = 'AwaitingDecision';
    group.stateText = 'SRV-2 serves clients since 08:14. When SRV-1 is back, go back to it or make SRV-2 the master.';
    if (site.demo.client) site.demo.client.writingTo = 'SRV-2';
  }
  if (scenario === 'blocked') {
    group.blocked = {
      since: now - 40_000,
      reason:
        'SRV-1 does not answer and it is not proved that nobody writes there: the process indexer (pid 4410) still has the file open.',
    };
    group.stateText = 'No database is active.';
    if (site.demo.client) Object.assign(site.demo.client, { writingTo: null, lastWriteAt: now - 46_000 });
  }
}

export function fixtureSnapshot(now: number, scenario: Scenario = 'normal'): SiteSnapshot {
  const third = fixtureMember(3, now, {
    state: 'Restoring',
    stateText: 'Restoring the full backup of 08:12',
    behindCommits: 2_210,
    dataTime: now - 49 * minute,
  });
  const site: SiteSnapshot = {
    seq: 1,
    now,
    site: {
      name: 'ORION',
      organization: 'EXAMPLE',
      version: '0.1.0',
      dataFolder: '/home/admin/.local/share/holdfast',
      firstStart: false,
      host: 'headless',
    },
    servers: [1, 2, 3].map((index) => fixtureServer(`SRV-${index}`, now)),
    instances: [
      fixtureInstance('SRV-1', now),
      fixtureInstance('SRV-2', now, {
        verdict: 'standby, 4 min behind',
        status: fixtureStatus(now, {
          role: 'standby',
          writable: false,
          replica: 2,
          path: `${root}/srv-2/directory.db`,
          lastFull: null,
          lastIncremental: null,
          lastRestore: { idtag: '6920F3B7', at: now - 4 * minute, dataTime: now - 4 * minute },
        }),
      }),
      fixtureInstance('SRV-3', now, {
        verdict: 'standby, full restore under way',
        verdictLevel: 'warning',
        status: fixtureStatus(now, {
          role: 'standby',
          writable: false,
          replica: 3,
          state: 'Restoring',
          path: `${root}/srv-3/directory.db`,
          lastFull: null,
          lastIncremental: null,
        }),
      }),
    ],
    groups: [fixtureGroup(now, { members: [fixtureMember(1, now), fixtureMember(2, now), third] })],
    jobs: [
      runningFull(now),
      fixtureJob('j8', now),
      fixtureJob('j7', now, {
        title: 'Differential backup',
        status: 'succeededWithWarnings',
        startedAt: now - 19 * minute,
        endedAt: now - 19 * minute + 3_100,
        verdict: '1,204 changed pages, 5.8 MB; SRV-3 was not reached',
        warnings: [{ name: 'COPY_SKIPPED', message: 'SRV-3 did not answer; it gets the next full backup.' }],
      }),
      fixtureJob('j6', now, {
        kind: 'restore',
        title: 'Restore',
        target: 'SRV-3/Directory',
        instanceId: 'SRV-3/Directory',
        groupId: null,
        status: 'failed',
        verdict: 'Not activated: other servers hold newer changes',
        startedAt: now - 66 * minute,
        endedAt: now - 65 * minute,
        error: {
          code: -6034,
          name: 'VERIFICATION_BEHIND',
          message: 'SRV-2 holds 14 commits that the restored data does not have',
          hint: 'Run the restore again with the roll-forward logs.',
        },
      }),
    ],
    messages: [
      {
        id: 'm2',
        at: now - 20 * minute,
        level: 'warning',
        text: 'SRV-3 missed the differential backup of 07:56; it takes part again after the next full backup.',
        source: 'Directory',
        acknowledged: false,
        standing: true,
      },
      {
        id: 'm1',
        at: now - 30 * minute,
        level: 'info',
        text: 'SRV-1 is active again; 14 commits made on SRV-2 were kept as a contingency backup.',
        source: 'Directory',
        acknowledged: false,
        standing: false,
      },
    ],
    attention: [
      {
        id: 'a1',
        level: 'warning',
        text: 'SRV-3 has no usable copy: it missed a differential backup.',
        action: { kind: 'groupFull', groupId: 'g1', label: 'Full backup now' },
      },
    ],
    tray: { level: 'warning', critical: 0, warning: 1, info: 1 },
    demo: {
      open: true,
      servers: [1, 2, 3].map((index) => ({ name: `SRV-${index}`, power: true })),
      client: { running: true, writingTo: 'SRV-1', acknowledged: 1_234, failed: 3, lastWriteAt: now - 200 },
    },
  };
  applyScenario(site, scenario, now);
  return site;
}
