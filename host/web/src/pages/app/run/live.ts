/** One run, live: its figures come by themselves while it goes on, and its page is asked for again when it ends. */
import type { RunProgress } from "@patchbay/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { follow } from "~/api/live";
import { readProgress } from "~/api/progress";

/** How far an open run is; nothing before the first news, and once it has ended. */
export function useLiveRun(run: string, open: boolean): RunProgress | undefined {
  const queries = useQueryClient();
  const [progress, set] = useState<RunProgress>();
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    let pages = -1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      timer = undefined;
      void queries.invalidateQueries({ queryKey: ["runs"] });
    };
    void follow(`/v1/progress?run=${encodeURIComponent(run)}`, stop.signal, (kind, data) => {
      const told = readProgress(data);
      if (told?.run !== run) return;
      if (kind === "ended") {
        stop.abort();
        set(undefined);
        clearTimeout(timer);
        again();
        return;
      }
      set(told);
      // What it said comes with its pages.
      if (told.pages !== pages) {
        pages = told.pages;
        timer ??= setTimeout(again, 1_000);
      }
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
      set(undefined);
    };
  }, [run, open, queries]);
  return progress;
}
