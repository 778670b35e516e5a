// The library of the console: timelines, folders that are opened, commits to end at, and the ways to bring a database back.
import type { ProofStore } from '../catalog/proofs.ts';
import type { BackupFileInfo, CatalogView, VerifyResult } from '../contract/backup.ts';
import type { Timeline } from '../contract/console.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView, MemberView } from '../contract/failover.ts';
import type { CommitPage, FolderSource, OpenedFolders, WaysBack } from '../contract/library.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { Proof } from '../contract/proofs.ts';
import type { Clock } from '../platform/clock.ts';
import { filesOf, libraryOf } from './backup-library.ts';
import type { Instances } from './instances.ts';
import { type LogRun, runsOf } from './log-runs.ts';
import { groupOf } from './peers.ts';
import { type CopyState, waysBack } from './restore-planner.ts';
import { openFolders, sourceOf } from './restore-source.ts';
import type { Servers } from './servers.ts';
import { currentLog, type LiveStatus, timelineOf } from './timeline.ts';

export interface LibraryService {
  timeline(instanceId: string, searchFolders: string[]): Promise<Timeline>;
  /** The backup with this idtag and the server that can read it; throws NOT_FOUND. */
  find(instanceId: string, idtag: string): Promise<{ file: string; server: string; info: BackupFileInfo }>;
  /** Reads every block of a backup; that it was good is kept. */
  verify(instanceId: string, idtag: string, signal?: AbortSignal, secrets?: Secrets): Promise<VerifyResult>;
  open(server: string | null, folders: string[]): Promise<OpenedFolders>;
  commits(request: {
    instanceId: string | null;
    from: FolderSource | null;
    searchFolders: string[];
    around: number | null;
    limit: number;
  }): Promise<CommitPage>;
  ways(instanceId: string): Promise<WaysBack>;
}

export interface LibraryServicePorts {
  servers: Servers;
  instances: Instances;
  groups(): GroupView[];
  proofs: ProofStore;
  clock: Clock;
  /** Keeps a proof; a catalogue that cannot be written is no failure of what was proven. */
  proven(proof: Proof): void;
  /** Bytes a millisecond of the last restore; null when none was measured. */
  measuredRate(): number | null;
}

export function createLibrary(ports: LibraryServicePorts): LibraryService {
  const { servers, instances, proofs, clock } = ports;
  const library: LibraryService = {
    async timeline(instanceId, searchFolders) {
      const instance = instances.get(instanceId);
      const { serverOf: _, notes: __, furtherLogs, ...catalog } = await libraryOf(ports, instance, searchFolders);
      return timelineOf(catalog, instance.status, proofs.list(instance.id), furtherLogs);
    },

    async find(instanceId, idtag) {
      const instance = instances.get(instanceId);
      const { chains, serverOf } = await libraryOf(ports, instance);
      const found = chains.flatMap(filesOf).find((file) => file.idtag === idtag);
      if (!found) throw new HoldfastError('NOT_FOUND', `No backup ${idtag} of ${instance.id} was found`);
      return { file: found.file, server: serverOf(found.file), info: found };
    },

    async verify(instanceId, idtag, signal, secrets) {
      const { file, server, info } = await library.find(instanceId, idtag);
      const began = clock.monotonic();
      const result = await servers.use(server, (api) =>
        api.verify({ files: [file], secrets }, signal ? { signal } : {}),
      );
      if (result.ok) {
        const durationMs = Math.round(clock.monotonic() - began);
        const measured = { provenAt: clock.now(), durationMs, bytes: info.bytes, stamp: null };
        const { id } = instances.get(instanceId);
        ports.proven({ instanceId: id, idtag, reachedAt: info.consistentAt, kind: 'verify', ...measured });
      }
      return result;
    },

    async open(given, folders) {
      const server = given ?? (await servers.local()).name;
      return await openFolders(ports, server, folders);
    },

    async commits({ instanceId, from, searchFolders, around, limit }) {
      const {
        library: held,
        status,
        server,
      } = await sourceOf(ports, { instanceId: instanceId ?? '', from, searchFolders });
      const logs = logsAround(held, status, around);
      if (logs.length === 0) return { commits: [], before: 0, after: 0, problem: null };
      const owner = held.serverOf(logs[0] ?? '') || server;
      return await servers.use(owner, (api) => api.listCommits({ logs, around, limit }));
    },

    async ways(instanceId) {
      const instance = instances.get(instanceId);
      const group = groupOf(ports.groups(), instance);
      const { status } = instance;
      return waysBack({
        catalog: await libraryOf(ports, instance),
        status,
        current: { vector: status.vector, lastCommitAt: status.lastCommitAt },
        copies: group ? copiesOf(ports, group, instance.record.server) : [],
        proofs: proofs.list(instance.id),
        restoreRate: ports.measuredRate(),
        failoverMs: (group?.history ?? []).flatMap(({ kind, durationMs }) =>
          durationMs !== null && (kind === 'failover' || kind === 'switch') ? [durationMs] : [],
        ),
      });
    },
  };
  return library;
}

/** The run of logs that a moment falls into; the newest run for the end. */
function logsAround(catalog: CatalogView, status: LiveStatus, around: number | null): string[] {
  const runs = runsOf(catalog.logs, currentLog(status));
  const startOf = ({ logs }: LogRun) => logs.find((log) => log.from !== null)?.from ?? Number.POSITIVE_INFINITY;
  const sorted = runs.filter((run) => Number.isFinite(startOf(run))).sort((a, b) => startOf(a) - startOf(b));
  const run = around === null ? sorted.at(-1) : (sorted.findLast((one) => startOf(one) <= around) ?? sorted[0]);
  return run?.logs.map((log) => log.file) ?? [];
}

function copiesOf({ servers, instances }: LibraryServicePorts, group: GroupView, server: string): CopyState[] {
  const others = group.members.filter((member) => member.server.toLowerCase() !== server.toLowerCase());
  return others.map((member) => {
    const held = instances.find(member.server, member.instance)?.status ?? null;
    return {
      memberId: member.id,
      server: member.server,
      instance: member.instance,
      vector: held && held.vector.length > 0 ? held.vector : null,
      dataTime: member.dataTime,
      problem: problemOf(member, group, servers.isReachable(member.server)),
    };
  });
}

function problemOf(member: MemberView, group: GroupView, reachable: boolean): string | null {
  if (!reachable) return `The agent of ${member.server} does not answer`;
  if (!group.config.enabled) return `${group.name} is not enabled`;
  if (member.state === 'NeverRestored') return 'It was never restored';
  if (member.state === 'Error') return member.stateText;
  return null;
}
