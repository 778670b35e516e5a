// A site in memory for tests of the failover service: servers, probes, store, jobs, clock; the engine can crash and come back.
import { expect } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { GroupConfig, GroupView, HistoryEntry } from '../../core/contract/failover.ts';
import type { Job, JobLogLine } from '../../core/contract/jobs.ts';
import { createFailoverService } from '../../core/failover/service.ts';
import type {
  FailoverPorts,
  FailoverService,
  FailoverStore,
  ServerProbe,
  StoredGroup,
} from '../../core/failover/types.ts';
import { createJobRunner, type JobService } from '../../core/jobs/job-runner.ts';
import { FakeServer } from './failover-agents.ts';
import { FakeClock } from './fake-clock.ts';

/** Thrown by the store at a chosen point: the engine is gone from there on. */
class EngineCrash extends Error {}

export class FailoverLab {
  readonly clock = new FakeClock();
  readonly servers = new Map<string, FakeServer>();
  readonly disk = new Map();
  readonly probes = new Map<string, ServerProbe>();
  readonly messages = new Map<string, { level: string; text: string; standing: boolean }>();
  /** Every message ever raised. */
  readonly said: string[] = [];
  readonly attached: string[] = [];
  readonly detached: string[] = [];
  /** Null: the file of a gone server cannot be reached. */
  fenceWithoutAgent: FailoverPorts['fenceWithoutAgent'] = async (server, instance, term) => {
    const there = this.server(server);
    if (there.alive) throw new HoldfastError('SERVER_UNREACHABLE', `${server} still runs`);
    return there.fence(instance, term, 5000);
  };
  private readonly groups = new Map<string, string>();
  private readonly history = new Map<string, HistoryEntry[]>();
  private readonly journal = new Map<string, string>();
  private readonly removed = new Set<string>();
  private generation = 0;
  /** Counts writes of the store; the engine crashes after this many more. */
  crashAfter: number | null = null;
  crashed = false;
  /** The disk of the catalog takes nothing; the history and the end of an entry of the journal wait in memory, as they do in the engine. */
  full = false;
  jobs!: JobService;
  service!: FailoverService;
  groupId = '';

  constructor(names: string[] = ['SRV-1', 'SRV-2', 'SRV-3']) {
    for (const name of names) {
      this.servers.set(name, new FakeServer(name, this.clock, this.disk));
      this.probes.set(name, { status: null, misses: 0, state: 'starting', lastContact: null });
    }
    this.boot();
  }

  server(name: string): FakeServer {
    const found = this.servers.get(name);
    if (!found) throw new Error(`no server ${name}`);
    return found;
  }

  /** A new engine on the same store. */
  boot(): void {
    const generation = ++this.generation;
    this.crashed = false;
    this.crashAfter = null;
    const alive = () => generation === this.generation && !this.crashed;
    const rows = new Map<string, Job>();
    const outcomes = new Map<string, { result: unknown; view: unknown }>();
    const lines = new Map<string, JobLogLine[]>();
    this.jobs = createJobRunner({
      clock: this.clock,
      store: {
        save: (job) => void rows.set(job.id, job),
        saveRequest: () => {},
        saveOutcome: (id, result, view) => void outcomes.set(id, { result, view }),
        appendLine: (id, line) => void lines.set(id, [...(lines.get(id) ?? []), line]),
        lines: (id) => lines.get(id) ?? [],
        get: (id) => rows.get(id) ?? null,
        request: () => null,
        outcome: (id) => outcomes.get(id) ?? { result: null, view: null },
        list: () => [],
        unfinished: () => [],
      },
      changed: () => {},
      onBug: (error) => {
        if (!(error instanceof EngineCrash)) throw error;
      },
      onStoreError: (error) => {
        throw error;
      },
    });
    // A dead engine reaches nobody: its calls never come back.
    const never = new Promise<never>(() => {});
    const whileAlive = <T extends object>(api: T): T =>
      new Proxy(api, {
        get: (target, key) => {
          const call = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
          return async (...args: unknown[]) => {
            if (!alive()) return never;
            const answer = await call(...args);
            return alive() ? answer : never;
          };
        },
      });
    const ports: FailoverPorts = {
      clock: this.clock,
      jobs: this.jobs,
      store: this.store(alive),
      serverNames: () => [...this.servers.keys()],
      agentOf: (server) => {
        const probe = this.probes.get(server);
        return probe && probe.state === 'online' ? whileAlive(this.server(server).api) : null;
      },
      probeOf: (server) => this.probes.get(server) ?? { status: null, misses: 99, state: 'offline', lastContact: null },
      fenceWithoutAgent: async (...args) => (alive() ? this.fenceWithoutAgent(...args) : never),
      message: (key, level, text, standing) => {
        if (!alive()) return;
        this.messages.set(key, { level, text, standing });
        this.said.push(text);
      },
      clearMessage: (key) => void (alive() && this.messages.delete(key)),
      changed: () => {},
      site: () => ({ name: 'SITE', organization: 'ORG' }),
      instancePath: (server, instance) => this.servers.get(server)?.databases.get(instance)?.path ?? null,
      instanceDetached: (server, instance) => void this.detached.push(`${server}/${instance}`),
      instanceAttached: (server, instance) => void this.attached.push(`${server}/${instance}`),
    };
    this.service = createFailoverService(ports);
  }

