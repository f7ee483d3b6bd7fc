/** Schedules as people say them, and as a form asks for them. */
import type { Schedule, ScheduleWanted } from "@patchbay/client";
import { plural } from "~/ui/format";

const UNITS = { s: "second", m: "minute", h: "hour", d: "day" } as const;
export type Unit = keyof typeof UNITS;
/** Of a `*` in the last field of a cron expression: Sunday is 0, and 7. */
export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const and = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** `Every 15 minutes`, `On weekdays at 02:30`; an expression that has no short words stands as it is. */
export function scheduleWords(schedule: Schedule): string {
  if (schedule.every !== null) {
    const [, amount, unit] = /^(\d+)([smhd])$/.exec(schedule.every) ?? [];
    if (amount === undefined || unit === undefined) return `Every ${schedule.every}`;
    const word = UNITS[unit as Unit];
    return amount === "1" ? `Every ${word}` : `Every ${plural(Number(amount), word)}`;
  }
  return schedule.cron === null ? "Not set" : cronWords(schedule.cron);
}

/** The zone whose clock is meant, where one is. */
export function zoneWords(schedule: Schedule): string | undefined {
  return schedule.cron === null ? undefined : (schedule.zone ?? "UTC").replaceAll("_", " ");
}

function cronWords(cron: string): string {
  const as_is = `Cron ${cron}`;
  const [minute = "", hour = "", day, month, weekday = ""] = cron.trim().split(/\s+/);
  if (month !== "*") return as_is;
  const every = /^\*\/(\d+)$/.exec(minute);
  if (every && hour === "*" && day === "*" && weekday === "*") return every[1] === "1" ? "Every minute" : `Every ${every[1]} minutes`;
  if (!/^\d{1,2}$/.test(minute)) return as_is;
  const past = minute.padStart(2, "0");
  if (hour === "*" && day === "*" && weekday === "*") return `Every hour at :${past}`;
  if (!/^\d{1,2}$/.test(hour)) return as_is;
  const at = `at ${hour.padStart(2, "0")}:${past}`;
  if (day === "*") {
    const days = daysOf(weekday);
    if (days === undefined) return as_is;
    if (days.length === 7) return `Every day ${at}`;
    if (days.join() === "1,2,3,4,5") return `On weekdays ${at}`;
    return `Every ${and.format(days.map((each) => WEEKDAYS[each] ?? ""))} ${at}`;
  }
  if (weekday === "*" && day !== undefined && /^\d{1,2}$/.test(day)) return `On day ${Number(day)} of each month ${at}`;
  return as_is;
}

/** The days that the last field names, Sunday 0; `undefined` where it is more than a list of days. */
function daysOf(field: string): number[] | undefined {
  if (field === "*") return [0, 1, 2, 3, 4, 5, 6];
  const days = new Set<number>();
  for (const part of field.split(",")) {
    const [, from, to = from] = /^([0-7])(?:-([0-7]))?$/.exec(part) ?? [];
    if (from === undefined || Number(from) > Number(to)) return undefined;
    for (let day = Number(from); day <= Number(to); day += 1) days.add(day % 7);
  }
  // A week begins on Monday.
  return [...days].sort((one, other) => ((one + 6) % 7) - ((other + 6) % 7));
}

/** What the form holds: everything that was typed in any of its ways, so that going back and forth loses nothing. */
export interface ScheduleDraft {
  way: "own" | "every" | "daily" | "cron";
  amount: string;
  unit: Unit;
  /** `HH:MM` */
  time: string;
  days: number[];
  cron: string;
  zone: string;
  /** Not asked for, and not lost. */
  jitter: string | null;
}

/** The form of a schedule that is set. `zone` is what to offer where none is. */
export function draftOf(schedule: Schedule, custom: boolean, zone: string): ScheduleDraft {
  const [, amount = "1", unit = "h"] = /^(\d+)([smhd])$/.exec(schedule.every ?? "") ?? [];
  const [, minute, hour, weekday = "*"] = /^(\d{1,2}) (\d{1,2}) \* \* (\S+)$/.exec(schedule.cron ?? "") ?? [];
  const days = daysOf(weekday);
  const daily = minute !== undefined && hour !== undefined && days !== undefined;
  return {
    way: !custom ? "own" : schedule.every !== null ? "every" : daily ? "daily" : "cron",
    amount, unit: unit as Unit,
    time: daily ? `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}` : "02:30",
    days: days ?? [0, 1, 2, 3, 4, 5, 6],
    cron: schedule.cron ?? "30 2 * * *", zone: schedule.zone ?? zone, jitter: schedule.jitter,
  };
}

/** What to send: null for the connector's own schedule. */
export function wantedOf(draft: ScheduleDraft): ScheduleWanted | null {
  const clock = { zone: draft.zone, ...(draft.jitter !== null && { jitter: draft.jitter }) };
  switch (draft.way) {
    case "own": return null;
    case "every": return { every: `${Number(draft.amount)}${draft.unit}` };
    case "daily": {
      const [hour = "0", minute = "0"] = draft.time.split(":");
      const days = draft.days.length === 7 ? "*" : [...draft.days].sort().join(",");
      return { cron: `${Number(minute)} ${Number(hour)} * * ${days}`, ...clock };
    }
    case "cron": return { cron: draft.cron.trim(), ...clock };
  }
}

const SECONDS: Record<Unit, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** What is wrong with it, in words with what to do; nothing when it can be sent. The host looks at the rest. */
export function wrongWith(draft: ScheduleDraft): string | undefined {
  if (draft.way === "every") {
    const seconds = Number(draft.amount) * SECONDS[draft.unit];
    if (!/^\d+$/.test(draft.amount.trim()) || seconds === 0) return "Enter a whole number, 1 or more.";
    if (seconds < 10) return "Choose 10 seconds or more.";
    if (seconds > 366 * 86_400) return "Choose 366 days or less.";
  }
  if (draft.way === "daily" && !/^\d{2}:\d{2}$/.test(draft.time)) return "Enter a time of day, as 02:30.";
  if (draft.way === "daily" && draft.days.length === 0) return "Choose at least one day.";
  if (draft.way === "cron" && draft.cron.trim().split(/\s+/).length !== 5) return "Write five parts: minute, hour, day of the month, month, day of the week.";
  return undefined;
}
