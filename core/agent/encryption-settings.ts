// The backup settings of an instance, and the keys that come from them: for writing its backups, and for reading anybody's.
import path from 'node:path';
import type { BackupOptions } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { BackupSettings, Secrets } from '../contract/other-files.ts';
import {
  eraseKey,
  keepKey,
  keptKeys,
  keptMaster,
  makeDefinition,
  unlockDefinition,
} from '../encryption/definitions.ts';
import { anyKeys, newMasterKey, noKeys, passwordKeys } from '../encryption/master-key.ts';
import type { KeySource, MasterKey } from '../encryption/types.ts';
import type { Agent } from './agent.ts';
import type { ProtectedInstance } from './protected-instance.ts';

export const noSecrets: Secrets = { security: null, pages: null };

/** Where the keys of an agent are; a command line has no root of its own and uses the home of the database. */
const keyFolder = (agent: Agent, home: string) => path.join(agent.deps.ephemeral ? home : agent.spec.root, 'keys');

export function describeSettings({ facts }: ProtectedInstance): BackupSettings {
  const definitions = facts.encryption.definitions.map(({ name, createdAt, kept }) => ({ name, createdAt, kept }));
  return { securityFiles: facts.securityFiles, preferred: facts.encryption.preferred, definitions };
}

/** Throws NOT_FOUND for a definition that is not there; files are checked against the folders that this server may use. */
export function changeSettings(
  instance: ProtectedInstance,
  change: { securityFiles?: string[] | undefined; preferred?: string | null | undefined },
): BackupSettings {
  const { encryption } = instance.facts;
  const { preferred, securityFiles } = change;
  const allowed = securityFiles && [...new Set(securityFiles.map((file) => instance.agent.allowed(file)))];
  const missing = allowed?.find((file) => !instance.agent.deps.files.existsSync(file));
  if (missing) throw new HoldfastError('NOT_FOUND', `${missing} does not exist.`);
  if (preferred && !encryption.definitions.some(({ name }) => name === preferred))
    throw new HoldfastError('NOT_FOUND', `${instance.name} has no encryption definition ${preferred}.`);
  instance.update({
    ...(allowed ? { securityFiles: allowed } : {}),
    ...(preferred === undefined ? {} : { encryption: { ...encryption, preferred } }),
  });
  return describeSettings(instance);
}

export async function defineEncryption(
  instance: ProtectedInstance,
  given: { name: string; password: string; kept: boolean },
): Promise<BackupSettings> {
  const { agent } = instance;
  const same = ({ name }: { name: string }) => name.toLowerCase() === given.name.toLowerCase();
  const refuseTaken = () => {
    if (!instance.facts.encryption.definitions.some(same)) return;
    throw new HoldfastError('DUPLICATE', `${instance.name} has an encryption definition ${given.name} already.`);
  };
  refuseTaken();
  const { definition, master } = await makeDefinition(given, agent.deps.clock.now());
  refuseTaken();
  if (given.kept) keepKey(keyFolder(agent, instance.home), master, agent.deps.files);
  const { encryption } = instance.facts;
  instance.update({
    encryption: {
      preferred: encryption.preferred ?? definition.name,
      definitions: [...encryption.definitions, definition],
    },
  });
  return describeSettings(instance);
}

export function forgetEncryption(instance: ProtectedInstance, name: string, erase: boolean): BackupSettings {
  const { agent, facts } = instance;
  const definition = facts.encryption.definitions.find((one) => one.name === name);
  if (!definition) throw new HoldfastError('NOT_FOUND', `${instance.name} has no encryption definition ${name}.`);
  const definitions = facts.encryption.definitions.filter((one) => one !== definition);
  const preferred = facts.encryption.preferred === name ? null : facts.encryption.preferred;
  instance.update({ encryption: { preferred, definitions } });
  if (erase) eraseKey(keyFolder(agent, instance.home), definition, agent.deps.files);
  return describeSettings(instance);
}

/** The keys that this server can read backups with: a password given with the call, and those that it keeps. */
export function keysOf(agent: Agent, password: string | null, homes: string[] = []): KeySource {
  const own = (agent.deps.ephemeral ? homes : ['']).map((home) => keyFolder(agent, home));
  const kept = [...own, ...(agent.spec.keyFolders ?? [])].map((folder) => keptKeys(folder, agent.deps.files));
  return anyKeys(password === null ? noKeys : passwordKeys(password), ...kept);
}

/** The key for the pages of a new backup; null when they are not encrypted. Throws PASSWORD_REQUIRED, WRONG_PASSWORD. */
export async function pagesKey(
  instance: ProtectedInstance,
  options: BackupOptions,
  secrets: Secrets,
): Promise<MasterKey | null> {
  return options.encrypt ? await keyUnder(instance, secrets.pages, 'the pages') : null;
}

/** The key for the security files of a new backup; null when there are none. */
export async function securityKey(
  instance: ProtectedInstance,
  options: BackupOptions,
  secrets: Secrets,
): Promise<MasterKey | null> {
  if (!options.securityFiles) return null;
  if (secrets.security !== null) return await newMasterKey(secrets.security);
  return await keyUnder(instance, null, 'the security files');
}

async function keyUnder(instance: ProtectedInstance, password: string | null, what: string): Promise<MasterKey> {
  const { preferred, definitions } = instance.facts.encryption;
  const definition = definitions.find(({ name }) => name === preferred);
  if (password !== null)
    return definition ? await unlockDefinition(definition, password) : await newMasterKey(password);
  const { agent, home } = instance;
  if (definition?.kept) return keptMaster(keyFolder(agent, home), definition, agent.deps.files);
  throw new HoldfastError('PASSWORD_REQUIRED', `A password is needed to encrypt ${what} of ${instance.name}.`, {
    hint: 'Give a password, or define an encryption whose key the server keeps.',
  });
}
