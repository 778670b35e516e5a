// The smoke test on the real Electron, wherever its program is installed and can run.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { _electron, expect, test } from '@playwright/test';

const projectRoot = path.resolve(import.meta.dirname, '../..');
const electronFolder = path.join(projectRoot, 'node_modules/electron');

/** Why the real Electron cannot run here; null when it can. */
function obstacle(): string | null {
  const pathFile = path.join(electronFolder, 'path.txt');
  if (!existsSync(pathFile) || !existsSync(program(pathFile)))
    return "Electron's program is not installed here (npx install-electron fetches it)";
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return 'there is no display';
  return null;
}

const program = (pathFile: string) => path.join(electronFolder, 'dist', readFileSync(pathFile, 'utf8'));

test('the real Electron opens the console', async () => {
  const reason = obstacle();
  test.skip(reason !== null, reason ?? '');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-electron-'));
  // Root has no user namespace for Chromium's sandbox.
  const args = [projectRoot, '--data', folder, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const app = await _electron.launch({ executablePath: program(path.join(electronFolder, 'path.txt')), args });
  const page = await app.firstWindow();
  await expect(page.getByText('Welcome to Holdfast')).toBeVisible();
  expect(page.url()).toBe('app://holdfast/index.html');
  expect(await page.evaluate(() => Object.keys(window.holdfast ?? {}))).toEqual(['connect']);
  await app.evaluate(({ app: electron }) => electron.quit());
  await app.waitForEvent('close');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
