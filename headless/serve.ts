// Composition root without a desktop: the engine in this process, its agents in child processes, the web door in front.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChildLauncher } from '../core/agent/launch-child.ts';
import { HoldfastError } from '../core/contract/errors.ts';
import { createLab } from '../core/demo/lab.ts';
import type { Engine } from '../core/engine.ts';
import { inProcessConsole } from '../core/rpc/serve.ts';
import { startEngineHost } from './engine-host.ts';
import { createDemoLauncher } from './launch-demo.ts';
import { startWebHost, type WebHost } from './web-host.ts';

/** Tried first when no port was asked for, so that a bookmark and a firewall rule keep working. */
const USUAL_PORT = 4870;

export interface ServeOptions {
  /** Null: the user's default folder. */
  data: string | null;
  /** Null: the usual port, or a free one when that is taken. */
  port: number | null;
  /** Opens the demo lab if it is not open yet. */
  demo: boolean;
  /** Opens the address in a browser when there is a display. */
  open: boolean;
}

export interface Serving {
  url: string;
  /** Stops in an orderly way; safe to call more than once. */
  stop(): Promise<void>;
}

/** Starts engine and web door on a data folder; throws ENGINE_RUNNING when another engine has it. */
export async function startServing(options: ServeOptions): Promise<Serving> {
  const { engine, door, stop } = await startEngineHost({
    dataFolder: options.data,
    host: 'headless',
    launcher: createChildLauncher({ entry: beside('agent') }),
    lab: createLab(createDemoLauncher(beside('demo'))),
    openDoor: (created) => openDoor(created, options.port),
  });
  try {
    if (options.demo) await openDemo(engine);
  } catch (error) {
    await stop();
    throw error;
  }
  if (options.open) openInBrowser(door.url);
  return { url: door.url, stop };
}

/** Serves until SIGINT, SIGTERM or SIGHUP, printing the address on stdout. */
export async function serve(options: ServeOptions): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const serving = await startServing(options);
  process.stdout.write(`${serving.url}\n`);
  await signalled;
  await serving.stop();
}

async function openDemo(engine: Engine): Promise<void> {
  if (!engine.snapshot().demo.open) await inProcessConsole(engine.router).demo.open({});
}

async function openDoor(engine: Engine, port: number | null): Promise<WebHost> {
  const rendererFolder = findRenderer();
  if (port !== null) return await startWebHost({ engine, port, rendererFolder });
  try {
    return await startWebHost({ engine, port: USUAL_PORT, rendererFolder });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return await startWebHost({ engine, port: 0, rendererFolder });
  }
}

const here = path.dirname(fileURLToPath(import.meta.url));
const built = import.meta.url.endsWith('.js');

/** A program of this folder, as it runs: the bundle beside a bundle, the source beside the source. */
function beside(name: string): string {
  return path.join(here, `${name}${built ? '.js' : '.ts'}`);
}

/** The built page; null (no page, the command line only) when it was never built. */
function findRenderer(): string | null {
  const folder = built ? path.join(here, '..', 'renderer') : path.join(here, '..', 'dist', 'renderer');
  return existsSync(path.join(folder, 'index.html')) ? folder : null;
}

function openInBrowser(url: string): void {
  const [command, args] =
    process.platform === 'win32'
      ? ['cmd', ['/c', 'start', '', url]]
      : process.platform === 'darwin'
        ? ['open', [url]]
        : ['xdg-open', [url]];
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  // Without a browser the printed address is the way in.
  spawn(command as string, args as string[], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
