import { expect, test } from "vitest";
import { pieces } from "./json";

const ODD = { 'a "quoted" name': 'x: "y"', empty: {}, list: [1, -2.5, 1e30, true, null], "tree\nfalse": "\\", "": "\u2028<script>", deep: { "1": "null" } };

test("nothing of a record is lost or changed by its colours", () => {
  for (const value of [ODD, [], "text", 5, null, true, { a: [{}, [[]]] }]) {
    const text = JSON.stringify(value, null, 2);
    expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
  }
});

test("names, texts, numbers and words are told apart", () => {
  expect(pieces('{"a": "b", "c": -1.5, "d": null}').filter(({ kind }) => kind !== "mark")).toEqual([
    { kind: "name", text: '"a"' }, { kind: "text", text: '"b"' }, { kind: "name", text: '"c"' }, { kind: "number", text: "-1.5" }, { kind: "name", text: '"d"' }, { kind: "word", text: "null" },
  ]);
});
