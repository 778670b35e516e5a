// What an administrator may ask of the logs and the surroundings of an instance: which logs may go, deleting them, hazards now.
import { HoldfastError } from '../contract/errors.ts';
import type { HazardReport, LogStanding } from '../contract/logging.ts';
import { joinReports } from './backend-hazards.ts';
import type { OtherPlaces } from './log-keeper.ts';
import { currentLogOf } from './logging-config.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** The file of an instance with this backend id, the first for null; throws NOT_FOUND. */
function fileOf(instance: ProtectedInstance, backend: string | null): ProtectedInstance {
  if (backend === null) return instance;
  const found = instance.backends.find((one) => one.backendId === backend);
  if (!found) throw new HoldfastError('NOT_FOUND', `${instance.name} has no backend ${backend}`);
  return found;
}

/** Every log with its standing, by a fresh look at the folders of backups. */
export function listLogStandings(
  instance: ProtectedInstance,
  { backend, ...others }: { backend: string | null } & OtherPlaces,
): LogStanding[] {
  const file = fileOf(instance, backend);
  return file.observed.logs.standings({ current: currentLogOf(file), others });
}

/** Deletes all of the logs or none; refused while a backup or a restore runs, which may be about to need one. */
export function deleteLogs(
  instance: ProtectedInstance,
  { backend, logs, ...others }: { backend: string | null; logs: string[] } & OtherPlaces,
): { deleted: string[]; bytes: number } {
  instance.assertIdle();
  const file = fileOf(instance, backend);
  return file.observed.logs.delete(logs, currentLogOf(file), others);
}

/** What endangers any of the files. */
export async function lookForHazards(instance: ProtectedInstance): Promise<HazardReport> {
  const files = await Promise.all(
    instance.backends.map(async (one) => ({ id: one.backendId, found: await one.observed.hazards.scan() })),
  );
  const [first, ...others] = files;
  if (!first) throw new Error('an instance has at least one file');
  return others.length === 0 ? first.found : joinReports(files);
}
