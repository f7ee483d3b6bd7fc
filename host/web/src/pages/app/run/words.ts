/** What a run's states, triggers and limits are called, for people. */
import type { Run } from "@patchbay/client";

const TRIGGERS: Record<Run["trigger"], string> = {
  schedule: "By its schedule",
  manual: "Somebody asked",
  connect: "The connection was made or renewed",
  retry: "Again, after a failure that passes",
  more: "Goes on after a limit",
};

/** Why a run was made. */
export function triggerWord(trigger: Run["trigger"]): string {
  return TRIGGERS[trigger] ?? trigger;
}

const SHORT: Record<Run["trigger"], string> = { schedule: "Schedule", manual: "By hand", connect: "Connected", retry: "Retry", more: "Went on" };

/** The same in a word, for a list. */
export function triggerShort(trigger: Run["trigger"]): string {
  return SHORT[trigger] ?? trigger;
}

const LIMITS: Record<NonNullable<Run["budget"]>, string> = {
  time: "the time that one run may take",
  pages: "the pages that one run may read",
  records: "the records that one run may read",
  bytes: "the bytes that one run may receive",
};

/** What a run's state means for the person who looks, in one sentence. */
export function stateSentence(run: Run): string {
  switch (run.state) {
    case "due": return "It is next in line, and begins by itself.";
    case "running": return run.cancel_at ? "It was asked to stop, and stops within a second." : "It reads from the provider just now.";
    case "done": return "It read to the end: the records are as fresh as its end.";
    case "more_later": return run.budget ? `It reached ${LIMITS[run.budget]}. The run after it goes on where this one stopped.` : "The run after it goes on where this one stopped.";
    case "failed": return "It ended early. What was stored before stays, and the next run goes on from there.";
    case "stalled": return "The connector went in circles and was stopped. What was new is kept.";
    case "cancelled": return "Somebody stopped it. What was stored stays, and the next run goes on from there.";
    case "lost": return "The program that worked on it stopped. What was stored stays, and another run goes on from there.";
    case "held": return "It is complete, but deletes so many records that a person has to approve it first.";
    default: return "";
  }
}

/** Whether it goes on by itself: then its page is live. */
export function isOpen(run: Pick<Run, "state">): boolean {
  return run.state === "due" || run.state === "running";
}

/** How long it took, or takes, in seconds; none before it began. */
export function seconds(run: Pick<Run, "started_at" | "ended_at">, now: number): number | undefined {
  if (!run.started_at) return undefined;
  return Math.max(0, ((run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at)) / 1_000);
}
