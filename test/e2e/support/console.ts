// Fixtures of the specs: a console of its own for each spec, opened in a page; screenshots; the accessibility check.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

export { expect };

const projectRoot = path.resolve(import.meta.dirname, '../../..');

export interface RunningConsole {
  /** With the token in its fragment. */
  url: string;
  /** The engine's data folder. */
  data: string;
  /** A folder for the spec's own databases and backups. */
  work: string;
  pid: number;
  /** What the program has printed on stderr so far. */
  errors(): string;
  /** Resolves with the exit code, null after a kill. */
  exited: Promise<number | null>;
  /** Orderly stop (SIGTERM); resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ConsoleOptions {
  demo?: boolean;
  data?: string;
  work?: string;
  port?: number;
}

/** Starts the built headless console and waits for its address. */
export async function startConsole(options: ConsoleOptions & { data: string; work: string }): Promise<RunningConsole> {
  const program = path.join(projectRoot, 'dist/headless/serve.js');
  const args = [program, '--data', options.data, '--port', String(options.port ?? 0), '--no-open'];
  if (options.demo) args.push('--demo');
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = await Promise.race([
    firstLine(child),
    ended.then((code) => {
      throw new Error(`the console ended with code ${code} before it served:\n${errors}`);
    }),
  ]);
  return {
    url,
    data: options.data,
    work: options.work,
    pid: child.pid as number,
    errors: () => errors,
    exited: ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

interface Fixtures {
  /** Options of the console that `console` starts: `test.use({ consoleOptions: { demo: true } })`. */
  consoleOptions: ConsoleOptions;
  /** A folder that is removed after the spec. */
  folder: string;
  /** A running console of this spec's own; `page` has it open. */
  console: RunningConsole;
}

export const test = base.extend<Fixtures>({
  consoleOptions: [{}, { option: true }],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  folder: async ({}, use) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-e2e-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  console: async ({ page, folder, consoleOptions }, use, info) => {
    const work = path.join(folder, 'work');
    mkdirSync(work);
    const running = await startConsole({ data: path.join(folder, 'data'), work, ...consoleOptions });
    const problems = watchPage(page);
    await page.goto(running.url);
    let killed = false;
    void running.exited.then((code) => {
      killed = code === null;
    });
    await use(running);
    const code = await running.stop();
    if (info.status !== info.expectedStatus) await info.attach('stderr', { body: running.errors() });
    expect(problems(), 'errors in the page').toEqual([]);
    // A spec that kills its console has said what it expects of that itself.
    if (!killed) expect(code, `exit code; stderr:\n${running.errors()}`).toBe(0);
  },
});

/** Collects what the page complains about: uncaught errors and refused loads; never what a lost connection causes. */
export function watchPage(page: Page): () => string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const text = message.text();
    if (/ERR_CONNECTION|WebSocket connection|status of 401/.test(text)) return;
    problems.push(text);
  });
  return () => problems;
}

/** Saves the page in light and dark as out/screenshots/NAME-{light,dark}.png. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // A theme fades in; the picture is of its end.
    const file = path.join(projectRoot, 'out/screenshots', `${name}-${colorScheme}.png`);
    await page.screenshot({ path: file, animations: 'disabled' });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Fails when axe finds anything serious or critical on the page. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({ id, help, where: nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)) }));
  expect(serious).toEqual([]);
}
