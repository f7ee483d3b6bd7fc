/** A meeting while somebody writes it, and the request that it becomes. */
import type { Action, CatalogEntry, Meeting, MeetingPart } from "@patchbay/client";

/** A note or a to-do as typed. */
export interface Row {
  text: string;
  due?: string;
  assignee?: string;
}

export interface Draft {
  source: string;
  title: string;
  date: string;
  report: string;
  notes: Row[];
  todos: Row[];
}

/** The action of each part that a connector takes. */
export function partsOf(entry: Pick<CatalogEntry, "actions">): Map<MeetingPart, Action> {
  const parts = new Map<MeetingPart, Action>();
  for (const part of ["report", "note", "todo"] as const) {
    const action = entry.actions.find((one) => one.meeting === part);
    if (action) parts.set(part, action);
  }
  return parts;
}

/** What is sent; nothing where nothing was written. Rows without a text are left out. */
export function meetingOf(draft: Draft, attachments: { blob: string }[]): Meeting | undefined {
  const notes = draft.notes.filter(written).map(({ text }) => ({ text: text.trim() }));
  const todos = draft.todos.filter(written).map(({ text, due, assignee }) => ({ text: text.trim(), ...(due && { due }), ...(assignee?.trim() && { assignee: assignee.trim() }) }));
  const text = draft.report.trim();
  const report = text !== "" || attachments.length > 0 ? { ...(text !== "" && { text }), ...(attachments.length > 0 && { attachments }) } : undefined;
  if (report === undefined && notes.length === 0 && todos.length === 0) return undefined;
  return {
    source: draft.source.trim(), ...(draft.title.trim() && { title: draft.title.trim() }), ...(draft.date && { date: draft.date }),
    ...(report && { report }), ...(notes.length > 0 && { notes }), ...(todos.length > 0 && { todos }),
  };
}

function written(row: Row): boolean {
  return row.text.trim() !== "";
}
