// Taking a database under protection, and registering a place that receives restores.
import path from 'node:path';
import { MAX_BACKENDS } from '../contract/backend.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import { ensureFolder } from '../platform/files.ts';
import { openDatabase } from '../sqlite/open-database.ts';
import { probeDatabase } from '../sqlite/probe.ts';
import type { Agent } from './agent.ts';
import { backendIdOf } from './backend-id.ts';
import { ProtectedInstance } from './protected-instance.ts';
import { renewSerial } from './state-store.ts';

interface Place {
  instance: string;
  path: string;
  replica: number;
  site: string;
  organization: string;
}

export interface ProtectInput extends Place {
  home: string | null;
  logging: boolean;
  switchToWal: boolean;
  /** Name of the file at `path` among several, and the others. */
  backendId?: string | null;
  backends?: BackendInput[];
}

interface BackendInput {
  id: string;
  path: string;
}

/** Default home of an instance. */
export const homeOf = (file: string, name: string) => path.join(path.dirname(file), '.holdfast', name);

/**
 * Starts protecting a file, or several together, as a primary. Throws the probe's refusal, JOURNAL_MODE, DUPLICATE, OUTSIDE_ROOT; then
 * none of them is protected.
 */
export function protect(agent: Agent, input: ProtectInput): InstanceStatus {
  const file = probed(agent, input.path);
  agent.assertFree(input.instance, file);
  const home = input.home === null ? homeOf(file, input.instance) : agent.allowed(input.home);
  assertSameFileSystem(agent, file, home);
  const further = (input.backends ?? []).map(({ id, path: given }) => ({ id, path: probed(agent, given) }));
  const backendId = input.backendId ?? backendIdOf(file);
  assertDistinct(agent, [{ id: backendId, path: file }, ...further]);
  for (const one of [file, ...further.map(({ path: other }) => other)]) prepareJournal(agent, one, input);
  const instance = ProtectedInstance.create(
    agent,
    {
      name: input.instance,
      path: file,
      role: 'primary',
      replica: input.replica,
      site: input.site,
      organization: input.organization,
    },
    home,
    ({ logging, backendId: known }) => ({
      ...(logging.on === input.logging
        ? {}
        : { logging: { ...renewSerial(logging), on: input.logging }, capture: null }),
      backendId: input.backendId ?? known ?? (further.length > 0 ? backendId : null),
    }),
  );
  try {
    joinBackends(agent, instance, further);
  } catch (error) {
    instance.close();
    throw error;
  }
  return agent.add(instance);
}

/** One more file for an instance that is open; a full backup of all is required afterwards. */
export function addBackend(
  agent: Agent,
  input: { instance: string; id: string; path: string; switchToWal: boolean },
): InstanceStatus {
  const first = agent.instance(input.instance);
  first.assertIdle();
  if (first.role === 'standby' || first.fenced || !first.owner)
    throw new HoldfastError('DATABASE_FENCED', `${first.name} is not open here; a file is added to an open database`);
  if (first.facts.rst)
    throw new HoldfastError('RESTORE_ACTIVE', `A restored set of ${first.name} waits in RST; activate or delete it`);
  const file = probed(agent, input.path);
  for (const other of agent.instances.values())
    if (other.backends.some((one) => one.path === file))
      throw new HoldfastError('DUPLICATE', `${file} is protected already as ${other.name}`);
  const known = first.backends.map((one) => ({ id: one.backendId, path: one.path }));
  assertDistinct(agent, [...known, { id: input.id, path: file }]);
  const { logging } = first.facts;
  prepareJournal(agent, file, { logging: logging.on, switchToWal: input.switchToWal });
  if (first.facts.backendId === null) first.update({ backendId: first.backendId });
  joinBackend(agent, first, { id: input.id, path: file });
  first.requireFull(`The backend ${input.id} was added`);
  return first.status();
}

/** Takes a further file out of its instance; its own state stays in its home. */
export function removeBackend(agent: Agent, input: { instance: string; id: string }): InstanceStatus {
  const first = agent.instance(input.instance);
  first.assertIdle();
  const one = first.further.find((other) => other.backendId === input.id);
  if (!one)
    throw new HoldfastError('NOT_FOUND', `${first.name} has no further backend ${input.id}`, {
      hint:
        first.backendId === input.id ? 'The first file is the instance: release it instead.' : 'Look at its details.',
    });
  if (first.facts.rst)
    throw new HoldfastError('RESTORE_ACTIVE', `A restored set of ${first.name} waits in RST; activate or delete it`);
  // The list first: a crash leaves a file that is not protected, never one that nobody watches but is listed.
  first.update({ further: first.facts.further.filter((place) => place.path !== one.path) });
  first.further = first.further.filter((other) => other !== one);
  one.close();
  first.requireFull(`The backend ${input.id} was removed`);
  return first.status();
}

