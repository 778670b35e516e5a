// The main job as a person does it in the console: lab, full backup, outage, failover, back to the master, restore, verification.
import { expect, type Locator, type Page } from '@playwright/test';

export interface MainJobOptions {
  page: Page;
  /** Keeps a picture of the page. */
  shot(name: string): Promise<void>;
  /** Runs when a page is settled: the accessibility check. */
  check(): Promise<void>;
}

const row = (page: Page, server: string): Locator =>
  page.getByRole('grid', { name: 'Databases of this group' }).getByRole('row').filter({ hasText: server });
const led = (page: Page, server: string): Locator =>
  row(page, server).getByRole('img', { name: 'Active', exact: true });
const lab = (page: Page): Locator => page.getByRole('region', { name: 'Demo lab' });

async function acknowledged(page: Page): Promise<number> {
  const text = (await lab(page).textContent()) ?? '';
  return Number(/([\d,]+) acknowledged/.exec(text)?.[1]?.replaceAll(',', '') ?? -1);
}

export async function openLab({ page, shot, check }: MainJobOptions): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Welcome to Holdfast' })).toBeVisible();
  await check();
  await shot('01-first-start');
  await page.getByRole('button', { name: 'Open the demo lab' }).click();
  await expect(page.getByRole('button', { name: 'Lab', exact: true })).toBeVisible({ timeout: 60_000 });
}

export async function openFailoverPage(page: Page): Promise<void> {
  await openTask(page, 'System');
  await page.getByRole('treeitem', { name: 'Directory Manager' }).click();
  await page.getByRole('tab', { name: 'Database failover' }).click();
  await expect(page.getByRole('switch', { name: 'Use database failover' })).toBeVisible();
}

