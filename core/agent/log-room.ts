// Room for the logs of one instance: measures how fast they grow, looks at their volume, and says when it will be full.
import path from 'node:path';
import type { LogSpace } from '../contract/logging.ts';
import type { Files } from '../platform/files.ts';
import { forecastSpace, type GrowthSample, withSample } from '../rollforward/forecast.ts';
import type { LogFile } from '../rollforward/housekeeping.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** Between two looks at the volume, ms. */
const LOOK_MS = 5_000;

export class LogRoom {
  private readonly instance: ProtectedInstance;
  private samples: GrowthSample[] = [];
  private directory: string | null = null;
  private total = 0;
  /** What the capture had written at the last look; a new capture counts from 0. */
  private counted = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private space: LogSpace | null = null;

  constructor(instance: ProtectedInstance) {
    this.instance = instance;
  }

  /** The volume as of a few seconds ago at most; null where it cannot be looked at. `logs` gives the history to begin with. */
  look(logs: () => LogFile[]): LogSpace | null {
    const { clock } = this.instance.agent.deps;
    const now = clock.monotonic();
    const moved = this.directory !== this.instance.facts.logging.directory;
    if (!moved && now - this.lookedAt < LOOK_MS) return this.space;
    this.lookedAt = now;
    this.measure(logs, clock.now());
    this.space = this.assess();
    return this.space;
  }

  private measure(logs: () => LogFile[], at: number): void {
    const { facts, capture } = this.instance;
    if (this.directory !== facts.logging.directory) {
      this.directory = facts.logging.directory;
      this.samples = historyOf(logs(), facts.logging.serial, at);
      this.total = this.samples.at(-1)?.bytes ?? 0;
      this.counted = capture?.bytesWritten ?? 0;
    }
    const written = capture?.bytesWritten ?? 0;
    this.total += written >= this.counted ? written - this.counted : written;
    this.counted = written;
    this.samples = withSample(this.samples, { at, bytes: this.total });
  }

  private assess(): LogSpace | null {
    const { files } = this.instance.agent.deps;
    const { logging, path: database } = this.instance.facts;
    const folder = existing(files, logging.directory);
    try {
      const { bavail, blocks, bsize } = files.statfsSync(folder);
      const freeBytes = bavail * bsize;
      const forecast = forecastSpace(this.samples, freeBytes);
      return {
        freeBytes,
        totalBytes: blocks * bsize,
        ...forecast,
        level: logging.on ? forecast.level : 'ok',
        sharedWithDatabase: files.statSync(folder).dev === files.statSync(path.dirname(database)).dev,
      };
    } catch {
      // A volume that is gone is the capture's error to report.
      return null;
    }
  }
}

/** How the logs of this run grew before anybody measured: each began when all before it were written. */
function historyOf(logs: LogFile[], serial: string | null, now: number): GrowthSample[] {
  let bytes = 0;
  let samples: GrowthSample[] = [];
  for (const log of logs) {
    if (log.serial === null || log.serial !== serial || log.createdAt === null || log.createdAt > now) continue;
    samples = withSample(samples, { at: log.createdAt, bytes });
    bytes += log.bytes;
  }
  return samples.length > 0 ? withSample(samples, { at: now, bytes }) : samples;
}

function existing(files: Files, folder: string): string {
  for (let current = folder; ; current = path.dirname(current))
    if (files.existsSync(current) || path.dirname(current) === current) return current;
}
