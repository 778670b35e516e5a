// The desktop app through its built main and preload bundles, on the Electron double with a real page.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { test as base, expect } from '@playwright/test';
import { watchPage } from './support/console.ts';
import { type Desktop, startDesktop } from './support/desktop.ts';

interface Fixtures {
  userData: string;
  desktop: Desktop;
}

interface Shared {
  /** One app for the specs that only look. */
  open: { desktop: Desktop; data: string };
}

const test = base.extend<Fixtures, Shared>({
  open: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
    async ({}, use) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-desktop-'));
      const desktop = await startDesktop({ userData: folder });
      await use({ desktop, data: path.join(folder, 'data') });
      await desktop.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  userData: async ({}, use) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-desktop-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  desktop: async ({ userData }, use) => {
    const desktop = await startDesktop({ userData });
    await use(desktop);
    await desktop.stop();
  },
});

// These pages belong to the app, which may end before the runner would look at them.
test.use({ trace: 'off', screenshot: 'off' });

const welcome = /Welcome to Holdfast/;

test('opens the console through main, preload and port', async ({ open: { desktop } }) => {
  const page = await desktop.page();
  const problems = watchPage(page);
  await expect(page.getByText(welcome)).toBeVisible();
  const [window] = (await desktop.state()).windows;
  expect(window?.url).toBe('app://holdfast/index.html');
  expect(window?.visible).toBe(true);
  expect(window?.options.webPreferences).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
    allowRunningInsecureContent: false,
  });
  expect((await desktop.state()).escaped).toEqual([]);
  expect(problems()).toEqual([]);
});

test('gives the page connect() and nothing else', async ({ open: { desktop } }) => {
  const page = await desktop.page();
  await expect(page.getByText(welcome)).toBeVisible();
  const reach = await page.evaluate(() => {
    const names = ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'];
    return {
      bridge: Object.keys(window.holdfast ?? {}),
      frozen: Object.isFrozen(window.holdfast),
      globals: names.filter((name) => name in window),
    };
  });
  expect(reach).toEqual({ bridge: ['connect'], frozen: true, globals: [] });
});

test('runs the page under its policy: no eval, no inline script, no foreign load', async ({ open: { desktop } }) => {
  const page = await desktop.page();
  await expect(page.getByText(welcome)).toBeVisible();
  // In a script of the page's own: the debugger's evaluations are not bound by the policy.
  const blocked = await page.evaluate(async () => {
    const violations: string[] = [];
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.ranInline = true';
    document.body.append(script);
    setTimeout('window.ranEval = true');
    const image = document.createElement('img');
    image.src = 'https://evil.example/x.png';
    document.body.append(image);
    await fetch('https://evil.example/').catch(() => {});
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
    return { violations, ran: ['ranInline', 'ranEval'].filter((name) => name in window) };
  });
  expect(blocked.ran).toEqual([]);
  expect(blocked.violations).toEqual(
    expect.arrayContaining(['script-src-elem', 'script-src', 'img-src', 'connect-src']),
  );
  expect((await desktop.state()).escaped).toEqual([]);
});

test('connects again after a reload', async ({ open: { desktop } }) => {
  const page = await desktop.page();
  await expect(page.getByText(welcome)).toBeVisible();
  await page.reload();
  await expect(page.getByText(welcome)).toBeVisible();
});

test('denies every permission', async ({ open: { desktop } }) => {
  await desktop.page();
  for (const name of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'fileSystem'])
    expect(await desktop.command('permission', name), name).toEqual({ granted: false, checked: false });
});

test('goes on without its window, and the tray brings it back where it was', async ({ desktop, userData }) => {
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
  await desktop.command('closeWindow');
  await expect.poll(async () => (await desktop.state()).windows.length).toBe(0);
  expect(JSON.parse(readFileSync(path.join(userData, 'window.json'), 'utf8'))).toMatchObject({
    width: 1280,
    height: 800,
  });
  expect((await desktop.state()).tray?.toolTip).toContain('Holdfast');
  await desktop.command('pressTray', 'Open Holdfast');
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
  await desktop.command('secondInstance');
  expect((await desktop.state()).windows).toHaveLength(1);
});

