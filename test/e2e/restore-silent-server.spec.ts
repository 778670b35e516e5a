// A restore of the active database while another server is down: it waits, the server comes back, the verification passes.
import { expect, test } from './support/console.ts';
import { keep, light, openNode, openTask, throughWizard } from './support/steps.ts';

test.use({ consoleOptions: { demo: true } });
test.describe.configure({ timeout: 240_000 });

test('waits in step 6 until the server that was down has answered', async ({ console, page }) => {
  expect(console.data).toBeTruthy();
  const lab = page.getByRole('region', { name: 'Demo lab' });
  const member = (server: string) =>
    page.getByRole('grid', { name: 'Databases of this group' }).getByRole('row').filter({ hasText: server });
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
  await openTask(page, 'System');
  for (const server of ['SRV-2', 'SRV-3']) await expect(member(server)).toContainText('In sync', { timeout: 60_000 });
  await lab.getByRole('switch', { name: 'SRV-3' }).click();
  await expect(member('SRV-3')).not.toContainText('In sync', { timeout: 30_000 });

  await openTask(page, 'Restore');
  await page.getByRole('combobox', { name: 'Database' }).selectOption('SRV-1/Directory');
  await throughWizard(page, 'Source');
  await page.getByRole('textbox', { name: /^Type Directory/ }).fill('Directory');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  const waiting = page.getByRole('region', { name: 'Waiting for servers' });
  await expect(waiting).toContainText('Waiting for SRV-3', { timeout: 60_000 });
  await expect(page.getByRole('region', { name: /CN=SRV-2/ })).toContainText('nothing missing');
  await expect(page.getByRole('region', { name: /CN=SRV-3/ })).toContainText('asked, no answer yet');
  await keep(page, 'restore-silent-server');

  await openTask(page, 'System');
  await lab.getByRole('switch', { name: 'SRV-3' }).click();
  await openTask(page, 'Restore');
  await openNode(page, /^Restore of SRV-1/);
  await expect(light(page, 'active')).toContainText('yes', { timeout: 60_000 });
  await expect(light(page, 'verified')).toContainText('yes');
  await expect(page.getByRole('region', { name: /CN=SRV-3/ })).toContainText('nothing missing');
  await keep(page, 'restore-silent-server-back');
});
