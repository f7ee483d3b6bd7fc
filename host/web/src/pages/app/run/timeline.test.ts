import type { LogLine, Run } from "@patchbay/client";
import { expect, test } from "vitest";
import { fieldsOf, timelineOf, workOf } from "./timeline";

const run: Run = {
  attempts: 1, budget: null, cancel_at: null, changed: 4, connection: "con_1", connector: "acme.books", created_at: "2026-03-01T10:00:00Z",
  deaths: 0, deleted: 1, ended_at: "2026-03-01T10:00:09Z", epoch: 1, id: "run_1", next_at: "2026-03-01T10:00:00Z", node: null, operator: null,
  pages: 2, reason: null, records: 120, refused: 0, release: "rel_1", started_at: "2026-03-01T10:00:01Z", state: "done", sync: "syn_1",
  trigger: "schedule", usage: { bytes: 2_048, requests: 3, retries: 1, waited_ms: 1_500 }, version: "1.4.2",
};
const line = (at: string, level: LogLine["level"], message: string): LogLine => ({ at, level, message, fields: {} });

test("what was said stands where it was said, between the beginning and the end", () => {
  const told = timelineOf(run, [line("2026-03-01T10:00:01Z", "info", "first"), line("2026-03-01T10:00:09Z", "warning", "last")]);
  expect(told.map((moment) => moment.what)).toEqual(["Asked for", "Began", "first", "last", "Done"]);
  expect(told.map((moment) => moment.tone)).toEqual(["none", "busy", "none", "warn", "good"]);
});

test("waits and repetitions are told with the end", () => {
  expect(workOf(run)).toEqual(["2 pages stored: 120 records, 4 new or changed, 1 deleted", "3 requests, 1 repetition of a request that failed, waited 2 s for the provider's rate limit, 2.0 KiB received"]);
  expect(workOf({ ...run, pages: 0, records: 0, usage: { bytes: 0, requests: 0, retries: 0, waited_ms: 0 } })).toEqual([]);
});

test("a run under way ends with now, and a failure with its reason", () => {
  expect(timelineOf({ ...run, state: "running", ended_at: null }, []).at(-1)).toMatchObject({ at: null, what: "Reads", tone: "busy" });
  const failed = timelineOf({ ...run, state: "failed", reason: { code: "PB3004", detail: "It answered 503." }, cancel_at: "2026-03-01T10:00:05Z" }, []);
  expect(failed.map((moment) => moment.what)).toEqual(["Asked for", "Began", "Asked to stop", "Failed"]);
  expect(failed.at(-1)?.more[0]).toBe("It answered 503.");
});

test("named values of a line are text, whatever the connector made of them", () => {
  expect(fieldsOf({ page: 3, name: "a", deep: { b: [1] } })).toEqual([["page", "3"], ["name", "a"], ["deep", "{\"b\":[1]}"]]);
  expect(fieldsOf(null)).toEqual([]);
  expect(fieldsOf(["a"])).toEqual([]);
});
