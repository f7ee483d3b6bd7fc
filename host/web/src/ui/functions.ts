/** What the functions are called; the list is closed (`words.md`). */
import type { Function as Name } from "@patchbay/client";

const WORDS: Record<Name, string> = {
  relations: "Relations and contacts",
  accounting: "Accounting",
  notes: "Notes",
  tasks: "Tasks and issues",
  reports: "Reports and files",
  messages: "Messages",
  events: "Events and meetings",
  marketing: "Marketing",
  code: "Source code",
};

export function functionWord(name: Name): string {
  return WORDS[name];
}

const HELP: Record<Name, string> = {
  relations: "Companies, people and parties.",
  accounting: "Ledgers, invoices, periods and other figures.",
  notes: "Notes, comments and remarks.",
  tasks: "Tasks, to-dos and issues.",
  reports: "PDF files, texts and other documents.",
  messages: "E-mail and chat to people.",
  events: "Calendars and meetings.",
  marketing: "Campaigns, audiences and advertising figures.",
  code: "Repositories and what belongs to them.",
};

/** What belongs to a function, in a few words. */
export function functionHelp(name: Name): string {
  return HELP[name];
}
