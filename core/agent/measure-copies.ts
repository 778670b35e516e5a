// Questions to restored copies: only to files below the agent's own folders that no instance of it is made of.
import type { MeasureEvent } from '../contract/drills.ts';
import { HoldfastError } from '../contract/errors.ts';
import { measureDatabases } from '../sqlite/measure.ts';
import type { Agent } from './agent.ts';

/** Streams what the copies answer. Throws DATABASE_IN_USE for a file of an instance, NOT_FOUND for one that is not there. */
export async function measureCopies(
  agent: Agent,
  input: { databases: { id: string; path: string }[]; probes: string[] },
  out: { emit(event: MeasureEvent): void },
  signal: AbortSignal,
): Promise<void> {
  const databases = input.databases.map(({ id, path }) => ({ id, path: agent.allowed(path) }));
  for (const { path } of databases) {
    if (!agent.deps.files.existsSync(path)) throw new HoldfastError('NOT_FOUND', `${path} is not there`);
    const owner = [...agent.instances.values()].find((instance) => instance.path === path);
    if (owner) throw new HoldfastError('DATABASE_IN_USE', `${path} is the database of ${owner.name}, no copy`);
  }
  await measureDatabases(databases, input.probes, (event) => out.emit(event), signal);
}
