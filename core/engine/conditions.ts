// Turns what servers and agents report into System messages: conditions stand while they hold, events are told once.
import type { AgentEvent } from '../contract/agent.ts';
import type { HazardCode, LogSpace, WalPin } from '../contract/logging.ts';
import type { InstanceView, ServerView } from '../contract/site.ts';
import type { MessageBoard } from '../messages/board.ts';

/** First part of the keys that `reportConditions` owns; the rest is the server or the instance. */
const CONDITIONS = ['offline', 'error', 'outOfSync', 'fullRequired', 'walPinned', 'logSpace', 'hazard'];

/** Raises and clears the messages of conditions that the site shows now. Cheap: an unchanged condition is no news. */
export function reportConditions(
  board: MessageBoard,
  servers: readonly ServerView[],
  instances: readonly InstanceView[],
): void {
  const subjects = new Set([...servers.map((server) => server.name), ...instances.map((instance) => instance.id)]);
  for (const key of board.standing()) {
    const [kind = '', ...subject] = key.split(':');
    if (CONDITIONS.includes(kind) && !subjects.has(subject.join(':'))) board.clear(key);
  }
  const stand = (key: string, holds: boolean, level: 'critical' | 'warning', source: string, text: () => string) => {
    if (holds) board.raise(key, { level, text: text(), source, standing: true });
    else board.clear(key);
  };
  for (const server of servers) {
    const offline = server.state === 'offline';
    stand(
      `offline:${server.name}`,
      offline,
      'critical',
      server.name,
      () => `The agent of ${server.name} does not answer`,
    );
  }
  for (const { id, status, reachable, groupId } of instances) {
    if (!reachable) continue;
    const primary = status.role === 'primary';
    const reason = (text: string | null) => (text ? `: ${text}` : '');
    stand(`error:${id}`, status.error !== null, 'critical', id, () => `${id}: ${status.error?.message ?? ''}`);
    // A group reports the state of its master itself.
    stand(`outOfSync:${id}`, primary && status.outOfSync && groupId === null, 'critical', id, () => {
      return `${id} is out of sync${reason(status.outOfSyncReason)}`;
    });
    const fullRequired = primary && status.lastFull !== null && status.fullRequired;
    stand(`fullRequired:${id}`, fullRequired, 'warning', id, () => {
      return `Full backup required on ${id}${reason(status.fullRequiredReason)}`;
    });
    const pins = (status.walPins ?? []).filter(({ level }) => level === 'warning');
    stand(`walPinned:${id}`, pins.length > 0, 'warning', id, () => `${id}: ${pins.map(pinText).join(' ')}`);
    const spaces = [status, ...(status.backends ?? []).slice(1)].flatMap(({ logging }) => logging.space ?? []);
    const tight =
      spaces.find(({ level }) => level === 'critical') ?? spaces.find(({ level }) => level !== 'ok') ?? null;
    stand(`logSpace:${id}`, tight !== null, tight?.level === 'critical' ? 'critical' : 'warning', id, () => {
      return `${id}: ${tight ? spaceText(tight) : ''}`;
    });
    const grave = (status.hazards ?? []).filter(({ level }) => level === 'critical');
    stand(`hazard:${id}`, grave.length > 0, 'critical', id, () => {
      return `${id}: ${grave.map(({ code }) => HAZARD_TEXTS[code] ?? code).join(' ')}`;
    });
  }
}

// What stands must not change with every look, or it is news each time: no sizes, no times to the second.

const pinText = ({ program, pid, kind, backend }: WalPin) =>
  kind === 'writer'
    ? `${program} (process ${pid}) keeps a write transaction open${backend ? ` in ${backend}` : ''}; other writers wait for it.`
    : `${program} (process ${pid}) keeps the WAL${backend ? ` of ${backend}` : ''} from being released by a read transaction.`;

function spaceText({ level, fullInMs }: LogSpace): string {
  if (fullInMs === null) return 'the volume of the roll-forward logs is nearly full';
  return `at the rate measured, the volume of the roll-forward logs is full in less than ${level === 'critical' ? 'an hour' : 'a day'}`;
}

/** Of those that can be critical. */
const HAZARD_TEXTS: Partial<Record<HazardCode, string>> = {
  NETWORK_FILE_SYSTEM: 'the database uses WAL on a network file system, where its shared memory does not work.',
  LOW_DISK: 'the volume of the database is nearly full.',
};

/** Kinds that `reportConditions` shows as standing ones already. */
const STANDING_KINDS: readonly AgentEvent['kind'][] = ['outOfSync', 'fullRequired'];

export function reportEvent(board: MessageBoard, server: string, event: AgentEvent): void {
  if (STANDING_KINDS.includes(event.kind)) return;
  const source = event.instance ? `${server}/${event.instance}` : server;
  board.raise(`event:${source}:${event.kind}`, {
    level: event.severity,
    text: `${source}: ${event.message}`,
    source,
    standing: false,
  });
}
