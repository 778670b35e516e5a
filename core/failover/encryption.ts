// Encryption of a group's cycles: every member's agent derives the key from the password that is given once, and keeps it.
// The engine keeps the key's name alone; whoever lacks the key is named, and nothing goes unencrypted instead.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { GroupKey, GroupKeyResult, KeyRecipe } from '../contract/group-keys.ts';
import { within } from './call.ts';
import { activeOf, agentFor, type Group, masterOf, save, say, setMember } from './group.ts';
import type { FailoverPorts } from './types.ts';

/** Deriving a key takes a fifth of a second, and longer on a busy server. */
const KEY_MS = 30_000;

const keyMessage = (server: string) => `key:${server}`;

/** Gives the key to the members that answer, the active one first; from the next backup on, a full one, cycles are encrypted. */
export async function encryptCycles(ports: FailoverPorts, group: Group, password: string): Promise<GroupKeyResult> {
  assertQuiet(group);
  const active = activeOf(group);
  const recipe = await recipeOf(ports, group);
  const name = recipe.name;
  await giveKey(ports, active, recipe, password);
  const others = group.config.members.filter((member) => member !== active);
  const problems = await Promise.all(
    others.map((member) =>
      giveKey(ports, member, recipe, password).then(
        () => null,
        (error: unknown) => toErrorReport(error).message,
      ),
    ),
  );
  const { encryption } = group.config;
  if (encryption?.salt !== recipe.scrypt.salt) {
    group.config = { ...group.config, encryption: { name, salt: recipe.scrypt.salt } };
    wantFull(group, 'encryption was turned on');
  }
  const members = [
    { server: active.server, problem: null },
    ...others.map(({ server }, at) => ({ server, problem: problems[at] ?? null })),
  ];
  for (const { server, problem } of members) {
    if (problem !== null) continue;
    ports.clearMessage(`${group.id}:${keyMessage(server)}`);
    // One that could not read what it was given is tried again at once.
    const { [idOf(group, server)]: _, ...rest } = group.watch.catchUp;
    group.watch = { ...group.watch, catchUp: rest };
  }
  save(ports, group);
  for (const { server, problem } of members) if (problem !== null) sayLacking(ports, group, server, `${problem}. `);
  ports.changed();
  return { members };
}

/** Backups are not encrypted any more; the keys stay with the agents, for the backups that are. */
export function stopEncrypting(ports: FailoverPorts, group: Group): GroupKeyResult {
  assertQuiet(group);
  if (group.config.encryption) {
    group.config = { ...group.config, encryption: null };
    wantFull(group, 'encryption was turned off');
    save(ports, group);
  }
  for (const { server } of group.config.members) ports.clearMessage(`${group.id}:${keyMessage(server)}`);
  ports.changed();
  return { members: [] };
}

function assertQuiet(group: Group): void {
  if (group.operation)
    throw new HoldfastError('PLAN_EXPIRED', `${group.name} is changing its active database right now`);
}

/** A chain is encrypted from its beginning, or not at all. */
function wantFull(group: Group, why: string): void {
  const onMaster = group.memory.activeId === masterOf(group).id;
  group.memory = onMaster ? { ...group.memory, fullWanted: why } : { ...group.memory, lastContingencyFullAt: null };
}

const idOf = (group: Group, server: string) =>
  group.config.members.find((member) => member.server === server)?.id ?? '';

/** Of the key that is in use, from any member that has it; else of the definition that the active database prefers. */
async function recipeOf(ports: FailoverPorts, group: Group): Promise<KeyRecipe> {
  const salt = group.config.encryption?.salt ?? null;
  const active = activeOf(group);
  const candidates = salt === null ? [active] : [active, ...group.config.members.filter((one) => one !== active)];
  let first: unknown = null;
  for (const { server, instance } of candidates)
    try {
      const { recipe } = await within(ports.clock, 10_000, `${server} did not tell its encryption`, (signal) =>
        agentFor(ports, server).groupKeyRecipe({ instance, salt }, { signal }),
      );
      return recipe;
    } catch (error) {
      first ??= error;
    }
  throw first;
}

async function giveKey(
  ports: FailoverPorts,
  { server }: MemberConfig,
  recipe: KeyRecipe,
  password: string,
): Promise<void> {
  await within(ports.clock, KEY_MS, `${server} did not take the key`, (signal) =>
    agentFor(ports, server).keepGroupKey({ recipe, password }, { signal }),
  );
}

/** Makes sure that a backup of `member` will be encrypted under the group's key. Throws PASSWORD_REQUIRED when its agent lacks it. */
export async function readyToEncrypt(
  ports: FailoverPorts,
  group: Group,
  { server, instance }: MemberConfig,
  key: GroupKey,
): Promise<void> {
  try {
    await within(ports.clock, 10_000, `${server} did not look for its key`, (signal) =>
      agentFor(ports, server).useGroupKey({ instance, salt: key.salt }, { signal }),
    );
    ports.clearMessage(`${group.id}:${keyMessage(server)}`);
  } catch (error) {
    const { name, message, hint } = toErrorReport(error);
    if (name !== 'PASSWORD_REQUIRED') throw error;
    sayLacking(ports, group, server, '');
    throw new HoldfastError('PASSWORD_REQUIRED', `${message}, so its backups cannot be encrypted`, { hint });
  }
}

/** What stands in the way of a copy that cannot read an encrypted backup; null when it is something else. */
export function lackingKey(ports: FailoverPorts, group: Group, target: MemberConfig, error: unknown): string | null {
  const { name } = toErrorReport(error);
  if (name !== 'PASSWORD_REQUIRED' && name !== 'WRONG_PASSWORD') return null;
  sayLacking(ports, group, target.server, '');
  const key = group.config.encryption ? ` ${group.config.encryption.name}` : '';
  const text = `Its agent does not have the key${key} of the encrypted backups. Give the password of the group again.`;
  setMember(group, target.id, { error: text });
  return text;
}

/** A copy has read an encrypted backup: it has the key. */
export function hasKey(ports: FailoverPorts, group: Group, server: string): void {
  ports.clearMessage(`${group.id}:${keyMessage(server)}`);
}

function sayLacking(ports: FailoverPorts, group: Group, server: string, why: string): void {
  say(
    ports,
    group,
    keyMessage(server),
    'critical',
    `${why}${server} does not have the key of the encrypted backups of ${group.name}: it can neither take nor make them. Give the password under Encryption on the Database failover page, or with: holdfast failover ${group.name} encrypt`,
    true,
  );
}
