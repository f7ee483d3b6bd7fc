/** What operators' pages ask for, once each, so that two pages share one answer. */
import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";

/** Milliseconds between two looks at what only operators see: no event tells of it. */
export const AGAIN = 10_000;

export const connectors = queryOptions({ queryKey: ["connectors"], queryFn: () => answer(client().GET("/v1/connectors")), refetchInterval: AGAIN });

/** The releases of a connector, newest first, with how many connections run each. */
export const releases = (connector: string) =>
  queryOptions({
    queryKey: ["connector", connector, "releases"],
    queryFn: () => answer(client().GET("/v1/connectors/{connector}", { params: { path: { connector } } })),
    refetchInterval: AGAIN,
  });

export const upgrades = (connector: string) =>
  queryOptions({ queryKey: ["connector", connector, "upgrades"], queryFn: () => answer(client().GET("/v1/connectors/{connector}/upgrades", { params: { path: { connector } } })) });

export const release = (id: string) =>
  queryOptions({ queryKey: ["release", id], queryFn: () => answer(client().GET("/v1/releases/{id}", { params: { path: { id } } })), refetchInterval: AGAIN });

export const publishers = queryOptions({ queryKey: ["publishers"], queryFn: () => answer(client().GET("/v1/publishers")) });

export const indexes = queryOptions({ queryKey: ["indexes"], queryFn: () => answer(client().GET("/v1/indexes")) });

/** The OAuth clients of a connector: the deployment's and tenants' own, those out of use too. */
export const oauthClients = (connector: string) =>
  queryOptions({
    queryKey: ["oauth-clients", connector],
    queryFn: () => answer(client().GET("/v1/connectors/{connector}/oauth-clients", { params: { path: { connector } } })),
  });

/** The oldest tenants, as many as a list to choose from can hold; a page of its own shows them all. */
export const someTenants = queryOptions({
  queryKey: ["tenants", "first"],
  queryFn: () => answer(client().GET("/v1/tenants", { params: { query: { limit: 200 } } })),
});

export const tenant = (id: string) =>
  queryOptions({ queryKey: ["tenants", id], queryFn: () => answer(client().GET("/v1/tenants/{id}", { params: { path: { id } } })) });

/** Marks answers as old, by the first words of their keys: what is open is asked for again. */
export function useOld(): (...keys: string[]) => void {
  const queries = useQueryClient();
  return (...keys) => keys.forEach((key) => void queries.invalidateQueries({ queryKey: [key] }));
}
