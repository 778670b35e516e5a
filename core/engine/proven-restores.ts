// The last proven restore of each database, read from the catalog no more than once in two seconds.
import type { ProofStore } from '../catalog/proofs.ts';
import type { Proof } from '../contract/proofs.ts';
import type { Clock } from '../platform/clock.ts';

const FRESH_MS = 2_000;

export interface ProvenRestores {
  /** Null for a database that was never brought back. */
  of(instanceId: string): Proof | null;
  /** A new proof, known at once. */
  record(proof: Proof): void;
}

export function createProvenRestores(store: ProofStore, clock: Clock): ProvenRestores {
  let readAt = Number.NEGATIVE_INFINITY;
  let known = new Map<string, Proof>();
  return {
    of(instanceId) {
      if (clock.monotonic() - readAt >= FRESH_MS) {
        known = new Map(store.latestRestores().map((proof) => [proof.instanceId.toLowerCase(), proof]));
        readAt = clock.monotonic();
      }
      return known.get(instanceId.toLowerCase()) ?? null;
    },
    record(proof) {
      store.record(proof);
      readAt = Number.NEGATIVE_INFINITY;
    },
  };
}
