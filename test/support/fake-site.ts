// A whole engine over a machine of fake agents, with a clock that the test moves.
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Job } from '../../core/contract/jobs.ts';
import type { SiteSnapshot } from '../../core/contract/site.ts';
import { createEngine, type Engine, type EngineOptions } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { createFakeMachine, type FakeMachine } from './fake-agent.ts';
import { FakeClock } from './fake-clock.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface FakeSite {
  folder: string;
  clock: FakeClock;
  machine: FakeMachine;
  engine: Engine;
  api: ConsoleApi;
  snapshot(): SiteSnapshot;
  /** Lets `ms` of the fake clock pass, in steps, with everything that follows from it. */
  pass(ms: number): Promise<void>;
  /** Waits for something that needs time to pass. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass until the job has ended. */
  ended(jobId: string): Promise<Job>;
  /** Ends this engine and starts another on the same data. */
  restart(options?: Partial<EngineOptions>): Promise<FakeSite>;
  /** A file that can be protected; the fake agents never open it. */
  database(name: string): string;
}

interface Shared {
  folder: string;
  clock: FakeClock;
  machine: FakeMachine;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export async function startFakeSite(given?: Shared, options: Partial<EngineOptions> = {}): Promise<FakeSite> {
  const clock = given?.clock ?? new FakeClock();
  const shared = given ?? { folder: temporaryFolder(), clock, machine: createFakeMachine(clock) };
  const { folder, machine } = shared;
  const dataFolder = path.join(folder, 'data');
  const engine = createEngine({ dataFolder, host: 'headless', launcher: machine.launcher, clock, ...options });
  await engine.start();
  const site: FakeSite = {
    ...shared,
    engine,
    api: inProcessConsole(engine.router),
    snapshot: () => engine.snapshot(),
    async pass(ms) {
      for (let left = ms; left > 0; left -= 100) {
        await turn();
        clock.advance(Math.min(100, left));
        await turn();
      }
    },
    async during(work) {
      let open = true;
      const ended = work.finally(() => {
        open = false;
      });
      ended.catch(() => {});
      for (let n = 0; n < 2_000 && open; n++) await site.pass(100);
      return await ended;
    },
    async ended(jobId) {
      for (let n = 0; n < 2_000; n++) {
        const { job } = await site.api.jobs.log({ jobId });
        if (job.endedAt !== null) return job;
        await site.pass(100);
      }
      throw new Error(`job ${jobId} does not end`);
    },
    async restart(more = {}) {
      await site.during(engine.stop());
      return await startFakeSite(shared, more);
    },
    database(name) {
      const file = path.join(folder, 'databases', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, '');
      return file;
    },
  };
  onTestFinished(() => site.during(engine.stop()));
  return site;
}

/** A site with one protected database, `SRV-1/Directory`. */
export async function protectedSite(): Promise<FakeSite> {
  const site = await startFakeSite();
  await site.during(site.api.servers.add({ name: 'SRV-1', root: null }));
  const request = { server: 'SRV-1', name: 'Directory', path: site.database('directory.db') };
  await site.during(site.api.instances.protect({ ...request, backupFolder: null, logging: true, switchToWal: false }));
  await site.pass(1_500);
  return site;
}

export async function refused(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'was not refused',
    (error: unknown) => (error as Error).name,
  );
}
