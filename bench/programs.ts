// The programs under test as they are shipped: bundled, so that starting one does not mean translating its sources.
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { build as buildPage } from 'vite';

const root = path.join(import.meta.dirname, '..');
// Below node_modules, so that the native module is found from there.
const cache = path.join(root, 'node_modules', '.cache');

/** Bundles the agent, its threads and the engine; returns a folder of this run with `agent.js` and `serve.js`, to be removed. */
export async function buildPrograms(): Promise<string> {
  fs.mkdirSync(cache, { recursive: true });
  const folder = path.join(fs.mkdtempSync(path.join(cache, 'holdfast-bench-')), 'headless');
  await build({
    absWorkingDir: root,
    entryPoints: {
      agent: 'headless/agent.ts',
      demo: 'headless/demo.ts',
      serve: 'headless/serve-main.ts',
      'set-worker': 'core/restore/set-worker.ts',
      'compare-worker': 'core/agent/compare-worker.ts',
    },
    outdir: folder,
    ...{ bundle: true, platform: 'node', target: 'node24', format: 'esm', logLevel: 'error' },
    external: ['better-sqlite3'],
    define: { 'process.env.NODE_ENV': '"production"' },
    // CommonJS packages inside an ES module bundle call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return folder;
}

/** Builds the console beside the programs, where their web door looks for it. */
export async function buildConsole(programs: string): Promise<void> {
  await buildPage({
    ...{ root: path.join(root, 'renderer'), configFile: path.join(root, 'vite.config.ts'), logLevel: 'error' },
    build: { outDir: path.join(programs, '..', 'renderer'), emptyOutDir: true },
  });
}
