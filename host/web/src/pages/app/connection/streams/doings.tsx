/** What can be done with one stream, wherever it is shown. */
import type { Sync } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { Confirm } from "~/ui/Dialog";
import { useToasts } from "~/ui/Toasts";
import { syncsOf } from "../queries";

/** The switch of a stream: off asks, on does not. */
export function useSyncSwitch(sync: Sync, title: string) {
  const [asking, ask] = useState(false);
  const queries = useQueryClient();
  const { failed } = useToasts();
  const { queryKey } = syncsOf(sync.connection);
  const put = (enabled: boolean) => queries.setQueryData(queryKey, (list) => list && { ...list, items: list.items.map((each) => (each.id === sync.id ? { ...each, enabled } : each)) });
  const change = useMutation({
    mutationFn: (enabled: boolean) => answer(client().PATCH("/v1/syncs/{id}", { params: { path: { id: sync.id } }, body: { enabled } })),
    onMutate: async (enabled) => {
      await queries.cancelQueries({ queryKey });
      put(enabled);
    },
    onError: (error, enabled) => {
      put(!enabled);
      failed(error);
    },
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  const set = (is: boolean) => (is ? change.mutate(true) : ask(true));
  const dialog = asking && (
    <Confirm open title={`Switch off ${title}?`} action="Switch off stream" onClose={() => ask(false)} onConfirm={() => { ask(false); change.mutate(false); }}>
      <p>It is not read any more, and its records no longer stand in lists, exports and feeds.</p>
      <p>{sync.picked ? "A search for targets still uses it, so it goes on being read for that alone." : "What was read stays. Switched on again, it goes on from where it was."}</p>
    </Confirm>
  );
  return { set, dialog };
}

/** Reading everything, or a part, again; and approving deletions. */
export function useSyncDoing(sync: Sync) {
  const queries = useQueryClient();
  const { say } = useToasts();
  const told = (words: string) => {
    say(words);
    for (const key of [["syncs", sync.connection], ["runs"], ["records", sync.connection], ["connection", sync.connection]]) void queries.invalidateQueries({ queryKey: key });
  };
  const path = { id: sync.id };
  const reset = useMutation({
    mutationFn: () => answer(client().POST("/v1/syncs/{id}/reset", { params: { path } })),
    onSuccess: () => told("Everything is read again"),
  });
  const backfill = useMutation({
    mutationFn: (since: string) => answer(client().POST("/v1/syncs/{id}/backfill", { params: { path }, body: { since } })),
    onSuccess: () => told("It is read again from that day on"),
  });
  const approve = useMutation({
    mutationFn: () => answer(client().POST("/v1/syncs/{id}/approve-deletions", { params: { path } })),
    onSuccess: ({ deleted }) => told(deleted === 1 ? "1 record is deleted" : `${deleted.toLocaleString("en-GB")} records are deleted`),
  });
  return { reset, backfill, approve };
}
