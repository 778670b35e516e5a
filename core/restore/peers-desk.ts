// Where what arrives from outside for step 6 is taken in while a restore runs: answers of peers, and a person's decision.
import type { Peer } from '../contract/restore.ts';
import type { PeerDecision } from '../contract/verification.ts';
import type { Clock } from '../platform/clock.ts';
import { mergeAnswers, ofKnownBackends, withSilentBackends } from './peers-waiting.ts';

export interface PeersDesk {
  /** What each peer said last, in the order in which they were named. */
  peers(): Peer[];
  decision(): PeerDecision | null;
  /** Step 6 waits: only then a decision is taken. */
  waits: boolean;
  /** Throws INVALID_INPUT for a file that is not restored. */
  answer(peers: readonly Peer[]): void;
  decide(decision: PeerDecision): void;
  /** Resolves at the next answer or decision, or after `ms`; rejects with the signal's reason. */
  next(clock: Clock, ms: number, signal: AbortSignal): Promise<void>;
}

/** `backends`: ids of the files that are restored together, the first one first. Throws INVALID_INPUT for a peer that names another. */
export function createPeersDesk(named: readonly Peer[], backends: readonly string[] = []): PeersDesk {
  const joined = (known: readonly Peer[], answers: readonly Peer[]) =>
    withSilentBackends(mergeAnswers(known, ofKnownBackends(answers, backends)), backends);
  let peers = joined([], named);
  let decision: PeerDecision | null = null;
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers<void>();
  };
  return {
    peers: () => peers,
    decision: () => decision,
    waits: false,
    answer(answers) {
      peers = joined(peers, answers);
      tell();
    },
    decide(wanted) {
      decision = wanted;
      tell();
    },
    async next(clock, ms, signal) {
      const timer = new AbortController();
      const either = AbortSignal.any([signal, timer.signal]);
      try {
        await Promise.race([news.promise, clock.sleep(ms, either)]);
      } finally {
        timer.abort();
      }
    },
  };
}
