/** What happens at the host, as it happens: events mark answers as old, so that every page shows what is true. */
import { events } from "@patchbay/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { attention } from "./attended";
import { headersFor, shellOf } from "./client";

/** Milliseconds before a stream that ended is asked for again; longer each time, up to half a minute. */
const AGAIN = [1_000, 2_000, 5_000, 15_000, 30_000];

/** Milliseconds in which events belong together. */
const BURST = 150;
/** Milliseconds between two looks at what events made old. */
const PACE = 1_000;

/** Follows a stream of the host until the signal says stop, while somebody is at the page; `heard` gets the kind and the data of each event. */
export async function follow(path: string, signal: AbortSignal, heard: (kind: string, data: string) => void, tenant?: string): Promise<void> {
  let after: string | null = null;
  while (!signal.aborted) {
    const here = await attention.stay(signal);
    for (let failures = 0; !here.aborted; failures += 1) {
      try {
        const stream = events({ url: location.origin + path, headers: headersFor(shellOf(location.pathname), tenant), signal: here, after });
        for await (const event of stream) {
          failures = 0;
          after = event.id ?? after;
          heard(event.event, event.data);
        }
      } catch {
        // A refusal or a lost connection: the next try tells which.
      }
      await pause(AGAIN[Math.min(failures, AGAIN.length - 1)] ?? 0, here);
    }
  }
}

/** Waits so long, or until the signal says stop. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resume) => {
    if (signal.aborted) return resume();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resume();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}

/** Which answers an event makes old, by the first word of its kind. */
const OLD: Record<string, string[]> = {
  connection: ["catalog", "connections", "connection", "used", "syncs"],
  run: ["runs", "syncs", "catalog", "connections", "connection", "activity", "records"],
  sync: ["syncs", "connection"],
  push: ["pushes", "push", "catalog", "connections", "activity"],
  release: ["catalog", "connectors", "connector", "release"],
  connector: ["catalog", "connectors", "connector", "release"],
};

/** Keeps every open page true while the shell is open: an event marks what it changed as old, and it is asked for again. */
export function useLive(enabled: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!enabled) return;
    const stop = new AbortController();
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let looked = 0;
    // A burst of events is one look, and a tenant in which something always happens is looked at once a second.
    const later = () => {
      timer = undefined;
      looked = Date.now();
      for (const key of waiting) void queries.invalidateQueries({ queryKey: [key] });
      waiting.clear();
    };
    void follow("/v1/events/watch", stop.signal, (_, data) => {
      const kind = kindOf(data);
      for (const key of OLD[kind] ?? []) waiting.add(key);
      timer ??= setTimeout(later, Math.max(BURST, looked + PACE - Date.now()));
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [enabled, queries]);
}

function kindOf(data: string): string {
  try {
    const event: unknown = JSON.parse(data);
    if (typeof event === "object" && event !== null && "kind" in event && typeof event.kind === "string") return event.kind.split(".")[0] ?? "";
  } catch {
    // Not ours.
  }
  return "";
}
