// Which pages changed while somebody looked on: what copies read again at their end.

/** Pages changed by commits captured since the tracking began. */
export interface ChangeTracker {
  changed: Set<number>;
  /** Why what was tracked is incomplete; null while all is well. */
  broken: string | null;
}

export class ChangeTrackers {
  readonly #trackers = new Set<ChangeTracker>();

  begin(): { tracker: ChangeTracker; stop(): void } {
    const tracker: ChangeTracker = { changed: new Set(), broken: null };
    this.#trackers.add(tracker);
    return { tracker, stop: () => this.#trackers.delete(tracker) };
  }

  add(numbers: Uint32Array): void {
    for (const tracker of this.#trackers) for (const page of numbers) tracker.changed.add(page);
  }

  /** Changes went by unseen, for the first reason given. */
  breakOff(reason: string): void {
    for (const tracker of this.#trackers) tracker.broken ??= reason;
  }
}
