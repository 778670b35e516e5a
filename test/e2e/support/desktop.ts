// Runs the built desktop app on the Electron double and connects to its pages.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { type Browser, chromium, expect, type Page } from '@playwright/test';

const projectRoot = path.resolve(import.meta.dirname, '../../..');

/** What a user would see outside the page. */
export interface DesktopState {
  windows: {
    url: string;
    visible: boolean;
    options: { webPreferences: Record<string, unknown> };
    opened: { url: string; action: string }[];
  }[];
  tray: { toolTip: string; image: string } | null;
  dialogs: { message: string; detail?: string; buttons?: string[]; defaultId?: number }[];
  errorBoxes: { title: string; content: string }[];
  externals: string[];
  notifications: { title: string; body: string }[];
  /** Requests that would have reached the network. */
  escaped: string[];
}

export interface Desktop {
  pid: number;
  state(): Promise<DesktopState>;
  /** Does what a user would do; see the double's control.ts. */
  command(name: string, ...args: unknown[]): Promise<unknown>;
  /** The page of the one open window. */
  page(): Promise<Page>;
  kill(signal: NodeJS.Signals): void;
  /** Lets go of the pages, then ends the app in an orderly way; resolves with its exit code. */
  stop(): Promise<number | null>;
  exited: Promise<number | null>;
  errors(): string;
}

export interface DesktopOptions {
  /** The app's own folder; the engine's data goes to `data` below it unless `args` say otherwise. */
  userData: string;
  args?: string[];
  /** Another main bundle than the built one. */
  main?: string;
}

/** Starts main on the double; resolves when its process answers. */
export async function startDesktop({ userData, args = [], main }: DesktopOptions): Promise<Desktop> {
  const register = path.join(projectRoot, 'test/support/electron-double/register.ts');
  const child = spawn(
    process.execPath,
    ['--import', register, main ?? path.join(projectRoot, 'dist/electron/main.js'), ...args],
    {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: { ...process.env, HOLDFAST_DOUBLE_USER_DATA: userData, HOLDFAST_DATA: path.join(userData, 'data') },
    },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const command = createCommands(child, exited);
  let browser: Browser | null = null;
  return {
    pid: child.pid as number,
    state: () => command('state') as Promise<DesktopState>,
    command,
    async page() {
      browser ??= await chromium.connectOverCDP((await command('debuggingAddress')) as string);
      const find = () =>
        browser
          ?.contexts()[0]
          ?.pages()
          .find((page) => page.url().includes('.app-scheme.'));
      await expect.poll(find, 'a window is open').toBeTruthy();
      const found = find();
      if (!found) throw new Error('the window was closed');
      return found;
    },
    kill: (signal) => void child.kill(signal),
    async stop() {
      await browser?.close();
      child.kill('SIGTERM');
      return await exited;
    },
    exited,
    errors: () => errors,
  };
}

function createCommands(child: ChildProcess, exited: Promise<number | null>) {
  let next = 1;
  const waiting = new Map<number, (reply: { value?: unknown; error?: string }) => void>();
  child.on('message', (reply: { id: number; value?: unknown; error?: string }) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  return async (command: string, ...args: unknown[]): Promise<unknown> => {
    const id = next++;
    const reply = await Promise.race([
      new Promise<{ value?: unknown; error?: string }>((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, command, args });
      }),
      exited.then((code) => ({ value: undefined, error: `the app has ended with code ${code}` })),
    ]);
    if (reply.error) throw new Error(reply.error);
    return reply.value;
  };
}
