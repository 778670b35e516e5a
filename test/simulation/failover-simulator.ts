// Runs the real decisions and the real steps of role changes against simulated servers, network, crashes and clocks; everything follows from the seed.
// Between events the invariants are checked: whoever breaks one is named with its seed and the events before it.
import type { GroupConfig } from '../../core/contract/failover.ts';
import { decide } from '../../core/failover/decide.ts';
import { obstacle } from '../../core/failover/health.ts';
import {
  type Action,
  type Decision,
  type DecisionState,
  type GroupMemory,
  newMember,
  newMemory,
  newWatch,
  type Observations,
  type Proof,
  type Watch,
} from '../../core/failover/model.ts';
import {
  afterStep,
  commit,
  firstStep,
  isCommitted,
  type Operation,
  type OperationKind,
  resume,
  takeTerm,
} from '../../core/failover/operation.ts';
import { type Commits, LEASE_LOOK_MS, type Refusal, SimulatedServer, type StatusReply } from './simulated-server.ts';

/** What a test breaks on purpose, to see that the simulator notices. */
export interface Sabotage {
  decide?: (state: DecisionState, seen: Observations, now: number, honest: typeof decide) => Decision;
  /** Steps that are taken for done without being done. */
  skip?: Operation['step'];
  /** Agents count their lease from when the order came, not from their own answer. */
  leaseFromArrival?: boolean;
  /** Agents take any order, whatever its term. */
  ignoreTerms?: boolean;
}

export interface SimulationResult {
  seed: number;
  violation: string | null;
  /** The last events, newest last. */
  trace: string[];
  /** Completed failovers, by what proved that the old active had stopped. */
  failovers: Record<Proof, number>;
  reconnects: number;
  blocked: number;
  writes: number;
  caughtUp: number;
}

interface Probe {
  status: StatusReply | null;
  misses: number;
  lastContact: number | null;
  waiting: boolean;
}

interface Event {
  at: number;
  order: number;
  run(): void;
}

const PROBE_MS = 1000;
const ORDER_MS = 3000;
const FENCE_MS = 8000;
const CHAOS_MS = 50_000;
const END_MS = 110_000;
const TIMERS = {
  isDue: (schedule: { kind: string }, last: number | null, now: number) =>
    schedule.kind !== 'off' && (last === null || now - last >= 8000),
};

class Violation extends Error {}

export function simulate(seed: number, sabotage: Sabotage = {}): SimulationResult {
  const world = new World(seed, sabotage);
  let violation: string | null = null;
  try {
    world.run();
  } catch (error) {
    violation = error instanceof Violation ? error.message : `${(error as Error).stack}`;
  }
  return {
    seed,
    violation,
    trace: world.trace.slice(-40),
    failovers: world.failovers,
    reconnects: world.counts.reconnect,
    blocked: world.counts.blocked,
    writes: world.nextCommit,
    caughtUp: world.counts.caughtUp,
  };
}

class World {
  now = 0;
  nextCommit = 0;
  readonly trace: string[] = [];
  readonly counts = { reconnect: 0, blocked: 0, caughtUp: 0 };
  /** The newest backup of a cycle, and whose it is. */
  private head: { id: string; content: Commits } | null = null;
  readonly failovers: Record<Proof, number> = { agent: 0, withoutAgent: 0, lease: 0, operator: 0 };
  private readonly sabotage: Sabotage;
  private readonly queue: Event[] = [];
  private order = 0;
  private randomState: number;
  private readonly servers = new Map<string, SimulatedServer>();
  private readonly termOwner = new Map<number, string>();
  private readonly copies: Commits[] = [];
  private chaos = true;

  // The engine's disk.
  private config: GroupConfig;
  private memory: GroupMemory;
  private journal: Operation | null = null;

  // The engine's memory.
  private engineUp = true;
  private incarnation = 0;
  private watch: Watch = newWatch(0);
  private operation: Operation | null = null;
  /** The last contingency backup could not be taken; the fenced file was seen to be there and well. */
  private keptInFile = false;
  private cycling = false;
  private probes = new Map<string, Probe>();
  private orders = new Set<string>();

