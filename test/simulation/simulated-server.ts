// A server in the simulator: the file, the agent beside it, and the programs that write to the file without asking the agent.
// What survives what is the point: a held lock ends with the agent, the durable fence is in the file, terms and roles are in the agent's state.

export type Commits = number[];

export interface StatusReply {
  at: number;
  role: 'primary' | 'standby';
  writable: boolean;
  fenced: boolean;
  term: number;
  restored: boolean;
  broken: boolean;
  busy: boolean;
  fullRequired: boolean;
}

export type Refusal = { refused: string };

/** Agents look at their lease this often, by their own clock. */
export const LEASE_LOOK_MS = 500;

export class SimulatedServer {
  readonly id: string;
  /** Its clock runs at this speed. */
  readonly rate: number;
  /** The engine can see that its process has ended, and reach its file. */
  readonly local: boolean;
  agentUp = true;
  cut = false;
  /** Stopped by the system until this time: it neither answers nor looks at its lease; what was sent to it waits. */
  frozenUntil = 0;

  // The file.
  durable = false;
  content: Commits = [];
  broken = false;
  /** Sets that a restore replaced. */
  kept: Commits[] = [];

  // Programs: one that follows the agent's endpoint, one that never lets go of the file.
  followerOpen = false;
  rogueOpen = false;
  /** A watchdog of the host has stopped the programs, because a leased agent did not come back in time. */
  guarded = false;

  // The agent's state on disk.
  role: 'primary' | 'standby';
  fenced = false;
  term: number;
  restored: boolean;
  fullRequired = true;
  leased = false;

  // The agent's memory.
  lockHeld = false;
  leaseEnd: number | null = null;
  busyUntil = 0;

  constructor(id: string, rate: number, local: boolean, master: boolean) {
    this.id = id;
    this.rate = rate;
    this.local = local;
    this.role = master ? 'primary' : 'standby';
    this.durable = !master;
    this.term = master ? 1 : 0;
    this.restored = master;
  }

  clock(now: number): number {
    return now * this.rate;
  }

  /** What a program finds that tries to write: the format's own rule and the lock, nothing else. */
  get acceptsWrites(): boolean {
    if (this.durable || this.guarded || this.broken) return false;
    return !(this.agentUp && this.lockHeld);
  }

  get endpointSaysPrimary(): boolean {
    return this.agentUp && this.role === 'primary' && !this.fenced && !this.broken;
  }

  /** On another machine, a leased agent must not end and leave its database open to writers: from the end of the lease its host stops them. */
  crash(now: number): void {
    this.agentUp = false;
    if (
      this.leased &&
      this.role === 'primary' &&
      (this.fenced || this.leaseEnd === null || this.clock(now) >= this.leaseEnd)
    )
      this.guard();
    this.lockHeld = false;
    this.busyUntil = 0;
    this.frozenUntil = 0;
  }

  guard(): void {
    if (this.agentUp || this.durable || this.local) return;
    this.guarded = true;
    this.rogueOpen = false;
    this.followerOpen = false;
  }

  start(): void {
    this.agentUp = true;
    // A lease is not remembered, that there was one is: without a new one nothing here may be written.
    if (this.leased) {
      this.leaseEnd = null;
      this.fenced = this.role === 'primary' ? true : this.fenced;
    }
    this.guarded = false;
    if (this.role === 'standby') this.durable = true;
    else if (this.fenced) this.seal();
  }

  seal(): boolean {
    if (!this.followerOpen && !this.rogueOpen) {
      this.durable = true;
      this.lockHeld = false;
    } else this.lockHeld = this.agentUp;
    return this.durable;
  }

  /** What the agent does every half second. */
  look(now: number): void {
    if (!this.agentUp || now < this.frozenUntil) return;
    if (
      this.leased &&
      this.leaseEnd !== null &&
      this.clock(now) >= this.leaseEnd &&
      !this.fenced &&
      this.role === 'primary'
    )
      this.fenced = true;
    if (this.fenced && this.role === 'primary' && !this.durable) this.seal();
  }

  status(now: number): StatusReply {
    return {
      at: this.clock(now),
      role: this.role,
      writable: this.role === 'primary' && !this.fenced && !this.broken,
      fenced: this.fenced,
      term: this.term,
      restored: this.restored,
      broken: this.broken,
      busy: now < this.busyUntil,
      fullRequired: this.fullRequired,
    };
  }

  fence(term: number): { durable: boolean } | Refusal {
    if (term < this.term) return { refused: 'stale term' };
    this.term = term;
    this.fenced = true;
    this.busyUntil = 0;
    return { durable: this.seal() };
  }

  /** By an agent that only fences, on a machine where the real one has ended. */
  fenceWithoutAgent(term: number): { durable: boolean } | Refusal {
    if (this.agentUp) return { refused: 'its agent runs' };
    return this.fence(term);
  }

  lease(ms: number, asOf: number): Record<string, never> | Refusal {
    this.leased = ms > 0;
    this.leaseEnd = ms > 0 ? Math.max(this.leaseEnd ?? 0, asOf + ms) : null;
    return {};
  }

  setRole(role: 'primary' | 'standby', term: number, now: number): Record<string, never> | Refusal {
    if (term < this.term) return { refused: 'stale term' };
    if (now < this.busyUntil) return { refused: 'busy' };
    if (role === 'primary') {
      if (this.broken) return { refused: 'broken' };
      if (!this.restored) return { refused: 'never restored' };
      if (this.leased && (this.leaseEnd === null || this.clock(now) >= this.leaseEnd)) return { refused: 'no lease' };
      if (this.role === 'standby') this.fullRequired = true;
      this.role = 'primary';
      this.fenced = false;
      this.durable = false;
      this.lockHeld = false;
    } else {
      this.fenced = true;
      this.term = term;
      if (!this.seal()) return { refused: 'still open in programs' };
      this.role = 'standby';
      this.fenced = false;
    }
    this.term = term;
    return {};
  }

  backup(type: 'full' | 'incremental'): { content: Commits; type: 'full' | 'incremental' } | Refusal {
    if (this.broken) return { refused: 'broken' };
    const as = this.fullRequired ? 'full' : type;
    this.fullRequired = false;
    return { content: this.content.slice(), type: as };
  }

  apply(content: Commits, until: number): Record<string, never> | Refusal {
    if (this.role === 'primary') return { refused: 'a primary takes no backups' };
    if (this.content.length > 0) this.kept.push(this.content);
    this.content = content.slice();
    this.restored = true;
    this.busyUntil = until;
    return {};
  }
}
