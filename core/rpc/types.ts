// The two APIs as their callers see them: every procedure a function, streams as async iterators, `signal` to cancel.
import type { ContractRouterClient } from '@orpc/contract';
import type { agentContract } from '../contract/agent.ts';
import type { consoleContract } from '../contract/console.ts';

export type AgentApi = ContractRouterClient<typeof agentContract>;
export type ConsoleApi = ContractRouterClient<typeof consoleContract>;
