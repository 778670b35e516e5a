// The serving end of the contract: routers built from procedures, over a message port, a WebSocket, or in the same process.
import { createRouterClient, implement, ORPCError } from '@orpc/server';
import { RPCHandler as PortHandler } from '@orpc/server/message-port';
import { RPCHandler as SocketHandler } from '@orpc/server/ws';
import type { WebSocket } from 'ws';
import { agentContract } from '../contract/agent.ts';
import { consoleContract } from '../contract/console.ts';
import { fromWire, toWire } from './errors.ts';
import type { MessagePortLike } from './ports.ts';
import { translateStream } from './streams.ts';
import type { AgentApi, ConsoleApi } from './types.ts';

/** Builders for the two routers: `agent.status.handler(…)`, `console.site.get.handler(…)`. */
export const implementAgent = () => implement(agentContract).use(translateErrors as never);
export const implementConsole = () => implement(consoleContract).use(translateErrors as never);

export type AgentRouter = ReturnType<ReturnType<typeof implementAgent>['router']>;
export type ConsoleRouter = ReturnType<ReturnType<typeof implementConsole>['router']>;

async function translateErrors<R extends { output: unknown }>(options: { next: () => PromiseLike<R> }): Promise<R> {
  try {
    const result = await options.next();
    return { ...result, output: translateStream(result.output, toWire) };
  } catch (error) {
    throw toWire(error);
  }
}

type AnyRouter = AgentRouter | ConsoleRouter;

const handlerOptions = {
  clientInterceptors: [
    async (options: { next: () => Promise<unknown> }) => {
      try {
        return await options.next();
      } catch (error) {
        throw error instanceof ORPCError ? toWire(error) : error;
      }
    },
  ],
};

/** Answers calls that arrive on `port` until it closes. */
export function servePort(router: AnyRouter, port: MessagePortLike): void {
  new PortHandler(router as never, handlerOptions as never).upgrade(port);
}

/** Answers calls that arrive on one WebSocket of the `ws` package. */
export function serveSocket(router: AnyRouter, socket: WebSocket): void {
  void new SocketHandler(router as never, handlerOptions as never).upgrade(socket);
}

/** Without a wire an expected failure arrives as it does over one: as a HoldfastError, in streams as well. */
const inProcessOptions = {
  interceptors: [
    async (options: { next: () => Promise<unknown> }) => {
      try {
        return translateStream(await options.next(), fromWire);
      } catch (error) {
        throw fromWire(error instanceof ORPCError ? toWire(error) : error);
      }
    },
  ],
};

/** The same API without a wire, for tests and the command line. */
export const inProcessAgent = (router: AgentRouter) =>
  createRouterClient(router as never, inProcessOptions as never) as unknown as AgentApi;
export const inProcessConsole = (router: ConsoleRouter) =>
  createRouterClient(router as never, inProcessOptions as never) as unknown as ConsoleApi;
