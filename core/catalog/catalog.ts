// The engine's memory: every table behind a small store of its own.
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
import {
  lateDrills,
  lateHistory,
  lateJobs,
  lateMessages,
  lateNotifications,
  lateProofs,
  lateSchedules,
} from './late-stores.ts';
import { createLateWrites, type LateWrites } from './late-writes.ts';
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
  /** Records that the disk refused and that wait for it. */
  late: LateWrites;
  /** Where a damaged catalog was kept when this one had to be started anew. */
  damagedCopy: string | null;
  /** Servers that were taken over into a new catalog because the old one was damaged or gone. */
  recovered: string[];
  close(): void;
}

/** Opens the catalog of a data folder. When it is damaged or gone, the servers are taken over from what lies beside it. Throws as openCatalog. */
export function createCatalog(dataFolder: string, now: number): Catalog {
  const { db, damagedCopy } = openCatalog(dataFolder, now);
  const late = createLateWrites(db);
  const servers = createServerStore(db, dataFolder, late);
  // Also after a start that was cut off, or refused by the disk, between a new catalog and the servers in it.
  const recovered = servers.list().length === 0 ? serversOnDisk(dataFolder, now) : [];
  servers.saveAll(recovered);
  return {
    site: createKeyValueStore(db),
    servers,
    instances: createInstanceStore(db),
    jobs: lateJobs(createJobStore(db), late),
    messages: lateMessages(createMessageStore(db), late),
    failover: lateHistory(createFailoverStore(db), late),
    proofs: lateProofs(createProofStore(db), late),
    schedules: lateSchedules(createScheduleStore(db), late),
    retention: createRetentionStore(db),
    drills: lateDrills(createDrillStore(db), late),
    notifications: lateNotifications(createNotifyStore(db), late),
    late,
    damagedCopy,
    recovered: recovered.map((server) => server.name),
    close: () => db.close(),
  };
}
