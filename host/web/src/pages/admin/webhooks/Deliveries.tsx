/** What an endpoint was and will be told, each with how the last attempt went. */
import type { Delivery, DeliveryState, Webhook } from "@patchbay/client";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { Filter, Filters } from "~/ui/Filter";
import { Empty } from "~/ui/States";
import { Status, type Tone } from "~/ui/Status";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import css from "./Endpoint.module.css";
import { kindWords } from "./kinds";

/** Deliveries of a page. */
const SIZE = 20;

const STATES: Record<DeliveryState, [string, Tone]> = {
  due: ["Waiting", "none"], sending: ["Sending", "busy"], done: ["Taken", "good"], failed: ["Given up", "bad"],
};

export function Deliveries({ tenant, webhook }: { tenant: string; webhook: Webhook }) {
  const [state, setState] = useState("");
  // Several endpoints stand on one page: their places are their own, not the address's.
  const [places, setPlaces] = useState<string[]>([]);
  const after = places.at(-1);
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ["deliveries", tenant, webhook.id, state, after],
    queryFn: () => answer(client(tenant).GET("/v1/webhooks/{id}/deliveries", {
      params: { path: { id: webhook.id }, query: { limit: SIZE, ...(isState(state) ? { state } : {}), ...(after ? { after } : {}) } },
    })),
    placeholderData: keepPreviousData, refetchInterval: 5_000,
  });
  const old = useOld();
  const { say, failed } = useToasts();
  const replay = useMutation({
    mutationFn: (event: string) => answer(client(tenant).POST("/v1/webhooks/{id}/deliveries/{event}/replay", { params: { path: { id: webhook.id, event } } })),
    onSuccess: () => { say("It is told once more"); old("deliveries"); },
    onError: failed,
  });
  const columns: Column<Delivery>[] = [
    { id: "kind", label: "What", cell: (row) => kindWords(row.kind) },
    { id: "state", label: "State", cell: (row) => <Status state={row.state} word={STATES[row.state][0]} tone={STATES[row.state][1]} /> },
    { id: "status", label: "Answer", cell: (row) => row.last_status ?? (row.attempts > 0 ? "None" : "–") },
    { id: "attempts", label: "Attempts", number: true, cell: (row) => row.attempts },
    { id: "created", label: "Queued", cell: (row) => <When at={row.created_at} /> },
    { id: "actions", label: "Actions", silent: true, number: true, cell: (row) => <Button look="quiet" aria-label={`Tell again: ${kindWords(row.kind)}`} busy={replay.isPending && replay.variables === row.event} onClick={() => replay.mutate(row.event)}>Tell again</Button> },
  ];
  return (
    <div>
      <div className={css.tools}>
        <Filters><Filter label="State of delivery" all="All deliveries" value={state} choices={Object.entries(STATES).map(([value, [label]]) => ({ value, label }))} onChange={(value) => { setState(value); setPlaces([]); }} /></Filters>
      </div>
      <DataTable
        label={`Deliveries to ${webhook.url}`} columns={columns} rows={data?.items} rowKey={(row) => row.event} rowName={(row) => kindWords(row.kind)} error={error} retry={() => void refetch()} stale={isPlaceholderData}
        detail={(row) => <Detail delivery={row} />}
        empty={<Empty title={state ? "No delivery is in this state" : "Nothing was told yet"}>{state ? undefined : "What happens from now on is told as it happens. A test shows whether the address works."}</Empty>}
        paging={{ from: places.length * SIZE, previous: places.length > 0 ? () => setPlaces(places.slice(0, -1)) : undefined, next: data?.next ? () => setPlaces([...places, data.next ?? ""]) : undefined }}
      />
    </div>
  );
}

function Detail({ delivery }: { delivery: Delivery }) {
  return (
    <>
      {delivery.last_error && <p>{delivery.last_error}</p>}
      <p className={css.soft}><Ident id={delivery.event} whole />{delivery.next_at && <> · told next <When at={delivery.next_at} /></>}{delivery.ended_at && <> · ended <When at={delivery.ended_at} /></>}</p>
    </>
  );
}

function isState(word: string): word is DeliveryState {
  return word in STATES;
}
