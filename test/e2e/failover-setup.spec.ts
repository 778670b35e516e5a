// Setting failover up: the list and its checks, the order, schedules, leaving with edits, turning it off, history.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
import { keep, openNode, openTask } from './support/steps.ts';

test.use({ consoleOptions: { demo: true } });

const list = (page: Page): Locator => page.getByRole('grid', { name: 'Databases of this group' });
const member = (page: Page, server: string): Locator => list(page).getByRole('row').filter({ hasText: server });
const servers = (page: Page): Promise<string[]> =>
  list(page)
    .getByRole('row')
    .filter({ hasText: /SRV-/ })
    .allTextContents()
    .then((rows) => rows.map((row) => /SRV-\d/.exec(row)?.[0] ?? row));
const toolbar = (page: Page): Locator => page.getByRole('toolbar', { name: 'Databases of this group' });
const unsaved = (page: Page): Locator => page.getByRole('region', { name: 'Unsaved changes' });

async function openFailover(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
  await openTask(page, 'System');
  await expect(member(page, 'SRV-3')).toContainText('In sync', { timeout: 30_000 });
}

test('adds a database to the list, checks each field, edits, orders and removes it', async ({ console, page }) => {
  await openFailover(page);
  await openNode(page, 'Servers');
  await page.getByRole('button', { name: 'Add a server' }).click();
  const adding = page.getByRole('dialog', { name: 'Add a server' });
  await adding.getByRole('textbox', { name: 'Name' }).fill('SRV-4');
  await adding.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(adding).toBeHidden({ timeout: 30_000 });
  await expect(page.getByRole('treeitem', { name: 'SRV-4' })).toHaveAccessibleDescription('online');
  await keep(page, 'servers');

  await openNode(page, 'Directory Manager');
  await toolbar(page).getByRole('button', { name: 'Add an item' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an item' });
  const fill = (name: string, value: string) => dialog.getByRole('textbox', { name }).fill(value);
  const ok = dialog.getByRole('button', { name: 'OK' });
  await expect(dialog.getByRole('combobox', { name: 'Server', exact: true })).toHaveValue('SRV-4');
  const folder = path.join(console.work, 'srv-4');
  mkdirSync(folder);
  await fill('Folder', folder);

  await fill('Database server', '(local)');
  await ok.click();
  await expect(dialog.getByText('(local) means another machine on every server')).toBeVisible();
  await fill('Database server', 'srv-4');
  await fill('Database instance', 'DirectoryTooLong');
  await ok.click();
  await expect(dialog.getByText('1 to 15 letters, digits and hyphens')).toBeVisible();
  await fill('Database instance', 'Directory');
  await fill('Folder', '/proc/holdfast');
  await ok.click();
  await expect(dialog.getByText(/\/proc\/holdfast|cannot be written on SRV-4/)).toBeVisible();
  await keep(page, 'failover-add-refused');
  await fill('Folder', (await page.getByTitle(path.join(console.data, 'lab/SRV-2')).first().textContent()) ?? '');
  await ok.click();
  await expect(dialog.getByText('SRV-2 in Directory uses this folder already.')).toBeVisible();
  await fill('Folder', folder);
  await ok.click();
  await expect(dialog).toBeHidden();
  await expect(member(page, 'SRV-4')).toContainText('Not applied yet');
  await expect(unsaved(page)).toContainText('Nothing is in force before Apply.');

  await openTask(page, 'Home');
  const leave = page.getByRole('alertdialog', { name: 'Save the changes on this page?' });
  await expect(leave.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await leave.getByRole('button', { name: 'Cancel' }).click();
  await expect(member(page, 'SRV-4')).toContainText('Not applied yet');
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  await expect(unsaved(page)).toBeHidden({ timeout: 30_000 });
  await expect(member(page, 'SRV-4')).toContainText(/Never restored|Restoring|In sync/);

  await member(page, 'SRV-4').click();
  await toolbar(page).getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit SRV-4' });
  await edit.getByRole('textbox', { name: 'Database server' }).fill('srv-4.example.org');
  await edit.getByRole('button', { name: 'OK' }).click();
  await toolbar(page).getByRole('button', { name: 'Up' }).click();
  await expect.poll(() => servers(page)).toEqual(['SRV-1', 'SRV-2', 'SRV-4', 'SRV-3']);
  await unsaved(page).getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => servers(page)).toEqual(['SRV-1', 'SRV-2', 'SRV-3', 'SRV-4']);
  await expect(member(page, 'SRV-4')).not.toContainText('srv-4.example.org');

  await member(page, 'SRV-1').click();
  await expect(toolbar(page).getByRole('button', { name: 'Remove' })).toBeDisabled();
  await member(page, 'SRV-4').click();
  await toolbar(page).getByRole('button', { name: 'Remove' }).click();
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  await expect(unsaved(page)).toBeHidden({ timeout: 30_000 });
  await expect.poll(() => servers(page)).toEqual(['SRV-1', 'SRV-2', 'SRV-3']);
});

test('asks before a new master, before turning off; takes schedules; keeps a history', async ({ console, page }) => {
  expect(console.url).toContain('127.0.0.1');
  await openFailover(page);
  await member(page, 'SRV-2').click();
  await toolbar(page).getByRole('button', { name: 'Up' }).click();
  const promote = page.getByRole('alertdialog');
  await expect(promote.getByRole('region', { name: 'What will happen' })).toBeVisible();
  await expect(promote.getByRole('button', { name: 'Make master' })).toBeVisible();
  await keep(page, 'failover-promote-plan');
  await promote.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => servers(page)).toEqual(['SRV-1', 'SRV-2', 'SRV-3']);

  await page.getByRole('combobox', { name: 'Full frequency' }).selectOption('weekly');
  await page.getByRole('textbox', { name: 'Full: time' }).fill('25:00');
  await expect(unsaved(page)).toContainText('Full backup: give a time such as 02:00.');
  await expect(unsaved(page).getByRole('button', { name: 'Apply' })).toBeDisabled();
  await page.getByRole('textbox', { name: 'Full: time' }).fill('03:30');
  await page.getByRole('combobox', { name: 'Full: day' }).selectOption({ label: 'Monday' });
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  await expect(unsaved(page)).toBeHidden();
  await expect(page.getByRole('region', { name: 'Master backup' })).toContainText(/next in \d+ (days?|d|h)/);

  await page.getByRole('switch', { name: 'Use database failover' }).click();
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  const off = page.getByRole('alertdialog', { name: 'Turn failover of Directory off?' });
  await expect(off.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await keep(page, 'failover-turn-off');
  await off.getByRole('button', { name: 'Cancel' }).click();
  await expect(unsaved(page)).toBeVisible();
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  await off.getByRole('button', { name: 'Turn off' }).click();
  await expect(unsaved(page)).toBeHidden();
  await expect(page.getByText('Off', { exact: true })).toBeVisible();
  await keep(page, 'failover-off');
  await page.getByRole('switch', { name: 'Use database failover' }).click();
  await unsaved(page).getByRole('button', { name: 'Apply' }).click();
  await expect(unsaved(page)).toBeHidden({ timeout: 30_000 });

  const history = page.getByRole('grid', { name: 'History' }).or(page.getByRole('table', { name: 'History' }));
  await expect(history.getByRole('row').filter({ hasText: 'Turned off' })).toHaveCount(1);
  await expect(history.getByRole('row').filter({ hasText: 'Turned on' }).first()).toBeVisible();
  await page.getByRole('tab', { name: 'Properties' }).click();
  await keep(page, 'failover-properties');

  // A fenced master is no green light anywhere, and can be let go again.
  await page.getByRole('tab', { name: 'Database failover' }).click();
  await member(page, 'SRV-1').click();
  await expect(toolbar(page).getByRole('button', { name: 'Fence', exact: true })).toBeEnabled();
  await toolbar(page).getByRole('button', { name: 'Fence', exact: true }).click();
  const fence = page.getByRole('alertdialog');
  const typed = fence.getByRole('textbox');
  await expect(fence.getByRole('button', { name: 'Fence', exact: true })).toBeVisible();
  if ((await typed.count()) > 0) await typed.fill('SRV-1');
  await expect(fence.getByRole('button', { name: 'Fence', exact: true })).toBeEnabled({ timeout: 30_000 });
  await fence.getByRole('button', { name: 'Fence', exact: true }).click();
  await expect(member(page, 'SRV-1').getByRole('img', { name: 'Active, fenced' })).toBeVisible({ timeout: 20_000 });
  await keep(page, 'failover-fenced');
  await openTask(page, 'Home');
  await expect(page.getByText('SRV-1 is active but fenced: no client can write')).toBeVisible();
  await expect(page.getByRole('img', { name: /^fenced, accepts no writes/ })).toBeVisible();
  await keep(page, 'home-fenced');
});
