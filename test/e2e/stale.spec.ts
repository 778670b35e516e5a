// No light stays green over something that hangs: an agent that no longer answers, and an engine that does not even go away.
import { readFileSync } from 'node:fs';
import { expect, type RunningConsole, test } from './support/console.ts';
import { copyOfChinook, keep, openNode, openTask, protect } from './support/steps.ts';

const agentOf = (console: RunningConsole): number =>
  Number(readFileSync(`/proc/${console.pid}/task/${console.pid}/children`, 'utf8').trim().split(' ')[0]);

test('shows a hanging agent and a hanging engine as what they are, and comes back', async ({ console, page }) => {
  const file = copyOfChinook(console.work);
  await page.getByRole('button', { name: 'Protect a database' }).click();
  const dialog = await protect(page, { file, wal: true });
  await dialog.getByRole('button', { name: 'Full backup now' }).click();
  await openTask(page, 'Home');
  const database = page.getByRole('grid', { name: 'Databases' }).getByRole('row').filter({ hasText: 'chinook' });
  const calm = page.getByText('Every protected database is backed up and can be restored.');
  await expect(database.getByRole('img', { name: /^online/ })).toBeVisible();
  await expect(calm).toBeVisible();

  const agent = agentOf(console);
  process.kill(agent, 'SIGSTOP');
  try {
    await expect(database.getByRole('img', { name: /^unreachable/ })).toBeVisible();
    await expect(page.getByText('does not answer; not watched: chinook')).toBeVisible();
    await expect(calm).toBeHidden();
    await openTask(page, 'System');
    await openNode(page, 'Servers');
    await expect(
      page.getByRole('grid', { name: 'Servers' }).getByRole('img', { name: 'Does not answer' }),
    ).toBeVisible();
    await page.getByRole('grid', { name: 'Servers' }).getByRole('row').nth(1).click();
    const here = page.getByRole('grid', { name: /^Databases on / });
    await expect(here.getByRole('img', { name: /^unreachable/ })).toBeVisible();
    await expect(page).toHaveTitle(/^\(1\) Servers – /);
    await keep(page, 'stale-agent');
  } finally {
    process.kill(agent, 'SIGCONT');
  }
  await openTask(page, 'Home');
  await expect(calm).toBeVisible();

  process.kill(console.pid, 'SIGSTOP');
  try {
    await expect(page.getByText('The engine is silent.')).toBeVisible();
    await expect(database.getByRole('img', { name: /^Last known: online/ })).toBeVisible();
    await expect(calm).toBeHidden();
    await expect(page.getByText('Not known now.')).toBeVisible();
    await expect(page).toHaveTitle(/^\(offline\) Home – /);
    await expect(page.getByRole('button', { name: 'Protect a database' })).toBeDisabled();
    await keep(page, 'stale-engine');
  } finally {
    process.kill(console.pid, 'SIGCONT');
  }
  await expect(calm).toBeVisible();
  await expect(page.getByText('The engine is silent.')).toBeHidden();
});
