import { expect, test } from "vitest";
import { linesOf } from "./content";

test("content is told by the titles and in the order of its schema, and nothing is left out", () => {
  const schema = { properties: { title: { title: "Title" }, text: { title: "Text; a long one becomes a file" }, absent: { title: "Absent" } } };
  expect(linesOf(schema, { extra: 3, text: "a\nb", title: "T" })).toEqual([
    { name: "title", title: "Title", text: "T" }, { name: "text", title: "Text", text: "a\nb" }, { name: "extra", title: "extra", text: "3" },
  ]);
});

test("content of a connector that is gone is told by its own names", () => {
  expect(linesOf(undefined, { tags: ["a", "b"], ok: true })).toEqual([{ name: "tags", title: "tags", text: "a\nb" }, { name: "ok", title: "ok", text: "yes" }]);
  expect(linesOf(undefined, null)).toEqual([]);
  expect(linesOf(undefined, [1])).toEqual([{ name: "", title: "Content", text: "[1]" }]);
});
