// The state of a group in one word and one sentence, from what is remembered and seen.
import type { GroupState } from '../contract/failover.ts';
import { serverOf } from './health.ts';
import type { DecisionState, Observations } from './model.ts';

/** The group's state, and what an administrator should know about it. */
export function groupStateOf(state: DecisionState, seen: Observations): { state: GroupState; text: string } {
  const { config, memory, operation, watch } = state;
  const master = config.members[0]!;
  const active = serverOf(state, memory.activeId);
  if (memory.review)
    return { state: 'AwaitingDecision', text: 'It came back from the files of its members. Confirm it, or remove it.' };
  if (!config.enabled) return { state: 'Disabled', text: 'Database failover is off; nothing is backed up or watched.' };
  const proving = operation?.kind === 'failover' && operation.step === 'fence' && memory.blocked !== null;
  if (operation && !proving) {
    const to = serverOf(state, operation.toId);
    if (operation.kind === 'failover') return { state: 'FailedOver', text: `Failing over to ${to}: ${operation.why}.` };
    return { state: 'Reconnecting', text: `Switching to ${to}: ${operation.why}.` };
  }
  if (memory.blocked && watch.failedSince !== null)
    return {
      state: memory.activeId === master.id ? 'Normal' : 'FailedOver',
      text: `No failover: ${memory.blocked.reason}.`,
    };
  if (memory.activeId !== master.id) {
    if (memory.masterBackAt !== null && (!config.autoReconnect || memory.stayOnBackup))
      return {
        state: 'AwaitingDecision',
        text: `${active} is active and the master ${master.server} is available. Reconnect to it, or promote ${active} to keep its changes.`,
      };
    return { state: 'FailedOver', text: `${active} is active in place of the master ${master.server}.` };
  }
  if (memory.outOfSync)
    return {
      state: 'OutOfSync',
      text: `The master was changed without the console (${memory.outOfSync.reason}). Run a full backup now.`,
    };
  if (memory.members[master.id]?.heldFenced)
    return { state: 'Normal', text: `${active} was fenced by the administrator and accepts no writes.` };
  if (watch.failedSince !== null)
    return { state: 'Normal', text: `${active} does not serve; looking for a way to fail over.` };
  const copies = config.members.slice(1);
  const ready = copies.filter((copy) => {
    const member = memory.members[copy.id];
    return member?.restored && !member.diverged && seen[copy.id]?.contact === 'online';
  });
  if (copies.length === 0) return { state: 'Normal', text: `${active} is active; there is no backup database yet.` };
  return {
    state: 'Normal',
    text: `${active} is active; ${ready.length} of ${copies.length} backup ${copies.length === 1 ? 'database' : 'databases'} can take over.`,
  };
}
