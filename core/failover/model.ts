// What the decisions of a failover group are made of: what is remembered, what is watched, what is observed, and what can be done.
import type { BackupType } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import type { GroupConfig, GroupState, HistoryEntry } from '../contract/failover.ts';
import type { GroupStateId } from '../contract/group-records.ts';
import type { InstanceRole, InstanceState } from '../contract/instance.ts';
import type { Message } from '../contract/site.ts';
import type { Operation } from './operation.ts';

/** What must survive a crash of the engine about one member. */
export interface MemberMemory {
  /** Replica number for life, never given to another member. */
  replica: number;
  lastBackupAt: number | null;
  lastRestoreAt: number | null;
  /** Time of the newest commit in the copy; null when it never received one. */
  dataTime: number | null;
  /** Whether a full backup was ever restored into it; the first master counts as restored. */
  restored: boolean;
  /** Why it may become active only by typed confirmation; null when it follows the active database. */
  diverged: string | null;
  /** The next backup that it gets must be the whole chain. */
  chainLost: boolean;
  error: string | null;
  /** Fenced on purpose by the administrator: nothing unfences it but the administrator. */
  heldFenced: boolean;
  /** It was left as the active one without a durable fence (by lease, or on the administrator's word): the fence is still to be set. */
  unproved: boolean;
}

/** What must survive a crash of the engine about a group. */
export interface GroupMemory {
  /** The highest term ever given out; only grows. */
  term: number;
  /** The term under which the active database serves; at most `term`. */
  activeTerm: number;
  activeId: string;
  /** The member whose agent has confirmed a lease since it became active: only then does silence mean that it fences itself. */
  leasedId: string | null;
  members: Record<string, MemberMemory>;
  nextReplica: number;
  lastFullAt: number | null;
  lastDifferentialAt: number | null;
  /** Last finished contingency full and differential while a backup database is active. */
  lastContingencyFullAt: number | null;
  lastContingencyAt: number | null;
  /** A full backup is wanted as soon as possible, with the reason. */
  fullWanted: string | null;
  outOfSync: { since: number; reason: string } | null;
  blocked: { since: number; reason: string } | null;
  /** The master was lost while active, and came back. */
  masterLostAt: number | null;
  masterBackAt: number | null;
  /** Set by a manual switch: no automatic reconnection until the master was lost and came back. */
  stayOnBackup: boolean;
  /** When the active database took over, and how much its origin had then: what was added since is what a reconnection leaves behind. */
  promotedAt: number | null;
  promotedSeq: number | null;
  /** Durations measured at the copies, ms: newest full, newest incremental. */
  measured: { fullMs: number | null; incrementalMs: number | null; incrementalsSinceFull: number };
  /** Copies that were removed from the list and that their agents have not let go yet. */
  toRelease?: { server: string; instance: string }[];
  /** The newest backup of the group's cycles, and whose it is; absent until there is one. */
  head?: BackupHead;
  /** Group contingency backups, oldest first. */
  contingencies: ContingencyMemory[];
  /** Which state of the group its members were last told of; absent in memories of earlier versions. */
  told?: ToldState;
  /** The group came back from its members' files: it does nothing until the administrator has confirmed it. */
  review?: { since: number; why: string };
}

export interface ToldState extends GroupStateId {
  takenOver: GroupStateId[];
  /** What a record says, to see whether it has changed. */
  facts: string;
}

export interface BackupHead {
  memberId: string;
  folder: string;
  idtag: string;
  type: BackupType;
  files: string[];
  consistentAt: number;
}

export interface ContingencyMemory {
  id: string;
  memberId: string;
  server: string;
  instance: string;
  takenAt: number;
  dataTime: number | null;
  reason: string;
  type: BackupType;
  /** Full first, then the incrementals up to this one; the files of each in order. */
  chain: string[][];
  bytes: number;
  /** What it holds; absent in entries of earlier versions. */
  vector?: Vector;
}

/** What the running engine keeps in mind between two rounds; starts afresh with it. Times by the clock of decisions. */
export interface Watch {
  /** First round that found the active database failed; null while it is well. */
  failedSince: number | null;
  /** The instance is missing from its agent's answer since. */
  missingSince: number | null;
  masterOnlineSince: number | null;
  /** Not before this time are these tried again after a failure. */
  retryFailoverAt: number;
  retryReconnectAt: number;
  retryCycleAt: number;
  /** When the answer came on which the last lease that may be in force is based. At start: the start. */
  leaseBase: number;
  /** When the last order to fence or to change a role ended. */
  roleChangedAt: number;
  /** When the engine started. */
  startedAt: number;
  /** Orders in a row to open the active database that failed. */
  openFailures: number;
  /** Planned changes in a row that failed. */
  reconnectFailures: number;
  /** Copies that could not take a backup although they answered. */
  catchUp: Record<string, CatchUpWatch>;
}

