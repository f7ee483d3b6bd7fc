import type { Action } from "@patchbay/client";
import { expect, test } from "vitest";
import { meetingOf, partsOf, type Draft } from "./meeting";

const draft: Draft = { source: "meeting-1", title: " Talk ", date: "", report: "", notes: [], todos: [] };

test("a meeting says only what was written", () => {
  expect(meetingOf({ ...draft, todos: [{ text: " Call ", due: "2026-03-31", assignee: "" }, { text: "  " }] }, [])).toEqual({
    source: "meeting-1", title: "Talk", todos: [{ text: "Call", due: "2026-03-31" }],
  });
  expect(meetingOf({ ...draft, date: "2026-03-12", notes: [{ text: "n" }] }, [{ blob: "blb_1" }])).toEqual({
    source: "meeting-1", title: "Talk", date: "2026-03-12", report: { attachments: [{ blob: "blb_1" }] }, notes: [{ text: "n" }],
  });
});

test("a meeting without any part is none", () => {
  expect(meetingOf({ ...draft, report: "  ", notes: [{ text: " " }] }, [])).toBeUndefined();
});

test("each part goes to the first action that takes it", () => {
  const action = (name: string, meeting: Action["meeting"]) => ({ name, meeting }) as Action;
  const parts = partsOf({ actions: [action("a", null), action("b", "todo"), action("c", "todo"), action("d", "report")] });
  expect([...parts].map(([part, { name }]) => [part, name])).toEqual([["report", "d"], ["todo", "b"]]);
});
