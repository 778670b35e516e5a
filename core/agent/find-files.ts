// Backup sets and roll-forward logs below folders of this machine, and the commits that logs hold.
import { scanBackupsInTurns } from '../backup/catalog.ts';
import { findFolders } from '../backup/find-folders.ts';
import { KnownBackups } from '../backup/known-backups.ts';
import type { CommitPage, FoundFiles } from '../contract/library.ts';
import { listCommits } from '../rollforward/list-commits.ts';
import { inspectLogFolder, type KnownLogs } from '../rollforward/log-reader.ts';
import type { Agent } from './agent.ts';

/** A closed log of 100 MiB has thousands of records; their heads are read once. */
const known = new WeakMap<Agent, KnownLogs>();

const backups = new WeakMap<Agent, KnownBackups>();

/** The headers of backups that this agent has read before. */
function knownBackupsOf(agent: Agent): KnownBackups {
  const held = backups.get(agent) ?? new KnownBackups(() => agent.deps.clock.now());
  backups.set(agent, held);
  return held;
}

function knownOf(agent: Agent): KnownLogs {
  const held = known.get(agent) ?? new Map();
  known.set(agent, held);
  return held;
}

/** By header, whatever the files are called. Throws OUTSIDE_ROOT for a folder that this server may not use. */
export async function findFiles(
  agent: Agent,
  input: { folders: string[]; logFolders: string[]; deep: boolean },
): Promise<FoundFiles> {
  const { files, clock } = agent.deps;
  const found = findFolders(
    input.folders.map((folder) => agent.allowed(folder)),
    input.deep,
    files,
  );
  const { infos, unusable } = await scanBackupsInTurns(found.folders, files, knownBackupsOf(agent), clock);
  const logFolders = new Set([...found.folders, ...input.logFolders.map((folder) => agent.allowed(folder))]);
  const logs = [...logFolders].flatMap((folder) => inspectLogFolder(folder, files, knownOf(agent)));
  return { backups: infos, logs, unusable, folders: found.folders.length, cutShort: found.cutShort };
}

export function commitsOf(
  agent: Agent,
  input: { logs: string[]; from: number | null; to: number | null; around: number | null; limit: number },
): CommitPage {
  const { logs, ...window } = input;
  return listCommits(
    logs.map((log) => agent.allowed(log)),
    window,
    agent.deps.files,
  );
}
