// Entry of the demo lab's utility processes.
import { ORDER_VARIABLE, runDemoProcess } from '../core/demo/process.ts';

await runDemoProcess(
  process.env[ORDER_VARIABLE],
  (report) => process.parentPort.postMessage(report),
  new AbortController().signal,
);
process.exit(0);
