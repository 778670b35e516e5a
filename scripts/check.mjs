// npm run check: types, lint, import boundaries, unused code, reads of protected files. All findings of all of them; a warning fails.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDependencies, nodeBinary, root, run, runTool, say } from './runtime.mjs';

const protectedReads = path.join(root, 'scripts', 'check-protected-reads.mjs');

const checks = [
  { name: 'types (tsc)', run: () => runTool('typescript', ['-p', '.', '--pretty', 'false'], { bin: 'tsc' }) },
  {
    name: 'lint and format (biome)',
    run: () => runTool('@biomejs/biome', ['check', '--error-on-warnings', '--max-diagnostics=none'], { bin: 'biome' }),
  },
  {
    name: 'import boundaries (dependency-cruiser)',
    run: () =>
      runTool(
        'dependency-cruiser',
        ['--config', '.dependency-cruiser.mjs', 'core', 'electron', 'headless', 'renderer'],
        { bin: 'depcruise' },
      ),
  },
  { name: 'unused files, exports and dependencies (knip)', run: () => runTool('knip', ['--no-progress']) },
  ...(existsSync(protectedReads)
    ? [{ name: 'reads of protected files', run: () => run(nodeBinary(), [protectedReads]) }]
    : []),
];

/** Runs every check to its end; returns the names of those that failed. */
export async function check() {
  const failed = [];
  for (const one of checks) {
    say(`check: ${one.name}`);
    if ((await one.run()) !== 0) failed.push(one.name);
  }
  return { passed: checks.length - failed.length, failed };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await ensureDependencies();
    const { failed } = await check();
    for (const name of failed) say(`check failed: ${name}`);
    process.exit(failed.length === 0 ? 0 : 1);
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
