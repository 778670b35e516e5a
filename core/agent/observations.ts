// What the agent sees around one protected file beside its own work: its logs and their room, the WAL, hazards, and what logging waits for.
import type { ErrorReport } from '../contract/errors.ts';
import type { LogSpace } from '../contract/logging.ts';
import { HazardScan } from './hazard-scan.ts';
import { LogKeeper } from './log-keeper.ts';
import { LogRoom } from './log-room.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { WalWatch } from './wal-watch.ts';

export class Observations {
  readonly logs: LogKeeper;
  readonly wal: WalWatch;
  readonly hazards: HazardScan;
  private readonly room: LogRoom;
  /** Why logging, although on, does not run: it is tried again at every beat, and the database stays open. */
  waiting: ErrorReport | null = null;
  /** When beginning to log was tried last; monotonic. */
  triedAt = Number.NEGATIVE_INFINITY;
  /** When it was told that somebody unknown holds the WAL; monotonic. */
  pinToldAt = Number.NEGATIVE_INFINITY;
  /** Why the state does not keep up with the logs. */
  lagging: ErrorReport | null = null;
  /** The volume of the logs was full and the settings say that logging then ends; done at the next beat. */
  stopDue = false;

  constructor(instance: ProtectedInstance) {
    this.logs = new LogKeeper(instance);
    this.wal = new WalWatch(instance);
    this.hazards = new HazardScan(instance);
    this.room = new LogRoom(instance);
  }

  /** Of the volume of the logs; null where it cannot be looked at. */
  space(): LogSpace | null {
    return this.room.look(() => this.logs.logs());
  }

  get error(): ErrorReport | null {
    return this.waiting ?? this.lagging;
  }
}
