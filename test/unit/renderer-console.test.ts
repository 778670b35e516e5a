// The console in a real browser on the in-memory engine: pages by role and name, what the buttons call, what a failure shows, axe.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserArguments, findBrowser } from '../support/browser.ts';
import { serveFolder } from '../support/renderer-harness/serve-folder.ts';

const harness = new URL('../support/renderer-harness', import.meta.url).pathname;
const failoverPage = 'page=system/directory-manager/database-failover';
let folder: string;
let site: Awaited<ReturnType<typeof serveFolder>>;
let browser: Browser;
let page: Page;
let crashes: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-console-'));
  await build({
    configFile: join(harness, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, minify: false },
  });
  site = await serveFolder(folder);
  browser = await chromium.launch({ executablePath: findBrowser(), args: browserArguments });
});
afterAll(async () => {
  await browser?.close();
  site?.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await page?.context().close();
  expect(crashes).toEqual([]);
});

async function open(query: string, more: { width?: number; height?: number; dark?: boolean } = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: more.width ?? 1280, height: more.height ?? 800 },
    colorScheme: more.dark ? 'dark' : 'light',
  });
  page = await context.newPage();
  page.setDefaultTimeout(30_000);
  crashes = [];
  page.on('pageerror', (error) => crashes.push(String(error)));
  await page.goto(`${site.url}/index.html?still&${query}`);
  await page.getByRole('navigation', { name: 'Tasks' }).waitFor();
  return page;
}

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
const callsOf = (name: string) =>
  page.evaluate(
    (wanted) => window.fixture.calls.filter((call) => call.name === wanted).map((call) => call.input),
    name,
  );
/** Waits until the engine was called; the input of the newest call. */
async function called(name: string): Promise<Record<string, unknown>> {
  await expect.poll(() => callsOf(name)).not.toHaveLength(0);
  return (await callsOf(name)).at(-1) as Record<string, unknown>;
}

describe('home', () => {
  it('deals with what needs attention by its one button', async () => {
    await open('');
    await page.getByRole('button', { name: /^Full backup now: SRV-3/ }).click();
    expect(await called('failover.backupNow')).toEqual({ groupId: 'g1', type: 'full' });
  });

  it('opens two doors on the first start', async () => {
    await open('scenario=first');
    await page.getByRole('region', { name: 'Protect a database' }).getByRole('button').waitFor();
    await button('Open the demo lab').click();
    await page
      .getByRole('table', { name: 'Databases' })
      .or(page.getByRole('grid', { name: 'Databases' }))
      .waitFor();
    expect(await callsOf('demo.open')).toHaveLength(1);
  });
});