/** A home that is still there knows its files: the same ones go on where they were, others begin anew. */
export function joinBackends(agent: Agent, first: ProtectedInstance, wanted: BackendInput[]): void {
  const known = first.facts.further;
  const same =
    known.length === wanted.length &&
    wanted.every(({ id, path: file }, index) => {
      const place = known[index];
      return place?.id === id && place.path === file;
    });
  // A command line that names no file means those that it was given before.
  if (same || (agent.deps.ephemeral && wanted.length === 0)) {
    // A file that is gone is what a restore is for.
    for (const one of first.further) if (!agent.deps.ephemeral || agent.deps.files.existsSync(one.path)) one.open();
    return;
  }
  for (const one of first.further) one.close();
  first.further = [];
  if (known.length > 0) {
    first.update({ further: [] });
    first.requireFull('Its backends are others than before');
  }
  if (wanted.length > 0 && first.facts.backendId === null) first.update({ backendId: first.backendId });
  if (wanted.length > 0) assertDistinct(agent, [{ id: first.backendId, path: first.path }, ...wanted]);
  for (const one of wanted) joinBackend(agent, first, one);
}

/** Opens a further file beside those that are there, and only then enters it in the list. */
function joinBackend(agent: Agent, first: ProtectedInstance, { id, path: file }: BackendInput): void {
  const { name, replica, site, organization, logging, term } = first.facts;
  const home = backendHome(agent, first, id, file);
  const one = ProtectedInstance.create(
    agent,
    { name, path: file, role: 'primary', replica, site, organization },
    home,
    (known) => ({
      backendId: id,
      term,
      // What an earlier life under the same name left is no base for anything.
      chain: null,
      rst: null,
      fullRequired: null,
      logging: {
        ...renewSerial(known.logging),
        on: logging.on,
        minBytes: logging.minBytes,
        maxBytes: logging.maxBytes,
        serial: null,
      },
      capture: null,
    }),
    first,
  );
  try {
    first.update({ further: [...first.facts.further, { id, path: file, home }] });
  } catch (error) {
    one.close();
    throw error;
  }
  first.further = [...first.further, one];
}

/** Below the first file's home; beside the file itself where that is on another file system. */
function backendHome(agent: Agent, first: ProtectedInstance, id: string, file: string): string {
  const { files } = agent.deps;
  const below = path.join(first.home, 'backends', id);
  const same = files.statSync(first.home).dev === files.statSync(path.dirname(file)).dev;
  return same ? below : homeOf(file, `${first.name}.${id}`);
}

/** The file behind a path that may be protected. Throws the probe's refusal. */
function probed(agent: Agent, given: string): string {
  const probe = probeDatabase(given, agent.roots, agent.deps);
  if (probe.refusal) throw HoldfastError.fromReport(probe.refusal);
  return probe.realPath ?? given;
}

function assertDistinct(agent: Agent, backends: BackendInput[]): void {
  if (backends.length > MAX_BACKENDS)
    throw new HoldfastError('INVALID_INPUT', `An instance has at most ${MAX_BACKENDS} backends`);
  const ids = new Set<string>();
  const inodes = new Set<string>();
  for (const { id, path: file } of backends) {
    // Names become names of files, which some file systems do not tell apart by case.
    if (ids.has(id.toLowerCase())) throw new HoldfastError('DUPLICATE', `Two backends are named ${id}`);
    ids.add(id.toLowerCase());
    const { dev, ino } = agent.deps.files.statSync(file);
    if (inodes.has(`${dev} ${ino}`)) throw new HoldfastError('DUPLICATE', `${file} is given twice`);
    inodes.add(`${dev} ${ino}`);
  }
}

function prepareJournal(agent: Agent, file: string, input: { logging: boolean; switchToWal: boolean }): void {
  if (probeDatabase(file, agent.roots, agent.deps).journal !== 'rollback') return;
  if (input.switchToWal) switchToWal(agent, file);
  else if (input.logging)
    throw new HoldfastError('JOURNAL_MODE', `${file} uses a rollback journal; logging its commits needs WAL`);
}

/** Registers a standby; a file that is there is fenced, so that nobody writes to it. */
export function attachStandby(agent: Agent, input: Place): InstanceStatus {
  const file = agent.allowed(input.path);
  agent.assertFree(input.instance, file);
  const { files } = agent.deps;
  ensureFolder(files, path.dirname(file));
  const instance = ProtectedInstance.create(
    agent,
    {
      name: input.instance,
      path: file,
      role: 'standby',
      replica: input.replica,
      site: input.site,
      organization: input.organization,
    },
    homeOf(file, input.instance),
    () => ({}),
  );
  return agent.add(instance);
}

function switchToWal(agent: Agent, file: string): void {
  const owner = openDatabase(file, agent.roots, agent.deps);
  try {
    owner.switchToWal();
  } finally {
    owner.close();
  }
}

/** A restored set is swapped in by a rename, which works only within one file system. */
function assertSameFileSystem(agent: Agent, file: string, home: string): void {
  const { files } = agent.deps;
  files.mkdirSync(home, { recursive: true, mode: 0o700 });
  if (files.statSync(home).dev === files.statSync(path.dirname(file)).dev) return;
  throw new HoldfastError('INVALID_INPUT', `The home ${home} is on another file system than ${file}`, {
    hint: 'Choose a home on the file system of the database.',
  });
}
