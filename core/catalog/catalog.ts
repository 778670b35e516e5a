// The engine's memory: every table behind a small store of its own.
import fs from 'node:fs';
import path from 'node:path';
import type { DrillStore } from '../drills/types.ts';
import type { FailoverStore } from '../failover/types.ts';
import type { JobStore } from '../jobs/store.ts';
import type { NotifyStore } from '../notify/types.ts';
import type { RetentionStore } from '../retention/types.ts';
import type { ScheduleStore } from '../schedule/types.ts';
import { createDrillStore } from './drills.ts';
import { createFailoverStore } from './groups.ts';
import { createInstanceStore, type InstanceStore } from './instances.ts';
import { createJobStore } from './jobs.ts';
import { createMessageStore, type MessageStore } from './messages.ts';
import { createNotifyStore } from './notifications.ts';
import { openCatalog } from './open-catalog.ts';
import { createProofStore, type ProofStore } from './proofs.ts';
import { serversOnDisk } from './rebuild.ts';
import { createRetentionStore, createScheduleStore } from './schedules.ts';
import { createServerStore, type ServerStore } from './servers.ts';
import { createKeyValueStore, type KeyValueStore } from './site.ts';

export interface Catalog {
  site: KeyValueStore;
  servers: ServerStore;
  instances: InstanceStore;
  jobs: JobStore;
  messages: MessageStore;
  failover: FailoverStore;
  proofs: ProofStore;
  schedules: ScheduleStore;
  retention: RetentionStore;
  drills: DrillStore;
  notifications: NotifyStore;
  /** Where a damaged catalog was kept when this one had to be started anew. */
  damagedCopy: string | null;
  /** Servers that were taken over into a new catalog because the old one was damaged or gone. */
  recovered: string[];
  close(): void;
}

/** Opens the catalog of a data folder. When it is damaged or gone, the servers are taken over from what lies beside it. Throws as openCatalog. */
export function createCatalog(dataFolder: string, now: number): Catalog {
  const missing = !fs.existsSync(path.join(dataFolder, 'catalog.db'));
  const { db, damagedCopy } = openCatalog(dataFolder, now);
  const servers = createServerStore(db, dataFolder);
  const recovered = damagedCopy || missing ? serversOnDisk(dataFolder, now) : [];
  for (const server of recovered) servers.save(server);
  return {
    site: createKeyValueStore(db),
    servers,
    instances: createInstanceStore(db),
    jobs: createJobStore(db),
    messages: createMessageStore(db),
    failover: createFailoverStore(db),
    proofs: createProofStore(db),
    schedules: createScheduleStore(db),
    retention: createRetentionStore(db),
    drills: createDrillStore(db),
    notifications: createNotifyStore(db),
    damagedCopy,
    recovered: recovered.map((server) => server.name),
    close: () => db.close(),
  };
}
