// Restores as a person sees them: to a chosen moment into a new file, one whose verification fails, one that is cancelled.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
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

/** The console shows a commit as restorable once it is safe in a log. */
async function untilLogged(page: Page): Promise<void> {
  await openTask(page, 'Backup');
  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row.getByRole('img', { name: /^online: restorable to the last commit/ })).toBeVisible();
}

/** This second, local, as the exact-time field takes it. */
const now = (): string => {
  const date = new Date();
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};

/** The second after this one, once it has begun: commits so far lie before it, those to come after it. */
async function nextSecond(): Promise<string> {
  const before = now();
  await expect.poll(now, { intervals: [50] }).not.toBe(before);
  return now();
}

test('restores to a chosen moment into a new file: exactly the rows up to then', async ({ console, page }) => {
  test.slow();
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  sqlite(file, "INSERT INTO Artist (Name) VALUES ('kept 1'), ('kept 2')");
  // A commit bears the time at which it was captured, a moment after it was made.
  await nextSecond();
  const kept = await nextSecond();
  await nextSecond();
  sqlite(file, "INSERT INTO Artist (Name) VALUES ('a mistake'); DELETE FROM Artist WHERE Name = 'kept 1'");
  await untilLogged(page);

  // A point by pointer and by key: both are taken, and Enter goes on with it.
  await openNode(page, 'Chains');
  const timeline = page.getByRole('slider', { name: 'Point in time' });
  await timeline.focus();
  await page.keyboard.press('Control+ArrowLeft');
  await expect(timeline).toHaveAttribute('aria-valuetext', /full backup/);
  const point = page.getByRole('button', { name: 'Restore to here' });
  await expect(point).toBeEnabled();
  await timeline.click({ position: { x: 200, y: 20 } });
  await page.keyboard.press('End');
  await expect(timeline).toHaveAttribute('aria-valuetext', /logs/);
  await keep(page, 'restore-timeline');
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { name: 'Target', level: 2 })).toBeVisible();
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await page.getByRole('radio', { name: /A chosen moment/ }).check();
  await page.getByLabel('Exact local time').fill(kept);
  await expect(page.getByText(/Inside the logs/)).toBeVisible();
  await keep(page, 'restore-wizard-moment');
  const target = path.join(console.work, 'as-it-was.sqlite');
  await throughWizard(page, 'Point in time', async (step) => {
    if (step !== 'Target') return;
    await page.getByRole('radio', { name: /A new file/ }).check();
    await page.getByRole('textbox', { name: 'Path of the new file' }).fill(target);
  });
  await keep(page, 'restore-wizard-review-file');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'data')).toContainText('yes');
  await expect(light(page, 'active')).toContainText('yes');
  await keep(page, 'restore-into-file');

  expect(sqlite(target, 'PRAGMA integrity_check')).toBe('ok');
  expect(sqlite(target, "SELECT Name FROM Artist WHERE Name LIKE 'kept%' OR Name = 'a mistake' ORDER BY 1")).toBe(
    'kept 1\nkept 2',
  );
  expect(sqlite(file, "SELECT Name FROM Artist WHERE Name LIKE 'kept%' OR Name = 'a mistake' ORDER BY 1")).toBe(
    'a mistake\nkept 2',
  );

  // Again, from the dock: the same choices, for a review. The file is there now, so nothing can be started; without it, all is as before.
  await job(page, /^Restore/)
    .getByRole('button', { name: /^Run again: Restore/ })
    .click();
  await expect(page.getByRole('heading', { name: 'Review', level: 2 })).toBeVisible();
  await expect(page.getByText(`${target} exists`).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start the restore' })).toBeDisabled();
  await keep(page, 'restore-again-refused');
  rmSync(target);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Start the restore' })).toBeEnabled();
  expect(existsSync(target)).toBe(false);
  await keep(page, 'restore-again-review');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await expect(light(page, 'active')).toContainText('yes');
  expect(sqlite(target, "SELECT Name FROM Artist WHERE Name LIKE 'kept%' OR Name = 'a mistake' ORDER BY 1")).toBe(
    'kept 1\nkept 2',
  );
});

/** A server that is waited for: however fast the disk is, the restore is not over before it is cancelled. */
async function waitForNobody(page: Page): Promise<void> {
  const peers = page.getByRole('region', { name: 'Verify against other servers as well' });
  await peers.getByRole('textbox', { name: 'Server' }).fill('SRV-9');
  await peers.getByRole('textbox', { name: 'Replica' }).fill('large');
  await peers.getByRole('button', { name: 'Add server' }).click();
  await expect(peers.getByRole('listitem')).toContainText('to be waited for');
}

test('cancels a running restore: the old set is active, nothing is left half done', async ({ console, page }) => {
  test.slow();
  const file = path.join(console.work, 'large.sqlite');
  sqlite(
    file,
    `PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
     INSERT INTO t SELECT i, randomblob(100000) FROM n`,
  );
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, name: 'large', wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,', { timeout: 60_000 });
  await openNode(page, 'Restore');
  await throughWizard(page, 'Source', async (step) => {
    if (step === 'Options') await waitForNobody(page);
  });
  await page.getByRole('textbox', { name: /^Type large/ }).fill('large');
  await page.getByRole('button', { name: 'Start the restore' }).click();
  await page.getByRole('button', { name: 'Cancel the restore' }).first().click();
  const ask = page.getByRole('alertdialog', { name: 'Cancel the restore?' });
  await expect(ask.getByRole('button', { name: 'Keep restoring' })).toBeFocused();
  await ask.getByRole('button', { name: 'Cancel the restore' }).click();
  await expect(page.getByText(/^Canceled\./).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'NDS: active', exact: true })).toBeVisible();
  // A cancel that comes while the set is being verified leaves it complete and disabled; an earlier one discards it.
  const discarded = page.getByRole('region', { name: 'RST: discarded', exact: true });
  await expect(discarded.or(page.getByRole('region', { name: 'RST: complete, disabled', exact: true }))).toBeVisible();
  await expect(async () => {
    const wanted = (await discarded.isVisible()) ? 'no' : 'yes';
    await expect(light(page, 'data')).toContainText(wanted, { timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await expect(light(page, 'active')).toContainText('no');
  await expect(
    page.getByRole('list', { name: 'Steps of the restore' }).getByRole('img', { name: 'running' }),
  ).toHaveCount(0);
  await keep(page, 'restore-canceled');
  expect(existsSync(file)).toBe(true);
  expect(sqlite(file, "INSERT INTO t (body) VALUES ('still writable'); SELECT count(*) FROM t")).toBe('3001');
});
