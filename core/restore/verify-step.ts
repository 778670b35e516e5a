// Step 6: is the restored set sound, and does it hold what every peer holds? Waits for silent peers as long as it was told to.
import type { LogEntryWriter } from '../backup/backup-log.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreOptions, Verification } from '../contract/restore.ts';
import type { Clock } from '../platform/clock.ts';
import { checkIntegrity } from '../sqlite/integrity.ts';
import { type HeldVector, type VectorVerification, verifyBackends } from '../vectors/verify.ts';
import type { PeersDesk } from './peers-desk.ts';
import { nextMove } from './peers-waiting.ts';

export interface VerifyStep {
  rst: string;
  /** What is compared with the peers: what this file holds, or each of several. Null: another step of the set compares. */
  held: readonly HeldVector[] | null;
  options: Pick<RestoreOptions, 'skipVerify' | 'override' | 'waitMs'>;
  desk: PeersDesk;
  clock: Clock;
  signal: AbortSignal;
  entry: Pick<LogEntryWriter, 'verification'>;
  note(line: string): void;
  show(verification: Verification): void;
  /** What is known is to outlast a crash: called when the waiting begins and after each answer. */
  keep(verification: Verification): void;
}

export const notVerified: Verification = { status: 'waiting', code: 0, integrity: 'waiting', servers: [] };

/**
 * Ends with what was found, `overridden` where it went on without a good answer. Throws INTEGRITY_FAILED, VERIFICATION_BEHIND,
 * VERIFICATION_UNREACHABLE, or CANCELLED; what was found until then has been shown.
 */
export async function verifyRestored(step: VerifyStep): Promise<Verification> {
  const { rst, held, options, desk, clock, signal, entry, note, keep } = step;
  let verification: Verification = { ...notVerified, status: 'running', integrity: 'running' };
  const show = (patch: Partial<Verification>) => {
    verification = { ...verification, ...patch };
    step.show(verification);
  };
  show({});
  const problems = await checkIntegrity(rst, signal);
  const sound = problems.length === 0;
  show({ integrity: sound ? 'ok' : 'failed' });
  note(`Integrity check: ${sound ? 'ok' : problems.slice(0, 20).join('; ')}`);
  if (!sound && !options.override)
    throw new HoldfastError('INTEGRITY_FAILED', `The restored set is not sound: ${problems[0]}`);
  if (options.skipVerify) {
    show({ status: 'skipped' });
    return verification;
  }
  if (held === null) {
    show({ status: 'waiting' });
    return verification;
  }
  const began = clock.monotonic();
  const since = clock.now();
  for (let rounds = 0; ; rounds++) {
    const found = verifyBackends(held, desk.peers());
    const waitedMs = clock.monotonic() - began;
    const { override, waitMs } = options;
    const move = nextMove({ status: found.status, override, decision: desk.decision(), waitedMs, waitMs });
    if (move === 'wait') {
      if (rounds === 0) note(`Waiting for ${silentNames(found)}, ${Math.round(waitMs / 1000)} s at most`);
      const waiting = { since, until: since + waitMs, askedAt: clock.now(), rounds };
      show({ servers: asked(found), waiting });
      keep({ ...verification, status: 'unreachable', code: found.code, servers: found.servers, waiting: null });
      desk.waits = true;
      await desk.next(clock, waitMs - waitedMs, signal);
      continue;
    }
    desk.waits = false;
    entry.verification(found.servers);
    if (desk.decision() !== null && found.status === 'unreachable')
      note(
        `Decided: ${move === 'override' ? 'go on without' : 'leave the set in RST, not asked'}: ${silentNames(found)}`,
      );
    const overridden = move === 'override' || (move === 'pass' && !sound);
    show({ ...found, status: overridden ? 'overridden' : found.status, waiting: null });
    if (move === 'fail') throw verificationError(found);
    return verification;
  }
}

/** While it waits, a silent peer is one that was asked and has not answered yet. */
const asked = (found: VectorVerification) =>
  found.servers.map((one) => (one.status === 'unreachable' ? { ...one, status: 'waiting' as const } : one));

const silentNames = (found: VectorVerification) => namesOf(found, 'unreachable');

/** `SRV-2`, and of several files `SRV-2 (schema)`. */
function namesOf({ servers }: VectorVerification, status: 'behind' | 'unreachable'): string {
  const named = Map.groupBy(
    servers.filter((one) => one.status === status),
    ({ server }) => server,
  );
  return [...named]
    .map(([server, rows]) => {
      const files = rows.flatMap(({ backend }) => backend ?? []);
      return files.length > 0 ? `${server} (${[...new Set(files)].join(', ')})` : server;
    })
    .join(', ');
}

/** The error that a failed comparison is, with the table in its details. */
export function verificationError(found: VectorVerification): HoldfastError {
  const details = { servers: found.servers };
  return found.status === 'behind'
    ? new HoldfastError('VERIFICATION_BEHIND', `The restored data lacks changes that ${namesOf(found, 'behind')} has`, {
        details,
      })
    : new HoldfastError('VERIFICATION_UNREACHABLE', `${silentNames(found)} could not be asked`, { details });
}