export interface CatchUpWatch {
  failures: number;
  notBefore: number;
}

/** One server's database as the newest answer shows it. */
export interface ObservedInstance {
  role: InstanceRole;
  writable: boolean;
  state: InstanceState;
  term: number;
  problem: string | null;
  fullRequired: boolean;
  fullRequiredReason: string | null;
  outOfSync: boolean;
  outOfSyncReason: string | null;
  restored: boolean;
}

export interface Observation {
  contact: 'online' | 'offline' | 'gone' | 'starting';
  misses: number;
  /** When the newest answer came; null for never. */
  seenAt: number | null;
  /** On another machine; see ServerProbe. */
  remote: boolean;
  /** From the newest answer, however old; null when it had no such instance. */
  instance: ObservedInstance | null;
}

export type Observations = Record<string, Observation>;

export interface DecisionState {
  name: string;
  config: GroupConfig;
  memory: GroupMemory;
  watch: Watch;
  /** The role change that is being carried out; decisions about roles wait for it. */
  operation: Operation | null;
  /** A backup cycle is running. */
  cycling: boolean;
}

export type Proof = 'agent' | 'withoutAgent' | 'lease' | 'operator';

export type Action =
  /** Make sure that `fromId` accepts no more writes, as `proof` says, then make `toId` active. */
  | {
      kind: 'failover';
      fromId: string;
      toId: string;
      proof: Exclude<Proof, 'operator'>;
      why: string;
      detectedAt: number;
    }
  | { kind: 'reconnect'; fromId: string; toId: string; why: string }
  /** A database that is not the active one accepts writes: stop it. */
  | { kind: 'fence'; memberId: string; why: string }
  /** The old active was left without a durable fence: set it, by its agent or, where that has ended, by the file. */
  | { kind: 'prove'; memberId: string; proof: 'agent' | 'withoutAgent' }
  /** A backup database still has the role of a primary. */
  | { kind: 'demote'; memberId: string }
  /** The active database does not serve although nothing speaks against it. */
  | { kind: 'activate'; memberId: string; why: string }
  /** A copy missed a backup and answers again: it gets the newest chain. */
  | { kind: 'catchUp'; memberId: string }
  | { kind: 'cycle'; type: BackupType; contingency: boolean; why: string }
  | { kind: 'renewLease' }
  | { kind: 'note'; entry: Omit<HistoryEntry, 'id' | 'at'> };

/** Messages that stand as long as their condition, by key. */
export type Standing = Record<string, { level: Message['level']; text: string }>;

export interface Decision {
  memory: GroupMemory;
  watch: Watch;
  state: GroupState;
  stateText: string;
  actions: Action[];
  standing: Standing;
}

/** A copy that has received nothing yet. */
export function newMember(replica: number): MemberMemory {
  return {
    replica,
    lastBackupAt: null,
    lastRestoreAt: null,
    dataTime: null,
    restored: false,
    diverged: null,
    chainLost: false,
    error: null,
    heldFenced: false,
    unproved: false,
  };
}

/** The memory of a new group whose only member is the master with this replica number. */
export function newMemory(masterId: string, replica: number, term: number): GroupMemory {
  return {
    term,
    activeTerm: term,
    activeId: masterId,
    leasedId: null,
    members: { [masterId]: { ...newMember(replica), restored: true } },
    nextReplica: replica + 1,
    lastFullAt: null,
    lastDifferentialAt: null,
    lastContingencyFullAt: null,
    lastContingencyAt: null,
    fullWanted: null,
    outOfSync: null,
    blocked: null,
    masterLostAt: null,
    masterBackAt: null,
    stayOnBackup: false,
    promotedAt: null,
    promotedSeq: null,
    measured: { fullMs: null, incrementalMs: null, incrementalsSinceFull: 0 },
    contingencies: [],
  };
}

export function newWatch(now: number): Watch {
  return {
    failedSince: null,
    missingSince: null,
    masterOnlineSince: null,
    retryFailoverAt: 0,
    retryReconnectAt: 0,
    retryCycleAt: 0,
    leaseBase: now,
    roleChangedAt: -1,
    startedAt: now,
    openFailures: 0,
    reconnectFailures: 0,
    catchUp: {},
  };
}
