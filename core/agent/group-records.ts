// What this server's members know of their failover groups: one file a group below the root, replaced durably, never by an older state.
import fs from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { type GroupRecord, groupRecordSchema, knows } from '../contract/group-records.ts';
import { ensureFolder, fsyncFolder, writeFileDurably } from '../platform/files.ts';
import type { Agent } from './agent.ts';

const folderOf = (agent: Agent) => path.join(agent.spec.root, 'groups');
const fileOf = (agent: Agent, groupId: string) => path.join(folderOf(agent), `${groupId}.json`);

/** Everything that is kept; a file that cannot be read is named and stays as it is. */
export function listGroupRecords(agent: Agent): { records: GroupRecord[]; damaged: string[] } {
  const records: GroupRecord[] = [];
  const damaged: string[] = [];
  const folder = folderOf(agent);
  if (!agent.deps.files.existsSync(folder)) return { records, damaged };
  for (const name of agent.deps.files.readdirSync(folder)) {
    if (!name.endsWith('.json')) continue;
    const file = path.join(folder, name);
    const record = read(file);
    if (record) records.push(record);
    else damaged.push(file);
  }
  return { records, damaged };
}

/** Replaces what is kept of the group. Throws STALE_TERM when that is not known to whoever sends this. */
export function keepGroupRecord(agent: Agent, record: GroupRecord): void {
  const { files } = agent.deps;
  const file = fileOf(agent, record.groupId);
  ensureFolder(files, folderOf(agent));
  if (files.existsSync(file)) {
    const known = read(file);
    if (known && !knows(record, known))
      throw new HoldfastError(
        'STALE_TERM',
        `${agent.spec.name} keeps a state of ${known.name} (version ${known.version}) that this engine does not know`,
      );
    if (!known) setAside(agent, file);
  }
  writeFileDurably(files, file, `${JSON.stringify(record, null, 2)}\n`);
}

export function forgetGroupRecord(agent: Agent, groupId: string): void {
  const { files } = agent.deps;
  const file = fileOf(agent, path.basename(groupId));
  if (!files.existsSync(file)) return;
  files.unlinkSync(file);
  fsyncFolder(files, folderOf(agent));
}

/** A database that is let go is in no group any more. */
export function forgetRecordsOf(agent: Agent, instance: string): void {
  if (agent.deps.ephemeral) return;
  for (const record of listGroupRecords(agent).records)
    if (record.instance === instance) forgetGroupRecord(agent, record.groupId);
}

function read(file: string): GroupRecord | null {
  try {
    return groupRecordSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (error) {
    // One that this version cannot make out is damaged for it; a disk that does not read is another matter.
    if ((error as NodeJS.ErrnoException).syscall) throw error;
    return null;
  }
}

function setAside(agent: Agent, file: string): void {
  const { files } = agent.deps;
  let copy = `${file}.damaged`;
  for (let n = 2; files.existsSync(copy); n++) copy = `${file}.damaged-${n}`;
  files.renameSync(file, copy);
  fsyncFolder(files, path.dirname(file));
}
