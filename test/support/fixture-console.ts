// An engine in memory behind the console's contract: for tests of pages and for work on their looks. Never shipped.

import { HoldfastError } from '../../core/contract/errors.ts';
import type { GroupAction, GroupConfig, Plan } from '../../core/contract/failover.ts';
import type { Probe } from '../../core/contract/instance.ts';
import type { SiteSnapshot } from '../../core/contract/site.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import type { ConnectionState, ConsoleConnection } from '../../renderer/app/connect.ts';
import { fixtureFull, fixtureHeader, fixtureRestorePlan } from './fixture-backups.ts';
import { fixtureCommits, fixtureFolders, fixtureWays } from './fixture-library.ts';
import { fixtureLog } from './fixture-log.ts';
import { fixtureHazards, fixtureLogs } from './fixture-logging.ts';
import { fixtureRecovery, type RestoreMomentName, restoreMoment } from './fixture-restore.ts';
import { fixtureJob, fixtureServer, fixtureSnapshot, type Scenario } from './fixture-snapshot.ts';
import { fixtureTimeline } from './fixture-timeline.ts';

export interface FixtureConsole {
  connection: ConsoleConnection;
  api: ConsoleApi;
  /** Changes the site and publishes a snapshot. */
  change: (edit: (site: SiteSnapshot) => void) => void;
  /** Every call that was made, by name. */
  calls: { name: string; input: unknown }[];
  /** The next call of this name fails. */
  failNext: (name: string, error: HoldfastError) => void;
  setOnline: (online: boolean) => void;
  /** One step of life: the client writes, the running job goes on. */
  tick: () => void;
}

const HEARTBEAT_MS = 1_000;

interface Input {
  [key: string]: unknown;
}

