// An engine with real agents in this process, real files and a clock whose time of day the test sets; waiting takes real time.
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { Agent } from '../../core/agent/agent.ts';
import { createAgentRouter } from '../../core/agent/router.ts';
import type { AgentLauncher } from '../../core/agent/types.ts';
import type { RestoreRequest } from '../../core/contract/console.ts';
import type { Job } from '../../core/contract/jobs.ts';
import { type RestoreResult, restoreOptionsSchema } from '../../core/contract/restore.ts';
import { createEngine, type Engine } from '../../core/engine.ts';
import { type Clock, systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { inProcessAgent, inProcessConsole } from '../../core/rpc/serve.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Runs like any clock, from a time of day that is set; what is measured in it never jumps. */
export class SetClock implements Clock {
  private offset = 0;
  /** From now on it is this time, ms since 1970. */
  set(time: number): void {
    this.offset = time - systemClock.now();
  }
  now = () => Math.round(systemClock.now() + this.offset);
  monotonic = () => systemClock.monotonic();
  sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal);
}

export interface RealSite {
  folder: string;
  data: string;
  clock: SetClock;
  engine: Engine;
  api: ConsoleApi;
  agent(server: string): Agent;
  ended(jobId: string): Promise<Job>;
  backUp(instanceId: string, type: 'full' | 'incremental'): Promise<Job>;
  /** Plans, confirms and carries out; the plan's refusal or the job's failure is thrown. */
  restore(request: Partial<RestoreRequest> & Pick<RestoreRequest, 'target'>): Promise<RestoreResult>;
  /** The engine ends in an orderly way; another can be started on the same folder. */
  stop(): Promise<void>;
}

export const requestOf = (request: Partial<RestoreRequest> & Pick<RestoreRequest, 'target'>): RestoreRequest => {
  const { activate, open, skipVerify, override, keepLogSettings, peers } = restoreOptionsSchema.parse({
    file: '',
    log: '',
  });
  const usual = { activate, open, skipVerify, override, keepLogSettings, peers };
  return { instanceId: '', idtag: null, useLogs: true, until: null, ...usual, ...request };
};

export async function startRealSite(folder = temporaryFolder(), clock = new SetClock()): Promise<RealSite> {
  const agents = new Map<string, Agent>();
  const launcher: AgentLauncher = {
    async launch(spec) {
      const agent = await Agent.start(spec, { files: systemFiles, clock });
      agents.set(spec.name, agent);
      const kill = () => void agent.stop();
      return { api: inProcessAgent(createAgentRouter(agent)), pid: process.pid, exited: agent.ended, kill };
    },
  };
  const data = path.join(folder, 'data');
  const engine = createEngine({ dataFolder: data, host: 'headless', launcher, clock });
  await engine.start();
  onTestFinished(() => engine.stop());
  const api = inProcessConsole(engine.router);
  const site: RealSite = {
    ...{ folder, data, clock, engine, api },
    agent: (server) => agents.get(server) as Agent,
    async ended(jobId) {
      const find = async () => (await api.jobs.log({ jobId })).job;
      await expect.poll(async () => (await find()).endedAt, { timeout: 60_000, interval: 20 }).not.toBeNull();
      return await find();
    },
    async backUp(instanceId, type) {
      const { jobId } = await api.backup.start({ instanceId, type });
      const job = await site.ended(jobId);
      expect(job.error).toBeNull();
      return job;
    },
    async restore(given) {
      const plan = await api.restore.plan(requestOf(given));
      const { jobId } = await api.restore.start({ token: plan.token, typed: plan.typedName });
      const job = await site.ended(jobId);
      expect(job.error).toBeNull();
      let last: RestoreResult | null = null;
      for await (const { result } of await api.restore.watch({ jobId })) last = result;
      if (!last) throw new Error(`no result of ${jobId}`);
      return last;
    },
    stop: () => engine.stop(),
  };
  return site;
}
