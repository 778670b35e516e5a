// Fence, unfence and the restore of a contingency backup, as jobs.
import path from 'node:path';
import type { Progress, Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { Peer, RestoreResult } from '../contract/restore.ts';
import { behindBy } from './at-risk.ts';
import { watched, within } from './call.ts';
import {
  agentFor,
  backupLog,
  contingencyFolder,
  type Group,
  instanceOf,
  masterOf,
  note,
  save,
  say,
  setMember,
} from './group.ts';
import type { ContingencyMemory } from './model.ts';
import { takeTerm } from './operation.ts';
import { fence, openActive } from './orders.ts';
import type { FailoverPorts } from './types.ts';

const SILENT_MS = 120_000;
const silentEntry = { durationMs: null, dataAgeMs: null, atRisk: null };

/** Fences a database until the administrator takes it back; a failover does not follow. */
export function fenceByHand(ports: FailoverPorts, group: Group, member: MemberConfig): string {
  return ports.jobs.run(spec(group, member, 'failover', `Fence ${member.server}`), async () => {
    const held = group.memory.activeId === member.id;
    setMember(group, member.id, { heldFenced: held });
    group.memory = takeTerm(group.memory);
    save(ports, group);
    let result: Awaited<ReturnType<typeof fence>>;
    try {
      result = await fence(ports, group, member, group.memory.term, 'by the administrator');
    } catch (error) {
      setMember(group, member.id, { heldFenced: false });
      save(ports, group);
      throw error;
    }
    note(ports, group, { kind: 'fence', from: member.server, to: null, why: 'by the administrator', ...silentEntry });
    if (result.durable) return { verdict: `${member.server} accepts no more writes.`, result };
    const holders = result.holders.map((holder) => `${holder.name} (${holder.pid})`).join(', ');
    return {
      verdict: `${member.server} is locked against writes while its agent runs; the file is still open in ${holders}.`,
      result,
    };
  });
}

/** Takes a fence back on the active database, under a term that no other server has. */
export function unfenceByHand(ports: FailoverPorts, group: Group, member: MemberConfig): string {
  return ports.jobs.run(spec(group, member, 'failover', `Unfence ${member.server}`), async () => {
    if (group.memory.activeId !== member.id)
      throw new HoldfastError('WRITER_NOT_STOPPED', `${member.server} is not the active database any more`);
    setMember(group, member.id, { heldFenced: false });
    const memory = takeTerm(group.memory);
    group.memory = { ...memory, activeTerm: memory.term };
    save(ports, group);
    await openActive(ports, group, member, group.memory.activeTerm);
    note(ports, group, { kind: 'unfence', from: null, to: member.server, why: 'by the administrator', ...silentEntry });
    return { verdict: `${member.server} accepts writes again.`, result: null };
  });
}

/** Replaces the master's data by a contingency backup; what was there is kept by the restore, and a full backup follows. */
export function restoreContingency(ports: FailoverPorts, group: Group, entry: ContingencyMemory): string {
  const master = masterOf(group);
  group.cycling = true;
  return ports.jobs.run(
    { ...spec(group, master, 'restore', `Restore a contingency backup to ${master.server}`), cancelability: 'now' },
    async (job) => {
      try {
        const chain: string[] = [];
        for (const files of entry.chain) {
          if (entry.server === master.server) chain.push(files[0]!);
          else chain.push(await fetch(files, job.signal, (progress) => job.report(progress)));
        }
        const options = {
          file: chain[0]!,
          incrementals: chain.slice(1),
          log: backupLog(master),
          peers: peersOf(ports, entry, master),
          // Typing the master's name has confirmed that what it has of its own since then is left behind.
          override: behindBy(instanceOf(ports, master)?.vector, heldBy(ports, entry)) !== 0,
          activate: true,
          open: true,
          // A group's master is logged, restored or not: its copies and the full backup that follows stand on it.
          keepLogSettings: true,
        };
        const events = watched(
          ports.clock,
          SILENT_MS,
          `${master.server} reported nothing of the restore`,
          job.signal,
          (signal) => agentFor(ports, master.server).restore({ instance: master.instance, options }, { signal }),
        );
        let restored: RestoreResult | null = null;
        for await (const event of events) {
          if (event.kind === 'failed') throw HoldfastError.fromReport(event.error);
          if (event.kind === 'log') job.log('info', event.line);
          if (event.kind === 'result') restored = event.result;
          if (event.kind === 'view') {
            job.attach(event.view);
            job.report(event.view.progress);
          }
        }
        if (!restored)
          throw new HoldfastError('RESTORE_FAILED', `The restore into ${master.server} ended without a result`);
        group.memory = { ...group.memory, fullWanted: 'a contingency backup was restored to the master' };
        save(ports, group);
        const { contingency, verify } = restored;
        if (verify.integrity === 'failed')
          job.warn({
            name: 'INTEGRITY_FAILED',
            message: `The restored database of ${master.server} is not sound; what was there before is kept`,
          });
        const kept = contingency ? ` What it held is kept in ${contingency}.` : '';
        say(
          ports,
          group,
          'contingency',
          'info',
          `The contingency backup of ${entry.server} is now on ${master.server}.${kept} A full backup follows.`,
        );
        return {
          verdict: `${master.server} holds the contingency backup of ${entry.server}.${kept}`,
          result: restored,
        };
      } finally {
        group.cycling = false;
      }
    },
  );

  async function fetch(files: string[], signal: AbortSignal, report: (progress: Progress) => void): Promise<string> {
    const folder = path.join(contingencyFolder(master), 'received');
    const place = await within(ports.clock, 10_000, `${master.server} did not look at ${folder}`, (inner) =>
      agentFor(ports, master.server).checkFolder({ folder, create: true }, { signal: inner }),
    );
    if (!place.writable)
      throw new HoldfastError('NO_PERMISSION', `${folder} on ${master.server} cannot be written: ${place.problem}`);
    const events = watched(ports.clock, SILENT_MS, `${master.server} reported nothing of the copy`, signal, (inner) =>
      agentFor(ports, master.server).receive({ files, folder }, { signal: inner }),
    );
    for await (const event of events) {
      if (event.kind === 'result' && event.files[0]) return event.files[0];
      if (event.kind === 'progress') report(event.progress);
    }
    throw new HoldfastError('INTERNAL', `${master.server} received no file`);
  }
}

/** What the contingency backup holds; entries of earlier versions say nothing, then it is what their server holds now. */
export function heldBy(ports: FailoverPorts, entry: ContingencyMemory): Vector | null {
  return entry.vector ?? instanceOf(ports, entry)?.vector ?? null;
}

/**
 * Whom the restored data is compared with: the server that made the backup, as it was then, and the master as it is now, whose
 * own newer commits are what the restore leaves behind.
 */
function peersOf(ports: FailoverPorts, entry: ContingencyMemory, master: MemberConfig): Peer[] {
  const { name, organization } = ports.site();
  const peer = (server: string, instance: string, vector: Vector | null): Peer => ({
    server: `\\T=${name}\\O=${organization}\\CN=${server}`,
    replica: instance,
    vector,
  });
  const made = peer(entry.server, entry.instance, heldBy(ports, entry));
  const own = instanceOf(ports, master)?.vector;
  if (entry.server === master.server || !own) return [made];
  return [made, peer(master.server, master.instance, own)];
}

function spec(group: Group, member: MemberConfig, kind: 'failover' | 'restore', title: string) {
  return {
    kind,
    title,
    target: `${member.server}/${member.instance}`,
    instanceId: `${member.server}/${member.instance}`,
    groupId: group.id,
    request: null,
    cancelability: 'no' as const,
    exclusive: null,
  };
}
