// Looks at the WAL of one instance at every beat: who holds it, and whether others copy it back.
import type { WalPin } from '../contract/logging.ts';
import { processName } from '../sqlite/lock-table.ts';
import type { WalObservation } from '../sqlite/types.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { countForeign, describePins, type ForeignCheckpoints, type TrackedPin, trackPins } from './wal-pins.ts';

const LOOK_MS = 1_000;

export class WalWatch {
  private readonly instance: ProtectedInstance;
  private readonly programs = new Map<number, string>();
  private tracked: TrackedPin[] = [];
  private seen: WalObservation | null = null;
  private counted: ForeignCheckpoints;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(instance: ProtectedInstance) {
    this.instance = instance;
    this.counted = { count: 0, waited: 0, since: instance.agent.deps.clock.now() };
  }

  /** Cheap: one table of the system, and a few bytes of shared memory, at most once a second. */
  look(): void {
    const { clock, files } = this.instance.agent.deps;
    if (clock.monotonic() - this.lookedAt < LOOK_MS) return;
    this.lookedAt = clock.monotonic();
    const seen = this.instance.owner?.observeWal() ?? null;
    if (!seen) {
      this.tracked = [];
      this.seen = null;
      return;
    }
    this.counted = countForeign(this.counted, this.seen, seen);
    this.tracked = trackPins(this.tracked, seen, process.pid, clock.now());
    this.seen = seen;
    const pids = new Set(this.tracked.map(({ pid }) => pid));
    for (const pid of this.programs.keys()) if (!pids.has(pid)) this.programs.delete(pid);
    for (const pid of pids) if (!this.programs.has(pid)) this.programs.set(pid, processName(files, pid));
  }

  pins(): WalPin[] {
    const now = this.instance.agent.deps.clock.now();
    return describePins(this.tracked, (pid) => this.programs.get(pid) ?? `process ${pid}`, now);
  }

  get foreign(): ForeignCheckpoints {
    return this.counted;
  }
}
