import { expect, test } from "vitest";
import { wordsOf } from "./LiveBar";

test("a run says how far it is, how quick, and how long it goes on, as far as anybody knows", () => {
  expect(wordsOf({ records: 1_200, total: 5_000, records_per_second: 240.4, estimate_seconds: 16 })).toBe("1,200 of about 5,000 records · 240 a second · about 16 s left");
  expect(wordsOf({ records: 7, total: null, records_per_second: null, estimate_seconds: null })).toBe("7 records");
  expect(wordsOf({ records: 70, total: 60, records_per_second: 2.55, estimate_seconds: null })).toBe("70 records · 2.6 a second");
});
