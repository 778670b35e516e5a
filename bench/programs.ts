// The programs under test as they are shipped: bundled, so that starting one does not mean translating its sources.
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
// Below node_modules, so that the native module is found from there.
const folder = path.join(root, 'node_modules', '.cache', 'holdfast-bench');

/** Bundles the agent, its threads and the engine; returns the folder with `agent.js` and `serve.js`. */
export async function buildPrograms(): Promise<string> {
  fs.mkdirSync(folder, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: {
      agent: 'headless/agent.ts',
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
