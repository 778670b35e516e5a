// What is known of one protected file whether it is open or not: where it is, its home, and its durable state.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type ErrorReport, HoldfastError } from '../contract/errors.ts';
import type { InstanceRole } from '../contract/instance.ts';
import { writeFileDurably } from '../platform/files.ts';
import type { Agent } from './agent.ts';
import { backendIdOf } from './backend-id.ts';
import { type InstanceFacts, newFacts, openStateStore, type StateStore } from './state-store.ts';

export const newSerial = () => randomBytes(16).toString('hex');

export class InstanceRecord {
  readonly agent: Agent;
  readonly name: string;
  readonly path: string;
  readonly home: string;
  error: ErrorReport | null = null;
  private store: StateStore | null = null;

  protected constructor(agent: Agent, name: string, file: string, home: string) {
    this.agent = agent;
    this.name = name;
    this.path = file;
    this.home = home;
  }

  /** Name of this file among several. */
  get backendId(): string {
    return this.store?.facts.backendId ?? backendIdOf(this.path);
  }

  get facts(): Readonly<InstanceFacts> {
    if (!this.store)
      throw new HoldfastError('IO_ERROR', this.error?.message ?? `The state of ${this.name} is not open`);
    return this.store.facts;
  }
  get hasState(): boolean {
    return this.store !== null;
  }
  get role(): InstanceRole {
    return this.store?.facts.role ?? 'standby';
  }
  get term(): number {
    return this.store?.facts.term ?? 0;
  }
  get fenced(): boolean {
    return this.store?.facts.fenced ?? true;
  }
  update(patch: Partial<InstanceFacts>): void {
    if (!this.store) throw new HoldfastError('IO_ERROR', `The state of ${this.name} is not open`);
    this.store.update(patch);
  }

  /** Where logs go unless another folder is set. */
  defaultLogFolder(): string {
    return path.join(this.home, 'nds.rfl');
  }

  protected openStore(initial: InstanceFacts): void {
    this.agent.deps.files.mkdirSync(this.home, { recursive: true, mode: 0o700 });
    if (this.store) return;
    this.store = openStateStore(path.join(this.home, 'state.db'), initial);
    // Tells a command line that looks at the same file under another home who has it.
    writeFileDurably(
      this.agent.deps.files,
      path.join(this.home, 'owner.json'),
      JSON.stringify({ pid: process.pid, path: this.path }),
    );
  }

  protected closeStore(): void {
    if (this.store) this.agent.deps.files.rmSync(path.join(this.home, 'owner.json'), { force: true });
    this.store?.close();
    this.store = null;
  }

  /** For a home without a state: nothing is known of what the file was. */
  protected unknownFacts(): InstanceFacts {
    const { site, organization } = this.agent.spec;
    const { name, path: file } = this;
    const given = { name, path: file, role: 'standby' as const, replica: 1, site, organization };
    return newFacts({ ...given, databaseSerial: newSerial() }, this.home);
  }
}