/** From the first start to a restored, verified master. Returns how long the LED took to move, ms. */
export async function doTheMainJob(options: MainJobOptions): Promise<number> {
  const { page, shot, check } = options;
  await openLab(options);
  await openFailoverPage(page);
  await expect(row(page, 'SRV-2')).toContainText('In sync', { timeout: 60_000 });
  await expect(row(page, 'SRV-3')).toContainText('In sync', { timeout: 60_000 });
  await expect(led(page, 'SRV-1')).toBeVisible();
  await expect(row(page, 'SRV-1')).toContainText('(Master)');

  const jobs = page.getByRole('region', { name: 'Jobs' });
  const before = await page.getByText('2 of 2 backup databases have it').count();
  await page.getByRole('button', { name: 'Full backup now' }).click();
  await expect
    .poll(() => page.getByText('2 of 2 backup databases have it').count(), { timeout: 60_000 })
    .toBeGreaterThan(before);
  await expect(jobs).toBeVisible();
  await expect(lab(page)).toContainText('Client writing to SRV-1');
  await check();
  await shot('02-failover-normal');

  const written = await acknowledged(page);
  const switchedOff = Date.now();
  await lab(page).getByRole('switch', { name: 'SRV-1' }).click();
  await expect(led(page, 'SRV-2')).toBeVisible({ timeout: 30_000 });
  const took = Date.now() - switchedOff;
  await expect(led(page, 'SRV-1')).toBeHidden();
  await expect(row(page, 'SRV-1')).toContainText('(Master)');
  await expect(lab(page)).toContainText('Client writing to SRV-2', { timeout: 30_000 });
  await expect.poll(() => acknowledged(page), { timeout: 30_000 }).toBeGreaterThan(written + 20);
  await shot('03-failed-over');

  await lab(page).getByRole('switch', { name: 'SRV-1' }).click();
  await expect(page.getByText('Your decision is wanted.')).toBeVisible({ timeout: 60_000 });
  await shot('04-awaiting-decision');
  await page.getByRole('button', { name: 'Back to master' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog.getByRole('region', { name: 'What will happen' })).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await shot('05-reconnect-plan');
  await dialog.getByRole('button', { name: 'Reconnect' }).click();
  await expect(led(page, 'SRV-1')).toBeVisible({ timeout: 60_000 });
  await expect(lab(page)).toContainText('Client writing to SRV-1', { timeout: 30_000 });

  await restoreWhatWasLeftBehind(options);
  await restoreTheMaster(options);
  return took;
}

/** The interim changes come back: the newest contingency backup is restored to the master, every step in sight. */
async function restoreWhatWasLeftBehind({ page, shot }: MainJobOptions): Promise<void> {
  // The full backup that follows the reconnection must be through: the engine refuses the restore while it runs.
  for (const server of ['SRV-2', 'SRV-3'])
    await expect(row(page, server)).toContainText('In sync', { timeout: 60_000 });
  const kept = page.getByRole('table', { name: 'Contingency backups' });
  await kept.scrollIntoViewIfNeeded();
  await shot('06-contingency');
  await kept
    .getByRole('button', { name: /Restore to master: fenced, before SRV-1 became active/ })
    .first()
    .click();
  const fulls = page
    .getByRole('region', { name: 'Jobs' })
    .getByRole('listitem', { name: /^Full backup of Directory, Succeeded/ });
  const before = await fulls.count();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByRole('textbox', { name: /Type SRV-1/ }).fill('SRV-1');
  await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
  await expect(dialog).toBeHidden();
  await openTask(page, 'Restore');
  await page
    .getByRole('treeitem', { name: /Restore of SRV-1\/Directory/ })
    .first()
    .click();
  await expect(light(page, 'data')).toContainText('yes', { timeout: 60_000 });
  await expect(light(page, 'active')).toContainText('yes', { timeout: 60_000 });
  await shot('07-contingency-restored');
  // The full that follows belongs to it: until it is there, no chain leads to the restored data.
  await expect.poll(() => fulls.count(), { timeout: 60_000 }).toBeGreaterThan(before);
}

/** The wizard from its first page to the end: the master from its newest backup and every log, verified against both copies. */
async function restoreTheMaster({ page, shot, check }: MainJobOptions): Promise<void> {
  await expect(page.getByRole('region', { name: 'Jobs' })).toContainText('None running', { timeout: 60_000 });
  await openTask(page, 'Restore');
  await page.getByRole('treeitem', { name: 'Restore', exact: true }).click();
  await page.getByRole('combobox', { name: 'Database' }).selectOption('SRV-1/Directory');
  for (const step of ['Source', 'Point in time', 'Target', 'Checklist', 'Options']) {
    await expect(page.getByRole('heading', { name: step, level: 2 })).toBeVisible();
    if (step === 'Checklist') {
      await expect(page.getByText('Nothing between the backups and logs is missing')).toBeVisible();
      await check();
      await shot('08-restore-checklist');
    }
    if (step === 'Options') await page.getByRole('checkbox', { name: /^Keep the roll-forward log settings/ }).check();
    await page.getByRole('button', { name: 'Next' }).click();
  }
  await page.getByRole('textbox', { name: /^Type Directory/ }).fill('Directory');
  await shot('09-restore-review');
  await startRestore(page);
  for (const name of ['data', 'verified', 'active'])
    await expect(light(page, name)).toContainText('yes', { timeout: 60_000 });
  for (const server of ['SRV-2', 'SRV-3'])
    await expect(page.getByText(`\\T=HOLDFAST\\O=HOLDFAST\\CN=${server}`)).toBeVisible();
  await check();
  await shot('10-restore-monitor');
}

const light = (page: Page, name: string): Locator =>
  page.getByRole('list', { name: 'Lights' }).getByRole('listitem').filter({ hasText: name });

/** The lab is backed up every minute: a plan that has just become an older one is refused, and its successor confirmed. */
async function startRestore(page: Page): Promise<void> {
  const monitor = page.getByRole('heading', { name: 'Restore monitor' });
  const expired = page.getByRole('alert').filter({ hasText: '-7044' });
  for (let attempt = 1; attempt <= 3; attempt++) {
    await page.getByRole('button', { name: 'Start the restore' }).click();
    await expect(monitor.or(expired)).toBeVisible();
    if (await monitor.isVisible()) return;
    await expired.getByRole('button', { name: 'Dismiss' }).click();
  }
  await expect(monitor).toBeVisible();
}

async function openTask(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Tasks' }).getByRole('button', { name, exact: true }).click();
}
