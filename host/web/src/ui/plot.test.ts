import { expect, test } from "vitest";
import { nearest, niceTop, paths, x, y } from "./plot";

test("the scale ends at a round number that holds every value", () => {
  expect(niceTop(0)).toBe(1);
  expect(niceTop(Number.NaN)).toBe(1);
  expect(niceTop(1.5)).toBe(2);
  expect(niceTop(100)).toBe(100);
  expect(niceTop(101)).toBe(200);
  expect(niceTop(230)).toBe(250);
  for (let value = 1; value < 1e7; value = value * 1.37 + 1) expect(niceTop(value)).toBeGreaterThanOrEqual(value);
});

test("the line goes through every point and never leaves the ground", () => {
  expect(paths([0, 5, 10], 10, 100, 50)).toEqual({ line: "M0,50L50,25L100,0", area: "M0,50L50,25L100,0L100,50L0,50Z" });
  expect(paths([], 1, 100, 50)).toEqual({ line: "", area: "" });
  expect(x(0, 1, 100)).toBe(50);
  expect(y(99, 10, 50)).toBe(0);
  expect(y(-4, 10, 50)).toBe(50);
});

test("the value that is shown is that of the nearest point", () => {
  expect(nearest(0, 60)).toBe(0);
  expect(nearest(0.51, 3)).toBe(1);
  expect(nearest(1.4, 60)).toBe(59);
  expect(nearest(-1, 60)).toBe(0);
});
