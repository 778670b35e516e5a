// A database of two files in the console: protected, shown, backed up and restored as one.
import path from 'node:path';
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, openTask, sqlite, throughWizard } from './support/steps.ts';

test('protects two files, backs them up at one moment and restores them together', async ({ console, page }) => {
  // Eight screens are checked and kept in two themes each.
  test.slow();
  const file = copyOfChinook(console.work, 'userRoot.db');
  const schema = copyOfChinook(console.work, 'schema.db');
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = page.getByRole('dialog', { name: 'Protect a database' });
  await dialog.getByRole('textbox', { name: 'Database file' }).fill(file);
  await dialog.getByRole('button', { name: 'Add a file of the same database' }).click();
  await dialog.getByRole('textbox', { name: 'File 2', exact: true }).fill(file);
  await expect(dialog.getByText('Another file has this name')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Next' })).toBeDisabled();
  await dialog.getByRole('textbox', { name: 'File 2', exact: true }).fill(schema);
  await dialog.getByRole('textbox', { name: 'Name of file 2' }).fill('schema');
  await expect(dialog.getByRole('button', { name: 'Next' })).toBeEnabled();
  await keep(page, 'backends-1-files');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await dialog.getByRole('checkbox', { name: 'Switch the database to WAL' }).check();
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByText('Further file schema')).toBeVisible();
  await keep(page, 'backends-2-review');
  await dialog.getByRole('button', { name: 'Protect', exact: true }).click();
  await expect(dialog.getByText('is protected.')).toBeVisible({ timeout: 30_000 });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');
  expect([file, schema].map((one) => sqlite(one, 'PRAGMA journal_mode'))).toEqual(['wal', 'wal']);

  const files = page.getByRole('table', { name: /^Files of/ });
  await expect(files.getByRole('row')).toHaveCount(3);
  await expect(files.getByRole('row').filter({ hasText: 'schema' })).toContainText('00000001.log');
  await keep(page, 'backends-3-details');
  await openNode(page, 'Chains');
  await expect(page.getByRole('grid', { name: 'Backups' }).getByRole('row').filter({ hasText: 'full' })).toContainText(
    '2 files',
  );
  await keep(page, 'backends-4-chains');

  await openTask(page, 'Backup');
  await openNode(page, 'Roll-forward logging');
  await page.getByRole('combobox', { name: 'File' }).selectOption('schema');
  await expect(page.getByRole('table', { name: 'Roll-forward logs' })).toContainText('00000001.log');
  await expect(page.getByRole('list', { name: 'Hazards' })).toBeVisible({ timeout: 30_000 });
  await keep(page, 'backends-8-logging');

  await openTask(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step !== 'Target') return;
    await page.getByRole('radio', { name: /A new file/ }).check();
    await page.getByRole('textbox', { name: 'Path of the new file' }).fill(path.join(console.work, 'new.db'));
  });
  await page.getByRole('button', { name: 'Start the restore' }).click();
  const strip = page.getByRole('list', { name: 'Files of this restore' });
  await expect(strip).toContainText('All files were exchanged together.', { timeout: 30_000 });
  await keep(page, 'backends-5-monitor');
  for (const one of ['new.db', 'new.schema.db'])
    expect(sqlite(path.join(console.work, one), 'SELECT count(*) FROM Artist')).toBe('275');

  await openTask(page, 'Backup');
  await openNode(page, 'Databases');
  await page.getByRole('button', { name: 'Take schema out' }).click();
  const confirm = page.getByRole('alertdialog');
  await keep(page, 'backends-6-take-out');
  await confirm.getByRole('button', { name: 'Take out' }).click();
  await expect(files).toHaveCount(0);
  await page.getByRole('button', { name: 'Add a file…' }).click();
  const add = page.getByRole('dialog', { name: /^Add a file to/ });
  await add.getByRole('textbox', { name: 'File', exact: true }).fill(schema);
  await expect(add.getByRole('textbox', { name: 'Name' })).toHaveValue('schema');
  await expect(add.getByRole('button', { name: 'Add', exact: true })).toBeEnabled();
  await keep(page, 'backends-7-add');
  await add.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(files.getByRole('row')).toHaveCount(3);
  await expect(page.getByText('A full backup is required. The backend schema was added')).toBeVisible();
});

test('compares every file with another server, and says which is behind and what a loss would be', async ({
  console,
  page,
}) => {
  test.slow();
  const file = copyOfChinook(console.work, 'userRoot.db');
  const schema = copyOfChinook(console.work, 'schema.db');
  for (const one of [file, schema]) sqlite(one, 'PRAGMA journal_mode=WAL');
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = page.getByRole('dialog', { name: 'Protect a database' });
  await dialog.getByRole('textbox', { name: 'Database file' }).fill(file);
  await dialog.getByRole('button', { name: 'Add a file of the same database' }).click();
  await dialog.getByRole('textbox', { name: 'File 2', exact: true }).fill(schema);
  await dialog.getByRole('textbox', { name: 'Name of file 2' }).fill('schema');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await dialog.getByRole('button', { name: 'Next' }).click();
  await dialog.getByRole('button', { name: 'Protect', exact: true }).click();
  await expect(dialog.getByText('is protected.')).toBeVisible({ timeout: 30_000 });
  for (const one of [file, schema]) sqlite(one, "UPDATE Genre SET Name = 'new' WHERE GenreId = 1");
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  await openTask(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step !== 'Options') return;
    const peers = page.getByRole('region', { name: 'Verify against other servers as well' });
    const vectors = { userRoot: 's00000001 r01 e001', schema: 's7D35F377 r01 e003' };
    await peers.getByRole('textbox', { name: 'Server' }).fill('SRV-2');
    await peers.getByRole('textbox', { name: 'Replica' }).fill('Directory');
    for (const [id, vector] of Object.entries(vectors)) {
      // The form goes on to the next file of the same server by itself.
      await expect(peers.getByRole('combobox', { name: 'File' })).toHaveValue(id);
      await peers.getByRole('textbox', { name: 'Vector' }).fill(vector);
      await peers.getByRole('button', { name: 'Add server' }).click();
    }
    await keep(page, 'backends-9-peers');
  });
  await page.getByRole('textbox', { name: /^Type userRoot/ }).fill('userRoot');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(page.getByRole('region', { name: /SRV-2 \(schema\): behind/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('region', { name: /SRV-2 \(userRoot\): nothing missing/ })).toBeVisible();
  const recovery = page.getByRole('region', { name: 'Guided recovery' });
  await expect(recovery).toContainText('schema, replica 1');
  await expect(recovery).toContainText('userRoot nothing; schema at least 3 commits');
  await keep(page, 'backends-10-behind');
});