  constructor(seed: number, sabotage: Sabotage) {
    this.randomState = (seed * 2654435761) >>> 0;
    this.sabotage = sabotage;
    const size = 2 + this.pick(3);
    const ids = Array.from({ length: size }, (_, at) => `SRV-${at + 1}`);
    for (const [at, id] of ids.entries())
      this.servers.set(id, new SimulatedServer(id, 0.96 + this.random() * 0.08, this.random() < 0.7, at === 0));
    this.config = {
      enabled: true,
      mode: 'backupAndRestore',
      members: ids.map((id) => ({ id, server: id, databaseServer: id, instance: 'Directory', folder: `/${id}` })),
      autoReconnect: this.random() < 0.5,
      full: { kind: 'off' },
      differential: { kind: 'every', minutes: 1 },
      whenConsoleLost: this.random() < 0.5 ? 'fence' : 'keep',
      probeMs: PROBE_MS,
      misses: 3,
      leaseMs: 3000 + this.pick(4) * 1000,
    };
    this.memory = newMemory('SRV-1', 1, 1);
    for (const id of ids.slice(1)) this.memory.members[id] = newMember(this.memory.nextReplica++);
    this.resetProbes();
  }

  run(): void {
    this.every(PROBE_MS, () => this.tick());
    for (const server of this.servers.values()) {
      this.every(LEASE_LOOK_MS, () => server.look(this.now));
      this.every(300 + this.pick(500), () => this.program(server));
    }
    for (let at = 0; at < 14; at++) this.at(this.pick(CHAOS_MS), () => this.disturb());
    this.at(CHAOS_MS, () => this.heal());
    for (;;) {
      const event = this.pop();
      if (!event || event.at > END_MS) break;
      this.now = event.at;
      event.run();
      this.check();
    }
    this.checkEnd();
  }

  // ── Chance and time ───────────────────────────────────────────────────────────────────────────────────────────────

