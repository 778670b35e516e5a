// Backups beyond the plain ones, as a person takes them: cold while somebody has the database open, encrypted, with security files.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
import { copyOfChinook, job, keep, openNode, protect, sqlite, throughWizard } from './support/steps.ts';

test.describe.configure({ timeout: 180_000 });

/** Another program that has the database open, until it is told to leave. */
async function openElsewhere(file: string): Promise<{ pid: number; leave(): Promise<void> }> {
  const script = `import sqlite3,sys\nc=sqlite3.connect(${JSON.stringify(file)})\nc.execute('select 1 from Artist').fetchone()\nprint('open',flush=True)\nsys.stdin.read()`;
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  return {
    pid: child.pid as number,
    leave: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.stdin.end();
      }),
  };
}

async function protectedChinook(page: Page, work: string): Promise<string> {
  const file = copyOfChinook(work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');
  await openNode(page, 'Back up');
  await expect(page.getByRole('heading', { name: 'What will be done' })).toBeVisible();
  return file;
}

const startBackup = (page: Page) => page.getByRole('button', { name: 'Start the backup' });
const started = (page: Page) => page.getByRole('list', { name: 'The backup that was started' });

test('a cold backup is refused while somebody has the database open, then done, left disabled and enabled again', async ({
  console,
  page,
}) => {
  const file = await protectedChinook(page, console.work);
  const holder = await openElsewhere(file);
  await page.getByRole('radio', { name: 'Cold' }).check();
  await expect(page.getByText(/is closed to everybody while it is copied/)).toBeVisible();
  await expect(page.getByText(/^holdfast backup .* -c/)).toBeVisible();
  await startBackup(page).click();
  await expect(started(page)).toContainText(`process ${holder.pid}`);
  await keep(page, 'backup-cold-refused');
  await holder.leave();

  await page.getByRole('radio', { name: 'Leave it closed and disabled' }).check();
  await startBackup(page).click();
  await expect(started(page)).toContainText('read,');
  const enable = page.locator('#page').getByRole('button', { name: 'Enable it here' });
  await expect(enable).toBeVisible();
  expect(() => sqlite(file, "INSERT INTO Artist (Name) VALUES ('nobody')")).toThrow();
  await keep(page, 'backup-disabled');
  await enable.click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByRole('textbox').fill('chinook');
  await keep(page, 'backup-enable');
  await dialog.getByRole('button', { name: 'Enable it here' }).click();
  await expect(enable).toBeHidden();
  sqlite(file, "INSERT INTO Artist (Name) VALUES ('somebody')");
});

test('an encrypted backup with security files; a wrong password is refused with its code', async ({
  console,
  page,
}) => {
  const file = await protectedChinook(page, console.work);
  const keys = path.join(console.work, 'keys');
  mkdirSync(keys);
  writeFileSync(path.join(keys, 'server.pem'), 'the private key');
  const bak = path.join(console.work, 'encrypted.bak');

  await page.getByRole('button', { name: 'Encryption settings' }).click();
  const settings = page.getByRole('dialog');
  await settings.getByRole('button', { name: 'New definition' }).click();
  await settings.getByRole('textbox', { name: 'Name' }).fill('Offsite');
  await settings.getByLabel('Password', { exact: true }).fill('a long password');
  await settings.getByLabel('The same again').fill('a long password');
  await settings.getByRole('radio', { name: /Nowhere/ }).check();
  await keep(page, 'backup-encryption-definition');
  await settings.getByRole('button', { name: 'Define' }).click();
  await expect(settings.getByText('preferred', { exact: true })).toBeVisible();
  await keep(page, 'backup-encryption');
  await settings.getByRole('button', { name: 'Close', exact: true }).last().click();

  await page.getByRole('button', { name: 'Name the files' }).click();
  const naming = page.getByRole('dialog', { name: /Security files/ });
  await naming.getByRole('button', { name: 'Add a folder' }).click();
  const browse = page.getByRole('dialog', { name: 'Add a folder' });
  await browse.getByRole('textbox').first().fill(keys);
  await browse.getByRole('textbox').first().press('Enter');
  await browse
    .getByRole('button', { name: /Choose|Use|Pick|Open/ })
    .last()
    .click();
  await expect(naming.getByText(keys)).toBeVisible();
  await keep(page, 'backup-security-files');
  await naming.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Security files (1 named)')).toBeVisible();

  await page.getByRole('radio', { name: 'Full' }).check();
  await page.getByRole('textbox', { name: 'File', exact: true }).fill(bak);
  await page.getByRole('checkbox', { name: /Encrypt the pages/ }).check();
  await page.getByLabel('Password of “Offsite”').fill('not the password');
  await page.getByRole('checkbox', { name: /Security files/ }).check();
  await page.getByLabel('Password for the security files').fill('sesame');
  await page.getByLabel('Security password again').fill('sesame');
  await expect(page.getByText(/--encrypt @PASSWORD_FILE/)).toBeVisible();
  await expect(page.getByText('sesame')).toBeHidden();
  await keep(page, 'backup-encrypted');
  await startBackup(page).click();
  await expect(started(page)).toContainText('(-7029)');
  expect(existsSync(bak)).toBe(false);
  await page.getByLabel('Password of “Offsite”').fill('a long password');
  await page.getByLabel('Password for the security files').fill('sesame');
  await page.getByLabel('Security password again').fill('sesame');
  await startBackup(page).click();
  await expect(started(page)).toContainText('read,');
  expect(readFileSync(bak).includes('AC/DC')).toBe(false);

  await openNode(page, 'Header inspector');
  await expect(page.getByText('AES-256-GCM, under “Offsite”')).toBeVisible();
  await expect(page.getByText(path.join(keys, 'server.pem'))).toBeVisible();
  const verify = page.getByRole('button', { name: 'Verify' });
  await page.getByLabel('Password of the backup').fill('not the password');
  await verify.click();
  await expect(page.getByRole('alert').filter({ hasText: '(-7029)' })).toBeVisible();
  await page.getByLabel('Password of the backup').fill('a long password');
  await verify.click();
  await expect(page.getByText(/agrees with its checksum/)).toBeVisible();
  await keep(page, 'inspector-encrypted');

  writeFileSync(path.join(keys, 'server.pem'), 'changed since');
  await openNode(page, 'Restore');
  const target = path.join(console.work, 'restored.sqlite');
  await throughWizard(page, 'Source', async (step) => {
    if (step !== 'Target') return;
    await page.getByRole('radio', { name: /A new file/ }).check();
    await page.getByRole('textbox', { name: 'Path of the new file' }).fill(target);
  });
  await page.getByLabel('Password of “Offsite”').fill('not the password');
  await page.getByRole('checkbox', { name: /Restore the security files/ }).check();
  await page.getByLabel('Password of the security files').fill('sesame');
  await keep(page, 'restore-encrypted-review');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(job(page, /Restore/)).toContainText('(-7029)');
  expect(existsSync(target)).toBe(false);
  expect(readFileSync(path.join(keys, 'server.pem'), 'utf8')).toBe('changed since');

  await openNode(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step !== 'Target') return;
    await page.getByRole('radio', { name: /A new file/ }).check();
    await page.getByRole('textbox', { name: 'Path of the new file' }).fill(target);
  });
  await page.getByLabel('Password of “Offsite”').fill('a long password');
  await page.getByRole('checkbox', { name: /Restore the security files/ }).check();
  await page.getByLabel('Password of the security files').fill('sesame');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect.poll(() => existsSync(target), { timeout: 30_000 }).toBe(true);
  await expect
    .poll(() => readFileSync(path.join(keys, 'server.pem'), 'utf8'), { timeout: 30_000 })
    .toBe('the private key');
  expect(sqlite(target, "SELECT count(*) FROM Artist WHERE Name = 'AC/DC'")).toBe('1');
  expect(sqlite(file, 'SELECT count(*) > 0 FROM Artist')).toBe('1');
});
