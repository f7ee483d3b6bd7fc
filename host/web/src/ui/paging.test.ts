import { expect, test } from "vitest";
import { placeAfter, placeBefore, placeOf, wordsOf, type Place } from "./paging";

const FIRST: Place = { after: undefined, page: 1, before: [] };

test("three pages on and three back come to the first page", () => {
  let place = FIRST;
  for (const next of ["a", "b", "c"]) place = placeAfter(place, next);
  expect(place).toEqual({ after: "c", page: 4, before: ["a", "b"] });
  place = placeBefore(place);
  expect(place).toEqual({ after: "b", page: 3, before: ["a"] });
  place = placeBefore(placeBefore(place));
  expect(place).toEqual(FIRST);
});

test("an address opens the page that it names, with what the history remembers", () => {
  const place = placeAfter(placeAfter(FIRST, "a"), "b");
  const search = wordsOf(place, "records") as Record<string, string>;
  expect(search).toEqual({ records_after: "b", records_page: "3" });
  expect(placeOf(search, "records", place.before)).toEqual(place);
});

test("an address that somebody else opens goes back to the first page", () => {
  expect(placeBefore(placeOf({ after: "x", page: "7" }, "", undefined))).toEqual(FIRST);
});

test("a page number that is none is not shown", () => {
  for (const page of ["-3", "1", "2.5", "much", "1e99"]) expect(placeOf({ after: "x", page }, "", [1, "a"])).toEqual({ after: "x", page: 2, before: ["a"] });
  expect(placeOf({ page: "9" }, "", [])).toEqual(FIRST);
});
