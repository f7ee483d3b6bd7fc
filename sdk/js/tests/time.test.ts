import assert from "node:assert/strict";
import { test } from "node:test";

import { date, parseHttpDate, parseRfc3339, rfc3339 } from "../src/time.ts";

test("moments and their text agree", () => {
  const ms = 1_795_253_400_000;
  assert.equal(rfc3339(ms), "2026-11-21T09:30:00Z");
  assert.equal(date(ms), "2026-11-21");
  assert.equal(parseRfc3339("2026-11-21T10:30:00.0009+01:00"), ms);
  assert.equal(parseRfc3339("2026-11-21T00:00:00.5-09:30"), ms + 500);
  assert.equal(parseHttpDate("Sat, 21 Nov 2026 09:30:00 GMT"), ms);
  assert.equal(rfc3339(Number.MAX_SAFE_INTEGER), "9999-12-31T23:59:59Z");
});

test("the plain way and the long way agree", () => {
  for (const [plain, long] of [
    ["2026-02-28T23:59:59Z", "2026-02-28t23:59:59z"],
    ["2026-11-21T10:30:00+05:30", "2026-11-21 10:30:00.000+05:30"],
    ["1970-01-01T00:00:00-01:00", "1970-01-01T00:00:00.0-01:00"],
    ["9999-12-28T00:00:00Z", "9999-12-28T00:00:00.000Z"],
  ] as const) {
    assert.equal(parseRfc3339(plain), parseRfc3339(long), plain);
    assert.equal(typeof parseRfc3339(plain), "number");
  }
  assert.equal(parseRfc3339("2026-12-31T23:59:60Z"), Date.UTC(2027, 0, 1));
});

test("what is no moment is refused", () => {
  for (const text of [
    "2026-11-21T10:30:00", "2026-11-31T10:30:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z",
    "2026-11-21T10:30:00.Z", "2026-11-21T10:30:00+1:00", "1969-12-31T23:59:59Z", "2026-11-21", "yesterday", "",
    "1970-01-01T00:00:00+01:00",
  ]) {
    assert.equal(parseRfc3339(text), undefined, text);
  }
  assert.equal(parseHttpDate("tomorrow"), undefined);
});
