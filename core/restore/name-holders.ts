// Names the programs that have a database open, for messages.
import type { LockHolder } from '../sqlite/types.ts';

export function nameHolders(holders: LockHolder[]): string {
  return holders.map((holder) => `${holder.name} (process ${holder.pid})`).join(', ') || 'another program';
}
