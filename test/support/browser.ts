// Which Chromium the tests use, and how: the system's, kept from talking to anybody but the page under test.
import { existsSync } from 'node:fs';

const candidates = [
  process.env.HOLDFAST_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of a Chromium; throws with the command that installs one. */
export function findBrowser(): string {
  const found = candidates.find((file) => file && existsSync(file));
  if (!found)
    throw new Error('no Chromium found: install one (Debian: apt-get install chromium) or set HOLDFAST_CHROMIUM');
  return found;
}

export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];
