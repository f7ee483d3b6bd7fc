/** Hosts of providers that fail and are left alone for a while. */
import type { CircuitBreaker } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { AGAIN, someTenants, useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { plural } from "~/ui/format";
import { Section } from "~/ui/Page";
import { Empty } from "~/ui/States";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";

export function Breakers() {
  const { data, error, refetch } = useQuery({ queryKey: ["breakers"], queryFn: () => answer(client().GET("/v1/circuit-breakers")), refetchInterval: AGAIN });
  const tenants = useQuery(someTenants).data?.items;
  const old = useOld();
  const { say, failed } = useToasts();
  const close = useMutation({
    mutationFn: ({ origin, tenant }: CircuitBreaker) => answer(client().POST("/v1/circuit-breakers/close", { body: { origin, tenant } })),
    onSuccess: (_, { origin }) => {
      say(`Requests to ${origin} go through again`);
      old("breakers", "health");
    },
    onError: failed,
  });
  const columns: Column<CircuitBreaker>[] = [
    { id: "origin", label: "Host", cell: (row) => <span title={row.origin}>{row.origin}</span> },
    { id: "tenant", label: "For", cell: (row) => tenants?.find(({ id }) => id === row.tenant)?.name ?? row.tenant },
    { id: "state", label: "State", cell: (row) => (isOpen(row) ? <Status state="held" word="Left alone" /> : <Status state="warning" word="Being tried" />) },
    { id: "actions", label: "Actions", silent: true, number: true, cell: (row) => <Button look="quiet" aria-label={`Let through: requests to ${row.origin}`} busy={close.isPending && close.variables.origin === row.origin && close.variables.tenant === row.tenant} onClick={() => close.mutate(row)}>Let through</Button> },
  ];
  return (
    <Section title="Providers left alone" lead="A host that failed again and again is sent nothing for a while. Let it through when you know that it is back; else it is left alone again after a few failures." flush>
      <DataTable
        label="Hosts that are left alone" columns={columns} rows={data?.items} rowKey={(row) => `${row.tenant} ${row.origin}`} rowName={(row) => row.origin} error={error} retry={() => void refetch()}
        detail={(row) => <p>{row.last_error}, <When at={row.updated_at} />. {plural(row.failures, "request")} failed in a row.{isOpen(row) && <> It is tried again <When at={row.open_until} />.</>}</p>}
        empty={<Empty title="Every provider answers">A host that fails again and again would be shown here.</Empty>}
      />
    </Section>
  );
}

function isOpen(row: CircuitBreaker): boolean {
  return row.open_until !== null && Date.parse(row.open_until) > Date.now();
}
