/** The indexes of the configuration, and how it stands with each. */
import type { Index } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { indexes, useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button, buttonClass } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { count } from "~/ui/format";
import { Section } from "~/ui/Page";
import { Empty } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";

const COLUMNS: Column<Index>[] = [
  { id: "name", label: "Index", cell: (index) => index.name },
  { id: "state", label: "State", cell: (index) => (index.problem === null ? index.serial === 0 ? <Status state="waiting" word="Not read yet" /> : <Status state="active" word="Up to date" /> : <Status state="failed" word="In trouble" />) },
  { id: "connectors", label: "Connectors", number: true, cell: (index) => count(index.connectors) },
  { id: "checked", label: "Asked", cell: (index) => <When at={index.checked_at} none="Never" /> },
  { id: "expires", label: "Holds until", cell: (index) => <When at={index.expires_at} /> },
  { id: "key", label: "Signed with", cell: (index) => <Ident id={index.key} /> },
];

export function Indexes() {
  const { data, error, refetch } = useQuery(indexes);
  const old = useOld();
  const { failed } = useToasts();
  const refresh = useMutation({
    mutationFn: () => answer(client().POST("/v1/indexes/refresh")),
    onSuccess: () => old("indexes", "connectors"),
    onError: failed,
  });
  return (
    <Section
      title="Indexes" lead="Signed lists of connectors that can be fetched. They are named in the configuration." flush
      actions={data && data.items.length > 0 && <><Button icon={<RefreshCw aria-hidden="true" />} busy={refresh.isPending} onClick={() => refresh.mutate()}>Ask all now</Button><Link to="/admin/connectors" search={{ install: "index" }} className={buttonClass("plain")}>See what they list</Link></>}
    >
      <DataTable
        label="Indexes of the configuration" columns={COLUMNS} rows={data?.items} rowKey={(index) => index.name} error={error} retry={() => void refetch()}
        detail={(index) => index.problem === null ? <p>{index.url}</p> : <><p>{index.problem}</p><p>{index.url}</p></>}
        empty={<Empty title="The configuration names no index">With one, connectors can be searched and fetched by name, and newer versions are noticed.</Empty>}
      />
    </Section>
  );
}
