// The console in a browser, through the built headless program: the token, the session, and an engine that goes away.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectAccessible, startConsole, takeScreenshots, test } from './support/console.ts';

const welcome = /Welcome to Holdfast/;

test('opens by its address, forgets the token, and keeps the session over a reload', async ({ console, page }) => {
  await expect(page.getByText(welcome)).toBeVisible();
  expect(page.url()).toBe(console.url.replace(/#.*/, ''));
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await page.reload();
  await expect(page.getByText(welcome)).toBeVisible();
  await expectAccessible(page);
  await takeScreenshots(page, 'welcome');
});

test('says what to do in a browser without a session', async ({ console, browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(console.url.replace(/#.*/, ''));
  await expect(page.getByText('This window is not signed in')).toBeVisible();
  // A new address in the same tab differs only behind the #: the page opens it by itself.
  await page.goto(`${console.url}x`);
  await expect(page.getByText('This window is not signed in')).toBeVisible();
  await context.close();
});

test('stays open when the engine goes away, and says so', async ({ console, page }) => {
  await expect(page.getByText(welcome)).toBeVisible();
  expect(await console.stop()).toBe(0);
  await expect(page.getByText('Reconnecting…')).toBeVisible();
  await expect(page.getByText(welcome)).toBeVisible();
  expect(existsSync(path.join(console.data, 'engine.json'))).toBe(false);
});

test('a second engine on the same data folder refuses to start', async ({ console }) => {
  const second = await startConsole({ data: console.data, work: console.work }).catch((error: Error) => error);
  expect(String(second)).toContain(`Process ${console.pid} already runs an engine`);
  expect(JSON.parse(readFileSync(path.join(console.data, 'engine.json'), 'utf8')).pid).toBe(console.pid);
});

test('takes over from an engine that was killed', async ({ console }) => {
  process.kill(console.pid, 'SIGKILL');
  await console.exited;
  const next = await startConsole({ data: console.data, work: console.work });
  expect(await next.stop(), next.errors()).toBe(0);
});
