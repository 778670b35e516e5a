// The seam to the demo lab: what the lab needs from the engine, and what the engine needs from the lab.
//
// The lab is three servers on this machine under `<dataFolder>/lab/`, a directory database, a failover group and a client that
// keeps writing. It lives outside the engine's core and acts only through `LabPorts`, that is, through the same services as an
// administrator. The engine owns the switch: `demo.open` runs `open` inside a job, `demo.power` runs `power`, `demo.close` runs
// `close` and then removes the lab's servers from the site (files stay). The engine calls `open` again after a restart when the
// lab was open, so `open` takes over whatever exists already instead of making it a second time.
import type { BackupType } from '../contract/backup.ts';
import type { GroupConfig, GroupView } from '../contract/failover.ts';
import type { Job } from '../contract/jobs.ts';
import type { DemoView, InstanceView, ServerView } from '../contract/site.ts';
import type { JobContext } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';

export interface LabPorts {
  /** `<dataFolder>/lab`; exists. */
  folder: string;
  clock: Clock;
  servers(): ServerView[];
  instances(): InstanceView[];
  groups(): GroupView[];
  /** Adds a server that belongs to the lab, root `<folder>/<name>`, and resolves when its agent answers. One that exists is kept. */
  addServer(name: string): Promise<ServerView>;
  /** Protects `path` on a server of the lab with logging and WAL; one that exists is kept. */
  protect(server: string, instance: string, path: string): Promise<{ instanceId: string }>;
  createGroup(instanceId: string, name: string): Promise<{ groupId: string }>;
  applyGroup(groupId: string, config: GroupConfig): Promise<void>;
  /** Runs a backup cycle of the group and resolves when its job has ended, however it did. */
  backupGroup(groupId: string, type: BackupType): Promise<Job>;
  /** The outage switch: off kills the agent at once and keeps it from being restarted, on starts it again. */
  power(server: string, on: boolean): Promise<void>;
  /** The view of the lab has changed. */
  changed(): void;
}

export interface LabController {
  /** Sets up what is missing and starts the client. Idempotent; expected failures are HoldfastErrors. */
  open(ports: LabPorts, job: JobContext): Promise<void>;
  /** Throws NOT_FOUND for a server that is not of the lab. */
  power(server: string, on: boolean): Promise<void>;
  /** Ends the client. The engine stops and forgets the servers afterwards. */
  close(): Promise<void>;
  view(): DemoView;
}
