// Chromium opens no app:// page, so inside the double the scheme is mapped to an https host that only its routes know.
const suffix = '.app-scheme.test';

/** app://holdfast/x → https://holdfast.app-scheme.test/x; other URLs stay. */
export function toPageUrl(url: string): string {
  return url.replace(/^app:\/\/([^/?#]*)/, `https://$1${suffix}`);
}

/** The other direction. */
export function toAppUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:' || port !== '' || !hostname.endsWith(suffix)) return url;
  return url.replace(/^https:\/\/[^/?#]*/, `app://${hostname.slice(0, -suffix.length)}`);
}
