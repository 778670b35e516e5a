// Where the engine keeps its own data unless told otherwise, and the note by which a command line finds the running engine.
import os from 'node:os';
import path from 'node:path';

/** `HOLDFAST_DATA`, or the platform's place for application data. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.HOLDFAST_DATA) return path.resolve(environment.HOLDFAST_DATA);
  if (process.platform === 'win32')
    return path.join(environment.LOCALAPPDATA ?? path.join(os.homedir(), 'AppData', 'Local'), 'Holdfast');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Application Support', 'Holdfast');
  return path.join(environment.XDG_DATA_HOME ?? path.join(os.homedir(), '.local', 'share'), 'holdfast');
}
