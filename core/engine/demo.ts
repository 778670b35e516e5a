// The demo lab behind its switch: opening it as a job, its power switches, and taking it down again.
import fs from 'node:fs';
import path from 'node:path';
import type { KeyValueStore } from '../catalog/site.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView } from '../contract/failover.ts';
import type { Job } from '../contract/jobs.ts';
import type { DemoView } from '../contract/site.ts';
import type { FailoverService } from '../failover/types.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { Clock } from '../platform/clock.ts';
import type { Instances } from './instances.ts';
import type { LabController, LabPorts } from './lab.ts';
import type { Protection } from './protection.ts';
import type { Servers } from './servers.ts';
import { CLOSED_DEMO } from './snapshot.ts';

export interface Demo {
  view(): DemoView;
  /** The job that opens it, one that runs already included. Throws NOT_SUPPORTED where there is no lab. */
  open(): string;
  /** Opens it again when it was open at the last end of the engine. */
  resume(): void;
  power(server: string, on: boolean): Promise<void>;
  /** Ends the client, dissolves the lab's groups and forgets its servers; the files of the last closed lab are kept. */
  close(): Promise<void>;
  /** The engine ends: the client goes, the lab stays in the site. */
  leave(): Promise<void>;
}

export interface DemoPorts {
  lab: LabController | null;
  dataFolder: string;
  clock: Clock;
  memory: KeyValueStore;
  servers: Servers;
  instances: Instances;
  protection: Protection;
  failover: FailoverService;
  jobs: JobService;
  changed(): void;
}

const OPEN = 'demo.open';
const LAB_KEY = 'demo';
const MANY_JOBS = 1_000;
const DISSOLVE_ATTEMPTS = 20;

export function createDemo(ports: DemoPorts): Demo {
  const { servers, instances, failover, jobs, memory } = ports;
  const folder = path.join(ports.dataFolder, 'lab');

  function theLab(): LabController {
    if (!ports.lab) throw new HoldfastError('NOT_SUPPORTED', 'This start of Holdfast has no demo lab');
    return ports.lab;
  }

  const labPorts: LabPorts = {
    folder,
    clock: ports.clock,
    servers: () => servers.views(),
    instances: () => instances.views(),
    groups: () => failover.views(),
    async addServer(name) {
      const known = servers.list().some((record) => record.name === name && record.lab);
      if (!known) await servers.add({ name, root: path.join(folder, name), lab: true });
      else await servers.switchOn(name);
      const view = servers.views().find((one) => one.name === name);
      if (!view) throw new HoldfastError('NOT_FOUND', `There is no server ${name}`);
      return view;
    },
    async protect(server, name, file) {
      const known = instances.find(server, name);
      if (known) return { instanceId: known.id };
      const request = { server, name, path: file, backupFolder: null, logging: true, switchToWal: true };
      return { instanceId: (await ports.protection.protect(request)).id };
    },
    createGroup: (instanceId, name) => failover.create(instanceId, name),
    applyGroup: (groupId, config) => failover.apply(groupId, config),
    backupGroup: async (groupId, type) => jobs.wait((await failover.backupNow(groupId, type)).jobId),
    power: (server, on) => servers.power(server, on),
    changed: ports.changed,
  };

  async function endJobs(which: (job: Job) => boolean): Promise<void> {
    const running = jobs.recent(MANY_JOBS).filter((job) => job.endedAt === null && which(job));
    for (const { id, cancelability } of running) if (cancelability !== 'no') jobs.cancel(id);
    for (const { id } of running) await jobs.wait(id);
  }

  /** A group that runs on a copy is closed with that copy as its master: nothing is switched back for it. */
  async function dissolve(group: GroupView): Promise<void> {
    await endJobs((job) => job.groupId === group.id);
    const active = group.members.find((member) => member.active);
    if (active && !active.master) {
      const plan = await failover.plan(group.id, { kind: 'promote', memberId: active.id });
      const { jobId } = await failover.execute(plan.token, plan.typedName);
      await jobs.wait(jobId);
      // A new master gets a full backup at once.
      await endJobs((job) => job.groupId === group.id);
    }
    await failover.remove(group.id);
  }

  /** A cycle may begin between two looks: the group is busy then, and is asked again. */
  async function dissolveInTheEnd(group: GroupView): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const now = failover.views().find((one) => one.id === group.id);
        if (now) await dissolve(now);
        return;
      } catch (error) {
        const busy = error instanceof HoldfastError && error.name === 'BACKUP_ACTIVE';
        if (!busy || attempt === DISSOLVE_ATTEMPTS) throw error;
        await ports.clock.sleep(500);
      }
    }
  }

  function start(): string {
    const lab = theLab();
    const opening = jobs.recent(MANY_JOBS).find((job) => job.kind === 'demo' && job.endedAt === null);
    if (opening) return opening.id;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    memory.set(OPEN, true);
    return jobs.run(
      {
        kind: 'demo',
        title: 'Open the demo lab',
        target: 'Demo lab',
        instanceId: null,
        groupId: null,
        request: null,
        cancelability: 'afterStep',
        exclusive: { key: LAB_KEY, busyError: null },
      },
      async (job) => {
        await lab.open(labPorts, job);
        ports.changed();
        return { verdict: 'The demo lab is open', result: null };
      },
    );
  }

  return {
    view: () => ports.lab?.view() ?? CLOSED_DEMO,
    open: start,
    resume() {
      if (ports.lab && memory.get<boolean>(OPEN)) start();
    },
    power: (server, on) => theLab().power(server, on),
    async close() {
      await endJobs((job) => job.kind === 'demo');
      await theLab().close();
      const lab = new Set(
        servers
          .list()
          .filter((record) => record.lab)
          .map((record) => record.name),
      );
      for (const name of lab) await servers.switchOn(name);
      for (const group of failover.views())
        if (group.members.some((member) => lab.has(member.server))) await dissolveInTheEnd(group);
      for (const instance of instances.list()) if (lab.has(instance.record.server)) instances.forget(instance.id);
      for (const name of lab) await servers.remove(name);
      const closed = `${folder}.closed`;
      fs.rmSync(closed, { recursive: true, force: true });
      if (fs.existsSync(folder)) fs.renameSync(folder, closed);
      memory.set(OPEN, false);
      ports.changed();
    },
    leave: async () => ports.lab?.close(),
  };
}
