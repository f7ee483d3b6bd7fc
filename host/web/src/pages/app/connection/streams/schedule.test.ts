import type { Schedule } from "@patchbay/client";
import { expect, test } from "vitest";
import { draftOf, scheduleWords, wantedOf, wrongWith, zoneWords, type ScheduleDraft } from "./schedule";

const every = (every: string): Schedule => ({ every, cron: null, zone: null, jitter: null });
const cron = (cron: string, zone = "Europe/Brussels"): Schedule => ({ every: null, cron, zone, jitter: "60s" });

test("a schedule is said as people say it", () => {
  const said: [Schedule, string][] = [
    [every("15m"), "Every 15 minutes"], [every("1h"), "Every hour"], [every("1d"), "Every day"], [every("90s"), "Every 90 seconds"],
    [cron("30 2 * * *"), "Every day at 02:30"], [cron("5 14 * * 1-5"), "On weekdays at 14:05"], [cron("0 9 * * 1,3"), "Every Monday and Wednesday at 09:00"],
    [cron("0 9 * * 7"), "Every Sunday at 09:00"], [cron("0 9 * * 5-7"), "Every Friday, Saturday and Sunday at 09:00"],
    [cron("*/10 * * * *"), "Every 10 minutes"], [cron("15 * * * *"), "Every hour at :15"], [cron("0 6 1 * *"), "On day 1 of each month at 06:00"],
  ];
  for (const [schedule, words] of said) expect(scheduleWords(schedule)).toBe(words);
  expect(zoneWords(cron("0 6 1 * *", "America/New_York"))).toBe("America/New York");
  expect(zoneWords(every("1h"))).toBeUndefined();
});

test("an expression that has no short words is not said wrongly", () => {
  for (const odd of ["0 2,14 * * *", "0 9 1 * 1", "0 9 * 3 *", "0 9 * * MON", "0 9 * * 5#2", "0 9 L * *", "nonsense"]) expect(scheduleWords(cron(odd))).toBe(`Cron ${odd}`);
});

test("what a form shows of a schedule is sent back as the same schedule", () => {
  expect(wantedOf(draftOf(every("15m"), true, "UTC"))).toEqual({ every: "15m" });
  for (const expression of ["30 2 * * *", "5 14 * * 1,2,3,4,5", "0 2,14 * * *"]) {
    expect(wantedOf(draftOf(cron(expression), true, "UTC"))).toEqual({ cron: expression, zone: "Europe/Brussels", jitter: "60s" });
  }
  expect(wantedOf(draftOf(every("15m"), false, "UTC"))).toBeNull();
});

test("a wrong schedule is refused with what to write instead", () => {
  const good = draftOf(every("15m"), true, "UTC");
  const wrong: [Partial<ScheduleDraft>, RegExp][] = [
    [{ amount: "" }, /whole number/], [{ amount: "1.5" }, /whole number/], [{ amount: "0" }, /whole number/], [{ amount: "-3" }, /whole number/],
    [{ amount: "5", unit: "s" }, /10 seconds/], [{ amount: "367", unit: "d" }, /366 days/],
    [{ way: "daily", time: "" }, /time of day/], [{ way: "daily", days: [] }, /one day/], [{ way: "cron", cron: "0 0 2 * * *" }, /five parts/],
  ];
  expect(wrongWith(good)).toBeUndefined();
  for (const [part, words] of wrong) expect(wrongWith({ ...good, ...part })).toMatch(words);
});
