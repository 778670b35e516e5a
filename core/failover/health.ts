// What the observations say about one database: does the active one serve, and may a copy take over.
import type { DecisionState, Observation, Watch } from './model.ts';

export type Health =
  /** Serves. */
  | { kind: 'ok' }
  /** Too early to say, or busy with a restore. */
  | { kind: 'unclear' }
  /** Its agent answers and nothing speaks against the database, but it is closed or fenced. */
  | { kind: 'idle'; why: string }
  /** Failed: what is known about its writers decides how it can be fenced. */
  | { kind: 'failed'; how: 'reported' | 'silent' | 'gone'; why: string };

/** An agent that is being started has this long before it counts as silent. */
const STARTING_MS = 15_000;
/** A server that this engine has not heard of yet has this long before its absence counts. */
const ENGINE_START_MS = 10_000;
/** So many failed orders to open the active database make it a failure. */
const OPEN_TRIES = 3;

/** Whether the active database serves, from the newest answer of its agent. */
export function healthOfActive(state: DecisionState, observation: Observation, now: number): Health {
  const { config, watch, memory } = state;
  const server = serverOf(state, memory.activeId);
  switch (observation.contact) {
    case 'gone':
      // Right after the engine's own start the agents of the one before it may still hold their roots.
      if (observation.seenAt === null && now - watch.startedAt < ENGINE_START_MS) return { kind: 'unclear' };
      return { kind: 'failed', how: 'gone', why: `the agent of ${server} has ended` };
    case 'starting':
      return now - Math.max(observation.seenAt ?? 0, watch.startedAt) < STARTING_MS
        ? { kind: 'unclear' }
        : { kind: 'failed', how: 'silent', why: `the agent of ${server} does not finish starting` };
    case 'offline':
      return observation.misses >= config.misses
        ? {
            kind: 'failed',
            how: 'silent',
            why: `${server} does not answer; it missed ${config.misses} probes in a row`,
          }
        : { kind: 'unclear' };
    case 'online':
      break;
  }
  if (observation.misses >= config.misses)
    return {
      kind: 'failed',
      how: 'silent',
      why: `${server} does not answer; it missed ${config.misses} probes in a row`,
    };
  if (observation.misses > 0 || !isFresh(watch, observation)) return { kind: 'unclear' };
  return healthOfInstance(state, observation, watch, now);
}

/** False for an answer from before the last change of a role: it says nothing about what came of it. */
export function isFresh(watch: Watch, observation: Observation): boolean {
  return observation.seenAt === null || observation.seenAt > watch.roleChangedAt;
}

function healthOfInstance(state: DecisionState, observation: Observation, watch: Watch, now: number): Health {
  const { memory, config } = state;
  const server = serverOf(state, memory.activeId);
  const instance = observation.instance;
  if (!instance) {
    const patience = config.misses * config.probeMs;
    return watch.missingSince !== null && now - watch.missingSince >= patience
      ? { kind: 'failed', how: 'reported', why: `the agent of ${server} no longer has this database` }
      : { kind: 'unclear' };
  }
  if (instance.state === 'Error' || instance.state === 'Offline')
    return {
      kind: 'failed',
      how: 'reported',
      why: `${server} reports that its database cannot be used: ${instance.problem ?? instance.state}`,
    };
  if (instance.state === 'Restoring') return { kind: 'unclear' };
  if (instance.role === 'primary' && instance.writable && instance.term >= memory.activeTerm) return { kind: 'ok' };
  if (memory.members[memory.activeId]?.heldFenced) return { kind: 'unclear' };
  if (watch.openFailures >= OPEN_TRIES)
    return { kind: 'failed', how: 'reported', why: `the database of ${server} could not be opened` };
  return { kind: 'idle', why: instance.role === 'primary' ? 'it is fenced' : 'it is closed as a copy' };
}

/** Why a member cannot become active by itself; null when it can. `wait`: this will probably pass within moments. */
export function obstacle(
  state: DecisionState,
  id: string,
  observation: Observation | undefined,
): { text: string; wait: boolean } | null {
  const { memory, config } = state;
  const member = memory.members[id];
  if (!member || !observation) return { text: 'not attached yet', wait: false };
  if (observation.contact === 'starting') return { text: 'its agent is starting', wait: true };
  if (observation.contact !== 'online' || observation.misses > 0) return { text: 'offline', wait: false };
  const instance = observation.instance;
  if (!instance) return { text: 'not known to its agent', wait: false };
  const master = config.members[0]?.id === id;
  if (!member.restored || (!master && !instance.restored && instance.role === 'standby'))
    return { text: 'never restored', wait: false };
  if (instance.state === 'Restoring') return { text: 'being restored', wait: true };
  if (instance.state === 'Error' || instance.state === 'Offline')
    return { text: instance.problem ?? instance.state, wait: false };
  if (member.heldFenced) return { text: 'fenced by the administrator', wait: false };
  if (member.diverged) return { text: `out of sync: it ${member.diverged}`, wait: false };
  if (master && instance.outOfSync)
    return { text: `out of sync: ${instance.outOfSyncReason ?? 'changed unseen'}`, wait: false };
  return null;
}

export function serverOf(state: Pick<DecisionState, 'config'>, id: string): string {
  return state.config.members.find((member) => member.id === id)?.server ?? id;
}
