// One drill: choose, check the space, restore into a throw-away folder, count, ask, clear up; the report says how far it came.

import path from 'node:path';
import type { DrillConfig, DrillProbeResult, DrillReport, DrillStep, MeasureEvent } from '../contract/drills.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { RestoreResult } from '../contract/restore.ts';
import type { JobContext } from '../jobs/types.ts';
import { bytesText, countText } from '../platform/size-text.ts';
import { formatStamp } from '../vectors/stamp.ts';
import { compareTables, judgeProbe, pickMoment } from './judge.ts';
import type { DrillAgent, DrillPorts, DrillSources } from './types.ts';

export interface DrillOrder {
  id: string;
  config: DrillConfig;
  trigger: DrillReport['trigger'];
  /** A moment that was asked for; it counts more than the configuration's `point`. */
  until: number | null;
  /** The last report of a drill that passed. */
  before: DrillReport | null;
}

const STEPS = ['Choose the backups', 'Check the space', 'Restore and check', 'Ask the database', 'Clear up'];
/** Beside the database itself: its log, the agent's own files. */
const SPARE_BYTES = 32 * 1024 * 1024;

/** Never throws for a failure of the drill itself: that is in the report. The folder is gone when it returns. */
export async function runDrill(ports: DrillPorts, order: DrillOrder, job: JobContext): Promise<DrillReport> {
  const drill = new Drill(ports, order, job);
  try {
    await drill.work();
  } catch (error) {
    drill.failed(error);
  } finally {
    await drill.clearUp();
  }
  return drill.report();
}

class Drill {
  private readonly ports: DrillPorts;
  private readonly order: DrillOrder;
  private readonly job: JobContext;
  private readonly folder: string;
  private readonly startedAt: number;
  private readonly steps: DrillStep[] = STEPS.map((name) => ({
    name,
    status: 'waiting',
    durationMs: null,
    detail: '',
  }));
  private began = 0;
  private release = () => {};
  private agent: DrillAgent | null = null;
  private sources: DrillSources | null = null;
  private until: number | null = null;
  private result: RestoreResult | null = null;
  private restoreMs: number | null = null;
  private databaseBytes: number | null = null;
  private counted: { name: string; rows: number | null }[] = [];
  private probes: DrillProbeResult[] = [];
  private error: DrillReport['error'] = null;
  private cancelled = false;
  private readonly warnings: DrillReport['warnings'] = [];

  constructor(ports: DrillPorts, order: DrillOrder, job: JobContext) {
    this.ports = ports;
    this.order = order;
    this.job = job;
    this.startedAt = ports.clock.now();
    const { config } = order;
    const name = config.instanceId.replace(/[^A-Za-z0-9-]+/g, '-');
    const base = config.folder ?? ports.place(config.instanceId)?.folder ?? '';
    this.folder = path.join(base, `holdfast-drill-${name}-${order.id.slice(0, 8)}`);
    this.probes = config.probes.map((probe) => judgeProbe(probe, null));
  }

  async work(): Promise<void> {
    const target = path.join(this.folder, 'restored.db');
    const sources = await this.inStep(0, () => this.choose(target));
    await this.inStep(1, () => this.checkSpace(sources));
    await this.inStep(2, () => this.restore(sources, target));
    await this.inStep(3, () => this.measure(sources));
  }

  private async choose(target: string): Promise<{ value: DrillSources; detail: string }> {
    const { ports, order } = this;
    const { instanceId, point } = order.config;
    if (!ports.place(instanceId)) throw new HoldfastError('NOT_FOUND', `There is no instance ${instanceId}`);
    this.until = order.until;
    if (this.until === null && point === 'random') {
      const { spans } = await ports.moments(instanceId);
      this.until = pickMoment(spans, ports.random);
    }
    // The folder is remembered before it is there: whatever happens, it goes.
    ports.store.keepFolder(this.folder, null);
    ports.makeFolder(this.folder);
    const sources = await ports.sources(instanceId, target, this.until);
    if (sources.refusal) throw sources.refusal;
    this.sources = sources;
    this.release = ports.hold([...sources.files, ...sources.logs], 'a restore drill');
    const logs = sources.logs.length;
    return {
      value: sources,
      detail: `${sources.files.length} backup ${sources.files.length === 1 ? 'file' : 'files'}, ${logs} ${logs === 1 ? 'log' : 'logs'}`,
    };
  }

