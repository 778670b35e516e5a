// One moment for several databases: the write lock of each, in a fixed order, held for as long as their copies need to agree on what
// they show. Nobody waits for a lock while it holds one for long, so an application that locks in another order is never in a deadlock.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { Meeting, whileWaiting } from '../platform/meeting.ts';
import type { DatabaseOwner, Snapshot, SnapshotGroup } from '../sqlite/types.ts';

/** How long the first lock, which is waited for with nothing held, and each further one may take in one attempt, ms. */
const FIRST_LOCK_MS = 100;
const FURTHER_LOCK_MS = 15;
const LONGEST_LOCK_MS = 120;
/** Between two attempts: the least, and the most that chance adds, ms. */
const PAUSE_MS = 5;
const PAUSE_SPREAD_MS = 60;
/** After this the writers of the application are never out at the same time. */
const GIVE_UP_MS = 15_000;

export class BackendBarrier implements SnapshotGroup {
  lettingGo = false;
  readonly #owners: DatabaseOwner[];
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #begins: Meeting<() => Promise<Snapshot>, Snapshot[]>;
  readonly #passes: Meeting<null, 'start' | 'end'>;
  readonly #freezes: Meeting<() => void, void>;

  /** For the copies of `owners`, in the order in which their locks are taken. `at` is the moment that was asked for. */
  constructor(owners: DatabaseOwner[], at: 'start' | 'end', clock: Clock, signal: AbortSignal) {
    this.#owners = owners;
    this.#clock = clock;
    this.#signal = signal;
    const { length } = owners;
    this.#begins = new Meeting(length, (takes) => (at === 'start' ? this.#beginTogether(takes) : beginAll(takes)));
    this.#passes = new Meeting(length, () => (at === 'start' && !this.lettingGo ? 'start' : 'end'));
    this.#freezes = new Meeting(length, (freezes) =>
      this.locked(() => {
        for (const freeze of freezes) freeze();
      }),
    );
  }

  /** Takes the snapshot of one; with `start` those of all begin under the locks of all. `take` must not wait for anything. */
  async begin(index: number, take: () => Promise<Snapshot>): Promise<Snapshot> {
    const snapshots = await this.#begins.arrive(index, take);
    return snapshots[index] as Snapshot;
  }

  letGo(): void {
    this.lettingGo = true;
  }

  firstPassDone(idle: () => void): Promise<'start' | 'end'> {
    return whileWaiting(this.#passes.next(null), idle, this.#clock);
  }

  freezeTogether(freeze: () => void, idle: () => void): Promise<void> {
    return whileWaiting(this.#freezes.next(freeze), idle, this.#clock);
  }

  /** One of them failed: none of the others waits for it. */
  fail(error: unknown): void {
    for (const meeting of [this.#begins, this.#passes, this.#freezes]) meeting.cancel(error);
  }

  /** Runs `work` in one turn of the event loop while the write locks of all are held. Throws DATABASE_BUSY. */
  async locked<T>(work: () => T): Promise<T> {
    const deadline = this.#clock.monotonic() + GIVE_UP_MS;
    for (let attempt = 0; ; attempt++) {
      this.#signal.throwIfAborted();
      const held: DatabaseOwner[] = [];
      try {
        const further = Math.min(LONGEST_LOCK_MS, FURTHER_LOCK_MS * (attempt + 1));
        if (this.#owners.every((owner) => take(owner, held, held.length === 0 ? FIRST_LOCK_MS : further)))
          return work();
      } finally {
        for (const owner of held.toReversed()) owner.releaseWrites();
      }
      if (this.#clock.monotonic() >= deadline) throw this.#busy();
      // Chance keeps us out of step with writers that come at even intervals.
      await this.#clock.sleep(PAUSE_MS + Math.random() * PAUSE_SPREAD_MS, this.#signal);
    }
  }

  async #beginTogether(takes: (() => Promise<Snapshot>)[]): Promise<Snapshot[]> {
    const ready: (() => void)[] = [];
    try {
      for (const owner of this.#owners) ready.push(await owner.readyForSnapshot(this.#signal));
      const begun = await this.locked(() => takes.map((begin) => begin()));
      return await allOrNone(begun);
    } finally {
      for (const release of ready) release();
    }
  }

  #busy(): HoldfastError {
    const paths = this.#owners.map((owner) => owner.path).join(', ');
    const seconds = Math.round(GIVE_UP_MS / 1000);
    return new HoldfastError(
      'DATABASE_BUSY',
      `For ${seconds} s there was no moment without a writer in one of ${paths}.`,
      {
        details: { holders: this.#owners.flatMap((owner) => owner.holders()) },
      },
    );
  }
}

function take(owner: DatabaseOwner, held: DatabaseOwner[], timeoutMs: number): boolean {
  if (!owner.holdWrites(timeoutMs)) return false;
  held.push(owner);
  return true;
}

const beginAll = (takes: (() => Promise<Snapshot>)[]) => allOrNone(takes.map((begin) => begin()));

/** A snapshot that nobody will read must not keep its log. */
async function allOrNone(begun: Promise<Snapshot>[]): Promise<Snapshot[]> {
  const ended = await Promise.allSettled(begun);
  const failed = ended.find((one) => one.status === 'rejected');
  if (!failed) return ended.map((one) => (one as PromiseFulfilledResult<Snapshot>).value);
  for (const one of ended) if (one.status === 'fulfilled') one.value.release();
  throw failed.reason;
}
