/** The integrations: names and logos that other lists show beside a connector's id. */
import type { Card } from "@patchbay/client";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { answer, client } from "./client";

export const catalog = queryOptions({ queryKey: ["catalog"], queryFn: () => answer(client().GET("/v1/catalog")), staleTime: 60_000 });

/** One integration, opened: its forms, streams and actions. */
export const catalogEntry = (connector: string) =>
  queryOptions({
    queryKey: ["catalog", connector],
    queryFn: () => answer(client().GET("/v1/catalog/{connector}", { params: { path: { connector } } })),
    staleTime: 60_000,
  });

/** The card of a connector; none while it is asked for, or where the connector is gone. */
export function useCards(): (connector: string) => Card | undefined {
  const { data } = useQuery({ ...catalog, select: byConnector });
  return useCallback((connector: string) => data?.get(connector), [data]);
}

function byConnector(list: { items: Card[] }): Map<string, Card> {
  return new Map(list.items.map((card) => [card.connector, card]));
}
