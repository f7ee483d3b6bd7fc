/** One of the tenant's connections, found by its name, its business account or its login. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCards } from "~/api/catalog";
import { answer, client, problem } from "~/api/client";
import { Typeahead } from "~/ui/Typeahead";
import { connectionOf } from "../connection/queries";
import { useLater } from "./later";

/** Connections that are shown at once. */
const SIZE = 20;

export function ChooseConnection({ chosen, onChoose, connector, error }: { chosen: string | undefined; onChoose: (id: string | undefined) => void; connector?: string; error?: string | undefined }) {
  const [text, search] = useState("");
  const q = useLater(text.trim());
  const cards = useCards();
  const { data: known } = useQuery({ ...connectionOf(chosen ?? ""), enabled: chosen !== undefined });
  const { data, error: trouble, isPending, isPlaceholderData, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["connections", "choose", q, connector],
    queryFn: ({ pageParam }) => answer(client().GET("/v1/connections", {
      params: { query: { sort: "name", limit: SIZE, ...(q && { q }), ...(connector && { connector }), ...(pageParam && { after: pageParam }) } },
    })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const provider = (of: string) => cards(of)?.name ?? of;
  return (
    <Typeahead
      label="Connection" chosen={chosen === undefined ? null : { id: chosen, label: known?.name ?? "…", hint: known ? provider(known.connector) : null }} onChoose={(pick) => onChoose(pick?.id)} onText={search} error={error}
      choices={isPending ? undefined : data?.pages.flatMap((page) => page.items.map((one) => ({ id: one.id, label: one.name, hint: [provider(one.connector), one.business_name].filter(Boolean).join(" · ") })))}
      busy={isPlaceholderData || text.trim() !== q} trouble={trouble && <p>{problem(trouble).detail}</p>}
      none={q === "" ? "Nothing is connected yet: begin on the page Integrations." : `No connection fits “${q}”.`}
      more={hasNextPage ? () => void fetchNextPage() : undefined}
    />
  );
}
