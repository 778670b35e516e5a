// A restore that lacks what another server has: it waits in RST, shows what is missing, and the ways on.
import { expect, test } from './support/console.ts';
import { keep, light, openTask, throughWizard } from './support/steps.ts';

test.use({ consoleOptions: { demo: true } });

test('holds a restore back that lacks what another server has, and lets it be deleted', async ({ console, page }) => {
  expect(console.data).toBeTruthy();
  const lab = page.getByRole('region', { name: 'Demo lab' });
  const member = (server: string) =>
    page.getByRole('grid', { name: 'Databases of this group' }).getByRole('row').filter({ hasText: server });
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
  await openTask(page, 'System');
  await expect(member('SRV-2')).toContainText('In sync', { timeout: 30_000 });
  await lab.getByRole('switch', { name: 'SRV-1' }).click();
  await expect(lab).toContainText('Client writing to SRV-2', { timeout: 20_000 });
  await lab.getByRole('switch', { name: 'SRV-1' }).click();
  await expect(page.getByText('Your decision is wanted.')).toBeVisible({ timeout: 30_000 });

  await openTask(page, 'Restore');
  await page.getByRole('combobox', { name: 'Database' }).selectOption('SRV-1/Directory');
  await throughWizard(page, 'Source');
  await page.getByRole('textbox', { name: /^Type Directory/ }).fill('Directory');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'verified')).toContainText('failed', { timeout: 30_000 });
  await expect(light(page, 'active')).toContainText('no');
  await expect(page.getByText('-6034').first()).toBeVisible();
  const peer = page.getByRole('region', { name: /CN=SRV-2/ });
  await expect(peer.getByRole('row').filter({ hasText: 'behind' }).first()).toBeVisible();
  const recovery = page.getByRole('region', { name: 'Guided recovery' });
  await expect(recovery).toContainText('held by SRV-2');
  await expect(recovery.getByRole('button', { name: /^Accept/ })).toBeVisible({ timeout: 30_000 });
  await keep(page, 'restore-behind');

  await recovery.getByRole('button', { name: /^Accept/ }).click();
  const accept = page.getByRole('alertdialog');
  await expect(accept.getByRole('button', { name: 'Accept the loss', exact: true })).toBeDisabled();
  await expect(accept.getByText(/Given up: .* commit/)).toBeVisible();
  await accept.getByRole('button', { name: 'Cancel' }).click();
  const set = page.getByRole('region', { name: 'The set in RST' });
  await set.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete RST' }).click();
  await expect(page.getByText(/no longer waits in RST/).first()).toBeVisible({ timeout: 30_000 });
  await expect(set).toBeHidden();
  await keep(page, 'restore-behind-deleted');
  await openTask(page, 'System');
  await expect(lab).toContainText('Client writing to SRV-2');
  for (const [task, name] of [
    ['Home', 'home-failed-over'],
    ['Backup', 'databases-failed-over'],
    ['Lab', 'lab'],
    ['Options', 'options'],
  ] as const) {
    await openTask(page, task);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await keep(page, name);
  }
});