describe('database failover', () => {
  it('keeps edits to itself until Apply, and Cancel forgets them', async () => {
    await open(failoverPage);
    const reconnect = page.getByRole('checkbox', { name: 'Automatically reconnect to master database' });
    await reconnect.check();
    await button('Cancel').click();
    await button('Apply').waitFor({ state: 'detached' });
    expect(await reconnect.isChecked()).toBe(false);
    await reconnect.check();
    expect(await callsOf('failover.apply')).toEqual([]);
    await button('Apply').click();
    const { config } = (await called('failover.apply')) as { config: { autoReconnect: boolean; members: unknown[] } };
    expect(config.autoReconnect).toBe(true);
    expect(config.members).toHaveLength(3);
    await button('Apply').waitFor({ state: 'detached' });
  });

  it('does not apply what cannot be applied, and says why', async () => {
    await open(failoverPage);
    await page.getByRole('textbox', { name: 'Full: time' }).fill('26:00');
    await page.getByText('Full backup: give a time such as 02:00.').waitFor();
    expect(await button('Apply').isDisabled()).toBe(true);
  });

  it('asks before a page with edits is left: stay, drop, save', async () => {
    await open(failoverPage);
    const toggle = page.getByRole('switch', { name: 'Use database failover' });
    await toggle.click();
    const home = page.getByRole('navigation', { name: 'Tasks' }).getByRole('button', { name: 'Home' });
    const question = page.getByRole('alertdialog', { name: 'Save the changes on this page?' });
    await home.click();
    await question.getByRole('button', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'detached' });
    expect(await toggle.isChecked()).toBe(false);
    await home.click();
    await question.getByRole('button', { name: 'Save', exact: true }).click();
    await page
      .getByRole('alertdialog', { name: /^Turn failover/ })
      .getByRole('button', { name: 'Turn off' })
      .click();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
    expect(((await called('failover.apply')) as { config: { enabled: boolean } }).config.enabled).toBe(false);
  });

  it('keeps the page and the edits when Apply is refused', async () => {
    await open(failoverPage);
    await page.getByRole('checkbox', { name: 'Automatically reconnect to master database' }).check();
    await page.evaluate(() => window.failNext('failover.apply', 'NO_PERMISSION', 'SRV-2 cannot write to /failover'));
    await button('Apply').click();
    await page.getByRole('alert').filter({ hasText: 'SRV-2 cannot write to /failover' }).waitFor();
    expect(await page.getByRole('checkbox', { name: 'Automatically reconnect to master database' }).isChecked()).toBe(
      true,
    );
    expect(await button('Apply').isEnabled()).toBe(true);
  });

  it('shows the plan of a switch with Cancel as default, and carries it out by its token', async () => {
    await open(failoverPage);
    await page.getByRole('row', { name: /SRV-2/ }).first().click();
    await button('Switch to this database').click();
    const dialog = page.getByRole('alertdialog', { name: 'Switch to SRV-2' });
    await dialog.getByText('The active database can be fenced').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('failover.execute')).toEqual([]);
    await button('Switch to this database').click();
    await dialog.getByRole('button', { name: 'Switch', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await called('failover.execute')).toMatchObject({ typed: null });
    await page.getByRole('row', { name: /SRV-2/ }).getByRole('img', { name: 'Active', exact: true }).waitFor();
  });

  it('wants the name typed where the engine says so', async () => {
    await open(failoverPage);
    await page.evaluate(() =>
      window.fixture.change((next) => {
        const member = next.groups[0]?.members[1];
        if (member) member.state = 'NeverRestored';
      }),
    );
    await page.getByRole('row', { name: /SRV-2/ }).first().click();
    await button('Switch to this database').click();
    const dialog = page.getByRole('alertdialog', { name: 'Switch to SRV-2' });
    const go = dialog.getByRole('button', { name: 'Switch', exact: true });
    await go.waitFor();
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('SRV-2');
    await go.click();
    expect(await called('failover.execute')).toMatchObject({ typed: 'SRV-2' });
  });

  it('stays in the dialog when the world has changed, and plans again', async () => {
    await open(failoverPage);
    await page.getByRole('row', { name: /SRV-2/ }).first().click();
    await button('Fence').click();
    const dialog = page.getByRole('alertdialog', { name: 'Fence SRV-2' });
    await page.evaluate(() => window.failNext('failover.execute', 'STALE_TERM', 'Another console has acted'));
    await dialog.getByRole('button', { name: 'Fence', exact: true }).click();
    await dialog.getByText('Another console has acted').waitFor();
    await dialog.getByRole('button', { name: 'Check again' }).click();
    await dialog.getByText('Another console has acted').waitFor({ state: 'detached' });
    expect((await callsOf('failover.plan')).length).toBe(2);
  });

  it('adds an item once the engine has found no problem with it', async () => {
    await open(failoverPage);
    await page.evaluate(() => window.fixture.api.servers.add({ name: 'SRV-4', root: null }));
    await button('Add an item').click();
    const dialog = page.getByRole('dialog', { name: 'Add an item' });
    await dialog.getByRole('textbox', { name: 'Database server' }).fill('(local)');
    await dialog.getByRole('textbox', { name: 'Folder' }).fill('/srv/failover');
    await dialog.getByRole('button', { name: 'OK' }).click();
    await dialog.getByText('Use a name that other servers can reach').waitFor();
    await dialog.getByRole('textbox', { name: 'Database server' }).fill('srv-4');
    await dialog.getByRole('button', { name: 'OK' }).click();
    await page.getByRole('row', { name: /SRV-4.*Not applied yet/ }).waitFor();
    await button('Apply').click();
    const { config } = (await called('failover.apply')) as { config: { members: { server: string }[] } };
    expect(config.members.map((member) => member.server)).toEqual(['SRV-1', 'SRV-2', 'SRV-3', 'SRV-4']);
  });

  it('hides the form while failover is off', async () => {
    await open(`${failoverPage}&scenario=disabled`);
    await page.getByText('nothing takes over when its server is lost').waitFor();
    expect(await page.getByRole('grid', { name: 'Databases of this group' }).count()).toBe(0);
    await page.getByRole('switch', { name: 'Use database failover' }).click();
    await page.getByRole('grid', { name: 'Databases of this group' }).waitFor();
  });

  it('says what blocks a failover and offers the way on', async () => {
    await open(`${failoverPage}&scenario=blocked`);
    const alert = page.getByRole('alert').filter({ hasText: 'No database is active.' });
    await alert.getByText('indexer (pid 4410)').waitFor();
    await alert.getByRole('button', { name: 'Switch to SRV-2…' }).click();
    await page.getByRole('alertdialog', { name: 'Switch to SRV-2' }).waitFor();
  });
});

