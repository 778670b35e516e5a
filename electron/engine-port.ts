// Hands message ports to the engine to frames of our own page, and to nobody else.
import { type IpcMainEvent, ipcMain, MessageChannelMain } from 'electron';
import type { MessagePortLike } from '../core/rpc/ports.ts';
import { type ConsoleRouter, servePort } from '../core/rpc/serve.ts';
import { isOwnUrl } from './origin.ts';

/** The only channel between preload and main: a wish for a port one way, the port the other. */
export const PORT_CHANNEL = 'holdfast:port';

/** Answers each wish with a fresh port that serves `router`. */
export function offerEnginePorts(router: ConsoleRouter): void {
  ipcMain.on(PORT_CHANNEL, (event: IpcMainEvent) => {
    const frame = event.senderFrame;
    if (frame === null || frame.parent !== null || !isOwnUrl(frame.url)) return;
    const { port1, port2 } = new MessageChannelMain();
    servePort(router, port1 as unknown as MessagePortLike);
    port1.start();
    frame.postMessage(PORT_CHANNEL, null, [port2]);
  });
}
