#!/usr/bin/env node
// The package's command: finds a Node that is new enough and runs the command line with it. Plain JavaScript for Node 20.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WANTED_MAJOR = 24;
const here = path.dirname(fileURLToPath(import.meta.url));

/** The source in a working copy (Node strips no types below node_modules), else the bundle. */
function findCommandLine() {
  const source = path.join(here, 'cli.ts');
  const installed = here.split(path.sep).includes('node_modules');
  return existsSync(source) && !installed ? source : path.join(here, '..', 'dist', 'headless', 'cli.js');
}

/** The program that the `node` package brought; null when it is not installed or its install script did not run. */
function findNode() {
  try {
    const packageFile = createRequire(import.meta.url).resolve('node/package.json');
    const program = path.join(path.dirname(packageFile), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(program) ? program : null;
  } catch {
    return null;
  }
}

const commandLine = findCommandLine();
// A working copy keeps its compiled sources beside itself: never in a folder that other users can write to.
if (commandLine.endsWith('.ts')) process.env.NODE_COMPILE_CACHE ??= path.join(here, '..', 'out', 'compile-cache');
if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) {
  process.argv[1] = commandLine;
  if (process.env.NODE_COMPILE_CACHE) module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(commandLine).href);
} else {
  const node = findNode();
  if (node === null) {
    process.stderr.write(
      `holdfast needs Node ${WANTED_MAJOR}; this is ${process.versions.node}. Run: npm rebuild node\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [commandLine, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(one);
    process.kill(process.pid, signal);
  });
}
