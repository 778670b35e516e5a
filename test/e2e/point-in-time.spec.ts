// A restore from the timeline to exactly one commit, and from a folder of backups that the site does not know: rows checked by sqlite3.
import { cpSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './support/console.ts';
import { job, keep, light, openNode, openTask, protect, sqlite, throughWizard } from './support/steps.ts';

test('restores to the very commit that is picked from the timeline', async ({ console, page }) => {
  // Four screens are checked and kept in two themes each.
  test.slow();
  const file = path.join(console.work, 'words.sqlite');
  sqlite(file, 'PRAGMA journal_mode=WAL; CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT)');
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, name: 'words', wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,', { timeout: 30_000 });
  // Commits of one moment, told apart only by their stamps.
  for (const text of ['one', 'two', 'three', 'four', 'five'])
    sqlite(file, `INSERT INTO word (text) VALUES ('${text}')`);
  await openTask(page, 'Backup');
  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'words' });
  await expect(row.getByRole('img', { name: /^online: restorable to the last commit/ })).toBeVisible({
    timeout: 20_000,
  });

  await openNode(page, 'Restore');
  await expect(
    page.getByRole('grid', { name: 'Ways back' }).getByRole('row').filter({ hasText: 'every log' }),
  ).toContainText('nothing', { timeout: 20_000 });
  await keep(page, 'restore-wizard-ways');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('radio', { name: /A chosen moment/ }).check();
  const commits = page.getByRole('grid', { name: 'Commits' }).getByRole('row').filter({ hasText: '.log' });
  await expect(commits).toHaveCount(5, { timeout: 20_000 });
  await commits.nth(2).click();
  await expect(page.getByText('exactly this commit')).toBeVisible();
  const stamp = await page.getByRole('textbox', { name: 'Or the stamp of a commit' }).inputValue();
  expect(stamp).toMatch(/^s[0-9A-F]{8} r\d\d e\d{3}$/);
  await keep(page, 'restore-wizard-commit');
  const target = path.join(console.work, 'three.sqlite');
  await throughWizard(page, 'Point in time', async (step) => {
    if (step === 'Options') await keep(page, 'restore-wizard-options');
    if (step !== 'Target') return;
    await page.getByRole('radio', { name: /A new file/ }).check();
    await page.getByRole('textbox', { name: 'Path of the new file' }).fill(target);
  });
  await expect(page.getByText(`The last commit will be ${stamp}`)).toBeVisible();
  await expect(page.getByText(`--until '${stamp}'`)).toBeVisible();
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'active')).toContainText('yes', { timeout: 30_000 });
  expect(sqlite(target, 'PRAGMA integrity_check')).toBe('ok');
  expect(sqlite(target, 'SELECT group_concat(text) FROM (SELECT text FROM word ORDER BY id)')).toBe('one,two,three');

  // The stretch that the restore went through is proven now.
  await openNode(page, 'Chains');
  await expect(page.locator('.tl-band.is-proven').first()).toBeVisible({ timeout: 20_000 });
  // A point that is picked by key says what stands there, and at which commit a restore to it ends.
  await page.getByRole('slider', { name: 'Point in time' }).focus();
  await page.keyboard.press('End');
  await expect(page.getByText('stored', { exact: true })).toBeVisible();
  await expect(page.getByText(/^last commit .* s[0-9A-F]{8} r\d\d e\d{3}$/)).toBeVisible();
  await keep(page, 'chains-proven');
});

test('restores from a folder that no database stands for, under names of its own', async ({ console, page }) => {
  const file = path.join(console.work, 'old.sqlite');
  sqlite(file, "PRAGMA journal_mode=WAL; CREATE TABLE word (text TEXT); INSERT INTO word VALUES ('kept')");
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, name: 'old', wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,', { timeout: 30_000 });
  await expect(dialog.getByText(/\.bak/).first().or(page.getByText('Full backup').first())).toBeVisible();
  // As if brought on a disk from elsewhere: below a folder, renamed.
  const tape = path.join(console.work, 'tape', '2026', 'november');
  mkdirSync(tape, { recursive: true });
  const backups = readdirSync(console.work, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.bak'),
  );
  const outside = readdirSync(console.data, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.bak'),
  );
  const found = [
    ...backups.map((name) => path.join(console.work, name)),
    ...outside.map((name) => path.join(console.data, name)),
  ];
  expect(found.length).toBeGreaterThan(0);
  cpSync(found[0] ?? '', path.join(tape, 'x.bak'));
  renameSync(path.join(tape, 'x.bak'), path.join(tape, 'what is this'));

  await openNode(page, 'Restore');
  await page.getByRole('button', { name: 'Open a backup folder' }).click();
  const folder = page.getByRole('dialog', { name: 'Open a backup folder' });
  await folder.getByRole('textbox', { name: 'Folder' }).fill(path.join(console.work, 'tape'));
  await folder.getByRole('button', { name: 'Look', exact: true }).click();
  await expect(
    folder.getByRole('grid', { name: 'Databases found' }).getByRole('row').filter({ hasText: 'CN=' }),
  ).toContainText('1 full, 0 incremental', { timeout: 20_000 });
  await keep(page, 'restore-open-folder');
  await folder.getByRole('button', { name: 'Restore from these' }).click();
  const target = path.join(console.work, 'from-tape.sqlite');
  await throughWizard(page, 'Source', async (step) => {
    if (step === 'Target') await page.getByRole('textbox', { name: 'Path of the new file' }).fill(target);
  });
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'active')).toContainText('yes', { timeout: 30_000 });
  expect(sqlite(target, 'SELECT text FROM word')).toBe('kept');
});

test('leaves a set in RST when asked to, and decides over it with the switches of restadv', async ({
  console,
  page,
}) => {
  const file = path.join(console.work, 'held.sqlite');
  sqlite(file, "PRAGMA journal_mode=WAL; CREATE TABLE word (text TEXT); INSERT INTO word VALUES ('backed up')");
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, name: 'held', wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,', { timeout: 30_000 });
  sqlite(file, "INSERT INTO word VALUES ('since then')");
  await openNode(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step === 'Point in time') await page.getByRole('radio', { name: /The end of the backup/ }).check();
    if (step === 'Options') await page.getByRole('checkbox', { name: /Activate after a good verification/ }).uncheck();
  });
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'verified')).toContainText('yes', { timeout: 30_000 });
  await openNode(page, 'Restore');
  await page.getByRole('button', { name: 'Decide…' }).click();
  const decide = page.getByRole('dialog', { name: /^The restored set of/ });
  await keep(page, 'restore-decide');
  await decide.getByRole('button', { name: 'Show what will happen' }).click();
  const ask = page.getByRole('alertdialog', { name: /^Activate the restored set of/ });
  await ask.getByRole('textbox', { name: 'Type held to go on' }).fill('held');
  await ask.getByRole('button', { name: 'Activate' }).click();
  await expect(page.getByText('A restored set of')).toBeHidden({ timeout: 20_000 });
  expect(sqlite(file, 'SELECT group_concat(text) FROM word')).toBe('backed up');
});
