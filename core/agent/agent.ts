// One server's agent: which instances it protects, its lease, its endpoint, and what it tells by itself.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import packageJson from '../../package.json' with { type: 'json' };
import type { AgentEvent, AgentStatus } from '../contract/agent.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { Clock } from '../platform/clock.ts';
import { type Files, writeFileDurably } from '../platform/files.ts';
import { type AgentLock, takeAgentLock } from './agent-lock.ts';
import { allowedPath } from './allowed-path.ts';
import { createEventBus, type EventBus } from './event-bus.ts';
import { forgetRecordsOf } from './group-records.ts';
import { type HttpEndpoint, openHttpEndpoint } from './http-endpoint.ts';
import { createLease, type Lease, leaseNote } from './lease.ts';
import { ProtectedInstance } from './protected-instance.ts';
import type { AgentSpec } from './types.ts';

const TICK_MS = 500;

export interface AgentDeps {
  files: Files;
  clock: Clock;
  /** Called before and after each step that must survive a crash; tests end the process here. */
  at?(name: string): void;
  /** Without an endpoint, lock and timers: for a command line that works on one file and ends. */
  ephemeral?: boolean;
}

interface Registered {
  name: string;
  path: string;
  home: string;
}

export class Agent {
  readonly spec: AgentSpec;
  readonly deps: AgentDeps;
  readonly events: EventBus = createEventBus();
  readonly lease: Lease;
  readonly instances = new Map<string, ProtectedInstance>();
  readonly roots: string[];
  private readonly lock: AgentLock | null;
  private endpoint: HttpEndpoint | null = null;
  private timer: NodeJS.Timeout | null = null;
  private lastActive = '';
  readonly sqliteVersion: string;
  /** Settles when the agent has ended in an orderly way. */
  readonly ended: Promise<void>;
  private end: () => void = () => {};

  private constructor(spec: AgentSpec, deps: AgentDeps, lock: AgentLock | null) {
    this.spec = spec;
    this.deps = deps;
    this.lock = lock;
    this.lease = createLease(deps.clock, leaseNote(deps.files, spec.root, !deps.ephemeral && !spec.fenceOnly));
    this.roots = [spec.root, ...spec.allowedFolders];
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    const memory = new Database(':memory:');
    this.sqliteVersion = memory.prepare('SELECT sqlite_version()').pluck().get() as string;
    memory.close();
  }

  /** Takes the root, brings every registered instance back as it was left, and starts to answer. Throws AGENT_RUNNING. */
  static async start(spec: AgentSpec, deps: AgentDeps): Promise<Agent> {
    deps.files.mkdirSync(spec.root, { recursive: true, mode: 0o700 });
    const lock = deps.ephemeral ? null : takeAgentLock(spec.root);
    const agent = new Agent(spec, deps, lock);
    try {
      for (const known of agent.registered()) agent.load(known);
      if (agent.lease.lapsed()) agent.fenceAll();
      if (!spec.fenceOnly && !deps.ephemeral) {
        agent.endpoint = await agent.openEndpoint();
        agent.timer = setInterval(() => agent.tick(), TICK_MS);
        agent.writeActive();
      }
      return agent;
    } catch (error) {
      await agent.stop();
      throw error;
    }
  }

  status(): AgentStatus {
    const at = this.deps.clock.now();
    this.lease.answered(at);
    return {
      server: this.spec.name,
      root: this.spec.root,
      version: packageJson.version,
      sqliteVersion: this.sqliteVersion,
      pid: process.pid,
      at,
      freeBytes: this.freeBytes(),
      endpoint: this.endpoint?.address ?? null,
      instances: [...this.instances.values()].map((instance) => instance.status()),
    };
  }

  instance(name: string): ProtectedInstance {
    const found = this.instances.get(name);
    if (!found) throw new HoldfastError('NOT_FOUND', `${this.spec.name} has no instance ${name}`);
    return found;
  }

  allowed(given: string): string {
    return allowedPath(this.deps.files, this.roots, given);
  }

  emit(kind: AgentEvent['kind'], severity: AgentEvent['severity'], instance: string | null, message: string): void {
    this.events.emit({ at: this.deps.clock.now(), instance, kind, severity, message });
  }

