// Looks for hazards around one instance now and then: collects what the rules judge, and keeps the last report.
import path from 'node:path';
import type { HazardReport } from '../contract/logging.ts';
import { LibraryReader } from '../sqlite/library-version.ts';
import { holdsExclusive, locksOn, processName } from '../sqlite/lock-table.ts';
import { isNetworkFileSystem, mountOf, readMounts } from '../sqlite/mounts.ts';
import { describeOpeners, factsOf, findHazards, type HazardObservations, type SeenOpener } from './hazard-rules.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** Between two scans, ms; the first follows as soon as the database is open. */
const SCAN_MS = 3 * 60_000;

export class HazardScan {
  private readonly instance: ProtectedInstance;
  private readonly libraries: LibraryReader;
  private scannedAt = Number.NEGATIVE_INFINITY;
  private running: Promise<HazardReport> | null = null;
  /** Null before the first scan. */
  last: HazardReport | null = null;

  constructor(instance: ProtectedInstance) {
    this.instance = instance;
    this.libraries = new LibraryReader(instance.agent.deps.files);
  }

  /** Begins a scan when one is due; what goes wrong goes to `failed`. */
  whenDue(failed: (error: unknown) => void): void {
    const { clock } = this.instance.agent.deps;
    if (!this.instance.owner || this.running || clock.monotonic() - this.scannedAt < SCAN_MS) return;
    this.scan().catch(failed);
  }

  /** Scans now; one scan at a time, whoever asks meanwhile gets the same answer. */
  scan(): Promise<HazardReport> {
    this.running ??= this.collect().finally(() => {
      this.running = null;
      this.scannedAt = this.instance.agent.deps.clock.monotonic();
    });
    return this.running;
  }

  private async collect(): Promise<HazardReport> {
    const { instance } = this;
    const { files, clock } = instance.agent.deps;
    const openers: SeenOpener[] = [];
    for (const { pid, name } of instance.owner?.holders() ?? [])
      openers.push({ pid, program: name, libraries: await this.libraries.of(pid) });
    const seen = observe(instance, openers);
    // A program that ended meanwhile could not be read, and endangers nothing any more.
    seen.openers = openers.filter(({ pid, libraries }) => libraries.length > 0 || files.existsSync(`/proc/${pid}`));
    this.last = {
      at: clock.now(),
      hazards: findHazards(seen),
      openers: describeOpeners(seen.openers),
      facts: factsOf(seen),
    };
    return this.last;
  }
}

function observe(instance: ProtectedInstance, openers: SeenOpener[]): HazardObservations {
  const { files } = instance.agent.deps;
  const { owner, facts, observed } = instance;
  const info = owner?.info() ?? null;
  const traits = owner?.traits() ?? null;
  const mount = mountOf(facts.path, readMounts(files));
  const folder = path.dirname(facts.path);
  const { bavail, blocks, bsize } = files.statfsSync(folder);
  const lock = info ? holdsExclusive(locksOn(files, info.inode, 0)) : null;
  const exclusive = lock && lock.pid !== process.pid ? { pid: lock.pid, program: processName(files, lock.pid) } : null;
  observed.wal.look();
  return {
    journal: info?.journal ?? null,
    pageSize: info?.pageSize ?? instance.pageSize(),
    autoVacuum: traits?.autoVacuum ?? null,
    encoding: traits?.encoding ?? null,
    synchronous: traits?.synchronous ?? null,
    openers,
    exclusive,
    fileSystem: mount?.type ?? null,
    network: mount !== null && isNetworkFileSystem(mount.type),
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    logging: facts.logging.on,
    logsBesideDatabase: observed.space()?.sharedWithDatabase ?? false,
    pins: observed.wal.pins(),
    foreign: observed.wal.foreign,
    ownVersion: instance.agent.sqliteVersion,
  };
}