test('starts with a damaged window file', async ({ userData }) => {
  writeFileSync(path.join(userData, 'window.json'), '{"x":');
  const desktop = await startDesktop({ userData });
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
  expect(await desktop.stop()).toBe(0);
});

test('lets the command line in by the note in its data folder, and serves it no page', async ({
  open: { desktop, data },
}) => {
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
  const note = JSON.parse(readFileSync(path.join(data, 'engine.json'), 'utf8'));
  expect(note.pid).toBe(desktop.pid);
  const origin = `http://127.0.0.1:${note.port}`;
  const session = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: note.token }),
  });
  expect(session.status).toBe(204);
  expect((await fetch(`${origin}/`)).status).toBe(404);
});

test('refuses to start on a data folder that another engine has, and says which process', async ({
  desktop,
  userData,
}) => {
  await desktop.page();
  const data = path.join(userData, 'data');
  await expect.poll(() => existsSync(path.join(data, 'engine.json'))).toBe(true);
  const other = path.join(userData, 'other');
  mkdirSync(other);
  const second = await startDesktop({ userData: other, args: ['--data', data] });
  expect(await second.exited).toBe(1);
  expect(second.errors()).toContain(`Process ${desktop.pid} already runs an engine`);
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
});

test('ends at once when the app is open already', async ({ userData }) => {
  writeFileSync(path.join(userData, 'second-instance'), '');
  const second = await startDesktop({ userData });
  expect(await second.exited).toBe(0);
  expect(existsSync(path.join(userData, 'data'))).toBe(false);
});

test('runs its agents as utility processes, and the command line sees them', async ({ desktop, userData }) => {
  const page = await desktop.page();
  await page.getByRole('button', { name: 'Open the demo lab' }).first().click();
  const commandLine = path.resolve(import.meta.dirname, '../../headless/bin.mjs');
  const servers = async () => {
    const args = [commandLine, 'servers', '--json', '--data', path.join(userData, 'data')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const answer = JSON.parse(stdout) as { servers: { name: string; state: string; pid: number }[] };
    return answer.servers;
  };
  const states = async () => (await servers()).map(({ name, state }) => `${name} ${state}`).sort();
  await expect.poll(states, { timeout: 60_000 }).toEqual(['SRV-1 online', 'SRV-2 online', 'SRV-3 online']);
  const pids = (await servers()).map(({ pid }) => pid);
  expect(new Set(pids).size).toBe(3);
  desktop.kill('SIGTERM');
  expect(await desktop.exited, desktop.errors()).toBe(0);
  // An agent that outlives its app would keep the root locked against the next start.
  const alive = (pid: number) => existsSync(`/proc/${pid}`);
  await expect.poll(() => pids.filter(alive)).toEqual([]);
});

test('asks before it quits under a running job, and ends in an orderly way when told to', async ({
  desktop,
  userData,
}) => {
  const page = await desktop.page();
  await page.getByRole('button', { name: 'Open the demo lab' }).first().click();
  await expect(page.getByText('None running')).toBeHidden();
  await desktop.command('pressMenu', 'Quit');
  await expect.poll(async () => (await desktop.state()).dialogs.length).toBe(1);
  const [dialog] = (await desktop.state()).dialogs;
  expect(dialog).toMatchObject({
    // The lab's first backup may have begun beside the job that opens it.
    message: expect.stringMatching(/^(A job is|\d jobs are) still running\.$/),
    buttons: ['Cancel', 'Quit anyway'],
    defaultId: 0,
  });
  await desktop.command('answerDialog', 1);
  await desktop.command('pressTray', 'Quit');
  expect(await desktop.exited, desktop.errors()).toBe(0);
  expect(existsSync(path.join(userData, 'data', 'engine.json'))).toBe(false);
});

test('ends in an orderly way on SIGTERM without asking', async ({ desktop, userData }) => {
  await expect((await desktop.page()).getByText(welcome)).toBeVisible();
  desktop.kill('SIGTERM');
  expect(await desktop.exited, desktop.errors()).toBe(0);
  expect(existsSync(path.join(userData, 'data', 'engine.lock'))).toBe(false);
});
