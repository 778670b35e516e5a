// npm run build: the renderer with Vite; main, preload and the headless programs with esbuild, one file each, into dist/.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDependencies, newestChange, nodeBinary, root, run, runTool, say } from './runtime.mjs';

const dist = path.join(root, 'dist');
const stampFile = path.join(dist, 'built.json');
const sources = [
  'core',
  'electron',
  'headless',
  'renderer',
  'build',
  'vite.config.ts',
  'package-lock.json',
  'scripts/build.mjs',
];

/** Bundles that run in Node or Electron. Output names are what the agent launcher and electron-builder look for. */
const programs = [
  { entry: 'electron/main.ts', out: 'electron/main.js', external: ['electron'] },
  { entry: 'electron/agent.ts', out: 'electron/agent.js' },
  { entry: 'electron/demo.ts', out: 'electron/demo.js' },
  { entry: 'headless/serve-main.ts', out: 'headless/serve.js' },
  { entry: 'headless/web-host.ts', out: 'headless/web-host.js' },
  { entry: 'headless/agent.ts', out: 'headless/agent.js' },
  { entry: 'headless/demo.ts', out: 'headless/demo.js' },
  { entry: 'headless/cli.ts', out: 'headless/cli.js' },
  // Threads of an agent: they lie beside the program that starts them.
  { entry: 'core/restore/set-worker.ts', out: 'electron/set-worker.js' },
  { entry: 'core/restore/set-worker.ts', out: 'headless/set-worker.js' },
  { entry: 'core/agent/compare-worker.ts', out: 'electron/compare-worker.js' },
  { entry: 'core/agent/compare-worker.ts', out: 'headless/compare-worker.js' },
];

/** True when nothing below the source folders changed since the last complete build. */
export function isBuilt() {
  if (!existsSync(stampFile)) return false;
  const { builtFrom } = JSON.parse(readFileSync(stampFile, 'utf8'));
  return sources.every((source) => newestChange(path.join(root, source)) <= builtFrom);
}

async function bundlePrograms() {
  const { build } = await import(pathToFileURL(path.join(root, 'node_modules/esbuild/lib/main.js')).href);
  const shared = {
    bundle: true,
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: root,
    define: { 'process.env.NODE_ENV': '"production"' },
  };
  for (const { entry, out, external = [] } of programs)
    await build({
      ...shared,
      entryPoints: [entry],
      outfile: path.join(dist, out),
      format: 'esm',
      external: ['better-sqlite3', ...external],
      // CommonJS packages inside an ES module bundle call require() for Node's own modules.
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    });
  // A sandboxed preload must be one CommonJS file that requires nothing but electron.
  await build({
    ...shared,
    entryPoints: ['electron/preload.ts'],
    outfile: path.join(dist, 'electron/preload.cjs'),
    format: 'cjs',
    sourcemap: false,
    external: ['electron'],
  });
}

/** Builds everything; throws on the first failure and then leaves no stamp, so that the next start builds again. */
export async function build() {
  const builtFrom = Date.now();
  rmSync(stampFile, { force: true });
  mkdirSync(dist, { recursive: true });
  const code = await runTool('vite', ['build', '--logLevel', 'warn'], { stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new Error(`vite build failed with exit code ${code}`);
  await bundlePrograms();
  const icons = await run(nodeBinary(), ['build/icons.mjs', path.join(dist, 'icons')], { stdio: ['ignore', 2, 2] });
  if (icons !== 0) throw new Error(`build/icons.mjs failed with exit code ${icons}`);
  copyFileSync(path.join(dist, 'icons/favicon.ico'), path.join(dist, 'renderer/favicon.ico'));
  writeFileSync(stampFile, JSON.stringify({ builtFrom }));
}

/** Builds unless dist is newer than every source. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  say('Building …');
  await build();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await ensureDependencies();
    await build();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
