// Takes screenshots of the harness: `node shoot.ts OUT NAME=QUERY…`, each light and dark at 1280×800, `NAME@small` at 1024×700.
import { chromium } from 'playwright';
import { serveFolder } from './serve-folder.ts';

const [out = '.', ...shots] = process.argv.slice(2);
const { url, close } = await serveFolder(new URL('../../../dist/renderer-harness', import.meta.url).pathname);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const shot of shots) {
  const [name = 'page', rest = ''] = shot.split(/=(.*)/s);
  const [query = '', click] = rest.split('#');
  for (const scheme of name.includes('@light') ? (['light'] as const) : (['light', 'dark'] as const)) {
    const page = await browser.newPage({
      viewport: name.includes('@small') ? { width: 1024, height: 700 } : { width: 1280, height: 800 },
      colorScheme: scheme,
    });
    page.on('pageerror', (error) => console.log(`${name} ${scheme}: ${error.stack}`));
    page.on('console', (message) => message.type() === 'error' && console.log(`${name} ${scheme}: ${message.text()}`));
    await page.goto(`${url}/index.html?${query}`);
    await page
      .getByRole('navigation', { name: 'Tasks' })
      .waitFor({ timeout: 8000 })
      .catch(() => console.log(`${name}: no shell`));
    for (const step of click?.split('>') ?? []) {
      const [role, label] = step.split(':') as [Parameters<typeof page.getByRole>[0], string];
      await page
        .getByRole(role, { name: label.replace('~', ''), exact: !label.startsWith('~') })
        .first()
        .click({ timeout: 3000 })
        .catch((e: Error) => console.log(`${name}: ${e.message.split('\n')[0]}`));
    }
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${out}/${name}-${scheme}.png` });
    await page.close();
  }
}
await browser.close();
close();
