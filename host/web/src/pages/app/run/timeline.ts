/** A run as moments: what the host did, and what the connector said in between, in the order of time. */
import type { LogLine, Run } from "@patchbay/client";
import { bytes, count, duration, plural } from "~/ui/format";
import { statusWord, type Tone } from "~/ui/Status";
import { isOpen, triggerWord } from "./words";

/** A moment before it is drawn. */
export interface Told {
  id: string;
  at: string | null;
  tone: Tone;
  what: string;
  /** Lines below it. */
  more: string[];
  /** Named values of a log line. */
  fields: [string, string][];
  /** Written by the connector. */
  said: boolean;
  level?: LogLine["level"];
}

const ENDS: Partial<Record<Run["state"], Tone>> = { done: "good", more_later: "busy", failed: "bad", lost: "bad", stalled: "bad", held: "warn" };
const LEVELS: Record<LogLine["level"], Tone> = { error: "bad", warning: "warn", info: "none", debug: "none" };

/** Oldest first. Of equal times, what the host did to begin stands before what was said, and the end behind it. */
export function timelineOf(run: Run, log: LogLine[]): Told[] {
  const begun: Told[] = [own("made", run.created_at, "none", "Asked for", [triggerWord(run.trigger)])];
  if (run.started_at) begun.push(own("begun", run.started_at, "busy", "Began", startOf(run)));
  const between: Told[] = log.map((line, place) => ({
    id: `log-${place}`, at: line.at, tone: LEVELS[line.level] ?? "none", what: line.message, more: [], fields: fieldsOf(line.fields), said: true, level: line.level,
  }));
  const end: Told[] = [];
  if (run.cancel_at) end.push(own("cancel", run.cancel_at, "warn", "Asked to stop", []));
  if (run.ended_at) end.push(own("ended", run.ended_at, ENDS[run.state] ?? "none", statusWord(run.state), [...(run.reason ? [run.reason.detail] : []), ...workOf(run)]));
  if (isOpen(run)) end.push(own("now", null, "busy", run.state === "due" ? "Waits for its turn" : "Reads", workOf(run)));
  return [...begun, ...between, ...end]
    .map((told, place) => ({ told, place, time: told.at === null ? Infinity : Date.parse(told.at) }))
    .sort((a, b) => a.time - b.time || a.place - b.place)
    .map(({ told }) => told);
}

function own(id: string, at: string | null, tone: Tone, what: string, more: string[]): Told {
  return { id, at, tone, what, more, fields: [], said: false };
}

function startOf(run: Run): string[] {
  return [
    ...(run.version ? [`Version ${run.version} of the connector`] : []),
    ...(run.attempts > 1 ? [`Attempt ${count(run.attempts)} in a row`] : []),
    ...(run.epoch > 1 ? [`Taken over ${plural(run.epoch - 1, "time")} from a worker that had stopped`] : []),
  ];
}

/** What was done: pages, requests, repetitions and waits. */
export function workOf(run: Run): string[] {
  const { usage } = run;
  const requests = [
    `${plural(usage.requests, "request")}`,
    ...(usage.retries > 0 ? [`${plural(usage.retries, "repetition")} of a request that failed`] : []),
    ...(usage.waited_ms > 0 ? [`waited ${duration(usage.waited_ms / 1_000)} for the provider's rate limit`] : []),
    ...(usage.bytes > 0 ? [`${bytes(usage.bytes)} received`] : []),
  ];
  if (run.pages === 0 && usage.requests === 0) return [];
  return [`${plural(run.pages, "page")} stored: ${plural(run.records, "record")}, ${count(run.changed)} new or changed, ${count(run.deleted)} deleted`, requests.join(", ")];
}

/** Named values, as text; what is no object has none. */
export function fieldsOf(fields: unknown): [string, string][] {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return [];
  return Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}
