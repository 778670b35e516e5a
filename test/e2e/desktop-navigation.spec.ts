// Hostile addresses in the desktop window: by click, new window, script, form and refresh. None leads anywhere.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type Desktop, startDesktop } from './support/desktop.ts';

const hostile = [
  'https://evil.example/',
  'http://evil.example/phish?from=holdfast',
  'https://holdfast.evil.example/index.html',
  'https://app:holdfast@evil.example/',
  'app://evil/index.html',
  'app://holdfast.evil/index.html',
  'file:///etc/passwd',
  'data:text/html,<h1>taken</h1>',
  'javascript:document.title="taken"',
  'chrome://settings/',
  'http://127.0.0.1:1/',
];

/** The one kind of link that may open, in the user's own browser. */
const allowed = 'https://www.sqlite.org/wal.html';

// The page belongs to the app, which may end before the runner would look at it.
test.use({ trace: 'off', screenshot: 'off' });

let userData: string;
let desktop: Desktop;
let page: Page;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  userData = mkdtempSync(path.join(os.tmpdir(), 'holdfast-navigation-'));
  desktop = await startDesktop({ userData });
  page = await desktop.page();
  await expect(page.getByRole('main')).toBeVisible();
});
test.afterAll(async () => {
  await desktop.stop();
  rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
});

/** The page is where it was, alive, alone, and nothing was loaded or opened. */
async function expectUnmoved(how: string, externals: string[] = []): Promise<void> {
  // A round trip through the page's own event loop: what was going to begin has begun.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 30)));
  const state = await desktop.state();
  expect(
    state.windows.map((window) => window.url),
    how,
  ).toEqual(['app://holdfast/index.html']);
  expect(await page.evaluate(() => document.title), how).toMatch(/Holdfast$/);
  expect(state.escaped, how).toEqual([]);
  expect(state.externals, how).toEqual(externals);
  await expect
    .poll(
      () =>
        page
          .context()
          .pages()
          .filter((one) => one.url() !== 'about:blank').length,
      how,
    )
    .toBe(1);
  // Not by a locator: Playwright waits for the end of a navigation that was refused and so never ends.
  expect(await page.evaluate(() => document.querySelector('main') !== null), how).toBe(true);
}

async function clickLink(url: string, target: string | null): Promise<void> {
  await page.evaluate(
    ([href, frame]) => {
      const link = document.createElement('a');
      link.href = href as string;
      if (frame) link.target = frame;
      document.body.append(link);
      link.click();
      link.remove();
    },
    [url, target],
  );
}

test('a click on a link', async () => {
  for (const url of hostile) {
    await clickLink(url, null);
    await expectUnmoved(url);
  }
});

test('a link to a new window', async () => {
  for (const url of hostile) {
    await clickLink(url, '_blank');
    await expectUnmoved(url);
  }
  const { windows } = await desktop.state();
  expect(windows[0]?.opened.length).toBeGreaterThan(0);
  expect(windows[0]?.opened.every(({ action }) => action === 'deny')).toBe(true);
});

test('window.open', async () => {
  for (const url of hostile) {
    await page.evaluate((target) => void window.open(target), url);
    await expectUnmoved(url);
  }
});

test('a script that sets the location', async () => {
  for (const url of hostile) {
    await page.evaluate((target) => {
      try {
        window.location.assign(target);
      } catch {
        // Some schemes are refused by the page itself.
      }
    }, url);
    await expectUnmoved(url);
  }
});

test('a form, a refresh and a frame', async () => {
  for (const url of hostile) {
    await page.evaluate((target) => {
      const form = document.createElement('form');
      form.action = target;
      form.method = 'post';
      document.body.append(form);
      form.submit();
      const refresh = document.createElement('meta');
      refresh.httpEquiv = 'refresh';
      refresh.content = `0; url=${target}`;
      document.head.append(refresh);
      const frame = document.createElement('iframe');
      frame.src = target;
      document.body.append(frame);
    }, url);
    await expectUnmoved(url);
  }
});

test('only a known https site opens, in the browser and not here', async () => {
  await clickLink(allowed, '_blank');
  await expectUnmoved(allowed, [allowed]);
});
