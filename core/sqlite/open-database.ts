// The one way to open a protected database: probe, refuse or take ownership.
import { HoldfastError } from '../contract/errors.ts';
import type { Mount } from './mounts.ts';
import { SqliteOwner } from './owner.ts';
import { probeDatabase } from './probe.ts';
import { ownerOf } from './registry.ts';
import type { DatabaseOwner, OwnerContext } from './types.ts';

/**
 * Opens `path` for protection. Throws the probe's refusal, DATABASE_BUSY, or DATABASE_IN_USE when this process owns it
 * already; nothing on disk has changed then.
 */
export function openDatabase(
  path: string,
  allowedRoots: string[],
  context: OwnerContext,
  mounts?: () => Mount[],
): DatabaseOwner {
  const probe = probeDatabase(path, allowedRoots, context, mounts);
  if (probe.refusal) throw HoldfastError.fromReport(probe.refusal);
  const real = probe.realPath ?? path;
  const stat = context.files.statSync(real);
  if (ownerOf(stat.dev, stat.ino)) {
    throw new HoldfastError('DATABASE_IN_USE', `${path} is protected by this agent already.`);
  }
  return new SqliteOwner(real, context);
}
