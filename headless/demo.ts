// Entry of the demo lab's child processes: reports go to the parent, whose end is theirs.
import { ORDER_VARIABLE, runDemoProcess } from '../core/demo/process.ts';

const parentGone = new AbortController();
process.once('disconnect', () => parentGone.abort());
process.on('SIGINT', () => {});
await runDemoProcess(process.env[ORDER_VARIABLE], (report) => process.send?.(report), parentGone.signal);
process.exit(0);
