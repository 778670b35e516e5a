// Starts the demo lab's children as utility processes.
import { utilityProcess } from 'electron';
import type { ClientReport } from '../core/demo/client.ts';
import { type DemoLauncher, ORDER_VARIABLE } from '../core/demo/process.ts';

export function createDemoLauncher(entry: string): DemoLauncher {
  return (order, onReport) => {
    const child = utilityProcess.fork(entry, [], {
      serviceName: 'Holdfast demo lab',
      stdio: 'ignore',
      env: { ...process.env, [ORDER_VARIABLE]: JSON.stringify(order) },
    });
    child.on('message', (report: ClientReport) => onReport(report));
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    return {
      exited,
      kill: () => {
        if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
      },
    };
  };
}