  private async checkSpace(sources: DrillSources): Promise<{ value: undefined; detail: string }> {
    const needed = Math.ceil(sources.databaseBytes * 1.1) + SPARE_BYTES;
    const free = this.ports.freeBytes(this.folder);
    const text = `${bytesText(needed)} needed, ${bytesText(free)} free`;
    if (free < needed)
      throw new HoldfastError('NO_SPACE', `The drill has no room in ${path.dirname(this.folder)}: ${text}`);
    return { value: undefined, detail: text };
  }

  private async restore(sources: DrillSources, target: string): Promise<{ value: undefined; detail: string }> {
    const { clock } = this.ports;
    const agent = await this.ports.launch(this.folder, sources.folders);
    this.agent = agent;
    this.ports.store.keepFolder(this.folder, agent.pid);
    const began = clock.monotonic();
    const options = { ...sources.options, log: path.join(this.folder, 'drill.log'), activate: true, open: false };
    for await (const event of await agent.api.restoreToFile({ path: target, options }, { signal: this.job.signal })) {
      if (event.kind === 'log') this.job.log('info', event.line);
      else if (event.kind === 'failed') throw HoldfastError.fromReport(event.error);
      else if (event.kind === 'view') this.progress(2, event.view.progress.done, event.view.progress.total);
      else this.result = event.result;
    }
    this.job.signal.throwIfAborted();
    this.restoreMs = clock.monotonic() - began;
    const { result } = this;
    if (!result) throw new HoldfastError('INTERNAL', 'The restore of the drill ended without a result');
    // The activation itself needs the check; a drill must be able to point at it.
    if (result.verify.integrity !== 'ok')
      throw new HoldfastError('INTEGRITY_FAILED', 'SQLite found the restored database damaged');
    return { value: undefined, detail: `every block and the whole database checked, ${bytesText(sources.bytes)} read` };
  }

  private async measure(sources: DrillSources): Promise<{ value: undefined; detail: string }> {
    const { config } = this.order;
    const agent = this.agent!;
    const answers = new Map<number, Extract<MeasureEvent, { kind: 'probe' }>>();
    let asking = 'the tables';
    try {
      const probes = config.probes.map((probe) => probe.sql);
      const stream = await agent.api.measure({ databases: sources.databases, probes }, { signal: this.job.signal });
      const events = stream[Symbol.asyncIterator]();
      for (;;) {
        const { value: event, done } = await this.inTime(events.next(), () => asking);
        if (done || !event) break;
        if (event.kind === 'asking') asking = event.what;
        else if (event.kind === 'table') this.counted.push({ name: event.name, rows: event.rows });
        else if (event.kind === 'probe') answers.set(event.index, event);
        else this.databaseBytes = event.bytes;
      }
    } finally {
      this.probes = config.probes.map((probe, index) => judgeProbe(probe, answers.get(index) ?? null));
    }
    this.job.signal.throwIfAborted();
    const rows = this.counted.reduce((sum, table) => sum + (table.rows ?? 0), 0);
    this.judge();
    const probes = this.probes.length === 0 ? '' : `, ${countText(this.probes.length, 'probe')} passed`;
    return {
      value: undefined,
      detail: `${countText(this.counted.length, 'table')}, ${countText(rows, 'row')}${probes}`,
    };
  }

