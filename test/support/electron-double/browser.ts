// The one Chromium behind all windows of the double, reachable for the test over its debugging port.
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium } from 'playwright';
import { browserArguments, findBrowser } from '../browser.ts';

let context: BrowserContext | null = null;
let profile: string | null = null;
let debuggingPort = 0;

export async function openBrowser(): Promise<void> {
  debuggingPort = await freePort();
  profile = mkdtempSync(path.join(os.tmpdir(), 'holdfast-double-'));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: [...browserArguments, `--remote-debugging-port=${debuggingPort}`],
    headless: true,
    viewport: { width: 1280, height: 800 },
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

/** The browser once the app is ready; as in Electron, windows cannot be made before. */
export function readyBrowser(): BrowserContext {
  if (context === null) throw new Error('the app is not ready');
  return context;
}

/** Where the test reaches the same pages. */
export const debuggingAddress = () => `http://127.0.0.1:${debuggingPort}`;

/** Chromium under Playwright does not tell which port it took for 0. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function closeBrowser(): Promise<void> {
  await context?.close();
  context = null;
  if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
