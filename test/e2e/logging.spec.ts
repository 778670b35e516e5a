// Roll-forward logging on its page: turned on, a full backup required and taken, rolled, a log that may go, and its deletion.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, openTask, protect, sqlite } from './support/steps.ts';

/** The backup files below a folder, oldest first by name. */
const backupsBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.bak'))
    .sort()
    .map((name) => path.join(folder, name));

test('turn on, back up, roll, and delete the log that no backup needs any more', async ({ console, page }) => {
  test.slow();
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  await openTask(page, 'Backup');
  await openNode(page, 'Roll-forward logging');
  const logging = page.getByRole('switch', { name: 'Keep every commit in roll-forward logs' });
  await expect(logging).toBeChecked();
  await logging.click();
  await expect(page.getByText('Commits made from now on are not in any log.')).toBeVisible();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('Logging is off: what was committed')).toBeVisible();
  await logging.click();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('A full backup is required.', { exact: true })).toBeVisible();
  await expect(page.getByText('Roll-forward logging was turned on. Until then')).toBeVisible();
  const table = page.getByRole('table', { name: 'Roll-forward logs' });
  await expect(table.getByText('A full backup is required first.').first()).toBeVisible();
  await keep(page, 'logging-full-required');

  await page.getByRole('button', { name: 'Back up now' }).click();
  await expect(page.getByText('A full backup is required.', { exact: true })).toBeHidden({ timeout: 30_000 });
  sqlite(file, "UPDATE Artist SET Name = 'somebody'");
  const current = page.getByText('00000003.log').first();
  await page.getByRole('button', { name: 'Roll now' }).click();
  await expect(current).toBeVisible();

  await openNode(page, 'Databases');
  await page.getByRole('button', { name: 'Full backup now' }).click();
  await expect.poll(() => backupsBelow(console.data).length).toBe(3);
  await expect(job(page, /Full backup/)).toContainText('read,');
  await openNode(page, 'Roll-forward logging');
  await expect(table.getByText(/Needed by full backup/).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete safe logs…' })).toBeDisabled();

  // The administrator puts the older backups on tape.
  for (const old of backupsBelow(console.data).slice(0, 2)) rmSync(old);
  await openNode(page, 'Databases');
  await openNode(page, 'Roll-forward logging');
  await expect(table.getByText('safe to delete')).toHaveCount(2);
  await expect(page.getByRole('heading', { name: 'Hazards' })).toBeVisible();
  await page.getByText('Who uses it, and what was looked at').click();
  await expect(page.getByText('Journal mode')).toBeVisible();
  await keep(page, 'logging-safe-to-delete');
  await page.getByRole('button', { name: 'Delete these 2 logs…' }).click();
  const confirm = page.getByRole('alertdialog');
  await expect(confirm.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await expect(confirm.getByText('00000001.log to 00000002.log are deleted for good')).toBeVisible();
  await confirm.getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(confirm).toBeHidden();
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(table.getByText('00000003.log')).toBeVisible();
  await expect(page.getByText('None of these may go now.')).toBeVisible();
});