  /** A statement in SQLite can only be stopped together with its process, which is the drill's own. */
  private async inTime<T>(next: Promise<T>, asking: () => string): Promise<T> {
    const { timeLimitMs } = this.order.config;
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.job.signal]);
    const late = this.ports.clock.sleep(timeLimitMs, signal).then(() => {
      const what = asking();
      this.agent?.kill();
      throw new HoldfastError('DRILL_FAILED', `${what} took longer than ${timeLimitMs / 1000} s and was stopped`);
    });
    try {
      return await Promise.race([next, late]);
    } finally {
      timer.abort();
      late.catch(() => {});
      next.catch(() => {});
    }
  }

  private judge(): void {
    const failed = this.probes.filter((probe) => probe.status !== 'passed');
    if (failed.length > 0) {
      const texts = failed.map((probe) => `${probe.name}: ${probe.problem}`);
      throw new HoldfastError('DRILL_FAILED', texts.join('; '));
    }
    const gone = this.compared().gone;
    if (gone.length > 0) this.warnings.push({ name: 'tablesGone', message: `Not there any more: ${gone.join(', ')}` });
    for (const { name, rows } of this.counted)
      if (rows === null) this.warnings.push({ name: 'notCounted', message: `${name} could not be counted` });
  }

  private async inStep<T>(index: number, work: () => Promise<{ value: T; detail: string }>): Promise<T> {
    const { clock } = this.ports;
    const step = this.steps[index]!;
    this.job.signal.throwIfAborted();
    this.began = clock.monotonic();
    step.status = 'running';
    this.progress(index, 0, null);
    const { value, detail } = await work();
    Object.assign(step, { status: 'done', detail, durationMs: clock.monotonic() - this.began });
    this.job.log('info', `${step.name}: ${detail}`);
    return value;
  }

  private progress(index: number, done: number, total: number | null): void {
    const phase = STEPS[index] ?? '';
    this.job.report({ phase, phaseIndex: index + 1, phaseCount: STEPS.length, done, total, unit: 'bytes' });
  }

  failed(error: unknown): void {
    this.cancelled = this.job.signal.aborted;
    this.error = this.cancelled ? new HoldfastError('CANCELLED').report() : toErrorReport(error);
    const step = this.steps.find((one) => one.status === 'running');
    const durationMs = this.ports.clock.monotonic() - this.began;
    if (step) Object.assign(step, { status: 'failed', detail: this.error.message, durationMs });
  }

  /** Ends the agent before its folder goes; what cannot be removed now is tried again for as long as the engine lives. */
  async clearUp(): Promise<void> {
    const { ports } = this;
    const step = this.steps.at(-1)!;
    const began = ports.clock.monotonic();
    try {
      if (this.cancelled) this.agent?.kill();
      await this.agent?.end();
      await ports.removeFolder(this.folder);
      if (ports.folderExists(this.folder)) throw new Error(`${this.folder} is still there`);
      ports.store.dropFolder(this.folder);
      Object.assign(step, { status: 'done', detail: 'the folder is gone' });
    } catch (error) {
      const { message } = toErrorReport(error);
      Object.assign(step, { status: 'failed', detail: message });
      this.warnings.push({ name: 'notCleared', message: `${this.folder} is not gone yet: ${message}` });
    } finally {
      step.durationMs = ports.clock.monotonic() - began;
      this.release();
    }
    for (const one of this.steps) if (one.status === 'waiting') one.status = 'skipped';
  }

  private compared() {
    return compareTables(this.counted, this.order.before?.tables ?? null);
  }

  report(): DrillReport {
    const { config, id, trigger } = this.order;
    const { result, sources } = this;
    return {
      id,
      instanceId: config.instanceId,
      jobId: this.job.id,
      trigger,
      startedAt: this.startedAt,
      endedAt: this.ports.clock.now(),
      status: this.error === null ? 'passed' : this.cancelled ? 'cancelled' : 'failed',
      error: this.error,
      idtag: sources?.idtag ?? null,
      files: sources?.files ?? [],
      logs: sources?.logs.length ?? 0,
      until: this.until,
      reachedAt: result?.restoredTo ?? null,
      lastCommit: result?.lastCommit ? formatStamp(result.lastCommit) : null,
      restoreMs: this.restoreMs,
      bytes: sources?.bytes ?? 0,
      databaseBytes: this.databaseBytes,
      steps: this.steps,
      ...this.compared(),
      probes: this.probes,
      warnings: this.warnings,
    };
  }
}
