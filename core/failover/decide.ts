// The decisions of a failover group in *Backup and restore* mode: pure, so that the simulator can run them a million times.
// One call looks at everything that is known and says what to do now; whatever was cut off is decided again from what is seen.
import type { HistoryEntry, Schedule } from '../contract/failover.ts';
import { dueCatchUps, forgetAbsent } from './due-catch-up.ts';
import { dueCycle } from './due-cycle.ts';
import { groupStateOf } from './group-state.ts';
import { healthOfActive, isFresh, obstacle, serverOf } from './health.ts';
import type { Action, Decision, DecisionState, GroupMemory, Observations, Proof, Standing, Watch } from './model.ts';

export interface Timers {
  isDue(schedule: Schedule, lastRun: number | null, now: number): boolean;
}

/** How long a copy further up the list that is just being restored is waited for before the next one is taken. */
const BETTER_COPY_MS = 3000;

/** Two clocks may differ in speed by a tenth; an agent looks at its lease every half second and takes up to two to fence. */
export function driftMs(leaseMs: number): number {
  return Math.ceil(leaseMs / 10) + 3000;
}

interface Round {
  state: DecisionState;
  seen: Observations;
  now: number;
  memory: GroupMemory;
  watch: Watch;
  actions: Action[];
  standing: Standing;
}

/** One round. Nothing is changed in place; actions are to be carried out in order, none waits for another. */
export function decide(state: DecisionState, seen: Observations, now: number, timers: Timers): Decision {
  const round: Round = {
    state,
    seen,
    now,
    memory: { ...state.memory },
    watch: { ...state.watch },
    actions: [],
    standing: {},
  };
  if (state.memory.review) awaitConfirmation(round);
  else if (state.config.enabled) {
    if (!state.operation) {
      stopStaleWriters(round);
      watchMaster(round);
      watchActive(round);
    }
    renewLease(round);
    watchSync(round);
    if (!state.operation && !round.watch.failedSince) cycle(round, timers);
    catchUp(round);
    raiseStanding(round);
  }
  const { state: groupState, text } = groupStateOf({ ...state, memory: round.memory, watch: round.watch }, seen);
  return {
    memory: round.memory,
    watch: round.watch,
    state: groupState,
    stateText: text,
    actions: round.actions,
    standing: round.standing,
  };
}

/** What came back from files may be old: it is shown, and nothing at all is done about it. */
function awaitConfirmation({ state, standing }: Round): void {
  standing.review = {
    level: 'critical',
    text: `${state.name} waits to be confirmed: ${state.memory.review?.why}. Until then nothing of it is backed up, restored, fenced or switched. See what was found on its Database failover page, or with: holdfast failover ${state.name} confirm`,
  };
}

/** Invariant 3: whoever is not active must not accept writes, whatever brought it about. */
function stopStaleWriters({ state, seen, memory, watch, actions }: Round): void {
  const masterId = state.config.members[0]!.id;
  for (const member of state.config.members) {
    const observation = seen[member.id];
    const instance = observation?.instance;
    const unproved = memory.members[member.id]?.unproved && member.id !== memory.activeId;
    if (unproved && observation?.contact === 'gone')
      actions.push({ kind: 'prove', memberId: member.id, proof: 'withoutAgent' });
    else if (unproved && observation?.contact === 'online' && observation.misses === 0 && !instance?.writable)
      actions.push({ kind: 'prove', memberId: member.id, proof: 'agent' });
    if (member.id === memory.activeId || !instance || observation.contact !== 'online') continue;
    if (!memory.members[member.id] || !isFresh(watch, observation)) continue;
    if (instance.writable && instance.role === 'primary')
      actions.push({
        kind: 'fence',
        memberId: member.id,
        why: `${member.server} accepted writes although ${serverOf(state, memory.activeId)} is active`,
      });
    else if (instance.role === 'primary' && member.id !== masterId && instance.state !== 'Restoring')
      actions.push({ kind: 'demote', memberId: member.id });
  }
}

