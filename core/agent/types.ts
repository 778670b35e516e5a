// How the engine gets an agent: a process that it launches, or (later) one that it connects to. The engine knows only this.
import type { AgentApi } from '../rpc/types.ts';

export interface AgentSpec {
  /** The server's name. */
  name: string;
  /** Root folder of this agent; everything it keeps lies below. */
  root: string;
  site: string;
  organization: string;
  /** Folders outside the root whose databases and backups it may touch, as allowed by the administrator. */
  allowedFolders: string[];
  /** Folders of kept keys beside its own, for reading encrypted backups: those of the servers that a drill stands in for. */
  keyFolders?: string[];
  /** Loopback port of the agent's HTTP endpoint; 0 picks one, which the agent remembers. */
  httpPort: number;
  /** Opens nothing, serves nothing: exists only to fence the databases of a server whose agent is gone. */
  fenceOnly: boolean;
}

export interface AgentProcess {
  api: AgentApi;
  pid: number;
  /** Resolves when the process has ended, however it did. */
  exited: Promise<void>;
  /** Ends it at once (SIGKILL): for the outage switch and for an agent that hangs. */
  kill(): void;
}

export interface AgentLauncher {
  launch(spec: AgentSpec): Promise<AgentProcess>;
}
