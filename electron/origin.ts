// The one origin that the desktop page has, and the test whether a URL belongs to it.

export const APP_SCHEME = 'app';
export const APP_ORIGIN = `${APP_SCHEME}://holdfast`;
export const START_URL = `${APP_ORIGIN}/index.html`;

/** Compared by parts: `app://holdfast.evil` and `app://holdfast@evil` start with our origin's text too. */
export function isOwnUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, username, password } = new URL(url);
  return protocol === `${APP_SCHEME}:` && host === 'holdfast' && username === '' && password === '';
}