function watchMaster(round: Round): void {
  const { state, seen, now, memory, watch, actions } = round;
  const master = state.config.members[0]!;
  const observation = seen[master.id];
  if (memory.activeId === master.id) {
    watch.masterOnlineSince = null;
    return;
  }
  const online = observation?.contact === 'online' && observation.misses === 0 && observation.instance !== null;
  if (!online) {
    watch.masterOnlineSince = null;
    const lost = observation?.contact === 'gone' || (observation?.misses ?? 0) >= state.config.misses;
    if (!lost) return;
    if (memory.masterBackAt !== null || memory.masterLostAt === null) {
      memory.masterLostAt = now;
      memory.masterBackAt = null;
      memory.stayOnBackup = false;
    }
    return;
  }
  watch.masterOnlineSince ??= now;
  // One good answer is not enough: a master that comes and goes would drag its clients along each time.
  if (now - watch.masterOnlineSince < state.config.misses * state.config.probeMs) return;
  if (memory.masterBackAt === null) {
    memory.masterBackAt = now;
    if (memory.masterLostAt !== null) {
      actions.push({
        kind: 'note',
        entry: {
          kind: 'masterBack',
          from: null,
          to: master.server,
          why: `${master.server} answers again`,
          durationMs: now - memory.masterLostAt,
          dataAgeMs: null,
          atRisk: null,
        },
      });
    }
  }
  if (!state.config.autoReconnect || memory.stayOnBackup || now < watch.retryReconnectAt) return;
  if (obstacle(state, master.id, observation) || round.watch.failedSince) return;
  if (seen[memory.activeId]?.contact !== 'online' || seen[memory.activeId]?.misses) return;
  actions.push({
    kind: 'reconnect',
    fromId: memory.activeId,
    toId: master.id,
    why: `${master.server} is back and the group reconnects by itself`,
  });
}

function watchActive(round: Round): void {
  const { state, seen, now, memory, watch, actions } = round;
  const observation = seen[memory.activeId];
  if (!observation) return;
  watch.missingSince = observation.contact === 'online' && !observation.instance ? (watch.missingSince ?? now) : null;
  const health = healthOfActive({ ...state, watch }, observation, now);
  if (health.kind === 'ok' || health.kind === 'idle') {
    watch.failedSince = null;
    memory.blocked = null;
    if (health.kind === 'idle' && !actions.some((action) => action.kind === 'reconnect'))
      actions.push({ kind: 'activate', memberId: memory.activeId, why: health.why });
    return;
  }
  if (health.kind === 'unclear') return;
  for (let at = actions.length - 1; at >= 0; at--) if (actions[at]!.kind === 'reconnect') actions.splice(at, 1);
  if (watch.failedSince === null) {
    watch.failedSince = now;
    if (memory.activeId === state.config.members[0]!.id)
      actions.push(noteOf('masterLost', serverOf(state, memory.activeId), null, health.why));
  }
  failOver(round, health.how, health.why);
}

function failOver(round: Round, how: 'reported' | 'silent' | 'gone', why: string): void {
  const { state, now, memory, watch, actions } = round;
  const fromId = memory.activeId;
  if (now < watch.retryFailoverAt || memory.members[fromId]?.heldFenced) return;
  const way = wayToFailOver(round, how, why);
  if (way.kind === 'wait') return;
  if (way.kind === 'go') {
    const detectedAt = watch.failedSince ?? now;
    actions.push({ kind: 'failover', fromId, toId: way.toId, proof: way.proof, why, detectedAt });
    return;
  }
  if (memory.blocked?.reason === way.reason) return;
  memory.blocked = { since: memory.blocked?.since ?? now, reason: way.reason };
  actions.push(noteOf('blocked', serverOf(state, fromId), null, way.reason));
}

type Way =
  | { kind: 'wait' }
  | { kind: 'blocked'; reason: string }
  | { kind: 'go'; toId: string; proof: Exclude<Proof, 'operator'> };

/** Fence before promote: what proves that the old active accepts no more writes, and who takes over. */
function wayToFailOver(round: Round, how: 'reported' | 'silent' | 'gone', why: string): Way {
  const { state, now, memory, watch } = round;
  if (memory.outOfSync)
    return { kind: 'blocked', reason: `${capital(why)}, but the copies are out of sync: ${memory.outOfSync.reason}` };
  const choice = chooseCopy(round);
  if (choice.wait) return { kind: 'wait' };
  if (choice.id === null)
    return { kind: 'blocked', reason: `${capital(why)}, and no backup database can take over: ${choice.reason}` };
  if (how === 'reported') return { kind: 'go', toId: choice.id, proof: 'agent' };
  if (how === 'gone') return { kind: 'go', toId: choice.id, proof: 'withoutAgent' };
  // A lease binds only an agent that has confirmed it, and that runs: one on this machine that is silent hangs, and fences nothing.
  const bound = memory.leasedId === memory.activeId && round.seen[memory.activeId]?.remote;
  if (state.config.whenConsoleLost === 'keep' || !bound)
    return {
      kind: 'blocked',
      reason: `${capital(why)}. It may still be serving without the console, so it cannot be proved that it accepts no more writes`,
    };
  // The agent counts its lease from its own answer, which was given before it was received here.
  if (now < watch.leaseBase + state.config.leaseMs + driftMs(state.config.leaseMs)) return { kind: 'wait' };
  return { kind: 'go', toId: choice.id, proof: 'lease' };
}