  /** Registers and opens; when opening fails nothing stays behind but the home. */
  add(instance: ProtectedInstance): InstanceStatus {
    this.instances.set(instance.name, instance);
    this.saveRegistered();
    this.writeActive();
    return instance.status();
  }

  /** Refuses a name or a file that is protected already. */
  assertFree(name: string, file: string): void {
    if (this.instances.has(name)) throw new HoldfastError('DUPLICATE', `${name} is protected already`);
    for (const other of this.instances.values())
      if (other.backends.some((one) => one.path === file))
        throw new HoldfastError('DUPLICATE', `${file} is protected already as ${other.name}`);
  }

  async release(name: string): Promise<void> {
    const instance = this.instance(name);
    instance.assertIdle();
    instance.close();
    this.instances.delete(name);
    this.saveRegistered();
    forgetRecordsOf(this, name);
    this.writeActive();
  }

  /** What is checked at every beat: files replaced behind us, pending fences, the lease. Never throws. */
  tick(): void {
    if (this.lease.lapsed()) this.fenceAll();
    for (const instance of [...this.instances.values()].flatMap((one) => one.backends)) {
      try {
        instance.tick();
        instance.watched(null);
      } catch (error) {
        instance.watched(toErrorReport(error));
      }
    }
    this.writeActiveSoon();
  }

  /** As `writeActive`, for what has happened already: when it cannot be written now, each beat tries again and says so. Never throws. */
  writeActiveSoon(): void {
    try {
      this.writeActive();
    } catch (error) {
      this.emit('error', 'critical', null, `active.json could not be written: ${toErrorReport(error).message}`);
    }
  }

  /** No lease is in force although one was given: no primary here may accept writes until a console has it opened under the next. */
  fenceAll(): void {
    for (const instance of this.instances.values()) {
      if (instance.role !== 'primary' || instance.fenced) continue;
      try {
        instance.fence('The console was not heard from within the lease', instance.term, 2000);
      } catch (error) {
        instance.fail(toErrorReport(error));
      }
    }
  }

  /** `<root>/active.json`: where clients write; rewritten only when it changes. */
  writeActive(): void {
    if (this.deps.ephemeral || this.spec.fenceOnly) return;
    const statuses = [...this.instances.values()].map((instance) => instance.place());
    const active = statuses.find((one) => one.writable);
    const text = `${JSON.stringify(
      active ? { server: this.spec.name, instance: active.name, path: active.path, term: active.term } : null,
    )}\n`;
    if (text === this.lastActive) return;
    writeFileDurably(this.deps.files, path.join(this.spec.root, 'active.json'), text);
    this.lastActive = text;
  }

  /** Orderly end: cancels what runs, stops capture, closes connections, keeps fences. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await this.endpoint?.close();
    this.endpoint = null;
    for (const instance of this.instances.values()) {
      await instance.settle();
      instance.close();
    }
    this.instances.clear();
    this.events.close();
    this.lock?.release();
    this.end();
  }

  private load(known: Registered): void {
    this.instances.set(known.name, ProtectedInstance.load(this, known.name, known.path, known.home));
  }

  private registered(): Registered[] {
    const file = path.join(this.spec.root, 'instances.json');
    if (!fs.existsSync(file)) return [];
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Registered[];
  }

  private saveRegistered(): void {
    if (this.deps.ephemeral) return;
    const list: Registered[] = [...this.instances.values()].map(({ name, path: file, home }) => ({
      name,
      path: file,
      home,
    }));
    writeFileDurably(
      this.deps.files,
      path.join(this.spec.root, 'instances.json'),
      `${JSON.stringify(list, null, 2)}\n`,
    );
  }

  private async openEndpoint(): Promise<HttpEndpoint> {
    const file = path.join(this.spec.root, 'endpoint.json');
    const remembered = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as { port: number }).port : 0;
    const wanted = this.spec.httpPort || remembered;
    const read = () => this.status();
    const endpoint = await openHttpEndpoint(wanted, read).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || this.spec.httpPort !== 0) throw error;
      // Another program took the remembered port meanwhile.
      return openHttpEndpoint(0, read);
    });
    if (endpoint.port !== remembered)
      writeFileDurably(this.deps.files, file, `${JSON.stringify({ port: endpoint.port })}\n`);
    return endpoint;
  }

  private freeBytes(): number {
    const { bavail, bsize } = this.deps.files.statfsSync(this.spec.root);
    return bavail * bsize;
  }
}
