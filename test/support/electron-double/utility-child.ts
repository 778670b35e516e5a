// Loaded into a child of the double before its program: gives it process.parentPort, and ends it with its parent as Electron does.
import { EventEmitter } from 'node:events';

const port = Object.assign(new EventEmitter(), {
  postMessage(data: unknown) {
    if (process.connected) process.send?.(data, undefined, undefined, () => {});
  },
});
process.on('message', (data) => port.emit('message', { data, ports: [] }));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
Object.defineProperty(process, 'parentPort', { value: port });
