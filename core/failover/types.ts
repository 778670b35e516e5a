// What the failover service needs from the engine around it, and what it offers. The engine wires it; tests and the simulator replace it.
import type { AgentStatus, FenceResult } from '../contract/agent.ts';
import type { BackupType } from '../contract/backup.ts';
import type { GroupAction, GroupConfig, GroupView, HistoryEntry, Plan } from '../contract/failover.ts';
import type { GroupKeyResult } from '../contract/group-keys.ts';
import type { Message } from '../contract/site.ts';
import type { JobRunner } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { AgentApi } from '../rpc/types.ts';

export interface ServerProbe {
  /** The newest answer, however old. */
  status: AgentStatus | null;
  /** Probes missed in a row since the last answer. */
  misses: number;
  /** `gone`: its process is known to have ended. */
  state: 'online' | 'offline' | 'gone' | 'starting';
  lastContact: number | null;
  /**
   * Its agent runs on another machine, where a lease that ends makes it fence itself. Absent or false: on this one, where silence
   * means that it hangs, so that only its answer or its end can prove anything.
   */
  remote?: boolean;
}

/** What survives a crash of the engine; every save is durable when the call returns. */
export interface FailoverStore {
  loadGroups(): StoredGroup[];
  saveGroup(group: StoredGroup): void;
  /** Remembered as removed: what its members keep of it does not bring it back. */
  deleteGroup(id: string): void;
  wasRemoved(id: string): boolean;
  appendHistory(groupId: string, entry: HistoryEntry): void;
  listHistory(groupId: string, limit: number): HistoryEntry[];
  /** Intent before action: at most one open journal entry a group. */
  openJournal(groupId: string, entry: unknown): void;
  readJournal(groupId: string): unknown | null;
  closeJournal(groupId: string): void;
}

export interface StoredGroup {
  id: string;
  name: string;
  config: GroupConfig;
  /** Everything else that the service must remember: term, active member, replica numbers, last runs, out-of-sync. JSON. */
  state: unknown;
}

export interface FailoverPorts {
  clock: Clock;
  /** All servers of the site. */
  serverNames(): string[];
  /** Null while there is no connection. */
  agentOf(server: string): AgentApi | null;
  probeOf(server: string): ServerProbe;
  /** Fences the databases of a server of this machine whose agent is gone, by a fence-only agent. Throws WRITER_NOT_STOPPED or SERVER_UNREACHABLE. */
  fenceWithoutAgent(server: string, instance: string, term: number): Promise<FenceResult>;
  store: FailoverStore;
  jobs: JobRunner;
  /** Raises or renews a System message; the same key replaces the one before. `standing` ones stay until cleared. */
  message(key: string, level: Message['level'], text: string, standing: boolean): void;
  clearMessage(key: string): void;
  /** Something that the snapshot shows has changed. */
  changed(): void;
  site(): { name: string; organization: string };
  /** The agent's path for a database and its backup folder, where the engine knows the instance. */
  instancePath(server: string, instance: string): string | null;
  /** A new copy belongs to a server: the engine takes it into its list of instances. */
  instanceAttached(server: string, instance: string, path: string, groupId: string): void;
  /** A copy was let go by its agent: the engine drops it from its list of instances. Files stay. */
  instanceDetached(server: string, instance: string): void;
}

export interface FailoverService {
  /** Resumes or rolls back open journal entries. Call once before the first tick. */
  recover(): Promise<void>;
  /** One round: observe, decide, act. Cheap when nothing is due; never throws for an expected failure. */
  tick(): Promise<void>;
  views(): GroupView[];
  create(instanceId: string, name: string): Promise<{ groupId: string }>;
  checkMember(
    groupId: string,
    row: { server: string; databaseServer: string; instance: string; folder: string; exceptId: string | null },
  ): Promise<{ problems: { field: string; message: string }[] }>;
  apply(groupId: string, config: GroupConfig): Promise<void>;
  remove(groupId: string): Promise<void>;
  /** Turns encryption of the cycles on, or gives the key again; null turns it off. Throws NOT_FOUND, WRONG_PASSWORD, SERVER_UNREACHABLE. */
  encrypt(groupId: string, password: string | null): Promise<GroupKeyResult>;
  backupNow(groupId: string, type: BackupType): Promise<{ jobId: string }>;
  plan(groupId: string, action: GroupAction): Promise<Plan>;
  execute(token: string, typed: string | null): Promise<{ jobId: string }>;
  /** Leaving in an orderly way: tells the agents to keep serving. */
  leave(): Promise<void>;
}
