import type { PermissionLine } from "@patchbay/client";
import { expect, test } from "vitest";
import { comparable, grouped } from "./card";

const line = (group: PermissionLine["group"], subject: string, change: PermissionLine["change"]): PermissionLine => ({
  group, subject, change, before: change === "added" ? null : "before", after: change === "removed" ? null : "after",
});
const card = [line("is", "its name", "same"), line("reads", "invoices", "same"), line("writes", "note", "added"), line("reaches", "https://api.example.com/", "removed")];

test("what changed is shown by what it is about, and nothing that changed is left out", () => {
  expect(grouped(card, true).map(({ title, lines }) => [title, lines.map((line) => line.subject)])).toEqual([["Writes", ["note"]], ["Reaches", ["https://api.example.com/"]]]);
  expect(grouped(card, false).flatMap(({ lines }) => lines)).toHaveLength(card.length);
});

test("a first release is not compared with nothing", () => {
  expect(comparable([line("reads", "invoices", "added")])).toBe(false);
  expect(comparable(card)).toBe(true);
});
