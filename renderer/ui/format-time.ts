// Times and durations for people. Local time on the page, UTC in the tooltip.
const two = (value: number) => String(value).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `08:15:04` today, `19 Nov 08:15` this year, `2025-11-19 08:15` before. */
export function formatTime(at: number, now: number, seconds = true): string {
  const date = new Date(at);
  const today = new Date(now);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === today.toDateString()) return seconds ? `${clock}:${two(date.getSeconds())}` : clock;
  if (date.getFullYear() === today.getFullYear()) return `${date.getDate()} ${months[date.getMonth()]} ${clock}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

/** A point to restore to, always to the second: `08:15:04` today, `19 Nov 08:15:04`, `2025-11-19 08:15:04`. */
export function formatMoment(at: number, now: number): string {
  const text = formatTime(at, now);
  return text.length > 8 ? `${text}:${two(new Date(at).getSeconds())}` : text;
}

/** `2026-11-20 08:15:04 UTC`. */
export const formatUtc = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 600) return s % 60 === 0 ? `${s / 60} min` : `${Math.floor(s / 60)} min ${s % 60} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  if (min < 1440) return min % 60 === 0 ? `${min / 60} h` : `${Math.floor(min / 60)} h ${min % 60} min`;
  const h = Math.round(min / 60);
  return h % 24 === 0 ? `${h / 24} d` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** `0:04`, `12:31`, `1:02:09`: a running stopwatch. */
export function formatElapsed(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const min = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(min)}:${two(s % 60)}` : `${min}:${two(s % 60)}`;
}
