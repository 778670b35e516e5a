// The catalog of the engine is lost: the group is back on its page with what was found, and goes on when it is confirmed there.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, startConsole, test } from './support/console.ts';
import { keep, openTask } from './support/steps.ts';

test.use({ consoleOptions: { demo: true } });

test('shows what was found of a group, and confirms it', async ({ console, page }) => {
  test.setTimeout(180_000);
  const member = (server: string) =>
    page.getByRole('grid', { name: 'Databases of this group' }).getByRole('row').filter({ hasText: server });
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
  await openTask(page, 'System');
  await expect(member('SRV-3')).toContainText('In sync', { timeout: 30_000 });
  await console.stop();
  for (const name of readdirSync(console.data).filter((each) => each.startsWith('catalog.db')))
    rmSync(path.join(console.data, name));

  const next = await startConsole({ data: console.data, work: console.work });
  try {
    await page.goto(next.url);
    await expect(page.getByText('does nothing until it is confirmed')).toBeVisible({ timeout: 30_000 });
    await openTask(page, 'System');
    await expect(page.getByText('This group is not confirmed.')).toBeVisible({ timeout: 30_000 });
    const found = page.getByRole('table', { name: 'What was found' });
    await expect(found.getByRole('row').filter({ hasText: 'SRV-1/' })).toContainText('Accepts writes');
    for (const server of ['SRV-1/', 'SRV-2/', 'SRV-3/'])
      await expect(found.getByRole('row').filter({ hasText: server })).toContainText('newest', { timeout: 30_000 });
    await expect(page.getByRole('switch', { name: 'Use database failover' })).toBeHidden();
    await keep(page, 'failover-confirm');
    await page.getByRole('button', { name: 'Confirm this group…' }).click();
    const dialog = page.getByRole('alertdialog', { name: /^Confirm / });
    await expect(dialog.getByText('no other one may accept writes')).toBeVisible();
    await keep(page, 'failover-confirm-plan');
    await dialog.getByRole('button', { name: 'Confirm', exact: true }).click();
    await expect(page.getByText('This group is not confirmed.')).toBeHidden({ timeout: 30_000 });
    await expect(member('SRV-3')).toContainText('In sync', { timeout: 60_000 });
    await expect(page.getByRole('table', { name: 'History' }).getByText('Confirmed', { exact: true })).toBeVisible();
  } finally {
    expect(await next.stop(), next.errors()).toBe(0);
  }
});
