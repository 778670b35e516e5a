// The other files of a backup: restored with the database (-e, -u beside -r) or without it.
import path from 'node:path';
import { openDirectAgent } from '../../../core/agent/open-agent.ts';
import type { PlacedFile, PlaceFiles } from '../../../core/contract/other-files.ts';
import type { AgentApi } from '../../../core/rpc/types.ts';
import { isInstanceName, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';

/** Restores only other files: through the engine for SERVER/INSTANCE, else by an agent of this process. */
export async function restoreOtherFiles(
  database: string | undefined,
  request: PlaceFiles,
  log: string,
  data: string | undefined,
): Promise<CommandResult> {
  if (database !== undefined && isInstanceName(database)) {
    const { files } = await withEngine(data, (engine) => engine.otherFiles.place({ ...request, instanceId: database }));
    return report(files);
  }
  const agent = await openDirectAgent(null);
  try {
    return report((await agent.api.placeFiles({ ...request, log: path.resolve(log) })).files);
  } finally {
    await agent.close();
  }
}

/** Proves before a restore that its other files can be opened and placed; returns what places them afterwards. */
export async function prepareOtherFiles(
  api: AgentApi,
  request: PlaceFiles,
  log: string,
): Promise<() => Promise<string[]>> {
  if (!request.security && !request.included) return async () => [];
  await api.checkFiles(request);
  return async () => linesOf((await api.placeFiles({ ...request, log })).files);
}

const linesOf = (files: PlacedFile[]): string[] =>
  files.map(({ path: place, kept, changed }) => {
    const old = kept ? ` (the old one is kept as ${kept})` : '';
    return `  restored       ${place}${old}${changed ? '; it was written to while it was backed up' : ''}`;
  });

function report(files: PlacedFile[]): CommandResult {
  const count = files.length === 1 ? '1 file was restored.' : `${files.length} files were restored.`;
  return { json: { otherFiles: files }, text: [count, ...linesOf(files)] };
}
