import { expect, test } from "vitest";
import { NO_SLOTS, slotsAfter } from "./slots";

const after = (...lists: string[][]) => lists.reduce(slotsAfter, NO_SLOTS);
const places = (...lists: string[][]) => [...after(...lists).places];

test("another page stands in the places of the one before", () => {
  expect(places(["a", "b", "c"], ["d", "e", "f"])).toEqual([["d", 0], ["e", 1], ["f", 2]]);
  expect(places(["a", "b"], ["c", "d", "e"])).toEqual([["c", 0], ["d", 1], ["e", 2]]);
});

test("a row that stays keeps its place wherever it moves, and nobody takes the place of one that went", () => {
  expect(places(["a", "b", "c"], ["c", "a"])).toEqual([["c", 2], ["a", 0]]);
  expect(places(["a", "b", "c"], ["x", "a", "c"])).toEqual([["x", 3], ["a", 0], ["c", 2]]);
  expect(places(["a", "b"], ["x", "a"], ["y", "x"])).toEqual([["y", 3], ["x", 2]]);
});

test("no two rows have one place", () => {
  let seed = 7;
  const roll = (of: number) => (seed = (seed * 48_271) % 2_147_483_647) % of;
  let slots = NO_SLOTS;
  for (let turn = 0; turn < 2_000; turn += 1) {
    const ids = [...new Set(Array.from({ length: roll(9) }, () => `r${roll(12)}`))];
    slots = slotsAfter(slots, ids);
    expect(new Set(slots.places.values()).size).toBe(ids.length);
  }
});
