// Times as they stand in headers and logs: ISO 8601 in what is written, and the field's original forms in what is read.

const ORIGINAL = /^(\d{4})-(\d{1,2})-(\d{1,2})'?T(\d{1,2}):(\d{1,2}):(\d{1,2})(GMT)?$/;
/** The widest distance of a local time from UTC. */
const MAX_ZONE_MS = 14 * 3600 * 1000;

/**
 * ms since 1970 of `2026-01-31T04:05:06.000Z` or of the original `2002-8-19'T10:32:35`, which is local time of an unknown zone:
 * there the idtag, which holds seconds since 1970, decides when it can. Null when the text is no time.
 */
export function parseHeaderTime(text: string, idtag = ''): number | null {
  const original = ORIGINAL.exec(text);
  if (!original) {
    const time = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(time) ? null : time;
  }
  const [, year, month, day, hour, minute, second, zone] = original;
  const written = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const fromId = idtagTime(idtag);
  return zone === undefined && fromId !== null && Math.abs(fromId - written) <= MAX_ZONE_MS ? fromId : written;
}

/** The start of a backup from its idtag, ms since 1970; null when it is not 8 hex digits. */
function idtagTime(idtag: string): number | null {
  return /^[0-9A-Fa-f]{8}$/.test(idtag) ? Number.parseInt(idtag, 16) * 1000 : null;
}
