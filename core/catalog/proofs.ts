// What was proven to restore: which backup of an instance was brought back, up to which commit, when, and by what.
import type Database from 'better-sqlite3';
import type { Proof } from '../contract/proofs.ts';

export interface ProofStore {
  /** Proofs of one instance (`SERVER/INSTANCE`), newest first. */
  list(instanceId: string): Proof[];
  /** The newest proof of each instance. */
  latest(): Proof[];
  /** The newest proof of each instance that brought a database back: what was only read and checked is not among them. */
  latestRestores(): Proof[];
  /** Adds a proof; the same backup to the same point by the same kind counts once, with the newer time. */
  record(proof: Proof): void;
}

interface Row {
  instance: string;
  idtag: string;
  reached_at: number;
  proven_at: number;
  kind: Proof['kind'];
  stamp: string | null;
  duration_ms: number | null;
  bytes: number | null;
}

/** Enough for a year of daily drills; older ones give way. */
const KEPT = 500;

export function createProofStore(db: Database.Database): ProofStore {
  const all = db.prepare<[string], Row>('SELECT * FROM proofs WHERE instance = ? ORDER BY proven_at DESC, id DESC');
  const newest = db.prepare<[], Row>(
    'SELECT * FROM proofs AS one WHERE id = (SELECT id FROM proofs WHERE instance = one.instance ORDER BY proven_at DESC, id DESC LIMIT 1)',
  );
  const newestRestores = db.prepare<[], Row>(
    "SELECT *, max(proven_at) FROM proofs WHERE kind <> 'verify' GROUP BY instance",
  );
  const upsert = db.prepare(`
    INSERT INTO proofs (instance, idtag, reached_at, proven_at, kind, stamp, duration_ms, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instance, idtag, reached_at, kind) DO UPDATE
    SET proven_at = excluded.proven_at, stamp = excluded.stamp, duration_ms = excluded.duration_ms, bytes = excluded.bytes`);
  const prune = db.prepare(
    'DELETE FROM proofs WHERE instance = ? AND id NOT IN (SELECT id FROM proofs WHERE instance = ? ORDER BY proven_at DESC, id DESC LIMIT ?)',
  );
  const record = db.transaction((one: Proof) => {
    const { instanceId, idtag, reachedAt, provenAt, kind, stamp, durationMs, bytes } = one;
    upsert.run(instanceId, idtag, reachedAt, provenAt, kind, stamp, durationMs, bytes);
    prune.run(instanceId, instanceId, KEPT);
  });
  return {
    list: (instanceId) => all.all(instanceId).map(proofOf),
    latest: () => newest.all().map(proofOf),
    latestRestores: () => newestRestores.all().map(proofOf),
    record,
  };
}

function proofOf(row: Row): Proof {
  return {
    instanceId: row.instance,
    idtag: row.idtag,
    reachedAt: row.reached_at,
    provenAt: row.proven_at,
    kind: row.kind,
    stamp: row.stamp,
    durationMs: row.duration_ms,
    bytes: row.bytes,
  };
}
