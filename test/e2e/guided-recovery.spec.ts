// After a failed verification: the missing log is found elsewhere, a silent server answers after all, the loss is accepted by its size.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, type RunningConsole, test } from './support/console.ts';
import {
  copyOfChinook,
  job,
  keep,
  light,
  openNode,
  openTask,
  protect,
  sqlite,
  throughWizard,
} from './support/steps.ts';

test.describe.configure({ timeout: 240_000 });

const secondsOf = (ms: number) => Math.floor(ms / 1000);
const stampAt = (sec: number) => `s${sec.toString(16).toUpperCase().padStart(8, '0')} r01 e001`;

/** A full, then commits in log 1, which is moved away. Returns the stamp of a commit in it, and where the log is now. */
async function loseLog(page: Page, console: RunningConsole) {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  sqlite(file, "INSERT INTO Artist (Name) VALUES ('in the backup')");
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,', { timeout: 30_000 });
  const done = secondsOf(Date.now());
  // The stamp of a commit is its second: what comes now must lie in a later one.
  await expect.poll(() => secondsOf(Date.now()), { timeout: 15_000 }).toBeGreaterThan(done + 1);
  const stamp = stampAt(secondsOf(Date.now()));
  sqlite(file, "INSERT INTO Artist (Name) VALUES ('in the log')");
  await openTask(page, 'Backup');
  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row.getByRole('img', { name: /^online: restorable to the last commit/ })).toBeVisible({
    timeout: 15_000,
  });
  await openNode(page, 'Roll-forward logging');
  await page.getByRole('button', { name: 'Roll now' }).click();
  const logs = path.join(console.work, '.holdfast/chinook/nds.rfl');
  await expect.poll(() => existsSync(path.join(logs, '00000002.log')), { timeout: 15_000 }).toBe(true);
  const moved = path.join(console.work, 'moved');
  mkdirSync(moved);
  renameSync(path.join(logs, '00000001.log'), path.join(moved, '00000001.log'));
  return { file, stamp, moved };
}

/** Restores the backup alone and names a server that holds `stamp`; without one it is waited for. */
async function restoreAgainst(page: Page, stamp: string): Promise<void> {
  await openTask(page, 'Restore');
  await openNode(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step === 'Point in time') await page.getByRole('radio', { name: /The end of the backup/ }).check();
    if (step !== 'Options') return;
    const peers = page.getByRole('region', { name: 'Verify against other servers as well' });
    await peers.getByRole('textbox', { name: 'Server' }).fill('SRV-9');
    await peers.getByRole('textbox', { name: 'Replica' }).fill('chinook');
    await peers.getByRole('textbox', { name: 'Vector' }).fill(stamp);
    await peers.getByRole('button', { name: 'Add server' }).click();
    await expect(peers.getByRole('listitem')).toContainText(stamp || 'to be waited for');
    if (stamp) await keep(page, 'restore-wizard-peers');
  });
  await page.getByRole('textbox', { name: /^Type chinook/ }).fill('chinook');
  await page.getByRole('button', { name: 'Start the restore' }).click();
}

const recovery = (page: Page): Locator => page.getByRole('region', { name: 'Guided recovery' });
const inTheLog = (file: string) => sqlite(file, "SELECT count(*) FROM Artist WHERE Name = 'in the log'");

async function confirm(page: Page, verb: string): Promise<void> {
  const dialog = page.getByRole('alertdialog');
  await expect(dialog.getByRole('button', { name: verb, exact: true })).toBeDisabled();
  await dialog.getByRole('textbox').fill('chinook');
  if (verb === 'Accept the loss') await keep(page, 'guided-recovery-accept');
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 30_000 });
}

