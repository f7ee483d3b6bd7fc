import { expect, test } from "vitest";
import { actionTitle, pushSentence, sendWord, summaryOf, targetOf } from "./words";

test("an item is called by what names it", () => {
  expect(summaryOf({ text: "Long text", title: "Year-end talk" })).toBe("Year-end talk");
  expect(summaryOf({ amount: 3, label: "First text" })).toBe("First text");
  expect(summaryOf({ text: "  One line\nand another" })).toBe("One line");
  expect(summaryOf({ text: "x".repeat(200) })).toHaveLength(80);
  expect(summaryOf(["a"])).toBe("");
  expect(summaryOf(null)).toBe("");
  expect(summaryOf({ title: "   " })).toBe("");
});

test("a target is said by its id first, whatever else it has", () => {
  expect(targetOf({ id: "42", folder: "reports" })).toBe("42 · folder reports");
  expect(targetOf({ id: { deep: 1 } })).toBe("{\"deep\":1}");
  expect(targetOf(null)).toBe("");
});

test("an action that the connector does not have any more keeps its name", () => {
  expect(actionTitle({ actions: [] }, "old_note")).toBe("old_note");
  expect(actionTitle(undefined, "old_note")).toBe("old_note");
});

test("what waits says for what, and who has to act", () => {
  const push = { state: "waiting", result: null, next_at: null, send: "automatically" } as const;
  expect(pushSentence({ ...push, reason: { code: "PB4008", detail: "" } })).toMatch(/chooses where/);
  expect(pushSentence({ ...push, reason: { code: "PB9999", detail: "" } })).toMatch(/by itself/);
  expect(pushSentence({ ...push, state: "unknown", reason: null })).toMatch(/a person has to look/);
  expect(pushSentence({ ...push, state: "unknown", next_at: "2026-03-01T10:00:00Z", reason: null })).toMatch(/nothing is sent twice/);
});

test("only what was surely not written can be sent from its page", () => {
  expect(sendWord("waiting")).toBe("Send now");
  expect(sendWord("failed")).toBe("Send again");
  for (const state of ["unknown", "done", "sending", "planned"] as const) expect(sendWord(state)).toBeUndefined();
});
