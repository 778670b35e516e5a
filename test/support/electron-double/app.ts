// Electron's `app`: paths, the single-instance lock, and the order in which an application ends.
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { closeBrowser, openBrowser } from './browser.ts';

const userData = process.env.HOLDFAST_DOUBLE_USER_DATA;
if (!userData) throw new Error('HOLDFAST_DOUBLE_USER_DATA names the folder for the app’s own data');
mkdirSync(userData, { recursive: true });

class App extends EventEmitter {
  readonly isPackaged = false;
  #ready: Promise<void> | null = null;

  whenReady(): Promise<void> {
    this.#ready ??= openBrowser();
    return this.#ready;
  }

  getPath(name: string): string {
    if (name !== 'userData') throw new Error(`app.getPath(${name}) is not part of the double`);
    return userData as string;
  }

  requestSingleInstanceLock(): boolean {
    return !existsSync(path.join(userData as string, 'second-instance'));
  }

  /** Emits before-quit; ends unless a listener prevented it. */
  quit(): void {
    let prevented = false;
    this.emit('before-quit', {
      preventDefault() {
        prevented = true;
      },
    });
    if (!prevented) this.exit(0);
  }

  exit(code = 0): void {
    void closeBrowser().finally(() => process.exit(code));
  }
}

export const app = new App();
