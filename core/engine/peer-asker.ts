// While a restore is in step 6, asks the peers again in an interval and hands what they say to the agent that restores.
import { HoldfastError } from '../contract/errors.ts';
import type { Peer, RestoreView } from '../contract/restore.ts';
import type { Clock } from '../platform/clock.ts';

export const ASK_EVERY_MS = 5_000;

export interface PeerAskerPorts {
  clock: Clock;
  /** The peers as they are now; one that is silent has no vector. */
  ask(): Promise<Peer[]>;
  /** Hands answers to the agent that restores. */
  send(peers: Peer[]): Promise<unknown>;
  /** An expected failure of one round; the next one tries again. */
  failed(message: string): void;
}

export interface PeerAsker {
  /** The latest picture: asking begins with step 6 and goes on while it waits. */
  follow(view: RestoreView): void;
  /** True while step 6 waits for an answer. */
  waits(): boolean;
  /** Asks at once. */
  wake(): void;
  /** An answer given by hand; handed on at once and with every later round. */
  answer(peer: Peer): void;
  stop(): Promise<void>;
}

export function createPeerAsker({ clock, ask, send, failed }: PeerAskerPorts): PeerAsker {
  const lifetime = new AbortController();
  const byHand: Peer[] = [];
  let view: RestoreView | null = null;
  let bell = Promise.withResolvers<void>();
  let asking: Promise<void> | null = null;
  const ring = () => {
    bell.resolve();
    bell = Promise.withResolvers<void>();
  };
  const inStep6 = () => view?.steps[5]?.status === 'running' && !lifetime.signal.aborted;

  async function round(): Promise<void> {
    try {
      // What a server says itself counts more than what was typed for it.
      const answers = [...byHand, ...(await ask())];
      if (inStep6()) await send(answers);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      failed(error.message);
    }
  }

  async function loop(): Promise<void> {
    while (inStep6()) {
      // Taken before asking: who rings meanwhile is not missed.
      const rung = bell.promise;
      await round();
      const timer = new AbortController();
      const pause = clock.sleep(ASK_EVERY_MS, AbortSignal.any([timer.signal, lifetime.signal])).catch(() => {});
      await Promise.race([rung, pause]);
      timer.abort();
    }
  }

  return {
    follow(next) {
      view = next;
      if (asking !== null || !inStep6()) return;
      asking = loop();
      // Heard at `stop`, which may be a while after it broke.
      asking.catch(() => {});
    },
    waits: () => inStep6() && Boolean(view?.verification.waiting),
    wake: ring,
    answer(peer) {
      byHand.push(peer);
      ring();
    },
    async stop() {
      lifetime.abort();
      ring();
      await asking;
    },
  };
}
