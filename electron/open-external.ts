// The one way out of the app: a link to one of a few https sites opens in the user's browser.
import { shell } from 'electron';

const allowedHosts = new Set(['www.sqlite.org', 'sqlite.org', 'nodejs.org', 'www.electronjs.org']);

/** Opens `url` in the browser when it is https, on a known host, and carries no credentials; returns whether it did. */
export function openExternalSafely(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username, password, href } = new URL(url);
  if (protocol !== 'https:' || port !== '' || username !== '' || password !== '') return false;
  if (!allowedHosts.has(hostname)) return false;
  void shell.openExternal(href);
  return true;
}
