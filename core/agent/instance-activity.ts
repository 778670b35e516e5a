// The one backup or restore that an instance may have at a time: begun for all of its files, refused while one runs, and cancelled.
import { HoldfastError } from '../contract/errors.ts';
import type { ProtectedInstance } from './protected-instance.ts';

export interface Activity {
  kind: 'backup' | 'restore';
  controller: AbortController;
  done: Promise<void>;
}

/** Throws BACKUP_ACTIVE or RESTORE_ACTIVE. */
export function assertIdle({ activity, name }: Pick<ProtectedInstance, 'activity' | 'name'>): void {
  if (activity?.kind === 'backup') throw new HoldfastError('BACKUP_ACTIVE', `A backup of ${name} is running`);
  if (activity?.kind === 'restore') throw new HoldfastError('RESTORE_ACTIVE', `A restore of ${name} is running`);
}

/** Runs `work` when nothing else runs; its signal follows `signal`, and the end of the agent. */
export async function runExclusively(
  instance: ProtectedInstance,
  kind: Activity['kind'],
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  assertIdle(instance);
  const controller = new AbortController();
  const forward = () => controller.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const { backends } = instance;
  for (const one of backends) one.activity = { kind, controller, done };
  try {
    instance.agent.writeActive();
    await work(controller.signal);
  } finally {
    signal.removeEventListener('abort', forward);
    for (const one of backends) one.activity = null;
    finished();
    instance.agent.writeActiveSoon();
  }
}

/** Cancels what runs and waits for its end. */
export async function settleActivity({ activity }: Pick<ProtectedInstance, 'activity'>): Promise<void> {
  activity?.controller.abort(new DOMException('The agent ends', 'AbortError'));
  await activity?.done;
}
