// The title of the window or tab: what needs a person, the page, the site. A tab in the background still tells the worst.
import { useEffect } from 'react';
import { useLive, useRoute, useSite } from './app.ts';
import { pageTitles } from './route.ts';

/** Draws nothing. */
export function WindowTitle() {
  const live = useLive();
  const page = useRoute().page;
  const site = useSite((snapshot) => snapshot.site.name);
  const critical = useSite((snapshot) => snapshot.tray.critical);
  const sign = live ? (critical > 0 ? `(${critical}) ` : '') : '(offline) ';
  const title = `${sign}${pageTitles[page].at(-1) ?? ''} – ${site} – Holdfast`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
