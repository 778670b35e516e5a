// The programs that the tests drive and that npm does not bring.
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { run, say } from './runtime.mjs';

/** Program → Debian package. */
const wanted = {
  chromium: 'chromium',
  sqlite3: 'sqlite3',
  sqldiff: 'sqlite3-tools',
  xmllint: 'libxml2-utils',
  python3: 'python3',
};

const onPath = (program) =>
  (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const missingPackages = () => [
  ...new Set(
    Object.entries(wanted)
      .filter(([program]) => !onPath(program) && !(program === 'chromium' && process.env.HOLDFAST_CHROMIUM))
      .map(([, packageName]) => packageName),
  ),
];

/** Installs what is missing where it can (Debian, as root); throws with the one command to run where it cannot. */
export async function ensureSystemTools() {
  let missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say(`Installing ${missing.join(', ')} …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env, stdio: ['ignore', 'ignore', 2], timeoutMs: 600_000 };
    await run('apt-get', ['update', '-qq'], options);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
    missing = missingPackages();
    if (missing.length === 0) return;
  }
  throw new Error(`The tests need more programs. Run: sudo apt-get install -y ${missing.join(' ')}`);
}
