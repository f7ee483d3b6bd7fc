/** How far the runs of a connection are, live: what the bar of a running stream shows, without reload. */
import type { RunProgress } from "@patchbay/client";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { follow } from "./live";

/** What one `GET /v1/progress` told, by sync. A row looks at its own sync only, so one run's news paints one row. */
export class Progress {
  private readonly runs = new Map<string, RunProgress>();
  private readonly listeners = new Set<() => void>();

  /** Takes one event; whether it tells the end of a run that was seen under way. */
  hear(kind: string, data: string): boolean {
    const run = readProgress(data);
    if (run === undefined) return false;
    const known = this.runs.get(run.sync);
    if (kind === "ended") {
      // The end of an older run says nothing about the one that follows it.
      if (known?.run !== run.run) return false;
      this.runs.delete(run.sync);
    } else {
      this.runs.set(run.sync, run);
    }
    for (const listener of this.listeners) listener();
    return kind === "ended";
  }

  /** The open run of a sync, where there is one. */
  of = (sync: string): RunProgress | undefined => this.runs.get(sync);

  /** How many runs have begun and not ended. */
  running = (): number => [...this.runs.values()].filter((run) => run.state === "running").length;

  /** Which runs are open, as one text that changes when one comes or goes. */
  open = (): string => [...this.runs.values()].map((run) => run.run).sort().join(" ");

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

/** What one event tells; nothing where it cannot be read. */
export function readProgress(data: string): RunProgress | undefined {
  try {
    const told: unknown = JSON.parse(data);
    if (typeof told === "object" && told !== null && "run" in told && "sync" in told) return told as RunProgress;
  } catch {
    // Not ours.
  }
  return undefined;
}

/** Follows a connection's runs while the page is open; give it to what is below with `ProgressContext`. */
export function useProgress(connection: string): Progress {
  const queries = useQueryClient();
  const [progress, set] = useState(() => new Progress());
  useEffect(() => {
    const stop = new AbortController();
    const fresh = new Progress();
    set(fresh);
    void follow(`/v1/progress?connection=${encodeURIComponent(connection)}`, stop.signal, (kind, data) => {
      if (!fresh.hear(kind, data)) return;
      for (const key of ["syncs", "records", "connection"]) void queries.invalidateQueries({ queryKey: [key, connection] });
      void queries.invalidateQueries({ queryKey: ["runs"] });
    });
    return () => stop.abort();
  }, [connection, queries]);
  return progress;
}

export const ProgressContext = createContext(new Progress());

/** The open run of a sync, as it goes on. */
export function useRunOf(sync: string): RunProgress | undefined {
  const progress = useContext(ProgressContext);
  return useSyncExternalStore(progress.subscribe, () => progress.of(sync));
}

/** The ids of the open runs of the connection. */
export function useOpenRuns(): string[] {
  const progress = useContext(ProgressContext);
  const open = useSyncExternalStore(progress.subscribe, progress.open);
  return useMemo(() => (open === "" ? [] : open.split(" ")), [open]);
}

/** How many runs of the connection are under way. */
export function useRunning(): number {
  const progress = useContext(ProgressContext);
  return useSyncExternalStore(progress.subscribe, progress.running);
}