  private random(): number {
    this.randomState = (this.randomState + 0x6d2b79f5) >>> 0;
    let mixed = this.randomState;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  private pick(below: number): number {
    return Math.floor(this.random() * below);
  }

  private anyServer(): SimulatedServer {
    return [...this.servers.values()][this.pick(this.servers.size)]!;
  }

  private at(time: number, run: () => void): void {
    const event = { at: time, order: this.order++, run };
    const { queue } = this;
    let child = queue.length;
    queue.push(event);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(event, queue[parent]!)) break;
      queue[child] = queue[parent]!;
      child = parent;
    }
    queue[child] = event;
  }

  private pop(): Event | null {
    const { queue } = this;
    const first = queue[0];
    const last = queue.pop();
    if (!first || !last) return null;
    if (queue.length === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && before(queue[child + 1]!, queue[child]!)) child++;
      if (!before(queue[child]!, last)) break;
      queue[hole] = queue[child]!;
      hole = child;
    }
    queue[hole] = last;
    return first;
  }

  private every(ms: number, run: () => void): void {
    const again = () => {
      run();
      this.at(this.now + ms, again);
    };
    this.at(this.now + this.pick(ms), again);
  }

  private log(text: string): void {
    this.trace.push(`${this.now} ${text}`);
    if (this.trace.length > 200) this.trace.splice(0, 100);
  }

  // ── Trouble ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private disturb(): void {
    const server = this.anyServer();
    const back = 500 + this.pick(20_000);
    switch (this.pick(9)) {
      case 0:
      case 1:
        this.log(`agent of ${server.id} crashes`);
        server.crash(this.now);
        this.guardLeased(server);
        this.at(this.now + back, () => this.startAgent(server));
        break;
      case 2:
      case 3:
        this.log(`${server.id} is cut off`);
        server.cut = true;
        this.at(this.now + back, () => {
          server.cut = false;
        });
        break;
      case 4:
        this.log('the engine crashes');
        this.engineUp = false;
        this.incarnation++;
        this.at(this.now + (this.random() < 0.5 ? 100 : back), () => this.startEngine());
        break;
      case 5:
        if (server.acceptsWrites) {
          this.log(`a program keeps the file of ${server.id} open`);
          server.rogueOpen = true;
          this.at(this.now + back, () => {
            server.rogueOpen = false;
          });
        }
        break;
      case 6:
        if (!server.local || !server.agentUp) break;
        this.log(`agent of ${server.id} hangs`);
        server.frozenUntil = this.now + back;
        break;
      case 7:
        if (server.role === 'primary') {
          this.log(`the database of ${server.id} is damaged`);
          server.broken = true;
          this.at(this.now + back, () => {
            server.broken = false;
          });
        }
        break;
      default:
        this.operator(server);
    }
  }

  /** Where the engine cannot see a crash, a leased agent that ends needs a watchdog on its host: nothing else could keep the lease. */
  private guardLeased(server: SimulatedServer): void {
    if (!server.leased || server.leaseEnd === null) return;
    const end = server.leaseEnd / server.rate;
    this.at(Math.max(this.now, end), () => server.guard());
  }

  private startAgent(server: SimulatedServer): void {
    if (server.agentUp) return;
    this.log(`agent of ${server.id} starts`);
    server.start();
  }

  private startEngine(): void {
    if (this.engineUp) return;
    this.log('the engine starts');
    this.engineUp = true;
    this.watch = newWatch(this.now);
    this.operation = null;
    this.cycling = false;
    this.orders.clear();
    this.resetProbes();
    if (!this.journal) return;
    const decision = resume(this.journal, this.memory);
    if (decision.go === 'back') this.journal = null;
    else {
      this.operation = decision.operation;
      this.at(
        this.now + 2000,
        this.mine(() => this.step()),
      );
    }
  }

  private heal(): void {
    this.chaos = false;
    this.log('everything is well again');
    for (const server of this.servers.values()) {
      server.cut = false;
      server.frozenUntil = 0;
      server.broken = false;
      server.rogueOpen = false;
      this.startAgent(server);
    }
    this.startEngine();
  }

  private operator(server: SimulatedServer): void {
    if (!this.engineUp || this.operation) return;
    const to = server.id;
    const kind: OperationKind =
      to === this.config.members[0]!.id ? 'reconnect' : this.random() < 0.5 ? 'switch' : 'promote';
    const seen = this.observe();
    if (this.probes.get(this.memory.activeId)?.misses || seen[this.memory.activeId]?.contact !== 'online') return;
    if (to === this.memory.activeId ? kind !== 'promote' : obstacle(this.decisionState(), to, seen[to]) !== null)
      return;
    this.begin(kind, this.memory.activeId, to, 'agent', 'by the administrator');
  }

  // ── Programs ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private program(server: SimulatedServer): void {
    server.followerOpen = server.endpointSaysPrimary;
    if ((server.followerOpen || server.rogueOpen) && server.acceptsWrites) server.content.push(this.nextCommit++);
  }

  // ── Network ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private delay(): number {
    if (!this.chaos || this.random() < 0.93) return 1 + this.pick(30);
    return this.pick(this.random() < 0.5 ? 2000 : 15_000);
  }

  private lost(server: SimulatedServer): boolean {
    return server.cut || (this.chaos && this.random() < 0.02);
  }

  private mine(run: () => void): () => void {
    const { incarnation } = this;
    return () => {
      if (this.engineUp && this.incarnation === incarnation) run();
    };
  }

  /** Asks an agent; the answer may come late or never. `done` is called once: with the answer, or with null after the time is up. */
  private ask<T>(
    server: SimulatedServer,
    limit: number,
    work: () => T | Refusal,
    done: (answer: T | null) => void,
    /** Asked once more, this long after the order came, before the agent answers. */
    again: { ms: number; work: () => T } | null = null,
  ): void {
    let open = true;
    const { incarnation } = this;
    const finish = (answer: T | null) => () => {
      if (!open || !this.engineUp || this.incarnation !== incarnation) return;
      open = false;
      done(answer);
    };
    this.at(this.now + limit, finish(null));
    if (this.lost(server)) return;
    const arrive = () => {
      if (!server.agentUp) return;
      if (this.now < server.frozenUntil) {
        this.at(server.frozenUntil, arrive);
        return;
      }
      if (this.sabotage.ignoreTerms) server.term = 0;
      const answer = work();
      this.remember(server);
      if (again && !isRefusal(answer)) {
        this.at(this.now + again.ms, () => {
          if (!server.agentUp || this.now < server.frozenUntil) return;
          const later = again.work();
          if (!this.lost(server)) this.at(this.now + this.delay(), finish(later));
        });
        return;
      }
      if (this.lost(server)) return;
      this.at(this.now + this.delay(), finish(isRefusal(answer) ? null : answer));
    };
    this.at(this.now + this.delay(), arrive);
  }

  private remember(server: SimulatedServer): void {
    if (server.role !== 'primary' || server.fenced) return;
    const owner = this.termOwner.get(server.term);
    if (owner && owner !== server.id)
      throw new Violation(`${owner} and ${server.id} were both primary in term ${server.term}`);
    this.termOwner.set(server.term, server.id);
  }

  // ── The engine ────────────────────────────────────────────────────────────────────────────────────────────────────

  private resetProbes(): void {
    for (const id of this.servers.keys())
      this.probes.set(id, { status: null, misses: 0, lastContact: null, waiting: false });
  }

  private observe(): Observations {
    const seen: Observations = {};
    for (const [id, probe] of this.probes) {
      const server = this.servers.get(id)!;
      const { status } = probe;
      seen[id] = {
        contact:
          server.local && !server.agentUp
            ? 'gone'
            : status === null
              ? 'starting'
              : probe.misses >= 3
                ? 'offline'
                : 'online',
        misses: probe.misses,
        seenAt: probe.lastContact,
        remote: !server.local,
        instance: status && {
          role: status.role,
          writable: status.writable,
          state: status.broken ? 'Error' : status.busy ? 'Restoring' : status.fenced ? 'Fenced' : 'Online',
          term: status.term,
          problem: status.broken ? 'damaged' : null,
          fullRequired: status.fullRequired,
          fullRequiredReason: null,
          outOfSync: false,
          outOfSyncReason: null,
          restored: status.restored && status.role === 'standby',
        },
      };
    }
    return seen;
  }

  private decisionState(): DecisionState {
    const { config, memory, watch, operation, cycling } = this;
    return { name: 'Main', config, memory, watch, operation, cycling };
  }

  private tick(): void {
    if (!this.engineUp) return;
    for (const [id, probe] of this.probes) {
      if (probe.waiting) probe.misses++;
      else {
        probe.waiting = true;
        const server = this.servers.get(id)!;
        this.ask(
          server,
          20_000,
          () => server.status(this.now),
          (status) => {
            probe.waiting = false;
            if (!status) return;
            probe.status = status;
            probe.misses = 0;
            probe.lastContact = this.now;
          },
        );
      }
      if (!probe.waiting || this.servers.get(id)!.agentUp) continue;
      if (this.servers.get(id)!.local) probe.waiting = false;
    }
    const state = this.decisionState();
    const seen = this.observe();
    const decision = this.sabotage.decide
      ? this.sabotage.decide(state, seen, this.now, decide)
      : decide(state, seen, this.now, TIMERS);
    if (decision.memory.term < this.memory.term) throw new Violation('the term went back');
    this.memory = decision.memory;
    this.watch = decision.watch;
    for (const action of decision.actions) this.carryOut(action);
  }

  private carryOut(action: Action): void {
    switch (action.kind) {
      case 'failover':
        this.begin('failover', action.fromId, action.toId, action.proof, action.why);
        return;
      case 'reconnect':
        this.begin('reconnect', action.fromId, action.toId, 'agent', action.why);
        return;
      case 'note':
        if (action.entry.kind === 'blocked') this.counts.blocked++;
        return;
      case 'cycle':
        this.cycle(action);
        return;
      case 'catchUp': {
        const { head } = this;
        if (!head || head.id !== this.memory.activeId || this.orders.has(`catchUp:${action.memberId}`)) return;
        this.orders.add(`catchUp:${action.memberId}`);
        this.counts.caughtUp++;
        this.send(action.memberId, head.content, true, () => this.orders.delete(`catchUp:${action.memberId}`));
        return;
      }
      case 'renewLease':
        this.lease(this.memory.activeId, () => {});
        return;
      case 'fence': {
        const server = this.servers.get(action.memberId)!;
        const term = this.memory.activeTerm;
        this.log(`stray ${server.id} is to be fenced in term ${term}`);
        this.once(`fence:${server.id}`, server, () => server.fence(term));
        return;
      }
      case 'prove': {
        const server = this.servers.get(action.memberId)!;
        const term = this.memory.activeTerm;
        const proved = (answer: { durable: boolean } | null) => {
          if (answer?.durable && this.memory.activeId !== server.id) this.member(server.id, { unproved: false });
        };
        if (action.proof === 'agent') this.ask(server, ORDER_MS, () => server.fence(term), proved);
        else if (server.local) {
          const answer = server.fenceWithoutAgent(term);
          proved('refused' in answer ? null : answer);
        }
        return;
      }
      case 'demote': {
        const server = this.servers.get(action.memberId)!;
        const term = this.memory.activeTerm;
        this.once(`demote:${server.id}`, server, () => server.setRole('standby', term, this.now));
        return;
      }
      case 'activate': {
        const server = this.servers.get(action.memberId)!;
        const term = Math.max(this.memory.term, this.probes.get(server.id)?.status?.term ?? 0);
        this.memory = { ...this.memory, term, activeTerm: term };
        this.log(`${server.id} is to serve in term ${term}`);
        const open = () => this.once(`activate:${server.id}`, server, () => server.setRole('primary', term, this.now));
        if (this.config.whenConsoleLost === 'fence') this.lease(server.id, open);
        else open();
      }
    }
  }

  private once(key: string, server: SimulatedServer, work: () => unknown): void {
    if (this.orders.has(key)) return;
    this.orders.add(key);
    this.ask(server, ORDER_MS, work as () => object, () => {
      this.orders.delete(key);
      this.watch = { ...this.watch, roleChangedAt: this.now };
    });
  }

  private lease(id: string, then: () => void): void {
    const server = this.servers.get(id)!;
    const probe = this.probes.get(id)!;
    if (!probe.status || probe.lastContact === null) return;
    const asOf = probe.status.at;
    this.watch = { ...this.watch, leaseBase: Math.max(this.watch.leaseBase, probe.lastContact) };
    const { leaseMs } = this.config;
    this.ask(
      server,
      ORDER_MS,
      () => server.lease(leaseMs, this.sabotage.leaseFromArrival ? server.clock(this.now) : asOf),
      (answer) => {
        if (!answer) return;
        if (this.memory.activeId === id) this.memory = { ...this.memory, leasedId: id };
        then();
      },
    );
  }

  private cycle(order: Extract<Action, { kind: 'cycle' }>): void {
    if (this.cycling || this.operation) return;
    this.cycling = true;
    const source = this.servers.get(this.memory.activeId)!;
    const masterId = this.config.members[0]!.id;
    this.ask(
      source,
      ORDER_MS,
      () => source.backup(order.type),
      (backup) => {
        this.cycling = false;
        if (!backup || this.memory.activeId !== source.id || this.operation) {
          this.watch = { ...this.watch, retryCycleAt: this.now + 3000 };
          return;
        }
        const { now } = this;
        this.head = { id: source.id, content: backup.content };
        const head = { memberId: source.id, folder: '', idtag: '', type: backup.type, files: [], consistentAt: now };
        this.memory = { ...this.memory, head };
        if (order.contingency) {
          this.copies.push(backup.content);
          this.memory = {
            ...this.memory,
            lastContingencyAt: now,
            lastContingencyFullAt: this.memory.lastContingencyFullAt ?? now,
          };
        } else
          this.memory = {
            ...this.memory,
            lastFullAt: backup.type === 'full' ? now : this.memory.lastFullAt,
            lastDifferentialAt: now,
            fullWanted: backup.type === 'full' ? null : this.memory.fullWanted,
          };
        for (const member of this.config.members) {
          if (member.id === source.id || member.id === masterId) continue;
          this.send(member.id, backup.content, backup.type === 'full', () => {});
        }
      },
    );
  }

  private send(id: string, content: Commits, full: boolean, done: (ok: boolean) => void): void {
    const target = this.servers.get(id)!;
    const known = this.memory.members[id]!;
    if (!full && (!known.restored || known.chainLost)) full = true;
    const { operation } = this;
    this.ask(
      target,
      ORDER_MS,
      () => target.apply(content, this.now + this.pick(400)),
      (answer) => {
        if (answer && this.operation === operation)
          this.member(id, {
            restored: true,
            diverged: null,
            chainLost: false,
            lastRestoreAt: this.now,
            dataTime: this.now,
          });
        else this.member(id, { chainLost: true });
        done(answer !== null);
      },
    );
  }

  private member(id: string, change: Partial<GroupMemory['members'][string]>): void {
    this.memory = {
      ...this.memory,
      members: { ...this.memory.members, [id]: { ...this.memory.members[id]!, ...change } },
    };
  }

  // ── Role changes: the real steps ──────────────────────────────────────────────────────────────────────────────────

  private begin(kind: OperationKind, fromId: string, toId: string, proof: Proof, why: string): void {
    if (this.operation) return;
    this.memory = takeTerm(this.memory);
    const operation = firstStep({
      id: '',
      kind,
      fromId,
      toId,
      term: this.memory.term,
      proof,
      why,
      startedAt: this.now,
      fromBackup: fromId !== this.config.members[0]!.id,
    });
    this.keptInFile = false;
    this.log(`${kind} ${fromId} → ${toId} in term ${operation.term} by ${proof}: ${why}`);
    this.operation = operation;
    this.journal = operation;
    this.step();
  }

  private step() {
    const { operation } = this;
    if (!operation) return;
    const next = (ok: boolean) => {
      if (!ok) {
        this.failed(operation);
        return;
      }
      const following = afterStep(operation);
      this.operation = following;
      this.journal = following;
      if (following) this.step();
      else {
        this.log(`${operation.kind} done`);
        if (operation.kind === 'failover') this.failovers[operation.proof]++;
        if (operation.kind === 'reconnect') this.counts.reconnect++;
      }
    };
    if (this.sabotage.skip === operation.step) return next(true);
    const from = this.servers.get(operation.fromId)!;
    const to = this.servers.get(operation.toId)!;
    const { term } = operation;
    switch (operation.step) {
      case 'contingency':
        return this.ask(
          from,
          ORDER_MS,
          () => from.backup('full'),
          (backup) => {
            if (backup) this.copies.push(backup.content);
            if (backup) this.memory = { ...this.memory, lastContingencyFullAt: this.now, lastContingencyAt: this.now };
            next(backup !== null);
          },
        );
      case 'fence': {
        const proved = (answer: { durable: boolean } | null) => {
          this.watch = { ...this.watch, roleChangedAt: this.now };
          next(answer?.durable === true);
        };
        if (operation.proof === 'lease') return next(true);
        if (operation.proof === 'agent')
          return this.ask(from, FENCE_MS, () => from.fence(term), proved, {
            ms: 1500,
            work: () => ({ durable: from.fenced && from.seal() }),
          });
        this.at(
          this.now + 200,
          this.mine(() => {
            const answer = from.local ? from.fenceWithoutAgent(term) : { refused: 'elsewhere' };
            proved('refused' in answer ? null : answer);
          }),
        );
        return;
      }
      case 'last':
        return this.ask(
          from,
          ORDER_MS,
          () => from.backup('incremental'),
          (backup) => {
            if (backup) {
              this.copies.push(backup.content);
              return next(true);
            }
            this.ask(
              from,
              ORDER_MS,
              () => from.status(this.now),
              (status) => {
                this.keptInFile = status !== null && !status.writable && !status.broken;
                next(this.keptInFile);
              },
            );
          },
        );
      case 'sync':
        return this.ask(
          from,
          ORDER_MS,
          () => from.backup('incremental'),
          (backup) => {
            if (!backup) return next(false);
            if (operation.fromBackup) this.copies.push(backup.content);
            this.send(to.id, backup.content, true, next);
          },
        );
      case 'commit':
        return this.commit(operation, next);
      case 'open': {
        const open = () =>
          this.ask(
            to,
            ORDER_MS,
            () => to.setRole('primary', term, this.now),
            (answer) => {
              this.watch = { ...this.watch, roleChangedAt: this.now };
              next(answer !== null);
            },
          );
        if (this.config.whenConsoleLost !== 'fence') return open();
        let leased = false;
        this.lease(to.id, () => {
          leased = true;
          open();
        });
        this.at(
          this.now + ORDER_MS + 1,
          this.mine(() => !leased && this.operation === operation && next(false)),
        );
        return;
      }
      case 'settle':
        if (from.id === this.config.members[0]!.id || from.id === to.id) return next(true);
        return this.ask(
          from,
          ORDER_MS,
          () => from.setRole('standby', term, this.now),
          () => next(true),
        );
    }
  }

  private commit(operation: Operation, next: (ok: boolean) => void): void {
    const before = this.memory;
    const to = this.servers.get(operation.toId)!;
    if (operation.term <= before.activeTerm && !isCommitted(operation, before))
      throw new Violation(`term ${operation.term} does not follow ${before.activeTerm}`);
    if (!to.restored) throw new Violation(`${to.id} was never restored and became active`);
    if (operation.kind === 'reconnect') {
      const from = this.servers.get(operation.fromId)!;
      const there = new Set(to.content);
      const since = from.content.filter((one) => !there.has(one));
      const safe = new Set(this.copies.flat());
      const missing = since.filter((one) => !safe.has(one));
      if (missing.length > 0 && !this.keptInFile)
        throw new Violation(`${operation.fromId} was left behind without a contingency backup`);
    }
    const committed = commit(before, this.config.members, operation, this.now);
    this.memory = committed.memory;
    this.config = { ...this.config, members: committed.members };
    next(true);
  }

  private failed(operation: Operation): void {
    this.log(`${operation.kind} failed at ${operation.step}`);
    this.operation = null;
    this.journal = null;
    if (isCommitted(operation, this.memory)) return;
    if (operation.kind === 'failover') this.watch = { ...this.watch, retryFailoverAt: this.now + 3000 };
    else this.watch = { ...this.watch, retryReconnectAt: this.now + 10_000 };
  }

  // ── Invariants ────────────────────────────────────────────────────────────────────────────────────────────────────

  private check(): void {
    let writers = 0;
    for (const server of this.servers.values()) if (server.acceptsWrites) writers++;
    if (writers > 1) {
      const names = [...this.servers.values()].filter((server) => server.acceptsWrites).map((server) => server.id);
      throw new Violation(`${names.join(' and ')} accept writes at the same time`);
    }
    if (!this.memory.members[this.memory.activeId]) throw new Violation('the active database is not in the list');
    if (this.memory.activeTerm > this.memory.term) throw new Violation('the active term was never given out');
  }

  private checkEnd(): void {
    const kept = new Set<number>(this.copies.flat());
    for (const server of this.servers.values()) {
      for (const set of server.kept) for (const one of set) kept.add(one);
      for (const one of server.content) kept.add(one);
    }
    for (let one = 0; one < this.nextCommit; one++) if (!kept.has(one)) throw new Violation(`commit ${one} is nowhere`);
    const active = this.servers.get(this.memory.activeId)!;
    if (!active.acceptsWrites) throw new Violation(`all is well, but ${active.id} does not serve`);
    if (this.config.members.length !== this.servers.size) throw new Violation('a row was lost');
  }
}

function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'refused' in answer;
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
