// What the other scripts share: the runtime, the dependencies, and running a program with its output passed through.
// Plain JavaScript on purpose: it runs on Node 20, before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const WANTED_MAJOR = 24;
const windows = process.platform === 'win32';

/** Prints one line of progress to stderr, so that stdout stays for results. */
export const say = (line) => process.stderr.write(`${line}\n`);

/** The Node that runs Holdfast: this one when it is new enough, else the one that the `node` package brought. */
export function nodeBinary() {
  if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) return process.execPath;
  return path.join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
}

/** The environment in which `node` and the tools of node_modules come first. */
export function toolEnvironment(extra = {}) {
  const folders = [path.dirname(nodeBinary()), path.join(root, 'node_modules', '.bin'), process.env.PATH];
  // The programs of a working copy start in half the time when Node need not strip their types anew.
  const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? path.join(root, 'out', 'compile-cache');
  return { ...process.env, NODE_COMPILE_CACHE, ...extra, PATH: folders.join(path.delimiter) };
}

/** Path of the script behind a tool of node_modules, to be run with nodeBinary(). */
export function toolScript(packageName, binName = packageName) {
  const folder = path.join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[binName]);
}

/** Runs a program to its end; resolves with its exit code, never rejects. `forward`: signals passed on to it instead of ending us. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const { timeoutMs, forward = [], ...spawnOptions } = options;
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: toolEnvironment(), ...spawnOptions });
    for (const signal of forward) process.on(signal, () => child.kill(signal));
    const timer = timeoutMs ? setTimeout(() => child.kill('SIGKILL'), timeoutMs) : null;
    const finish = (code) => {
      if (timer) clearTimeout(timer);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${command}: ${error.message}`);
      finish(127);
    });
    child.on('exit', (code, signal) => finish(code ?? (signal === 'SIGINT' ? 130 : 128 + 9)));
  });
}

/** Runs one of node_modules' tools under the right Node. */
export const runTool = (packageName, args, options = {}) =>
  run(nodeBinary(), [toolScript(packageName, options.bin), ...args], options);

/** What package-lock.json asks for and node_modules does not have; null when everything is there. */
function missingDependency() {
  const installedFile = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'node_modules';
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  for (const [name, entry] of Object.entries(wanted)) {
    if (name === '' || entry.link) continue;
    const found = installed[name];
    if (found ? found.version !== entry.version : !entry.optional && !entry.devOptional && !entry.peer) return name;
  }
  return null;
}

const nodeAnswers = () => spawnSync(nodeBinary(), ['--version'], { encoding: 'utf8' }).status === 0;

/** Installs what package-lock.json asks for when node_modules lacks it; throws when that fails. */
export async function ensureDependencies() {
  const missing = missingDependency();
  const npm = windows ? 'npm.cmd' : 'npm';
  // The install scripts of npm need the caller's PATH: ours would put a Node first that may not be there yet.
  const options = { env: process.env, shell: windows, stdio: ['ignore', 2, 2] };
  if (missing) {
    say(`Installing dependencies (${missing} is missing or has another version) …`);
    const code = await run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options);
    if (code !== 0) throw new Error(`npm ci failed with exit code ${code}`);
  }
  if (!nodeAnswers()) {
    say(`Fetching Node ${WANTED_MAJOR} (this one is ${process.versions.node}) …`);
    const code = await run(npm, ['rebuild', 'node'], options);
    if (code !== 0 || !nodeAnswers())
      throw new Error(
        `Node ${WANTED_MAJOR} is not available: run \`npm rebuild node\`, or install Node ${WANTED_MAJOR}`,
      );
  }
}

/** Time of the newest file below `folder`, ms since 1970; 0 when there is none. */
export function newestChange(folder) {
  if (!existsSync(folder)) return 0;
  if (statSync(folder).isFile()) return statSync(folder).mtimeMs;
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestChange(file));
    else if (entry.isFile()) newest = Math.max(newest, statSync(file).mtimeMs);
  }
  return newest;
}
