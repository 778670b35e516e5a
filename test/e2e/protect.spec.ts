// From a file to a protected database: what the wizard finds, offers and refuses; backups, chain, header, log, verification.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, openTask, protect, sqlite } from './support/steps.ts';

const fingerprint = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

test('protects a rollback-journal database as it is, and says what that costs', async ({ console, page }) => {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = page.getByRole('dialog', { name: 'Protect a database' });
  await dialog.getByRole('textbox', { name: 'Database file' }).fill(file);
  await expect(dialog.getByText('Rollback journal', { exact: true })).toBeVisible();
  await keep(page, 'protect-1-file');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('chinook');
  await expect(dialog.getByRole('checkbox', { name: 'Switch the database to WAL' })).not.toBeChecked();
  await expect(dialog.getByRole('switch', { name: 'Roll-forward logging' })).toBeDisabled();
  await expect(dialog.getByText('single commits cannot be logged')).toBeVisible();
  await expect(dialog.getByText('a restore goes back to the last backup')).toBeVisible();
  await keep(page, 'protect-2-name');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByText('Stays as it is')).toBeVisible();
  await keep(page, 'protect-3-review');
  await dialog.getByRole('button', { name: 'Protect', exact: true }).click();
  await expect(dialog.getByText('is protected.')).toBeVisible();
  expect(sqlite(file, 'PRAGMA journal_mode')).toBe('delete');
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row).toContainText('without logging');
  // Protected, but not as well as it could be: never plain green.
  await expect(row.getByRole('img', { name: /logging is off/ })).toBeVisible();
  await keep(page, 'databases-without-logging');
});

test('switches to WAL when asked, and shows each backup in chain, header, log and check', async ({ console, page }) => {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  expect(sqlite(file, 'PRAGMA journal_mode')).toBe('wal');
  await dialog.getByRole('button', { name: 'Later' }).click();

  await page.getByRole('toolbar', { name: 'Databases' }).getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');
  sqlite(file, "INSERT INTO Artist (Name) VALUES ('Written by another program')");
  await page
    .getByRole('toolbar', { name: 'Databases' })
    .getByRole('button', { name: 'Incremental backup now' })
    .click();
  await expect(job(page, /Incremental backup/)).toContainText('read,');
  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row.getByRole('img', { name: /^online: restorable to the last commit/ })).toBeVisible();

  await openNode(page, 'Chains');
  const backups = page.getByRole('grid', { name: 'Backups' });
  await expect(backups.getByRole('row').filter({ hasText: 'full' })).toHaveCount(1);
  await expect(backups.getByRole('row').filter({ hasText: 'incremental' })).toHaveCount(1);
  for (const type of ['full', 'incremental']) {
    await backups.getByRole('row').filter({ hasText: type }).click();
    await page.getByRole('button', { name: 'Verify' }).click();
    await expect(backups.getByRole('row').filter({ hasText: type }).getByRole('img', { name: 'Good' })).toBeVisible();
  }
  await keep(page, 'chains');

  await page.getByRole('button', { name: 'Header', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Header inspector' })).toBeVisible();
  await expect(page.getByText('chinook').first()).toBeVisible();
  await keep(page, 'header-fields');
  await page.getByRole('tab', { name: 'XML' }).click();
  await expect(page.getByRole('region', { name: 'XML header' })).toContainText('<backup');
  await keep(page, 'header-xml');

  await openNode(page, 'Backup log');
  const entries = page.getByRole('grid', { name: 'Entries of the backup log' });
  await expect(entries.getByRole('img', { name: 'completed' })).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'Lines of the entry' })).toContainText('completed');
  await keep(page, 'backup-log');

  await openNode(page, 'Roll-forward logging');
  await expect(page.getByRole('switch', { name: /Keep every commit/ })).toBeChecked();
  await keep(page, 'logging');
  await openNode(page, 'Back up');
  await expect(page.getByRole('button', { name: 'Start the backup' })).toBeEnabled();
  await keep(page, 'back-up');
  await openTask(page, 'Activity');
  await keep(page, 'activity');
  await openTask(page, 'Home');
  await expect(page.getByText('Every protected database is backed up and can be restored.')).toBeVisible();
  await keep(page, 'home-protected');
});

test('refuses what it cannot protect, with the reason and the way on, and leaves it alone', async ({
  console,
  page,
  folder,
}) => {
  const text = path.join(console.work, 'notes.txt');
  writeFileSync(text, 'not a database at all, but long enough to be one '.repeat(200));
  const short = copyOfChinook(console.work, 'short.sqlite');
  truncateSync(short, 300_000);
  const outside = path.join(folder, 'elsewhere');
  mkdirSync(outside);
  copyOfChinook(outside, 'other.sqlite');
  const link = path.join(console.work, 'link.sqlite');
  symlinkSync(path.join(outside, 'other.sqlite'), link);
  const dangling = path.join(console.work, 'dangling.sqlite');
  symlinkSync(path.join(outside, 'absent.sqlite'), dangling);

  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = page.getByRole('dialog', { name: 'Protect a database' });
  const refusals: [string, RegExp, RegExp][] = [
    [text, /does not begin like a SQLite database/, /Choose the database file itself/],
    [short, /has 300000 bytes, its header says/, /Restore it from a backup first/],
    [link, /link\.sqlite leads to .*other\.sqlite/, /Give the path of the database itself/],
    [dangling, /absent\.sqlite|dangling\.sqlite/, /Check|symbolic link/],
  ];
  for (const [file, reason, hint] of refusals) {
    const before = file === dangling ? '' : fingerprint(file);
    await dialog.getByRole('textbox', { name: 'Database file' }).fill(file);
    const alert = dialog.getByRole('alert');
    await expect(alert).toContainText(reason);
    await expect(alert).toContainText(hint);
    await expect(dialog.getByRole('button', { name: 'Next' })).toBeDisabled();
    if (before) expect(fingerprint(file), file).toBe(before);
  }
  await dialog.getByRole('textbox', { name: 'Database file' }).fill(text);
  await expect(dialog.getByRole('alert')).toContainText(/does not begin like/);
  await keep(page, 'protect-refused');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
});
