import { expect, test } from "vitest";
import { Progress } from "./progress";

const event = (run: string, sync: string, state = "running", records = 0) => JSON.stringify({ run, sync, state, records });

test("a run is shown from its first event to its end", () => {
  const progress = new Progress();
  expect(progress.hear("run", event("run_1", "syn_1", "running", 5))).toBe(false);
  expect(progress.of("syn_1")?.records).toBe(5);
  expect(progress.running()).toBe(1);
  expect(progress.hear("ended", event("run_1", "syn_1", "done", 9))).toBe(true);
  expect(progress.of("syn_1")).toBeUndefined();
});

test("the end of an earlier run does not end the one that is under way", () => {
  const progress = new Progress();
  progress.hear("run", event("run_2", "syn_1"));
  expect(progress.hear("ended", event("run_1", "syn_1", "failed"))).toBe(false);
  expect(progress.of("syn_1")?.run).toBe("run_2");
});

test("only a run that has begun counts as under way", () => {
  const progress = new Progress();
  progress.hear("run", event("run_1", "syn_1", "due"));
  expect(progress.running()).toBe(0);
});

test("what cannot be read changes nothing", () => {
  const progress = new Progress();
  expect(progress.hear("run", "no json")).toBe(false);
  expect(progress.hear("run", "[]")).toBe(false);
  expect(progress.running()).toBe(0);
});