  private store(alive: () => boolean): FailoverStore {
    const write = (work: () => void, late = false) => {
      if (!alive()) throw new EngineCrash();
      if (this.full && !late) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
      if (this.crashAfter !== null && this.crashAfter-- <= 0) {
        this.crashed = true;
        throw new EngineCrash();
      }
      work();
    };
    return {
      loadGroups: () => [...this.groups.values()].map((text) => JSON.parse(text) as StoredGroup),
      saveGroup: (group) => write(() => this.groups.set(group.id, JSON.stringify(group))),
      deleteGroup: (id) =>
        write(() => {
          this.groups.delete(id);
          this.removed.add(id);
        }),
      wasRemoved: (id) => this.removed.has(id),
      appendHistory: (id, entry) => write(() => this.history.set(id, [entry, ...(this.history.get(id) ?? [])]), true),
      listHistory: (id, limit) => (this.history.get(id) ?? []).slice(0, limit),
      openJournal: (id, entry) => write(() => this.journal.set(id, JSON.stringify(entry))),
      readJournal: (id) => (this.journal.has(id) ? JSON.parse(this.journal.get(id)!) : null),
      closeJournal: (id) => write(() => this.journal.delete(id), true),
    };
  }

  /** The catalog is gone; the engine that starts next knows its servers and nothing else. */
  loseCatalogue(): void {
    for (const table of [this.groups, this.history, this.journal, this.removed]) table.clear();
    this.messages.clear();
  }

  /** A copy of the store, to be put back later as an old one. */
  copyOfCatalogue(): () => void {
    const tables = [this.groups, this.history, this.journal] as Map<string, unknown>[];
    const copies = tables.map((table) => [...table]);
    return () => {
      for (const [at, table] of tables.entries()) {
        table.clear();
        for (const [key, value] of copies[at]!) table.set(key, value);
      }
    };
  }

  get openJournals(): number {
    return this.journal.size;
  }

  /** Servers on another machine. */
  readonly remote = new Set<string>();

  probe(): void {
    for (const [name, server] of this.servers) {
      const before = this.probes.get(name)!;
      if (server.alive && server.reachable)
        this.probes.set(name, {
          status: server.status(),
          misses: 0,
          state: 'online',
          lastContact: this.clock.now(),
          remote: this.remote.has(name),
        });
      else this.probes.set(name, { ...before, misses: before.misses + 1, state: server.alive ? 'offline' : 'gone' });
    }
  }

  /** Lets everything run that waits for nothing but its turn. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** One probe interval: time passes, every server is asked, the service decides, what can be done is done. */
  async round(ms = 1000): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
    this.probe();
    await this.tick();
    await this.settle();
  }

  /** One round of the service; a dead engine's never ends. */
  private async tick(): Promise<void> {
    let ended = false;
    const tick = this.service.tick().finally(() => {
      ended = true;
    });
    tick.catch(() => {});
    for (let turn = 1; !ended && !this.crashed; turn++) {
      await this.settle();
      if (turn % 20 === 0) this.clock.advance(100);
    }
    if (ended) await tick;
  }

  async rounds(count: number): Promise<void> {
    for (let at = 0; at < count; at++) await this.round();
  }

  /** Every commit that is in some database, kept set or backup. */
  everything(): Set<string> {
    const found = new Set<string>();
    for (const server of this.servers.values())
      for (const database of server.databases.values())
        for (const set of [database.content, ...database.kept]) for (const commit of set) found.add(commit);
    for (const backup of this.disk.values()) for (const commit of backup.content) found.add(commit);
    return found;
  }

  view(): GroupView {
    const view = this.service.views()[0];
    if (!view) throw new Error('no group');
    return view;
  }

  row(server: string) {
    const row = this.view().members.find((member) => member.server === server);
    if (!row) throw new Error(`no row ${server}`);
    return row;
  }

  get active(): string {
    const rows = this.view().members.filter((member) => member.active);
    expect(rows).toHaveLength(1);
    return rows[0]!.server;
  }

  /** Servers whose database accepts writes now. */
  get writers(): string[] {
    return [...this.servers.values()]
      .filter((server) => [...server.databases.values()].some((database) => database.acceptsWrites))
      .map((server) => server.name);
  }

  kinds(): string[] {
    return this.view().history.map((entry) => entry.kind);
  }

  entry(kind: string): HistoryEntry {
    const found = this.view().history.find((entry) => entry.kind === kind);
    if (!found) throw new Error(`no history entry ${kind}; there are ${this.kinds().join(', ')}`);
    return found;
  }

  said_(part: string | RegExp): boolean {
    return this.said.some((text) => (typeof part === 'string' ? text.includes(part) : part.test(text)));
  }

  /** A group on SRV-1 with the other servers as copies, turned on, with its first full backup everywhere. */
  async group(change: Partial<GroupConfig> = {}): Promise<void> {
    const names = [...this.servers.keys()];
    const first = names[0]!;
    if (!this.server(first).databases.has('Directory')) this.server(first).addPrimary('Directory', 1);
    for (let at = 0; at < 3; at++) this.server(first).write();
    this.probe();
    const { groupId } = await this.service.create(`${first}/Directory`, 'Main');
    this.groupId = groupId;
    const base = this.view().config;
    await this.service.apply(groupId, {
      ...base,
      enabled: true,
      full: { kind: 'every', minutes: 1440 },
      differential: { kind: 'every', minutes: 15 },
      members: [
        ...base.members,
        ...names.slice(1).map((server) => ({
          id: server.toLowerCase(),
          server,
          databaseServer: server.toLowerCase(),
          instance: 'Directory',
          folder: `/lab/${server}/backups`,
        })),
      ],
      ...change,
    });
    await this.rounds(2);
  }

  async do(action: Parameters<FailoverService['plan']>[1], typed: string | null = null): Promise<Job> {
    const plan = await this.service.plan(this.groupId, action);
    expect(plan.refusal).toBeNull();
    const { jobId } = await this.service.execute(plan.token, typed);
    await this.settle();
    return this.jobs.wait(jobId);
  }
}
