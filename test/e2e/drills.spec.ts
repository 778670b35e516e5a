// Restore drills as a person sees them: set one up with a probe, run it, read the report, see the last proven restore.
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, openTask, protect, sqlite } from './support/steps.ts';

test('sets up a drill, runs it, and shows what it proved', async ({ console, page }) => {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const wizard = await protect(page, { file, wal: true });
  await wizard.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  await openTask(page, 'Backup');
  await openNode(page, 'Restore drills');
  await expect(page.getByRole('heading', { name: 'No drill was run yet' })).toBeVisible();
  const row = page.getByRole('grid', { name: 'Restore drills' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row).toContainText('never');

  // By keyboard: the button opens the dialog, Escape leaves it.
  const setUp = page.getByRole('button', { name: 'Set up a drill…' });
  await setUp.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /^Restore drill of/ });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(setUp).toBeFocused();

  await setUp.click();
  await dialog.getByRole('button', { name: 'Add a probe' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('a name is needed')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Name of probe 1' }).fill('Artists');
  await dialog.getByRole('textbox', { name: 'SQL of probe 1' }).fill('SELECT count(*) FROM Artist');
  await dialog.getByRole('spinbutton', { name: 'Value' }).fill('275');
  await keep(page, 'drill-dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText('in ');

  await page.getByRole('button', { name: 'Run a drill now' }).click();
  const report = page.getByRole('article', { name: 'Report' });
  await expect(report.getByText('passed', { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(report.getByRole('row').filter({ hasText: 'Artists' })).toContainText('275');
  const tables = report.getByRole('table', { name: 'Tables' });
  await expect(tables.getByRole('row', { name: /^Track / })).toContainText('3,503');
  await expect(row).toContainText('ago');
  await keep(page, 'drills');

  // Something is lost: the next drill says so, and the failure is a critical message.
  sqlite(file, 'DELETE FROM Artist WHERE ArtistId > 270');
  await page.getByRole('button', { name: 'Run a drill now' }).click();
  await expect(report.getByText('failed', { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(report.getByText(/at least 275 was expected, 270 came/).first()).toBeVisible();
  await expect(tables.getByRole('row', { name: /^Artist / })).toContainText('−5');
  await keep(page, 'drill-failed');

  await openNode(page, 'Databases');
  const database = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(database).toContainText('ago');
  await keep(page, 'databases-proven');
});
