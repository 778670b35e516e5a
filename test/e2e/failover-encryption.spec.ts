// Encrypting the cycles of a group with the password of the definition; a wrong one is refused, and turning it off begins in clear again.
import { expect, test } from './support/console.ts';
import { keep, openNode, openTask } from './support/steps.ts';

test.use({ consoleOptions: { demo: true } });

test('encrypts the cycles of a group, and turns it off again', async ({ console, page }) => {
  expect(console.errors()).toBe('');
  test.setTimeout(300_000);
  const member = (server: string) =>
    page.getByRole('grid', { name: 'Databases of this group' }).getByRole('row').filter({ hasText: server });
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
  await openTask(page, 'System');
  await expect(member('SRV-3')).toContainText('In sync', { timeout: 30_000 });
  await expect(page.getByText('Backups of the cycles are not encrypted.')).toBeVisible();
  await page.getByRole('button', { name: 'Encrypt…' }).click();
  const asked = page.getByRole('dialog', { name: /^Encrypt the cycles of/ });
  await asked.getByLabel('Password of the definition').fill('correct horse');
  await asked.getByRole('button', { name: 'Encrypt', exact: true }).click();
  // Nothing is defined yet: the error says where to do that.
  await expect(asked.getByText('Define an encryption for this database first')).toBeVisible({ timeout: 15_000 });
  await asked.getByRole('button', { name: 'Cancel' }).click();

  await openTask(page, 'Backup');
  await page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'SRV-1' }).click();
  await openNode(page, 'Back up');
  await page.getByRole('button', { name: 'Encryption settings' }).click();
  const settings = page.getByRole('dialog', { name: /^Encryption of the backups/ });
  await settings.getByRole('button', { name: 'New definition' }).click();
  await settings.getByRole('textbox', { name: 'Name' }).fill('Archive');
  await settings.getByLabel('Password', { exact: true }).fill('correct horse');
  await settings.getByLabel('The same again').fill('correct horse');
  await settings.getByRole('button', { name: 'Define' }).click();
  await settings.getByRole('button', { name: 'Close' }).last().click();

  await openTask(page, 'System');
  await page.getByRole('button', { name: 'Encrypt…' }).click();
  const password = asked.getByLabel('Password of the definition');
  await password.fill('something else');
  await asked.getByRole('button', { name: 'Encrypt', exact: true }).click();
  await expect(asked.getByText('not the password of the encryption definition')).toBeVisible({ timeout: 15_000 });
  await keep(page, 'failover-encrypt-refused');
  await password.fill('correct horse');
  await asked.getByRole('button', { name: 'Encrypt', exact: true }).click();
  await expect(asked).toBeHidden({ timeout: 30_000 });
  const state = page.getByText('encrypted under “Archive”');
  await state.scrollIntoViewIfNeeded();
  await expect(state).toBeVisible({ timeout: 15_000 });
  await expect(member('SRV-3')).toContainText('In sync', { timeout: 60_000 });
  await keep(page, 'failover-encrypted');
  await page.getByRole('button', { name: 'Turn off…' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Turn off', exact: true }).click();
  await expect(page.getByText('Backups of the cycles are not encrypted.')).toBeVisible({ timeout: 15_000 });
});
