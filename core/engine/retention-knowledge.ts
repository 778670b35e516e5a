// What this engine knows of backups beside their files: who made them, who needs them, which are proven, which are bad.
import path from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { CatalogView } from '../contract/backup.ts';
import type { GroupView } from '../contract/failover.ts';
import type { Drills } from '../drills/service.ts';
import type { BackupKnowledge } from '../retention/types.ts';
import type { BackupSchedules } from '../schedule/service.ts';
import { filesOf, libraryOf } from './backup-library.ts';
import type { Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface KnowledgePorts {
  catalog: Catalog;
  servers: Servers;
  instances: Instances;
  drills: Drills;
  groups(): GroupView[];
}

/** Every chain of the instance but those in the folder of its failover group, which clears that by itself. */
export async function retentionLibrary(ports: KnowledgePorts, instanceId: string): Promise<CatalogView> {
  const instance = ports.instances.get(instanceId);
  const view = await libraryOf(ports, instance);
  const groupFolder = ports.instances.membership(instance)?.folder;
  if (!groupFolder) return view;
  const ofGroup = (file: string) => path.dirname(path.resolve(file)) === path.resolve(groupFolder);
  return { ...view, chains: view.chains.filter((chain) => !filesOf(chain).some(({ file }) => ofGroup(file))) };
}

export function knowledgeOf(ports: KnowledgePorts, schedules: BackupSchedules, instanceId: string): BackupKnowledge {
  const { catalog, instances, drills } = ports;
  const own = schedules.list(instanceId);
  const heads = instances
    .list()
    .flatMap(({ status }) => [status.lastFull?.idtag, status.lastIncremental?.idtag, status.lastRestore?.idtag]);
  const contingencies = ports.groups().flatMap((group) => group.contingencies);
  return {
    madeBy: catalog.schedules.madeBy(instanceId),
    schedulePolicies: new Map(own.flatMap(({ id, keep }) => (keep ? [[id, keep] as const] : []))),
    heads: new Set(heads.filter((idtag) => idtag !== undefined)),
    listed: contingencies.map(({ path: file }) => ({ file, by: 'a contingency backup of a failover group' })),
    bad: drills.badBackups(instanceId),
    proven: new Set(catalog.proofs.list(instanceId).map((proof) => proof.idtag)),
  };
}
