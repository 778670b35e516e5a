// An engine that ends under an open page: read-only with what was last known, and the way back after a new start.
import { expect, startConsole, test } from './support/console.ts';
import { copyOfChinook, job, keep, openTask, protect } from './support/steps.ts';

test('goes read-only without its engine, says what to do after a new start, and comes back', async ({
  console,
  page,
}) => {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await expect(job(page, /Full backup/)).toContainText('read,');

  process.kill(console.pid, 'SIGKILL');
  expect(await console.exited).toBe(null);
  await expect(page.getByText('Reconnecting…')).toBeVisible();
  await expect(page.getByText('nothing can be changed until it is back')).toBeVisible();
  const row = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  await expect(row.getByRole('img', { name: /^Last known: online/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Full backup now' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Protect a database' })).toBeDisabled();
  await keep(page, 'offline');

  const port = Number(new URL(console.url).port);
  const next = await startConsole({ data: console.data, work: console.work, port });
  try {
    // The key of the browser is of one start: the page says where the new one is.
    await expect(page.getByText('Signed out.')).toBeVisible({ timeout: 20_000 });
    await expect(page.getByText('open the address that it printed')).toBeVisible();
    await keep(page, 'signed-out');
    await page.goto(next.url);
    await expect(page.getByText('Signed out.')).toBeHidden();
    await openTask(page, 'Backup');
    await expect(row.getByRole('img', { name: /^online/ })).toBeVisible({ timeout: 20_000 });
    await page.getByRole('button', { name: 'Full backup now' }).click();
    await expect(job(page, /Full backup/)).toContainText('read,');
  } finally {
    expect(await next.stop(), next.errors()).toBe(0);
  }
});
