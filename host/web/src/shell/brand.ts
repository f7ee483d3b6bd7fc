/** The tenant's name, logo and colour. */
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { readableOn } from "./contrast";

export function useBrand(enabled: boolean) {
  const { data } = useQuery({ queryKey: ["brand"], queryFn: () => answer(client().GET("/v1/brand")), enabled, staleTime: 300_000 });
  if (data === undefined) return undefined;
  return { name: data.name, logo: data.logo, accent: data.accent, accentText: data.accent ? readableOn(data.accent) : "#ffffff" };
}