test('finds the log that was moved away and runs again with it', async ({ console, page }) => {
  const { file, stamp, moved } = await loseLog(page, console);
  await restoreAgainst(page, stamp);
  await expect(light(page, 'verified')).toContainText('failed', { timeout: 30_000 });
  await expect(recovery(page)).toContainText('Replica 1: at least 1 commit');
  await expect(recovery(page).getByRole('button', { name: /^Accept/ })).toBeVisible({ timeout: 15_000 });
  await expect(recovery(page).getByRole('button', { name: /^Run again/ })).toBeHidden();
  await recovery(page).getByRole('textbox').fill(moved);
  await recovery(page).getByRole('button', { name: 'Look there' }).click();
  await expect(recovery(page)).toContainText(`00000001.log in ${moved}`, { timeout: 15_000 });
  await keep(page, 'guided-recovery-found');
  await recovery(page)
    .getByRole('button', { name: /^Run again/ })
    .click();
  await confirm(page, 'Run again');
  await expect(light(page, 'active')).toContainText('yes', { timeout: 30_000 });
  await expect(light(page, 'verified')).toContainText('yes');
  await expect(page.getByRole('region', { name: /SRV-9/ })).toContainText('nothing missing');
  await keep(page, 'guided-recovery-done');
  expect(inTheLog(file)).toBe('1');
});

test('waits for a silent server, and goes on when its answer is known', async ({ console, page }) => {
  const { file } = await loseLog(page, console);
  await restoreAgainst(page, '');
  const waiting = page.getByRole('region', { name: 'Waiting for servers' });
  await expect(waiting).toContainText('Waiting for SRV-9', { timeout: 30_000 });
  await expect(page.getByRole('region', { name: /SRV-9/ })).toContainText('asked, no answer yet');
  await waiting.getByRole('button', { name: 'Ask again now' }).click();
  // Decided by name only.
  await waiting.getByRole('button', { name: /^Go on without/ }).click();
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Go on', exact: true })).toBeDisabled();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  await waiting.getByRole('button', { name: 'Enter its answer…' }).click();
  const dialog = page.getByRole('dialog', { name: "Enter a server's answer by hand" });
  await dialog.getByRole('textbox', { name: 'Vector' }).fill('nonsense');
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await expect(dialog.getByRole('alert')).toContainText('is not a stamp');
  await dialog.getByRole('textbox', { name: 'Vector' }).fill(stampAt(1000));
  await keep(page, 'restore-waiting-answer');
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await expect(light(page, 'active')).toContainText('yes', { timeout: 30_000 });
  await expect(light(page, 'verified')).toContainText('yes');
  expect(inTheLog(file)).toBe('0');
});

test('leaves a silent server undecided, retries, and accepts a loss by its size', async ({ console, page }) => {
  const { file, stamp } = await loseLog(page, console);
  await restoreAgainst(page, '');
  await page.getByRole('button', { name: 'Leave it in RST' }).click({ timeout: 30_000 });
  await expect(page.getByText(/Not verified: SRV-9 could not be reached/).first()).toBeVisible({ timeout: 30_000 });
  expect(inTheLog(file)).toBe('1');
  await keep(page, 'restore-unreachable');
  const ways = page.getByRole('region', { name: 'Ways on' });
  await ways.getByRole('button', { name: 'Enter its answer…' }).click();
  const dialog = page.getByRole('dialog', { name: "Enter a server's answer by hand" });
  await dialog.getByRole('textbox', { name: 'Vector' }).fill(stamp);
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await expect(recovery(page)).toContainText('Replica 1: at least 1 commit', { timeout: 30_000 });
  await recovery(page)
    .getByRole('button', { name: /^Accept/ })
    .click({ timeout: 15_000 });
  await expect(page.getByRole('alertdialog')).toContainText(/Given up: at least 1 commit/);
  await confirm(page, 'Accept the loss');
  await expect.poll(() => inTheLog(file), { timeout: 30_000 }).toBe('0');
  await page.getByRole('button', { name: /-6034/ }).first().click();
  await expect(page.getByRole('heading', { name: 'Error codes' })).toBeVisible();
  await expect(page.getByRole('region', { name: /VERIFICATION_BEHIND/ })).toContainText('What to do');
  await keep(page, 'error-codes');
});
