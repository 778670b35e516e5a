// Removes old backup files: only what is a complete backup set inside the agent's folders, and that nothing else stands on.
import path from 'node:path';
import { assertReadable, scanBackups } from '../backup/catalog.ts';
import type { BackupFileInfo } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceRole } from '../contract/instance.ts';
import { fsyncFolder } from '../platform/files.ts';
import type { Agent } from './agent.ts';
import { refuseWhileRead, whileRemoving } from './backup-readers.ts';

/**
 * Removes whole sets; everything is checked before the first file goes. Files that are not there any more are passed over. Throws
 * OUTSIDE_ROOT, NOT_A_BACKUP, RESTORE_ACTIVE while any process reads one of them, and INVALID_INPUT for a part of a set, a base of something that stays, or the head of a chain.
 */
export function removeBackups(agent: Agent, given: string[]): { removed: string[]; bytes: number } {
  const { files } = agent.deps;
  const wanted = [...new Set(given.map((file) => agent.allowed(file)))].filter((file) => files.existsSync(file));
  refuseWhileRead(agent, wanted);
  return whileRemoving(agent, wanted, () => removeNow(agent, wanted));
}

function removeNow(agent: Agent, wanted: string[]): { removed: string[]; bytes: number } {
  const { files } = agent.deps;
  const folders = [...new Set(wanted.map((file) => path.dirname(file)))];
  const { infos, unusable } = scanBackups(folders, files);
  assertReadable(unusable);
  const asked = new Set(wanted);
  for (const file of wanted) {
    const info = infos.find(({ parts }) => parts.includes(file));
    if (!info) throw new HoldfastError('NOT_A_BACKUP', `${file} is not a complete backup of Holdfast; it stays`);
    const missing = info.parts.find((part) => !asked.has(part));
    if (missing) throw refused(info, `is one set with ${missing}`);
  }
  const goes = infos.filter(({ parts }) => parts.every((part) => asked.has(part)));
  const stays = infos.filter((info) => !goes.includes(info));
  for (const info of goes) {
    const standing = stays.find((other) => other.previousSerial === info.serial || dependsOn(other, info));
    if (standing) throw refused(info, `is needed by ${standing.file}`);
    const user = [...agent.instances.values()].find((instance) => instance.hasState && uses(instance.facts, info));
    if (user) throw refused(info, `belongs to the chain of ${user.name}`);
  }
  const removed: string[] = [];
  let bytes = 0;
  // The newest first: what a crash leaves is whole chains.
  for (const info of goes.sort((a, b) => b.sequence - a.sequence)) {
    for (const part of info.parts.toReversed()) {
      files.unlinkSync(part);
      removed.push(part);
    }
    bytes += info.bytes;
    fsyncFolder(files, path.dirname(info.file));
  }
  return { removed, bytes };
}

const refused = (info: BackupFileInfo, why: string) =>
  new HoldfastError('INVALID_INPUT', `${info.file} ${why}; it stays`, { details: { idtag: info.idtag } });

/** A copy of the same full in another folder does as well, but nothing here knows whether it is there tomorrow. */
const dependsOn = (other: BackupFileInfo, base: BackupFileInfo) =>
  other.type === 'incremental' && other.baseIdtag === base.idtag && base.type === 'full';

function uses(
  facts: {
    role: InstanceRole;
    chain: { serial: string; baseIdtag: string } | null;
    lastRestore: { serial: string; baseIdtag: string } | null;
    writing: { serial: string } | null;
    applying: { serial: string } | null;
  },
  info: BackupFileInfo,
): boolean {
  const { role, chain, lastRestore, writing, applying } = facts;
  // A primary goes on with its own chain, a copy with the one that it was restored from.
  const head = role === 'primary' ? chain : lastRestore;
  if ([head, writing, applying].some((one) => one?.serial === info.serial)) return true;
  return info.type === 'full' && head?.baseIdtag === info.idtag;
}
