import { expect, test } from "vitest";
import { mergePatch } from "./patch";

test("only what differs is said, at any depth", () => {
  expect(mergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 2, d: 4 }, e: [1] })).toEqual({ b: { d: 4 }, e: [1] });
  expect(mergePatch({ a: [1, 2] }, { a: [1, 2] })).toEqual({});
});

test("what is gone is null, as RFC 7396 says it", () => {
  expect(mergePatch({ a: 1, b: { c: 2 } }, { b: {} })).toEqual({ a: null, b: { c: null } });
});
