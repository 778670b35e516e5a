// Starts the demo lab's children as forked Node processes.
import { fork } from 'node:child_process';
import type { ClientReport } from '../core/demo/client.ts';
import { type DemoLauncher, ORDER_VARIABLE } from '../core/demo/process.ts';

export function createDemoLauncher(entry: string): DemoLauncher {
  return (order, onReport) => {
    const child = fork(entry, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: { ...process.env, [ORDER_VARIABLE]: JSON.stringify(order) },
    });
    child.on('message', (report) => onReport(report as ClientReport));
    const exited = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    return { exited, kill: () => void child.kill('SIGKILL') };
  };
}
