/** The few conversions between moments and text that providers ask for. All of them are in UTC. */

/** What nearly every provider sends, and every engine reads alike: whole seconds, and a day that each month has. */
const PLAIN =
  /^(?:19[7-9]|[2-9]\d\d)\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/;
/** The last moment that four digits of a year can say, 9999-12-31T23:59:59Z. */
const LAST_MS = 253_402_300_799_000;

/** A moment as RFC 3339 with whole seconds, `2026-11-21T09:30:00Z`; what is later than the year 9999 becomes its end. */
export function rfc3339(ms: number): string {
  const whole = Math.floor(Math.min(Math.max(ms, 0), LAST_MS) / 1_000) * 1_000;
  return new Date(whole).toISOString().replace(".000Z", "Z");
}

/** A moment's date, `2026-11-21`. */
export function date(ms: number): string {
  return rfc3339(ms).slice(0, 10);
}

/**
 * Milliseconds since 1970 of a moment in RFC 3339 with its offset, `Z` or `+01:00`; `undefined` for anything else, and for a
 * time before 1970. (`Date.parse` takes much more, and a time without an offset for one of the machine's.)
 */
export function parseRfc3339(text: string): number | undefined {
  if (PLAIN.test(text)) {
    const ms = Date.parse(text);
    return ms < 0 ? undefined : ms;
  }
  const found = MOMENT.exec(text);
  if (found === null) {
    return undefined;
  }
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number, number, number, number, number, number,
  ];
  const fraction = Number((found[7] ?? "0").padEnd(3, "0").slice(0, 3));
  const offset = offsetMs(found[8] ?? "Z");
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > last || hour > 23 || minute > 59 || second > 60) {
    return undefined;
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, fraction);
  return offset === undefined || year < 1970 || ms - offset < 0 ? undefined : ms - offset;
}

/** Milliseconds since 1970 of an HTTP date, `Sat, 21 Nov 2026 09:30:00 GMT`. */
export function parseHttpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) {
    return undefined;
  }
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function offsetMs(text: string): number | undefined {
  if (text === "Z" || text === "z") {
    return 0;
  }
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  const ms = (hours * 60 + minutes) * 60_000;
  return hours > 23 || minutes > 59 ? undefined : text.startsWith("-") ? -ms : ms;
}
