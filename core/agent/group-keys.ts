// The key of a failover group on this server: derived from the password that is given once, kept for backups and for the copies that take them.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { KeyRecipe } from '../contract/group-keys.ts';
import { keepKey, keptDefinition, type StoredDefinition, unlockDefinition } from '../encryption/definitions.ts';
import type { Agent } from './agent.ts';
import type { ProtectedInstance } from './protected-instance.ts';

const folderOf = (agent: Agent) => path.join(agent.spec.root, 'keys');

/** How the key of a definition comes from its password: by its salt, or the one that the instance prefers. Throws NOT_FOUND. */
export function groupKeyRecipe({ name, facts }: ProtectedInstance, salt: string | null): KeyRecipe {
  const { preferred, definitions } = facts.encryption;
  const found = definitions.find((one) => (salt === null ? one.name === preferred : one.scrypt.salt === salt));
  if (found) return { name: found.name, scrypt: found.scrypt, check: found.check };
  throw new HoldfastError('NOT_FOUND', `${name} has no encryption definition that its backups are made under`, {
    hint: 'Define an encryption for this database first, on its Backup page.',
  });
}

/** Throws WRONG_PASSWORD; nothing is kept then. */
export async function keepGroupKey(agent: Agent, recipe: KeyRecipe, password: string): Promise<void> {
  const definition = { ...recipe, createdAt: agent.deps.clock.now(), kept: true };
  keepKey(folderOf(agent), await unlockDefinition(definition, password), agent.deps.files);
}

/** New backups of the instance are made under the kept key. Throws PASSWORD_REQUIRED when it is not here. */
export function useGroupKey(instance: ProtectedInstance, salt: string): void {
  const { agent } = instance;
  const { encryption } = instance.facts;
  const kept = keptDefinition(folderOf(agent), salt, agent.deps.files, agent.deps.clock.now());
  if (!kept)
    throw new HoldfastError('PASSWORD_REQUIRED', `${agent.spec.name} does not have the key of this group`, {
      hint: 'Give the password of the group again; every server that answers then keeps the key.',
    });
  const known = encryption.definitions.find((one) => one.scrypt.salt === salt);
  const definition: StoredDefinition = known
    ? { ...known, kept: true }
    : { ...kept, name: freeName(kept.name, encryption.definitions) };
  if (known?.kept && encryption.preferred === known.name) return;
  const others = encryption.definitions.filter((one) => one !== known);
  instance.update({ encryption: { preferred: definition.name, definitions: [...others, definition] } });
}

/** Two databases may call different keys the same. */
function freeName(name: string, taken: StoredDefinition[]): string {
  const isTaken = (one: string) => taken.some((other) => other.name.toLowerCase() === one.toLowerCase());
  if (!isTaken(name)) return name;
  for (let n = 2; ; n++) {
    const other = `${name.slice(0, 11)}-${n}`;
    if (!isTaken(other)) return other;
  }
}
