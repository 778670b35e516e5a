// The log folder of one instance as housekeeping sees it: what lies there, which of it may go, and letting it go.
import path from 'node:path';
import { scanBackups } from '../backup/catalog.ts';
import { type ErrorName, HoldfastError } from '../contract/errors.ts';
import type { KeptBackup, KeptElsewhere, LogStanding } from '../contract/logging.ts';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { judgeLogs, keptBackup, type LogFile } from '../rollforward/housekeeping.ts';
import { logName, logNumber } from '../rollforward/log-format.ts';
import { listLogs, readLogHeader } from '../rollforward/log-reader.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** How long the picture of the backup folders is good enough for the status; deleting looks anew. */
const KEPT_MS = 5 * 60_000;
/** What a backup folder may hold that is no backup, or none that could ever be restored: it needs no log. */
const HARMLESS: readonly ErrorName[] = ['NOT_A_BACKUP', 'BACKUP_DAMAGED', 'BACKUP_TRUNCATED'];

/** Where else backups of the instance are, as a caller knows it that sees more than this agent. */
export interface OtherPlaces {
  folders: string[];
  elsewhere: KeptElsewhere;
}

export class LogKeeper {
  private readonly instance: ProtectedInstance;
  /** Headers never change once a log is there; keyed by path and inode. */
  private readonly headers = new Map<string, Pick<LogFile, 'serial' | 'createdAt'>>();
  private scan: { at: number; of: string; found: KeptElsewhere } | null = null;
  /** What the last caller knew; held against every log until the next one knows better. */
  private others: OtherPlaces = { folders: [], elsewhere: { kept: [], unreadable: null } };

  constructor(instance: ProtectedInstance) {
    this.instance = instance;
  }

  /** Every log in the folder, ascending. */
  logs(): LogFile[] {
    const { files } = this.instance.agent.deps;
    const { directory } = this.instance.facts.logging;
    const seen = new Set<string>();
    const logs = listLogs(directory, files).flatMap((number): LogFile[] => {
      const file = path.join(directory, logName(number));
      const stat = files.statSync(file, { throwIfNoEntry: false });
      if (!stat) return [];
      const key = `${file} ${stat.ino}`;
      seen.add(key);
      const header = this.headers.get(key) ?? this.readHeader(file);
      if (header.serial !== null) this.headers.set(key, header);
      return [{ number, bytes: stat.size, ...header }];
    });
    for (const key of this.headers.keys()) if (!seen.has(key)) this.headers.delete(key);
    return logs;
  }

  /** The standing of each log. `others` reads the backup folders again, with what the caller knows of further ones. */
  standings(options: { logs?: LogFile[]; current: string; others?: OtherPlaces }): LogStanding[] {
    const { lastFull, fullRequired } = this.instance.facts;
    if (options.others) this.others = options.others;
    const { kept, unreadable } = this.kept(options.others !== undefined);
    const { elsewhere } = this.others;
    return judgeLogs(options.logs ?? this.logs(), {
      current: options.current,
      kept: [...kept, ...elsewhere.kept],
      unreadable: unreadable ?? elsewhere.unreadable,
      newestFull: lastFull?.idtag ?? null,
      fullRequired,
    });
  }

  /**
   * Deletes all of `names` or none, oldest first, so that what a crash leaves has no hole. Throws LOG_NEEDED for a log that is
   * being written or that a kept backup needs, NOT_FOUND for one that is not there, INVALID_INPUT for what is no name of a log.
   */
  delete(names: string[], current: string, others: OtherPlaces): { deleted: string[]; bytes: number } {
    const { files } = this.instance.agent.deps;
    const { directory } = this.instance.facts.logging;
    const standings = new Map(this.standings({ current, others }).map((row) => [row.log, row]));
    const rows = [...new Set(names)].sort().map((name) => {
      if (logNumber(name) === null) throw new HoldfastError('INVALID_INPUT', `${name} is not the name of a log`);
      const row = standings.get(name);
      if (!row) throw new HoldfastError('NOT_FOUND', `There is no log ${name} in ${directory}`);
      if (row.standing === 'safe') return row;
      throw new HoldfastError('LOG_NEEDED', `${name} stays, and nothing was deleted. ${row.reason}`, {
        details: { log: name },
      });
    });
    const deleted: string[] = [];
    let bytes = 0;
    try {
      for (const row of rows) {
        files.unlinkSync(path.join(directory, row.log));
        deleted.push(row.log);
        bytes += row.bytes;
      }
    } finally {
      if (deleted.length > 0) fsyncFolder(files, directory);
    }
    return { deleted, bytes };
  }

  private readHeader(file: string): Pick<LogFile, 'serial' | 'createdAt'> {
    try {
      const { serial, createdAt } = readLogHeader(file, this.instance.agent.deps.files);
      return { serial, createdAt };
    } catch {
      // A log that cannot be read stays; what is wrong with it is the catalogue's to say.
      return { serial: null, createdAt: null };
    }
  }

  private kept(fresh: boolean): KeptElsewhere {
    const { agent, facts } = this.instance;
    const now = agent.deps.clock.monotonic();
    const all = this.folders(this.others.folders);
    const of = JSON.stringify([all, facts.chain?.serial ?? null]);
    if (!fresh && this.scan?.of === of && now - this.scan.at < KEPT_MS) return this.scan.found;
    const found = scanKept(all, this.instance.first ? this.instance.backendId : null, agent.deps.files);
    this.scan = { at: now, of, found };
    return found;
  }

  /** Where backups of the instance were written, as far as is known here, and where else the caller knows of some. */
  private folders(given: string[]): string[] {
    const { agent, facts } = this.instance;
    const marks = [facts.lastFull, facts.lastIncremental].filter((mark) => mark !== null);
    const own = marks.map(({ file }) => path.dirname(file));
    return [...new Set([...own, ...given.map((folder) => agent.allowed(folder))])];
  }
}

function scanKept(folders: string[], further: string | null, files: Files): KeptElsewhere {
  const kept: KeptBackup[] = [];
  for (const folder of folders) {
    try {
      const { infos, unusable } = scanBackups([folder], files);
      const unknown = unusable.find(({ error }) => !HARMLESS.includes(error.name));
      if (unknown) return { kept, unreadable: unknown.file };
      for (const info of infos) kept.push(keptBackup(info, further));
    } catch {
      return { kept, unreadable: folder };
    }
  }
  return { kept, unreadable: null };
}
