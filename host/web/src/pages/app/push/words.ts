/** What a push is called and how it stands, for people. */
import type { CatalogEntry, Push, PushState } from "@patchbay/client";

/** Characters of a summary. */
const SHORT = 80;
/** Members of a payload that name the item, in this order. */
const NAMING = ["title", "subject", "name", "text", "message", "description", "email"];

/** What an item is about, in one line: what of its content names it. */
export function summaryOf(payload: unknown): string {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "";
  const members = new Map<string, unknown>(Object.entries(payload));
  const found = [...NAMING.map((name) => members.get(name)), ...members.values()].find((value): value is string => typeof value === "string" && value.trim() !== "");
  const line = (found ?? "").trim().split(/\s*\n/)[0] ?? "";
  return line.length > SHORT ? `${line.slice(0, SHORT - 1).trimEnd()}…` : line;
}

/** Where an item goes, as far as the item itself says it: `42 · folder reports`. */
export function targetOf(target: Push["target"]): string {
  if (target === null) return "";
  return Object.entries(target).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return name === "id" ? text : `${name} ${text}`;
  }).join(" · ");
}

/** What an action is called; its name where the connector does not say, or is gone. */
export function actionTitle(entry: Pick<CatalogEntry, "actions"> | undefined, action: string): string {
  return entry?.actions.find((one) => one.name === action)?.title ?? action;
}

const RESULTS: Record<NonNullable<Push["result"]>, string> = {
  created: "It was written at the provider as something new.",
  updated: "What was written before was changed at the provider.",
  exists: "It was there already, as it should be, so nothing was written again.",
};

/** How it stands and what happens next, in one or two sentences. */
export function pushSentence(push: Pick<Push, "state" | "result" | "reason" | "next_at" | "send">): string {
  switch (push.state) {
    case "done": return push.result ? RESULTS[push.result] : "It was written at the provider.";
    case "waiting": return WAITS[push.reason?.code ?? ""] ?? "It waits, and nothing was sent yet. It goes on by itself as soon as it can.";
    case "planned": return push.next_at && push.reason ? "The last attempt failed in a way that passes. It is tried again by itself." : "It is about to be sent.";
    case "sending": return "It is being sent just now.";
    case "rejected": return "The provider refused it, so nothing was written. It is not tried again by itself, because the item itself has to be corrected.";
    case "failed": return "It could not be written, and is not tried again by itself.";
    case "unknown": return push.next_at
      ? "The request left, and no answer came back: it may be written or not. The provider is asked for it again by itself, and nothing is sent twice."
      : "The request left, and no answer came back: it may be written or not. The provider cannot tell, so a person has to look and decide.";
    case "skipped": return push.reason?.code === "PB4015" ? "Somebody took it back before anything was sent." : "It was not sent, because this kind of data is switched off for the connection.";
    case "expired": return "It waited until its time was over. Nothing was sent.";
  }
}

/** What an item waits for, by the code of its reason. */
const WAITS: Record<string, string> = {
  PB4008: "It waits until somebody chooses where it goes. Nothing was sent yet.",
  PB4013: "It waits for a connection that works, or for your choice between several. Nothing was sent yet.",
  PB4014: "It waits for your word: it is sent when you say so, and not before.",
};

/** What stands on the button that sends it, where that can be. */
export function sendWord(state: PushState): "Send now" | "Send again" | undefined {
  if (state === "waiting") return "Send now";
  return state === "skipped" || state === "expired" || state === "rejected" || state === "failed" ? "Send again" : undefined;
}

/** Whether it may change by itself: then its page looks again. */
export function isMoving(state: PushState): boolean {
  return state === "planned" || state === "sending";
}

/** States to filter by, each with a word of its own. */
export const STATES: { value: PushState; label: string }[] = [
  { value: "unknown", label: "Unknown" }, { value: "waiting", label: "Waiting" }, { value: "planned", label: "About to be sent" }, { value: "sending", label: "Sending" },
  { value: "done", label: "Done" }, { value: "rejected", label: "Rejected" }, { value: "failed", label: "Failed" }, { value: "skipped", label: "Skipped" }, { value: "expired", label: "Waited too long" },
];