export function createFixtureConsole(
  scenario: Scenario = 'normal',
  moment: RestoreMomentName | null = null,
): FixtureConsole {
  let site = fixtureSnapshot(Date.now(), scenario);
  if (moment) {
    // The restore belongs to the site: its job is in the list, and its set waits where it should.
    const { job, view } = restoreMoment(moment, Date.now());
    site.jobs.unshift(job);
    for (const each of site.instances) {
      if (each.id === job.instanceId) each.status.hasRst = view.rst.state === 'complete, disabled';
    }
  }
  let online = true;
  let state: ConnectionState = { status: 'connected', attempt: 0 };
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const watchers = new Set<() => void>();
  const calls: FixtureConsole['calls'] = [];
  const failures = new Map<string, HoldfastError>();
  const plans = new Map<string, GroupAction | 'restore'>();

  const change: FixtureConsole['change'] = (edit) => {
    const next = structuredClone(site);
    edit(next);
    site = { ...next, seq: site.seq + 1, now: Date.now() };
    for (const wake of watchers) wake();
  };
  const group = () => {
    const found = site.groups[0];
    if (!found) throw new HoldfastError('NOT_FOUND', 'There is no such group');
    return found;
  };
  const startJob = (title: string, more: Parameters<typeof fixtureJob>[2] = {}) => {
    const id = `j${site.seq + 100}`;
    change((next) => {
      next.jobs.unshift(
        fixtureJob(id, Date.now(), {
          title,
          status: 'running',
          startedAt: Date.now(),
          endedAt: null,
          verdict: null,
          cancelability: 'now',
          progress: {
            phase: 'Reading pages',
            phaseIndex: 1,
            phaseCount: 4,
            done: 0,
            total: 480 * 1024 * 1024,
            unit: 'bytes',
          },
          repeatable: false,
          ...more,
        }),
      );
    });
    return { jobId: id };
  };

  async function* watch(signal?: AbortSignal) {
    let seen = -1;
    while (!signal?.aborted) {
      if (!online) throw new HoldfastError('ENGINE_NOT_RUNNING');
      // The same one again is the sign of life that an engine gives when nothing changes.
      seen = site.seq;
      yield site;
      if (site.seq > seen) continue;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(beat);
          watchers.delete(done);
          resolve();
        };
        const beat = setTimeout(done, HEARTBEAT_MS);
        watchers.add(done);
        signal?.addEventListener('abort', done, { once: true });
      });
    }
  }

  const planFor = (action: GroupAction): Plan => {
    const token = `t${calls.length}`;
    plans.set(token, action);
    const member = 'memberId' in action ? group().members.find((each) => each.id === action.memberId) : undefined;
    const typed = action.kind === 'switch' && member?.state === 'NeverRestored';
    return {
      token,
      title: {
        switch: `Switch to ${member?.server}`,
        reconnect: 'Reconnect to master',
        promote: `Make ${member?.server} the master`,
        fence: `Fence ${member?.server}`,
        unfence: `Unfence ${member?.server}`,
        restoreContingency: 'Restore the contingency backup',
        confirm: `Confirm ${group().name}`,
      }[action.kind],
      class: typed ? 'typed' : action.kind === 'unfence' ? 'plain' : 'confirm',
      typedName: typed ? (member?.server ?? null) : null,
      effects: [
        'SRV-1 is fenced: it finishes the writes under way and takes no more.',
        `${member?.server ?? 'The master'} becomes active; clients are away for about a second.`,
        'What SRV-1 holds and the copy does not is kept as a contingency backup.',
      ],
      warnings: member?.behindCommits
        ? [
            `The copy on ${member.server} is ${member.behindCommits} commits behind; a differential backup first would close the gap.`,
          ]
        : [],
      checks: [
        { text: 'The copy was restored from a verified backup', status: 'ok' },
        { text: 'The active database can be fenced', status: 'ok' },
        { text: 'The copy is older than one minute', status: 'warning' },
      ],
      command: `holdfast failover ${group().name} ${action.kind} ${member?.server ?? ''}`.trim(),
      refusal: member?.active && action.kind === 'switch' ? `${member.server} is active already.` : null,
      expiresAt: Date.now() + 60_000,
    };
  };

  const handlers: Record<string, (input: Input, signal?: AbortSignal) => unknown> = {
    'site.get': () => site,
    'site.watch': (_, signal) => watch(signal),
    'site.rename': ({ name }) =>
      change((next) => {
        next.site.name = String(name);
      }),
    'site.acknowledge': ({ messageId }) =>
      change((next) => {
        for (const message of next.messages) if (message.id === messageId) message.acknowledged = true;
      }),
    'files.browse': ({ path }) => {
      const at = typeof path === 'string' ? path.replace(/\/+$/, '') : '/var/lib/directory';
      return {
        path: at,
        parent: at.split('/').length > 2 ? at.replace(/\/[^/]*$/, '') : null,
        entries: [
          { name: 'archive', path: `${at}/archive`, folder: true, bytes: null, database: false },
          { name: 'schema.db', path: `${at}/schema.db`, folder: false, bytes: 2_400_256, database: true },
          { name: 'userRoot.db', path: `${at}/userRoot.db`, folder: false, bytes: 503_316_480, database: true },
          { name: 'userRoot.db-wal', path: `${at}/userRoot.db-wal`, folder: false, bytes: 3_355_443, database: false },
        ],
      };
    },
    'servers.add': ({ name }) => {
      change((next) => next.servers.push(fixtureServer(String(name), Date.now(), { lab: false })));
      return { name };
    },
    'servers.remove': ({ name }) =>
      change((next) => {
        next.servers = next.servers.filter((server) => server.name !== name);
      }),
    'servers.start': ({ name }) =>
      change((next) => {
        for (const server of next.servers) if (server.name === name) server.state = 'online';
      }),
    'servers.stop': ({ name }) =>
      change((next) => {
        for (const server of next.servers) if (server.name === name) server.state = 'stopped';
      }),
    'instances.inspect': ({ path }): Probe => {
      const text = String(path);
      const base = {
        path: text,
        realPath: text,
        size: 503_316_480,
        pageSize: 4096,
        pageCount: 122_880,
        fileSystem: 'ext4',
        freeBytes: 222e9,
        refusal: null,
        warnings: [],
      };
      if (!/\.(db|sqlite)$/.test(text))
        return {
          ...base,
          pageSize: null,
          pageCount: null,
          journal: null,
          refusal: new HoldfastError('NOT_SQLITE', `${text} is not a SQLite database`).report(),
        };
      return {
        ...base,
        journal: text.includes('schema') ? 'rollback' : 'wal',
        warnings: text.includes('schema')
          ? [{ name: 'SMALL_PAGES', message: 'The page size is 1,024 bytes; backups of it are slower.' }]
          : [],
      };
    },
    'instances.protect': ({ server, name }) => {
      const id = `${server ?? 'LOCAL'}/${name}`;
      change((next) => {
        const model = next.instances[0] ?? fixtureSnapshot(Date.now()).instances[0];
        if (model)
          next.instances.push({
            ...structuredClone(model),
            id,
            server: String(server ?? 'LOCAL'),
            groupId: null,
            verdict: 'not protected: no full backup',
            verdictLevel: 'critical',
          });
      });
      return { instanceId: id };
    },
    'instances.release': ({ instanceId }) =>
      change((next) => {
        next.instances = next.instances.filter((each) => each.id !== instanceId);
      }),
    'instances.getConfig': ({ instanceId }) => site.instances.find((each) => each.id === instanceId)?.status.logging,
    'instances.setConfig': ({ instanceId, ...config }) => {
      change((next) => {
        const found = next.instances.find((each) => each.id === instanceId);
        if (found) Object.assign(found.status.logging, config);
      });
      return site.instances.find((each) => each.id === instanceId)?.status.logging;
    },
    'otherFiles.settings': () => ({
      securityFiles: ['/etc/directory/keys'],
      preferred: 'Offsite',
      definitions: [{ name: 'Offsite', createdAt: Date.now() - 86_400_000, kept: true }],
    }),
    'logging.logs': ({ instanceId }) =>
      fixtureLogs(site.instances.find((each) => each.id === instanceId)?.status.logging),
    'logging.hazards': ({ instanceId }) =>
      fixtureHazards(site.instances.find((each) => each.id === instanceId)?.status),
    'logging.deleteLogs': ({ instanceId, logs }) => {
      const names = logs as string[];
      change((next) => {
        const found = next.instances.find((each) => each.id === instanceId)?.status.logging;
        if (!found) return;
        found.safeToDelete = found.safeToDelete.filter((log) => !names.includes(log));
        found.logCount -= names.length;
      });
      return { deleted: names, bytes: names.length * 46 * 1024 * 1024 };
    },
    'instances.timeline': () => fixtureTimeline(Date.now()),
    'backup.plan': ({ type }) => ({
      options: {
        type,
        file: '/backups/Directory.hfb',
        log: '/backups/backup.log',
        at: 'start',
        walLimit: 268_435_456,
        compression: 'zstd',
        level: 1,
        partBytes: 0,
        overwrite: false,
      },
      command: `holdfast backup /var/lib/directory/userRoot.db ${type === 'full' ? '-b' : '-i'} -f /backups/Directory.hfb -l /backups/backup.log`,
      warnings: [],
      refusal: null,
      estimatedBytes: 210 * 1024 * 1024,
    }),
    'backup.start': ({ type, instanceId }) =>
      startJob(type === 'full' ? 'Full backup' : 'Incremental backup', {
        kind: 'backup',
        target: String(instanceId),
        instanceId: String(instanceId),
        groupId: null,
      }),
    'backup.header': () => fixtureHeader(Date.now()),
    'backup.verify': () => ({
      ok: true,
      files: [{ file: fixtureFull(Date.now()).file, status: 'ok', code: null, error: null }],
    }),
    'backup.log': () => fixtureLog(Date.now()),
    'restore.plan': () => {
      const token = `t${calls.length}`;
      plans.set(token, 'restore');
      return fixtureRestorePlan(token, Date.now());
    },
    'restore.start': () => startJob('Restore', { kind: 'restore' }),
    'restore.watch': async function* () {
      yield restoreMoment(moment ?? 'restoring', Date.now());
    },
    'restore.finish': () => ({}),
    'restore.recovery': () => fixtureRecovery(Date.now()),
    'restore.finishPlan': () => ({ ...fixtureRestorePlan('finish', Date.now()), title: 'Activate the restored set' }),
    'restore.finishPlanned': () => ({ contingency: null }),
    'library.ways': () => fixtureWays(Date.now()),
    'library.commits': () => fixtureCommits(Date.now()),
    'library.open': () => fixtureFolders(Date.now()),
    'failover.create': ({ instanceId, name }) => {
      change((next) => {
        const made = fixtureSnapshot(Date.now(), 'disabled').groups[0];
        if (made) {
          made.name = String(name);
          made.members.length = 1;
          made.config.members.length = 1;
          made.history.length = 0;
          made.contingencies.length = 0;
          next.groups.push(made);
        }
        for (const instance of next.instances) if (instance.id === instanceId) instance.groupId = 'g1';
      });
      return { groupId: 'g1' };
    },
    'failover.checkMember': ({ server, folder, databaseServer, exceptId }) => {
      const problems: { field: string; message: string }[] = [];
      if (group().members.some((member) => member.server === server && member.id !== exceptId))
        problems.push({ field: 'server', message: `${server} holds a database of this group already` });
      if (/\(local\)/i.test(String(databaseServer)))
        problems.push({ field: 'databaseServer', message: 'Use a name that other servers can reach' });
      if (!String(folder).startsWith('/'))
        problems.push({ field: 'folder', message: 'Give the whole path of a folder on that server' });
      return { problems };
    },
    'failover.apply': ({ config }) =>
      change((next) => {
        const target = next.groups[0];
        if (!target) return;
        target.config = config as GroupConfig;
        if (target.state === 'Disabled' && target.config.enabled) target.state = 'Normal';
        if (!target.config.enabled) target.state = 'Disabled';
        const model = target.members[1] ?? target.members[0];
        target.members = target.config.members.map((member) => {
          const known = target.members.find((each) => each.id === member.id);
          return known
            ? { ...known, ...member }
            : {
                ...model!,
                ...member,
                master: false,
                active: false,
                state: 'NeverRestored',
                stateText: '',
                lastRestoreAt: null,
                lastBackupAt: null,
                dataTime: null,
                behindCommits: null,
              };
        });
      }),
    'failover.backupNow': ({ type }) => startJob(type === 'full' ? 'Full backup' : 'Differential backup'),
    'failover.plan': ({ action }) => planFor(action as GroupAction),
    'failover.execute': ({ token }) => {
      const action = plans.get(String(token));
      if (!action || action === 'restore') throw new HoldfastError('NOT_FOUND', 'The plan is no longer valid');
      change((next) => {
        const target = next.groups[0];
        if (!target) return;
        if (action.kind === 'switch')
          for (const member of target.members) member.active = member.id === action.memberId;
        if (action.kind === 'confirm') target.review = undefined;
        if (action.kind === 'reconnect') for (const member of target.members) member.active = member.master;
        if (action.kind === 'fence' || action.kind === 'unfence')
          for (const member of target.members)
            if (member.id === action.memberId) member.state = action.kind === 'fence' ? 'Fenced' : 'InSync';
      });
      return startJob(
        {
          switch: 'Switch',
          reconnect: 'Reconnect',
          promote: 'New master',
          fence: 'Fence',
          unfence: 'Unfence',
          restoreContingency: 'Restore of a contingency backup',
          confirm: 'Confirm',
        }[action.kind],
        { kind: 'failover' },
      );
    },
    'failover.encrypt': () => ({ members: [] }),
    'failover.remove': () =>
      change((next) => {
        next.groups = [];
      }),
    'jobs.list': () => site.jobs,
    'jobs.log': ({ jobId }) => {
      const job = site.jobs.find((each) => each.id === jobId);
      if (!job) throw new HoldfastError('NOT_FOUND', 'There is no such job');
      return {
        job,
        lines: [
          'Backup of SRV-1/Directory to SRV-2 and SRV-3',
          'Snapshot taken, 122,880 pages',
          'Copying to SRV-2: 480 MB',
        ].map((text, index) => ({ at: job.startedAt + index * 700, level: 'info' as const, text })),
      };
    },
    'jobs.cancel': ({ jobId }) =>
      change((next) => {
        for (const job of next.jobs) if (job.id === jobId) job.status = 'canceling';
      }),
    'jobs.again': ({ jobId }) => startJob(site.jobs.find((job) => job.id === jobId)?.title ?? 'Job'),
    'demo.open': () => {
      change((next) => Object.assign(next, fixtureSnapshot(Date.now())));
      return { jobId: 'j9' };
    },
    'demo.power': ({ server, on }) =>
      change((next) => {
        for (const each of next.demo.servers) if (each.name === server) each.power = on === true;
        for (const each of next.servers) if (each.name === server) each.state = on ? 'online' : 'stopped';
      }),
    'demo.close': () =>
      change((next) => {
        next.demo.open = false;
      }),
  };

  const call = async (name: string, input: Input, signal?: AbortSignal) => {
    if (name !== 'site.watch') calls.push({ name, input });
    if (!online) throw new HoldfastError('ENGINE_NOT_RUNNING', `${name}: there is no connection to the engine`);
    const failure = failures.get(name);
    if (failure) {
      failures.delete(name);
      throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
    return handlers[name]?.(input ?? {}, signal) ?? {};
  };
  const api = new Proxy(
    {},
    {
      get: (_, area: string) =>
        new Proxy(
          {},
          {
            get: (__, verb: string) => (input: Input, options?: { signal?: AbortSignal }) =>
              call(`${area}.${verb}`, input, options?.signal),
          },
        ),
    },
  ) as ConsoleApi;

  return {
    api,
    change,
    calls,
    failNext: (name, error) => void failures.set(name, error),
    setOnline(next) {
      online = next;
      state = { status: next ? 'connected' : 'reconnecting', attempt: next ? 0 : 1 };
      for (const listener of stateListeners) listener(state);
      for (const wake of watchers) wake();
    },
    tick: () =>
      change((next) => {
        const now = Date.now();
        const { client } = next.demo;
        if (client?.writingTo) Object.assign(client, { acknowledged: client.acknowledged + 1, lastWriteAt: now });
        for (const server of next.servers) if (server.state === 'online') server.lastContact = now;
        for (const job of next.jobs) {
          if (job.status === 'canceling')
            Object.assign(job, { status: 'canceled', endedAt: now, verdict: 'Canceled; nothing was changed' });
          if (job.status !== 'running' || !job.progress?.total) continue;
          job.progress.done = Math.min(job.progress.total, job.progress.done + 12 * 1024 * 1024);
          job.rate = 48 * 1024 * 1024;
          job.etaMs = ((job.progress.total - job.progress.done) / job.rate) * 1000;
          if (job.progress.done === job.progress.total)
            Object.assign(job, { status: 'succeeded', endedAt: now, verdict: '480 MB read, 210 MB written' });
        }
      }),
    connection: {
      api,
      door: 'web',
      getState: () => state,
      subscribe(listener) {
        stateListeners.add(listener);
        return () => stateListeners.delete(listener);
      },
      retry: () => undefined,
      close: () => undefined,
    },
  };
}
