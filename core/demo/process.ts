// The lab's child program: creates the directory database, or is the client. One entry serves both; the order comes in the environment.
import { z } from 'zod';
import { type ClientReport, runClient } from './client.ts';
import { createDirectory } from './directory.ts';

/** Name of the environment variable that carries the order to the child, as JSON. */
export const ORDER_VARIABLE = 'HOLDFAST_DEMO_ORDER';

const orderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('create'), path: z.string(), entities: z.number().int() }),
  z.object({ kind: z.literal('client'), endpoints: z.array(z.string()), intervalMs: z.number() }),
]);
export type DemoOrder = z.infer<typeof orderSchema>;

/** Starts a child with this order; how is up to the host (a forked process, or Electron's utility process). */
export type DemoLauncher = (order: DemoOrder, onReport: (report: ClientReport) => void) => DemoChild;

export interface DemoChild {
  /** Resolves with the exit code when the child has ended. */
  exited: Promise<number | null>;
  kill(): void;
}

/** The child's side: carries the order out; the client runs until its parent is gone. */
export async function runDemoProcess(
  text: string | undefined,
  send: (report: ClientReport) => void,
  parentGone: AbortSignal,
): Promise<void> {
  const order = orderSchema.parse(JSON.parse(text ?? 'null'));
  if (order.kind === 'create') createDirectory(order.path, order.entities);
  else await runClient({ endpoints: order.endpoints, intervalMs: order.intervalMs, signal: parentGone, report: send });
}
