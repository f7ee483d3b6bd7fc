import { beforeEach, expect, test } from "vitest";
import { Attention, AWAY_AFTER, type Clock } from "./attended";

const MINUTE = 60_000;

/** A clock that goes on when a test says so. What waits goes by the time that passes, whatever the clock is set to. */
class Slow implements Clock {
  /** What the clock was set on by, or back. */
  set = 0;
  private passed = 1_000_000;
  private due: { at: number; act: () => void }[] = [];
  now = () => this.passed + this.set;
  after = (milliseconds: number, act: () => void) => void this.due.push({ at: this.passed + milliseconds, act });

  pass(milliseconds: number): void {
    const end = this.passed + milliseconds;
    for (;;) {
      const [next] = this.due.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.due = this.due.filter((each) => each !== next);
      this.passed = Math.max(this.passed, next.at);
      next.act();
    }
    this.passed = end;
  }
}

let clock: Slow;
let attention: Attention;
let heard: boolean[];
beforeEach(() => {
  clock = new Slow();
  attention = new Attention(clock);
  heard = [];
  attention.subscribe((here) => heard.push(here));
});

test("nobody is here when nobody has touched the page for ten minutes", () => {
  expect(AWAY_AFTER).toBe(10 * MINUTE);
  clock.pass(AWAY_AFTER - 1);
  expect(attention.isHere()).toBe(true);
  clock.pass(1);
  expect([attention.isHere(), heard]).toEqual([false, [false]]);
});

test("each touch counts from anew", () => {
  for (let turn = 0; turn < 10; turn += 1) {
    clock.pass(9 * MINUTE);
    attention.touch();
  }
  expect(attention.isHere()).toBe(true);
  clock.pass(AWAY_AFTER - 1);
  expect(heard).toEqual([]);
  clock.pass(1);
  expect(heard).toEqual([false]);
});

test("the next touch is somebody, who can leave again", () => {
  clock.pass(60 * MINUTE);
  attention.touch();
  attention.touch();
  expect(heard).toEqual([false, true]);
  clock.pass(AWAY_AFTER);
  expect(heard).toEqual([false, true, false]);
});

test("a clock that is set back keeps nobody here", () => {
  clock.set -= 60 * MINUTE;
  clock.pass(2 * AWAY_AFTER);
  expect(attention.isHere()).toBe(false);
});

test("what follows the host stops when somebody leaves, and goes on when they come back", async () => {
  const stop = new AbortController();
  const first = await attention.stay(stop.signal);
  expect(first.aborted).toBe(false);
  clock.pass(AWAY_AFTER);
  expect(first.aborted).toBe(true);
  let second: AbortSignal | undefined;
  const waiting = attention.stay(stop.signal).then((signal) => (second = signal));
  await Promise.resolve();
  expect(second).toBeUndefined();
  attention.touch();
  await waiting;
  expect(second?.aborted).toBe(false);
  stop.abort();
  expect(second?.aborted).toBe(true);
});

test("who waits for somebody is let go when the page is closed", async () => {
  clock.pass(AWAY_AFTER);
  const stop = new AbortController();
  const waiting = attention.stay(stop.signal);
  stop.abort();
  expect((await waiting).aborted).toBe(true);
});
