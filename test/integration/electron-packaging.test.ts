// The desktop package, made by electron-builder around a stand-in for Electron's program: what is inside, and how it is locked down.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createPackage, extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const projectRoot = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-package-'));
const output = path.join(folder, 'out');
const app = path.join(output, 'linux-unpacked');
const asar = path.join(app, 'resources/app.asar');
const { version: electronVersion } = JSON.parse(
  readFileSync(path.join(projectRoot, 'node_modules/electron/package.json'), 'utf8'),
);

/** A folder that looks like Electron's: a program with a fuse wire in it, as @electron/fuses looks for it. */
async function makeStandIn(): Promise<string> {
  const standIn = path.join(folder, 'electron');
  mkdirSync(path.join(standIn, 'resources'), { recursive: true });
  const wire = Buffer.concat([
    Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
    Buffer.from([1, 9]),
    Buffer.from('1'.repeat(9)),
  ]);
  writeFileSync(path.join(standIn, 'electron'), Buffer.concat([Buffer.alloc(64), wire, Buffer.alloc(64)]));
  chmodSync(path.join(standIn, 'electron'), 0o755);
  writeFileSync(path.join(standIn, 'version'), electronVersion);
  for (const name of ['LICENSE', 'LICENSES.chromium.html']) writeFileSync(path.join(standIn, name), 'licence');
  const defaultApp = path.join(folder, 'default-app');
  mkdirSync(defaultApp);
  writeFileSync(path.join(defaultApp, 'package.json'), '{}');
  await createPackage(defaultApp, path.join(standIn, 'resources/default_app.asar'));
  return standIn;
}

// The desktop is packaged per platform; what is checked here is the same on all of them.
describe.runIf(process.platform === 'linux')('the desktop package', () => {
  beforeAll(async () => {
    if (!existsSync(path.join(projectRoot, 'dist/built.json')))
      throw new Error('there is no complete build to package: run npm run build first');
    const builder = path.join(projectRoot, 'node_modules/electron-builder/cli.js');
    const overrides = {
      electronDist: await makeStandIn(),
      'directories.output': output,
      afterPack: path.join(projectRoot, 'test/support/write-desktop-entry.mjs'),
    };
    const args = [builder, '--dir', '--linux', '--config', 'build/electron-builder.yml', '--publish', 'never'];
    for (const [key, value] of Object.entries(overrides)) args.push(`-c.${key}=${value}`);
    await promisify(execFile)(process.execPath, args, { cwd: projectRoot, maxBuffer: 32 * 1024 * 1024 });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the bundles and the page, and of node_modules only the native module', () => {
    const files = listPackage(asar, { isPack: false });
    for (const name of ['main.js', 'preload.cjs', 'agent.js', 'demo.js'])
      expect(files).toContain(`/dist/electron/${name}`);
    expect(files).toContain('/dist/renderer/index.html');
    expect(files).toContain('/dist/icons/tray-critical.png');
    expect(files.filter((file) => /^\/node_modules\/[^/]+$/.test(file))).toEqual(['/node_modules/better-sqlite3']);
    expect(files.filter((file) => /\.(ts|tsx|map)$|^\/(test|core|scripts|bench)\b/.test(file))).toEqual([]);
    const packageFile = JSON.parse(extractFile(asar, 'package.json').toString());
    expect(packageFile).toMatchObject({ name: 'holdfast', main: 'dist/electron/main.js', type: 'module' });
  });

  it('keeps the native module outside the archive, where it can be loaded', () => {
    const unpacked = path.join(app, 'resources/app.asar.unpacked/node_modules/better-sqlite3/prebuilds');
    const binding = path.join(unpacked, `linux-${process.arch}.node`);
    const database = new Database(':memory:', { nativeBinding: binding });
    expect(database.prepare('select 6 * 7 as answer').get()).toEqual({ answer: 42 });
    database.close();
  });

  it('has a preload that requires nothing but electron', () => {
    const source = extractFile(asar, 'dist/electron/preload.cjs').toString();
    const required = [...source.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, name]) => name);
    expect(required).toEqual(['electron']);
    expect(source).not.toMatch(/^\s*import\b/m);
  });

  it('has its fuses set', async () => {
    const fuses = await getCurrentFuseWire(path.join(app, 'holdfast'));
    const on = (option: FuseV1Options) => fuses[option] === FuseState.ENABLE;
    expect({
      runAsNode: on(FuseV1Options.RunAsNode),
      nodeOptions: on(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: on(FuseV1Options.EnableNodeCliInspectArguments),
      cookieEncryption: on(FuseV1Options.EnableCookieEncryption),
      asarIntegrity: on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      onlyAsar: on(FuseV1Options.OnlyLoadAppFromAsar),
      fileProtocol: on(FuseV1Options.GrantFileProtocolExtraPrivileges),
    }).toEqual({
      runAsNode: false,
      nodeOptions: false,
      inspect: false,
      cookieEncryption: true,
      asarIntegrity: true,
      onlyAsar: true,
      fileProtocol: false,
    });
  });

  it('installs a desktop file that starts this program', () => {
    const entry = readFileSync(path.join(output, 'holdfast.desktop'), 'utf8');
    const fields = Object.fromEntries(entry.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(entry).toMatch(/^\[Desktop Entry\]\n/);
    expect(fields).toMatchObject({
      Name: 'Holdfast',
      Type: 'Application',
      Terminal: 'false',
      Icon: 'holdfast',
      StartupWMClass: 'Holdfast',
      Categories: 'System;',
    });
    expect(fields.Exec).toMatch(/holdfast/);
    expect(fields.Comment).toBe('Backup, restore and failover console for directory databases');
  });
});