describe('protect a database', () => {
  it('refuses a file that is none, in the words of the engine', async () => {
    await open('');
    await page.keyboard.press('Control+Shift+P');
    const dialog = page.getByRole('dialog', { name: 'Protect a database' });
    await dialog.getByRole('textbox', { name: 'Database file' }).fill('/etc/passwd');
    await dialog.getByText('/etc/passwd is not a SQLite database').waitFor();
    expect(await dialog.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
  });

  it('goes from a file to a protected database and its first backup', async () => {
    await open('');
    await button('Protect a database').first().click();
    const dialog = page.getByRole('dialog', { name: 'Protect a database' });
    await dialog.getByRole('button', { name: 'Browse…' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose the database file' });
    await picker.getByRole('row', { name: /schema\.db/ }).click();
    await picker.getByRole('button', { name: 'Choose file' }).click();
    await dialog.getByText('Rollback journal').waitFor();
    await dialog.getByRole('button', { name: 'Next' }).click();
    expect(await dialog.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('schema');
    expect(await dialog.getByRole('switch', { name: 'Roll-forward logging' }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'Switch the database to WAL' }).check();
    await dialog.getByRole('button', { name: 'Next' }).click();
    await dialog.getByRole('button', { name: 'Protect', exact: true }).click();
    expect(await called('instances.protect')).toEqual({
      server: null,
      name: 'schema',
      path: '/var/lib/directory/schema.db',
      backendId: null,
      backends: [],
      backupFolder: null,
      logging: true,
      switchToWal: true,
    });
    await dialog.getByRole('button', { name: 'Full backup now' }).click();
    expect(await called('backup.start')).toEqual({ instanceId: 'LOCAL/schema', type: 'full' });
  });
});

describe('jobs, messages, connection', () => {
  it('cancels a running job and says what that does', async () => {
    await open('');
    const row = page.getByRole('listitem', { name: 'Full backup, Running' });
    await row.getByRole('button', { name: 'Cancel Full backup' }).hover();
    await page.getByRole('tooltip').getByText('Stops at once').waitFor();
    await row.getByRole('button', { name: 'Cancel Full backup' }).click();
    expect(await called('jobs.cancel')).toEqual({ jobId: 'j9' });
    await page.getByRole('listitem', { name: 'Full backup, Canceling' }).waitFor();
  });

  it('counts messages in the tray and acknowledges them', async () => {
    await open('');
    await page.getByRole('button', { name: 'System messages: critical 0 warning 1 info 1' }).click();
    await page.getByRole('button', { name: /^Acknowledge: SRV-3 missed/ }).click();
    expect(await called('site.acknowledge')).toEqual({ messageId: 'm2' });
    await page.getByText('Acknowledged', { exact: true }).waitFor();
  });

  it('is read-only while the engine is away and comes back by itself', async () => {
    await open(failoverPage);
    await page.evaluate(() => window.fixture.setOnline(false));
    await page.getByText('Reconnecting…').waitFor();
    expect(await button('Add an item').isDisabled()).toBe(true);
    await page.evaluate(() => window.fixture.setOnline(true));
    await page.getByText('Reconnecting…').waitFor({ state: 'detached' });
    await expect.poll(() => button('Add an item').isEnabled()).toBe(true);
  });

  it('reads the log of a job', async () => {
    await open('');
    await page.getByRole('button', { name: 'Log of Full backup' }).click();
    await page.getByRole('dialog').getByText('Snapshot taken, 122,880 pages').waitFor();
  });
});

describe('options', () => {
  it('changes the theme at once and remembers it', async () => {
    await open('page=options');
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('light');
    await page.getByRole('combobox', { name: 'Theme' }).selectOption({ label: 'High contrast' });
    await expect.poll(theme).toBe('contrast');
    await page.reload();
    await page.getByRole('heading', { name: 'Options', level: 1 }).waitFor();
    await expect.poll(theme).toBe('contrast');
  });

  it('renames the site only by Apply, and refuses a name that the rules refuse', async () => {
    await open('page=options');
    await page.getByRole('textbox', { name: 'Site name' }).fill('not a name');
    await page.getByText('The site name has 1 to 15 letters').first().waitFor();
    expect(await button('Apply').isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Site name' }).fill('VEGA');
    await button('Apply').click();
    expect(await called('site.rename')).toEqual({ name: 'VEGA' });
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByText('VEGA').waitFor();
  });
});

describe('by keyboard', () => {
  it('finds a command and runs it', async () => {
    await open('');
    await page.keyboard.press('Control+k');
    await page.getByRole('searchbox', { name: 'Command' }).waitFor();
    await page.keyboard.type('options');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Options', level: 1 }).waitFor();
  });

  it('goes by two keys, and shows the keys by ?', async () => {
    await open('');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('heading', { name: 'Servers', level: 1 }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
  });

  it('moves in the list and in the tree with the arrow keys', async () => {
    await open(failoverPage);
    await page.getByRole('row', { name: /SRV-1 \(Master\)/ }).click();
    await page.keyboard.press('ArrowDown');
    await expect
      .poll(() => page.getByRole('row', { name: /SRV-2/ }).first().getAttribute('aria-selected'))
      .toBe('true');
    await page.getByRole('treeitem', { name: 'Servers' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('treeitem', { name: 'SRV-1' }).waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Servers', level: 1 }).waitFor();
  });
});

describe('long lists', () => {
  it('draws only what is seen of 100,000 rows, and reaches the last one by one key', async () => {
    await open('page=activity');
    await page.evaluate(() =>
      window.fixture.change((next) => {
        const model = next.jobs[1];
        if (!model) return;
        next.jobs = Array.from({ length: 100_000 }, (_, at) => ({
          ...model,
          id: `n${at}`,
          title: `Job ${at}`,
          startedAt: model.startedAt - at * 1000,
        }));
      }),
    );
    const grid = page.getByRole('grid', { name: 'Jobs' });
    await grid.getByRole('row', { name: /Job 3 / }).click();
    expect(await grid.getAttribute('aria-rowcount')).toBe('100001');
    expect(await grid.getByRole('row').count()).toBeLessThan(80);
    await page.keyboard.press('End');
    await grid.getByRole('row', { name: /Job 99999 / }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toMatch(/Job 99999/);
    expect(await grid.getByRole('row').count()).toBeLessThan(80);
  });
});

describe('accessibility', () => {
  const shown: [string, string][] = [
    ['home', ''],
    ['first start', 'scenario=first'],
    ['servers', 'page=system/servers'],
    ['properties', 'page=system/directory-manager/properties'],
    ['failover', failoverPage],
    ['blocked', `${failoverPage}&scenario=blocked`],
    ['activity', 'page=activity'],
    ['options', 'page=options'],
    ['lab', 'page=demo'],
  ];
  for (const dark of [false, true]) {
    it.each(shown)(`finds nothing serious on %s, ${dark ? 'dark' : 'light'}`, async (_, query) => {
      await open(query, { dark });
      const { violations } = await new AxeBuilder({ page }).exclude('[data-tabster-dummy]').analyze();
      const serious = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
      expect(
        serious.map((each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 140)).join(' | ')}`),
      ).toEqual([]);
    });
  }

  it('needs no sideways scrolling of the window at 1024 × 700', async () => {
    for (const [, query] of shown) {
      await open(query, { width: 1024, height: 700 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, query).toBeLessThanOrEqual(1024);
      await page.context().close();
    }
  });
});
