// npm start: installs and builds what is missing, then opens the desktop app, or serves the console where Electron cannot run.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { ensureDependencies, nodeBinary, root, run, say } from './runtime.mjs';

const DOWNLOAD_LIMIT_MS = 120_000;
const electronFolder = path.join(root, 'node_modules', 'electron');

/** Path of Electron's program when its binary is there; null otherwise. */
function electronProgram() {
  const pathFile = path.join(electronFolder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const program = path.join(electronFolder, 'dist', readFileSync(pathFile, 'utf8'));
  return existsSync(program) ? program : null;
}

/** Why the desktop app cannot open here, in one line; null when it can. */
async function desktopObstacle(wantWeb) {
  if (wantWeb) return 'as asked for with --web';
  if (process.platform === 'linux') {
    if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'there is no display';
    if (process.getuid() === 0) return 'Electron keeps its sandbox on and so does not run as root';
  }
  if (electronProgram()) return null;
  say('Fetching Electron (once) …');
  const code = await run(nodeBinary(), [path.join(electronFolder, 'install.js')], {
    timeoutMs: DOWNLOAD_LIMIT_MS,
    stdio: 'ignore',
  });
  return code === 0 && electronProgram() ? null : 'the Electron program could not be downloaded';
}

const usage = 'npm start -- [--web] [--data DIR] [--port N] [--demo] [--no-open]';

async function main() {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      web: { type: 'boolean', default: false },
      data: { type: 'string' },
      port: { type: 'string' },
      demo: { type: 'boolean', default: false },
      open: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(usage);
  await ensureDependencies();
  await ensureBuilt();
  const shared = [...(values.data ? ['--data', values.data] : []), ...(values.demo ? ['--demo'] : [])];
  const obstacle = await desktopObstacle(values.web);
  let code;
  if (obstacle === null) {
    code = await run(electronProgram(), [root, ...shared]);
  } else {
    say(`Serving the console to a browser: ${obstacle}.`);
    const web = [...(values.port ? ['--port', values.port] : []), ...(values.open ? [] : ['--no-open'])];
    // The server stops in an orderly way on these; this process waits for it.
    const forward = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    code = await run(nodeBinary(), [path.join(root, 'dist/headless/serve.js'), ...shared, ...web], { forward });
  }
  process.exitCode = code;
}

main().catch((error) => {
  say(error.code?.startsWith('ERR_PARSE_ARGS') ? `${error.message}\n${usage}` : error.message);
  process.exitCode = 1;
});
