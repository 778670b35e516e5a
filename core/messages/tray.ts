// The tray: the worst state that holds now as its level, and how many messages there are of each.
import type { Attention, Message, SiteSnapshot } from '../contract/site.ts';

/** A message counts while its condition holds or until it is acknowledged; what needs attention colours the tray as well. */
export function trayOf(messages: readonly Message[], attention: readonly Attention[]): SiteSnapshot['tray'] {
  const counting = messages.filter((message) => message.standing || !message.acknowledged);
  const count = (level: Message['level']) => counting.filter((message) => message.level === level).length;
  const counts = { critical: count('critical'), warning: count('warning'), info: count('info') };
  const needs = (level: Attention['level']) => attention.some((item) => item.level === level);
  return { level: worst(), ...counts };

  function worst(): SiteSnapshot['tray']['level'] {
    if (counts.critical > 0 || needs('critical')) return 'critical';
    if (counts.warning > 0 || needs('warning')) return 'warning';
    return counts.info > 0 ? 'info' : 'ok';
  }
}
