// The main job once more through the built desktop app: main, preload and port, on the Electron double.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { watchPage } from './support/console.ts';
import { startDesktop } from './support/desktop.ts';
import { doTheMainJob } from './support/main-job.ts';

test.use({ trace: 'off', screenshot: 'off' });

test('does the main job in the desktop app', async () => {
  test.setTimeout(240_000);
  const userData = mkdtempSync(path.join(os.tmpdir(), 'holdfast-desktop-job-'));
  const shots = path.resolve(import.meta.dirname, '../../out/screenshots');
  mkdirSync(shots, { recursive: true });
  const desktop = await startDesktop({ userData });
  try {
    const page = await desktop.page();
    await page.setViewportSize({ width: 1280, height: 800 });
    const problems = watchPage(page);
    const shot = async (name: string) =>
      void (await page.screenshot({ path: path.join(shots, `desktop-${name}.png`) }));
    const ledTook = await doTheMainJob({ page, shot, check: async () => {} });
    expect(ledTook).toBeLessThan(5_000);
    expect(problems()).toEqual([]);
  } finally {
    await desktop.stop();
    rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
  }
});
