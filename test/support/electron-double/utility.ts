// Electron's utilityProcess over child_process: the child finds process.parentPort, as it would there.
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';

const parentPortModule = fileURLToPath(new URL('./utility-child.ts', import.meta.url));

class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    child.on('spawn', () => this.emit('spawn'));
    child.on('message', (data) => this.emit('message', data));
    child.on('exit', (code) => this.emit('exit', code));
  }

  get pid(): number | undefined {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  get stderr() {
    return this.#child.stderr;
  }

  postMessage(data: unknown): void {
    if (this.#child.connected) this.#child.send(data as never, () => {});
  }

  kill(): boolean {
    return this.#child.kill('SIGTERM');
  }
}

export const utilityProcess = {
  fork(modulePath: string, args: string[], options: { env?: NodeJS.ProcessEnv }): UtilityProcess {
    const child = fork(modulePath, args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: options.env,
      execArgv: ['--import', parentPortModule],
    });
    return new UtilityProcess(child);
  },
};
