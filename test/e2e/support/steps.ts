// Steps that several specs take in the console, and a database as another program sees it.
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { expectAccessible, takeScreenshots } from './console.ts';

const chinook = path.resolve(import.meta.dirname, '../../data/chinook.sqlite');

/** What the `sqlite3` tool prints for a statement: another program than ours reads and writes. */
export const sqlite = (file: string, statement: string): string =>
  execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, statement], { encoding: 'utf8' }).trim();

/** A copy of the sample database (rollback journal) in a folder of the spec. */
export function copyOfChinook(folder: string, name = 'chinook.sqlite'): string {
  const file = path.join(folder, name);
  copyFileSync(chinook, file);
  return file;
}

export const openTask = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Tasks' }).getByRole('button', { name, exact: true }).click();

export const openNode = (page: Page, name: string | RegExp): Promise<void> =>
  page
    .getByRole('treeitem', typeof name === 'string' ? { name, exact: true } : { name })
    .first()
    .click();

/** The newest line of the jobs dock about this job. */
export const job = (page: Page, title: string | RegExp): Locator =>
  page.getByRole('region', { name: 'Jobs' }).getByRole('listitem').filter({ hasText: title }).first();

/** Checks and keeps the page as it stands. */
export async function keep(page: Page, name: string): Promise<void> {
  await expectAccessible(page);
  await takeScreenshots(page, name);
}

export interface Protecting {
  file: string;
  name?: string;
  /** Null keeps the rollback journal and so goes without logging. */
  wal: boolean;
}

/** Through the wizard to a protected database; its first full backup is left to the caller. Returns the open dialog. */
export async function protect(page: Page, { file, name, wal }: Protecting): Promise<Locator> {
  const dialog = page.getByRole('dialog', { name: 'Protect a database' });
  await dialog.getByRole('textbox', { name: 'Database file' }).fill(file);
  await expect(dialog.getByText('File system')).toBeVisible();
  await dialog.getByRole('button', { name: 'Next' }).click();
  if (name) await dialog.getByRole('textbox', { name: 'Name' }).fill(name);
  const change = dialog.getByRole('checkbox', { name: 'Switch the database to WAL' });
  if (wal && (await change.count()) > 0) await change.check();
  await dialog.getByRole('button', { name: 'Next' }).click();
  await dialog.getByRole('button', { name: 'Protect', exact: true }).click();
  await expect(dialog.getByText('is protected.')).toBeVisible({ timeout: 30_000 });
  return dialog;
}

const wizardSteps = ['Source', 'Point in time', 'Target', 'Checklist', 'Options'] as const;
type WizardStep = (typeof wizardSteps)[number];

/** From `from` to the end of the restore wizard; `at` is called on each step before it is left. */
export async function throughWizard(
  page: Page,
  from: WizardStep,
  at: (step: WizardStep) => Promise<void> = async () => {},
): Promise<void> {
  for (const step of wizardSteps.slice(wizardSteps.indexOf(from))) {
    await expect(page.getByRole('heading', { name: step, level: 2 })).toBeVisible();
    await at(step);
    await page.getByRole('button', { name: 'Next' }).click();
  }
  await expect(page.getByRole('heading', { name: 'Review', level: 2 })).toBeVisible();
}

export const light = (page: Page, name: string): Locator =>
  page.getByRole('list', { name: 'Lights' }).getByRole('listitem').filter({ hasText: name });
