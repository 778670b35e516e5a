// What restore drills get from this engine: the plan of a restore into a new file, an agent of their own, a folder.
import fs from 'node:fs';
import path from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { BackendFile } from '../contract/backend.ts';
import { restoreRequestSchema } from '../contract/console.ts';
import type { DrillReport } from '../contract/drills.ts';
import { drillVerdict } from '../drills/report-text.ts';
import { createDrills, type Drills } from '../drills/service.ts';
import type { DrillSources } from '../drills/types.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { MessageBoard } from '../messages/board.ts';
import { ensureFolder, systemFiles } from '../platform/files.ts';
import type { BackupUses } from '../retention/uses.ts';
import { filesOf, libraryOf } from './backup-library.ts';
import { type DrillAgentOptions, launchDrillAgent } from './drill-agent.ts';
import type { ProvenRestores } from './proven-restores.ts';
import { draftRestore, logFoldersOf, type RestorePlanPorts } from './restore-plan.ts';
import { timelineOf, usable } from './timeline.ts';

export interface DrillWiring extends RestorePlanPorts, DrillAgentOptions {
  catalog: Catalog;
  jobs: JobService;
  board: MessageBoard;
  uses: BackupUses;
  proven: ProvenRestores;
  groupIdOf(instanceId: string): string | null;
  succeeded(source: string, text: string): void;
  changed(): void;
}

export function wireDrills(wiring: DrillWiring): Drills {
  const { clock, catalog, jobs, board, servers, instances } = wiring;
  const find = (instanceId: string) => {
    const [server = '', name = ''] = instanceId.split('/');
    return instances.find(server, name);
  };
  return createDrills({
    clock,
    store: catalog.drills,
    jobs,
    place(instanceId) {
      const record = find(instanceId)?.record;
      if (!record) return null;
      const folder = path.join(servers.get(record.server).root, 'drills');
      return { reachable: servers.isReachable(record.server), folder };
    },
    instanceIds: () => instances.list().map((instance) => instance.id),
    async moments(instanceId) {
      const instance = instances.get(instanceId);
      const library = await libraryOf(wiring, instance);
      const { bands } = timelineOf(library, instance.status);
      const points = library.chains.flatMap(usable).map(({ consistentAt: at }) => ({ from: at, to: at }));
      const spans = bands.filter((band) => band.kind !== 'gap').map(({ from, to }) => ({ from, to }));
      return { spans: [...spans, ...points] };
    },
    sources: (instanceId, target, until) => drillSources(wiring, instanceId, target, until),
    launch: (folder, readable) => {
      const keyFolders = wiring.servers.list().map(({ root }) => path.join(root, 'keys'));
      return launchDrillAgent(wiring, folder, readable, keyFolders);
    },
    hold: wiring.uses.hold,
    freeBytes(folder) {
      const { bavail, bsize } = fs.statfsSync(folder);
      return bavail * bsize;
    },
    makeFolder: (folder) => ensureFolder(systemFiles, folder),
    removeFolder: (folder) => fs.promises.rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    folderExists: (folder) => fs.existsSync(folder),
    processRuns(pid) {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
    proven: wiring.proven.of,
    record: wiring.proven.record,
    groupOf: (instanceId) => (find(instanceId) ? wiring.groupIdOf(instanceId) : null),
    message: (key, level, text, source, standing = true) => board.raise(key, { level, text, source, standing }),
    clearMessage: (key) => board.clear(key),
    passed(report: DrillReport, scheduled) {
      if (scheduled)
        wiring.succeeded(report.instanceId, `The restore drill of ${report.instanceId}: ${drillVerdict(report)}`);
    },
    changed: wiring.changed,
    random: Math.random,
  });
}

async function drillSources(
  wiring: RestorePlanPorts,
  instanceId: string,
  target: string,
  until: number | null,
): Promise<DrillSources> {
  const { server } = wiring.instances.get(instanceId).record;
  const request = { instanceId, target: { kind: 'file', server, path: target }, until, waitMs: 0 };
  const { options, refusal, chain } = await draftRestore(wiring, restoreRequestSchema.parse(request));
  const backups = chain.full ? filesOf({ full: chain.full, incrementals: chain.incrementals, gaps: [] }) : [];
  const files = backups.flatMap(({ parts, file }) => (parts.length > 0 ? parts : [file]));
  const last = backups.at(-1);
  const further = options.backends.flatMap(logFoldersOf);
  const folders = [...[...files, ...chain.logs].map((file) => path.dirname(file)), ...further];
  return {
    options,
    refusal,
    idtag: last?.idtag ?? null,
    files,
    logs: [...chain.logs, ...chain.further.flatMap((one) => one.logs)],
    bytes: backups.reduce((sum, backup) => sum + backup.bytes, 0),
    databaseBytes: (last?.backends ?? (last ? [last] : [])).reduce((sum, one) => sum + one.pageSize * one.pageCount, 0),
    databases: placesOf(last?.backends, target),
    folders: [...new Set(options.logFolder ? [...folders, options.logFolder] : folders)],
  };
}

/** Where the restored files lie: those of a set beside the first, each under its own name. */
function placesOf(backends: BackendFile[] | undefined, target: string): DrillSources['databases'] {
  if (!backends) return [{ id: 'main', path: target }];
  const { dir, name, ext } = path.parse(target);
  return backends.map(({ id }, index) => ({
    id,
    path: index === 0 ? target : path.join(dir, `${name}.${id}${ext}`),
  }));
}
