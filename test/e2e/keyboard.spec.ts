// The main path without a pointer: Tab, arrows, Enter, shortcuts and the command palette.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
import { job, keep } from './support/steps.ts';

// A snapshot of the page at each of some two hundred key presses would take longer than the presses.
test.use({ trace: 'off' });

/** Goes on by Tab until `target` has the focus; fails after `most` stops. */
async function tabTo(page: Page, target: Locator, most = 60): Promise<void> {
  for (let stop = 0; stop < most; stop += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target).toBeFocused();
}

async function open(page: Page, keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

test('opens the lab, backs up, reads help and messages, restores: by keyboard alone', async ({ console, page }) => {
  expect(console.url).toContain('127.0.0.1');
  const openLab = page.getByRole('button', { name: 'Open the demo lab' });
  await expect(openLab).toBeEnabled();
  await tabTo(page, openLab);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });

  await open(page, ['g', 'f']);
  await expect(page.getByRole('switch', { name: 'Use database failover' })).toBeVisible();
  const list = page.getByRole('grid', { name: 'Databases of this group' });
  await expect(list.getByRole('row').filter({ hasText: 'SRV-3' })).toContainText('In sync', { timeout: 30_000 });

  await open(page, ['Control+k']);
  const palette = page.getByRole('dialog', { name: 'Find a command' });
  await expect(palette.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('differential backup');
  await keep(page, 'palette');
  await page.keyboard.press('Enter');
  await expect(palette).toBeHidden();
  await expect(job(page, /^Differential backup/)).toContainText('2 of 2 backup databases have it', { timeout: 30_000 });

  const full = page.getByRole('button', { name: 'Full backup now' });
  await expect(full).toBeEnabled();
  await tabTo(page, full, 120);
  // The lab has had a full backup before: this one is told from it by their number.
  const complete = page
    .getByRole('region', { name: 'Jobs' })
    .getByRole('listitem')
    .filter({ hasText: /^Full backup of/ })
    .filter({ hasText: '2 of 2 backup databases have it' });
  const before = await complete.count();
  await page.keyboard.press('Enter');
  await expect.poll(() => complete.count(), { timeout: 60_000 }).toBeGreaterThan(before);
  await expect(full).toBeEnabled({ timeout: 30_000 });

  await open(page, ['?']);
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(help).toBeVisible();
  await keep(page, 'shortcuts');
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await expect(full).toBeFocused();

  await open(page, ['Control+m']);
  const messages = page.getByRole('dialog', { name: 'System messages' });
  await expect(messages).toBeVisible();
  await keep(page, 'messages');
  await page.keyboard.press('Escape');
  await expect(messages).toBeHidden();

  // The list and the tree by arrows.
  await tabTo(page, list.getByRole('row').filter({ hasText: 'SRV-1' }), 120);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await expect(list.getByRole('row').filter({ hasText: 'SRV-2' })).toHaveAttribute('aria-selected', 'true');
  await open(page, ['g', 'r']);
  await expect(page.getByRole('heading', { name: 'Restore', level: 1 })).toBeVisible();
  const tree = page.getByRole('tree', { name: 'Objects' });
  await tabTo(page, tree.getByRole('treeitem', { name: 'Restore', exact: true }), 120);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Retention', level: 1 })).toBeVisible();

  // The wizard: Enter on Next, to the last page.
  await open(page, ['g', 'r']);
  for (const step of ['Source', 'Point in time', 'Target', 'Checklist', 'Options']) {
    await expect(page.getByRole('heading', { name: step, level: 2 })).toBeVisible();
    const next = page.getByRole('button', { name: 'Next' });
    await expect(next).toBeEnabled();
    await tabTo(page, next, 120);
    await page.keyboard.press('Enter');
  }
  await tabTo(page, page.getByRole('textbox', { name: /^Type Directory/ }), 120);
  await page.keyboard.type('Directory');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Restore monitor' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Lights' })).toContainText('active yes', { timeout: 30_000 });
});
