// How one engine owns a data folder, and leaves the note by which the command line finds it.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../core/contract/errors.ts';
import { systemFiles, writeFileDurably } from '../core/platform/files.ts';
import { takeProcessLock } from '../core/platform/process-lock.ts';

/** What `engine.json` says. Only its owner can read it, since the token opens the engine. */
export interface EngineAddress {
  pid: number;
  port: number;
  token: string;
}

export interface DataFolderClaim {
  publish(address: EngineAddress): void;
  /** Removes the note, then the lock. */
  release(): void;
}

/** Makes this process the only engine on `dataFolder`, created if need be; throws ENGINE_RUNNING when another one runs there. */
export function claimDataFolder(dataFolder: string): DataFolderClaim {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const lock = takeProcessLock(path.join(dataFolder, 'engine.lock'));
  if ('owner' in lock)
    throw new HoldfastError('ENGINE_RUNNING', `Process ${lock.owner.pid} already runs an engine on ${dataFolder}`, {
      details: { pid: lock.owner.pid, dataFolder },
    });
  const note = path.join(dataFolder, 'engine.json');
  // One that a killed engine left would send the command line to a port that is someone else's by now.
  rmSync(note, { force: true });
  return {
    publish: (address) => writeFileDurably(systemFiles, note, JSON.stringify(address)),
    release() {
      rmSync(note, { force: true });
      lock.release();
    },
  };
}
