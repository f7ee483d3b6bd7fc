/** What the page of a connection asks for, and how it changes it. */
import type { ConnectionChange, ConnectionDetail } from "@patchbay/client";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { useToasts } from "~/ui/Toasts";

export const connectionOf = (id: string) =>
  queryOptions({ queryKey: ["connection", id], queryFn: () => answer(client().GET("/v1/connections/{id}", { params: { path: { id } } })) });

export const syncsOf = (id: string) =>
  queryOptions({ queryKey: ["syncs", id], queryFn: () => answer(client().GET("/v1/connections/{id}/syncs", { params: { path: { id } } })) });

/** Streams change when a connector is upgraded or somebody looks for new ones. */
export const streamsOf = (id: string) =>
  queryOptions({ queryKey: ["connection", id, "streams"], queryFn: () => answer(client().GET("/v1/connections/{id}/streams", { params: { path: { id } } })), staleTime: 60_000 });

/**
 * Changes a connection. A switch is shown as it will be while the host is told, and goes back when it refuses. A refusal is
 * said, unless a form shows it itself (`quiet`).
 */
export function useChange(id: string, { quiet = false }: { quiet?: boolean } = {}) {
  const queries = useQueryClient();
  const { failed } = useToasts();
  const { queryKey } = connectionOf(id);
  return useMutation({
    mutationFn: (body: ConnectionChange) => answer(client().PATCH("/v1/connections/{id}", { params: { path: { id } }, body })),
    onMutate: async (change) => {
      await queries.cancelQueries({ queryKey, exact: true });
      const before = queries.getQueryData(queryKey);
      if (before) queries.setQueryData(queryKey, switched(before, change));
      return { before };
    },
    onError: (error, _, context) => {
      queries.setQueryData(queryKey, context?.before);
      if (!quiet) failed(error);
    },
    onSuccess: (now) => queries.setQueryData(queryKey, now),
    onSettled: () => {
      for (const key of [["syncs", id], ["connections"], ["catalog"], ["used"]]) void queries.invalidateQueries({ queryKey: key });
    },
  });
}

/** What only a switch can change beforehand; everything else is as the host answers it. */
export function switched(connection: ConnectionDetail, { enabled, functions = {} }: ConnectionChange): ConnectionDetail {
  return {
    ...connection,
    enabled: enabled ?? connection.enabled,
    functions: connection.functions.map((each) => ({ ...each, enabled: functions[each.function] ?? each.enabled })),
  };
}
