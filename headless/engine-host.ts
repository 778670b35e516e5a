// What every host of an engine does, desktop or not: owns the data folder, runs the engine, opens the web door, leaves the note.
import path from 'node:path';
import { createEngine, type Engine, type EngineOptions } from '../core/engine.ts';
import packageFile from '../package.json' with { type: 'json' };
import { defaultDataFolder } from './data-folder.ts';
import { claimDataFolder } from './engine-file.ts';
import { openLogFile } from './log-file.ts';
import { startWebHost, type WebHost } from './web-host.ts';

export interface EngineHostOptions extends Pick<EngineOptions, 'host' | 'launcher' | 'lab' | 'sealer'> {
  /** Null: the user's default folder, the same for both programs and the command line. */
  dataFolder: string | null;
  openDoor(engine: Engine): Promise<WebHost>;
}

export interface EngineHost {
  engine: Engine;
  door: WebHost;
  /** Orderly stop, in this order: no new calls, the engine, the note and the lock. Safe to call more than once. */
  stop(): Promise<void>;
}

/** Throws ENGINE_RUNNING when another engine has the data folder; whatever fails, the folder is free again after it. */
export async function startEngineHost({ openDoor, ...options }: EngineHostOptions): Promise<EngineHost> {
  const dataFolder = options.dataFolder === null ? defaultDataFolder() : path.resolve(options.dataFolder);
  const claim = claimDataFolder(dataFolder);
  let engine: Engine | undefined;
  let door: WebHost | undefined;
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    try {
      await door?.close();
      await engine?.stop();
    } finally {
      claim.release();
    }
  };
  try {
    const log = openLogFile(path.join(dataFolder, 'holdfast.log'));
    engine = createEngine({ ...options, dataFolder, log, version: packageFile.version });
    await engine.start();
    door = await openDoor(engine);
    claim.publish({ pid: process.pid, port: door.port, token: door.token });
    return {
      engine,
      door,
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The door for the command line alone: it serves no page. */
export const openCommandDoor = (engine: Engine) => startWebHost({ engine, port: 0, rendererFolder: null });