function noteOf(kind: HistoryEntry['kind'], from: string | null, to: string | null, why: string): Action {
  return { kind: 'note', entry: { kind, from, to, why, durationMs: null, dataAgeMs: null, atRisk: null } };
}

/** The first eligible copy in the order of the list; `wait` while a better one is about to be eligible. */
function chooseCopy({ state, seen, now, watch }: Round): { id: string | null; wait: boolean; reason: string } {
  const reasons: string[] = [];
  const patient = now - (watch.failedSince ?? now) < BETTER_COPY_MS;
  for (const member of state.config.members) {
    if (member.id === state.memory.activeId) continue;
    const problem = obstacle(state, member.id, seen[member.id]);
    if (!problem) return { id: member.id, wait: false, reason: '' };
    if (problem.wait && patient) return { id: null, wait: true, reason: '' };
    reasons.push(`${member.server} is ${problem.text}`);
  }
  return { id: null, wait: false, reason: reasons.join(', ') || 'the group has none' };
}

function renewLease({ state, seen, now, memory, watch, actions }: Round): void {
  if (state.config.whenConsoleLost !== 'fence') return;
  const observation = seen[memory.activeId];
  if (observation?.contact !== 'online' || observation.misses > 0 || observation.seenAt === null) return;
  if (now - observation.seenAt > state.config.leaseMs) return;
  watch.leaseBase = Math.max(watch.leaseBase, observation.seenAt);
  actions.push({ kind: 'renewLease' });
}

function watchSync({ state, seen, now, memory, actions }: Round): void {
  const master = state.config.members[0]!;
  const observation = seen[master.id];
  const instance = observation?.instance;
  if (!instance?.outOfSync || observation?.contact !== 'online' || memory.outOfSync) return;
  // An answer from before the full backup that cleared the alarm must not raise it again.
  if (observation.seenAt !== null && memory.lastFullAt !== null && observation.seenAt <= memory.lastFullAt) return;
  const reason = instance.outOfSyncReason ?? 'the master was changed without the console';
  memory.outOfSync = { since: now, reason };
  actions.push(noteOf('outOfSync', master.server, null, reason));
}

function cycle(round: Round, timers: Timers): void {
  const { state, seen, now, memory, watch, actions } = round;
  if (state.cycling || now < watch.retryCycleAt) return;
  if (actions.some((action) => action.kind === 'reconnect' || action.kind === 'activate')) return;
  const observation = seen[memory.activeId];
  if (observation?.contact !== 'online' || observation.misses > 0 || !observation.instance?.writable) return;
  if (observation.instance.state !== 'Online' && observation.instance.state !== 'OutOfSync') return;
  const due = dueCycle({ ...state, memory }, observation.instance, now, timers);
  if (due) actions.push({ kind: 'cycle', ...due });
}

function catchUp({ state, seen, now, memory, watch, actions }: Round): void {
  watch.catchUp = forgetAbsent(watch, seen);
  const changing = state.operation || watch.failedSince !== null || state.cycling;
  const busy = new Set<Action['kind']>(['cycle', 'reconnect', 'activate', 'failover']);
  if (changing || actions.some((action) => busy.has(action.kind))) return;
  const active = seen[memory.activeId];
  if (active?.contact !== 'online' || active.misses > 0) return;
  for (const memberId of dueCatchUps({ ...state, memory, watch }, seen, now))
    actions.push({ kind: 'catchUp', memberId });
}

function raiseStanding({ state, seen, memory, watch, standing }: Round): void {
  const active = serverOf(state, memory.activeId);
  if (memory.blocked && watch.failedSince !== null)
    standing.blocked = {
      level: 'critical',
      text: `${state.name}: ${memory.blocked.reason}. No failover happened. Bring ${active} back, or switch to a backup database by hand with a typed confirmation.`,
    };
  if (memory.outOfSync)
    standing.outOfSync = {
      level: 'critical',
      text: `${state.name} is out of sync: ${memory.outOfSync.reason}. Run a full backup from here; until then no automatic failover happens.`,
    };
  const masterId = state.config.members[0]!.id;
  if (memory.activeId !== masterId) {
    const master = serverOf(state, masterId);
    const back = memory.masterBackAt !== null;
    const why = obstacle({ ...state, memory }, masterId, seen[masterId]);
    standing.failedOver = {
      level: 'warning',
      text: back
        ? `${state.name} runs on ${active}; the master ${master} is back${why ? ` but ${why.text}` : ''}. Reconnect to it, or promote ${active}.`
        : `${state.name} runs on the backup database of ${active}.`,
    };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
