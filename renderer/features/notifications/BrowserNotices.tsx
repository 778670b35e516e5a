// Shows the notices of a desktop channel through the browser; in the desktop application the main process does.
import { useEffect, useRef } from 'react';
import type { Notice } from '../../../core/contract/notify.ts';
import { useSite } from '../../app/app.ts';

/** Draws nothing. Each notice once, none that was there when the console opened. */
export function BrowserNotices() {
  const notices = useSite((snapshot) => snapshot.notices ?? null);
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = new Set((notices ?? []).map((notice) => notice.id));
    if (before === null || window.holdfast || !('Notification' in window)) return;
    if (Notification.permission !== 'granted') return;
    for (const notice of notices ?? []) if (!before.has(notice.id)) show(notice);
  }, [notices]);
  return null;
}

function show(notice: Notice): void {
  const over = notice.kind === 'recovery' ? 'over: ' : '';
  const shown = new Notification(`Holdfast: ${over}${notice.source}`, { body: notice.text, tag: notice.id });
  shown.onclick = () => window.focus();
}
