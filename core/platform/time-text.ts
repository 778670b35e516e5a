// A moment as it stands in a sentence that an engine writes.

/** `08:32:28 UTC`, with the date before it when that is not the day of `now`. UTC, since an engine does not know its reader's zone. */
export function clockText(ms: number, now: number): string {
  const [day, time] = split(ms);
  return day === split(now)[0] ? `${time} UTC` : `${day} ${time} UTC`;
}

/** `2026-11-20 08:32:28 UTC`, where no other moment is near that would make the date plain. */
export const momentText = (ms: number): string => split(ms).join(' ').concat(' UTC');

function split(ms: number): [day: string, time: string] {
  const text = new Date(ms).toISOString();
  const at = text.indexOf('T');
  return [text.slice(0, at), text.slice(at + 1, at + 9)];
}
