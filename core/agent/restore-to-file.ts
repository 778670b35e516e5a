// The seven steps into a path that is no instance: nothing is replaced, and afterwards nothing is protected.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { RestoreEvent, RestoreOptions } from '../contract/restore.ts';
import { recoverRestore } from '../restore/recover.ts';
import { runRestore } from '../restore/run-restore.ts';
import { settleSetJournal } from '../restore/set-journal.ts';
import type { RestoreTarget } from '../restore/types.ts';
import type { Agent } from './agent.ts';
import { newPlaces, restoreNewFiles } from './backend-restore.ts';
import { writeBareWaiting } from './bare-waiting.ts';
import { keysOf, noSecrets } from './encryption-settings.ts';
import { homeOf } from './enrol.ts';
import { allowedOptions } from './instance-restore.ts';
import { withPeersDesk } from './instance-verification.ts';
import type { Emitter } from './protected-instance.ts';

/** Restores into a new file; an interrupted attempt on the same path is settled first. Throws TARGET_EXISTS. */
export async function restoreToFile(
  agent: Agent,
  given: string,
  options: RestoreOptions,
  out: Emitter<RestoreEvent>,
  signal: AbortSignal,
  secrets: Secrets = noSecrets,
): Promise<void> {
  const { files, clock, at } = agent.deps;
  const file = agent.allowed(given);
  if (!files.existsSync(path.dirname(file)))
    throw new HoldfastError('NOT_FOUND', `The folder ${path.dirname(given)} does not exist`);
  const inside = allowedOptions(agent.allowed.bind(agent), options);
  const places = newPlaces(file, inside, files) ?? [{ id: '', path: file }];
  const targets = places.map((place) => ({
    id: place.id,
    target: freeTarget(agent, place.path, homeOf(file, path.basename(file))),
  }));
  const [target] = targets.map((one) => one.target);
  if (!target) throw new Error('a restore has at least one file');
  const ids = places.length > 1 ? places.map((place) => place.id) : [];
  await withPeersDesk(agent, given, inside.peers, ids, async (desk) => {
    const context = {
      files,
      clock,
      keys: keysOf(agent, secrets.pages, [target.home]),
      signal,
      emit: (event: RestoreEvent) => (event.kind === 'view' ? out.replace(event) : out.emit(event)),
      desk,
      at: at ?? (() => {}),
    };
    if (targets.length > 1) await restoreNewFiles(context, inside, targets, target.home);
    else await runRestore({ ...context, target }, inside);
  });
}

/** A file that is not there yet; `first` is the home of the first one of the set, whose journal is that of all. */
function freeTarget(agent: Agent, given: string, first: string): RestoreTarget {
  const { files } = agent.deps;
  const file = agent.allowed(given);
  const target = bareTarget(file);
  files.mkdirSync(target.home, { recursive: true, mode: 0o700 });
  settleSetJournal(files, first);
  recoverRestore(files, target);
  if (files.existsSync(file)) throw new HoldfastError('TARGET_EXISTS', `${given} exists`);
  return target;
}

function bareTarget(file: string): RestoreTarget {
  const home = homeOf(file, path.basename(file));
  return {
    path: file,
    home,
    wasFenced: false,
    dataTime: null,
    logSettings: null,
    close: async () => {},
    reopen: () => {},
    waiting: (set) => writeBareWaiting(home, set),
    contains: () => false,
    adopt: () => {},
    opened: () => {},
  };
}
