// Unattended work as a person sets it up: a schedule that runs, a retention preview, a notification channel, the DSMASTER planner.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, openTask, protect } from './support/steps.ts';

test('adds schedules, runs one, and previews what retention would remove', async ({ console, page }) => {
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const wizard = await protect(page, { file: copyOfChinook(console.work), wal: true });
  await wizard.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  await openTask(page, 'Backup');
  await openNode(page, 'Schedules');
  await page.getByRole('button', { name: 'Add the first one' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a schedule' });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Friday full');
  await keep(page, 'schedule-dialog');
  await dialog.getByRole('textbox', { name: 'Name of the files' }).fill('always-the-same');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText(/without \{date\} and \{time\}/)).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Name of the files' }).fill('{instance}-{schedule}-{date}-{time}');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole('grid', { name: 'Schedules' }).getByRole('row').filter({ hasText: 'Friday full' });
  await expect(row).toContainText('Fridays at 22:00');
  await expect(row).toContainText('waiting');

  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(job(page, 'Friday full')).toContainText('read,');
  await expect(
    page.getByRole('table', { name: 'Runs' }).getByRole('row').filter({ hasText: 'succeeded' }),
  ).toBeVisible();
  await keep(page, 'schedules');

  await openNode(page, 'Retention');
  const chains = page.getByRole('table', { name: 'Chains' });
  await expect(chains.getByText('no retention is set').first()).toBeVisible();
  await page.getByRole('spinbutton', { name: 'Newest full backups' }).fill('1');
  await page.getByRole('checkbox', { name: 'Also backups that were made by hand' }).check();
  await expect(chains.getByRole('row').filter({ hasText: 'goes' })).toContainText('by hand');
  await expect(chains.getByRole('row').filter({ hasText: 'stays' })).toContainText('Friday full');
  await keep(page, 'retention');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('button', { name: 'Clear now' }).click();
  await expect(job(page, 'Clear old backups')).toContainText('1 old backup file');
  await expect(chains.getByRole('row').filter({ hasText: 'goes' })).toHaveCount(0);
});

test('tells a webhook of a test and keeps its key to itself', async ({ console: _, page }) => {
  const posts: string[] = [];
  const server = await new Promise<Server>((resolve) => {
    const made = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => posts.push(chunk.toString()));
      request.on('end', () => response.writeHead(204).end());
    });
    made.listen(0, '127.0.0.1', () => resolve(made));
  });
  await openTask(page, 'Options');
  await page.getByRole('tab', { name: 'Notifications' }).click();
  await page.getByRole('button', { name: 'Webhook' }).click();
  const dialog = page.getByRole('dialog', { name: 'Webhook' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Ops');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('an http or https address is needed')).toBeVisible();
  await dialog
    .getByRole('textbox', { name: 'Address' })
    .fill(`http://127.0.0.1:${(server.address() as AddressInfo).port}/in`);
  await dialog.getByLabel('Signing key').fill('very secret');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('Ops took the test.')).toBeVisible();
  expect(JSON.parse(posts[0] ?? '{}')).toMatchObject({ kind: 'test' });
  await expect(
    page.getByRole('table', { name: 'Deliveries' }).getByRole('row').filter({ hasText: 'sent' }),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Change…' }).click();
  await expect(page.getByLabel('Signing key')).toHaveValue('');
  await page.keyboard.press('Escape');
  server.close();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText(/did not arrive/)).toBeVisible();
  await keep(page, 'notifications');
  await page.getByRole('button', { name: 'E-mail' }).click();
  await expect(page.getByRole('dialog', { name: 'E-mail' })).toBeVisible();
  await keep(page, 'notification-email');
});

test('plans DSMASTER servers in a table that can be tried', async ({ console: _, page }) => {
  await openTask(page, 'System');
  await openNode(page, 'DSMASTER planner');
  await expect(page.getByRole('heading', { name: 'No server to plan for' })).toBeVisible();
  for (const name of ['CHIP', 'DALE']) {
    await page.getByRole('textbox', { name: 'Another server' }).fill(name);
    await page.keyboard.press('Enter');
  }
  for (const name of ['T=TREE', 'O=PART1']) {
    await page.getByRole('textbox', { name: 'Another partition' }).fill(name);
    await page.keyboard.press('Enter');
  }
  const type = (partition: string, server: string) => page.getByRole('combobox', { name: `${partition} on ${server}` });
  await type('T=TREE', 'CHIP').selectOption('Master');
  await type('O=PART1', 'CHIP').selectOption('Read/write');
  await type('O=PART1', 'DALE').selectOption('Master');
  await expect(page.getByText('Not prepared.')).toBeVisible();
  await page.getByRole('checkbox', { name: 'CHIP is a DSMASTER server' }).check();
  await expect(page.getByText('Prepared.', { exact: true })).toBeVisible();
  await page.getByRole('checkbox', { name: 'DALE is a DSMASTER server' }).check();
  await expect(page.getByText(/O=PART1 is on CHIP and DALE/)).toBeVisible();
  await keep(page, 'dsmaster');
});
