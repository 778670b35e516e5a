// The calling end of the contract: over a message port or a WebSocket. Runs in Node and in the browser.
import { createORPCClient } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import { fromWire } from './errors.ts';
import type { MessagePortLike } from './ports.ts';
import { translateStream } from './streams.ts';
import type { AgentApi, ConsoleApi } from './types.ts';

const linkOptions = {
  interceptors: [
    async (options: { next: () => Promise<unknown> }) => {
      try {
        return translateStream(await options.next(), fromWire);
      } catch (error) {
        throw fromWire(error);
      }
    },
  ],
};

export const connectAgent = (port: MessagePortLike): AgentApi =>
  createORPCClient(new PortLink({ port, ...linkOptions } as never)) as unknown as AgentApi;

export const connectConsoleByPort = (port: MessagePortLike | MessagePort): ConsoleApi =>
  createORPCClient(new PortLink({ port, ...linkOptions } as never)) as unknown as ConsoleApi;

export const connectConsoleBySocket = (websocket: WebSocket): ConsoleApi =>
  createORPCClient(new SocketLink({ websocket, ...linkOptions } as never)) as unknown as ConsoleApi;
