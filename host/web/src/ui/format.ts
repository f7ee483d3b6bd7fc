/** Words for numbers. English, as the whole app (Link speaks more). */
const LANGUAGE = "en-GB";
const counts = new Intl.NumberFormat(LANGUAGE);
const whole = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto", style: "long" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** `12,345` */
export function count(value: number): string {
  return counts.format(value);
}

/** `1 run`, `2 runs` */
export function plural(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}

/** The whole time, in the viewer's zone. */
export function absolute(at: string): string {
  return whole.format(new Date(at));
}

/** `2 hours ago`, `in 5 minutes`, `just now` */
export function relative(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1_000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return ago.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 5 ? "in a moment" : "just now";
}

/** `1.5 MiB` */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let place = 0;
  let rest = value;
  while (rest >= 1_024 && place < units.length - 1) {
    rest /= 1_024;
    place += 1;
  }
  return `${place === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[place] ?? ""}`;
}

/** `3 s`, `2 min 5 s`, `1 h 4 min`: how long something takes, of seconds. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
