/** Tenants: the operator's customers, each with connections of its own. */
import type { Tenant } from "@patchbay/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { Page } from "~/ui/Page";
import { usePaging } from "~/ui/paging";
import { Empty } from "~/ui/States";
import { Ident, When } from "~/ui/Text";
import { industryWord } from "./tenant/industries";
import { NewTenant } from "./tenant/NewTenant";
import css from "./Tenants.module.css";

/** Tenants of a page. */
const SIZE = 50;

const COLUMNS: Column<Tenant>[] = [
  { id: "name", label: "Tenant", cell: (tenant) => <Link to="/admin/tenants/$tenant" params={{ tenant: tenant.id }} className={css.name}>{tenant.name}</Link> },
  { id: "industry", label: "Industry", cell: (tenant) => industryWord(tenant.industry) },
  { id: "id", label: "Id", cell: (tenant) => <Ident id={tenant.id} /> },
  { id: "created", label: "Since", cell: (tenant) => <When at={tenant.created_at} /> },
];

export function Tenants() {
  const { after, paging } = usePaging();
  const [making, make] = useState(false);
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ["tenants", "page", after],
    queryFn: () => answer(client().GET("/v1/tenants", { params: { query: { limit: SIZE, ...(after ? { after } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Tenants" lead="A tenant is a customer of yours. It owns connections, and nothing crosses between two."
      actions={data?.items.length !== 0 && <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={() => make(true)}>New tenant</Button>}
    >
      <DataTable
        label="Tenants" columns={COLUMNS} rows={data?.items} rowKey={(tenant) => tenant.id} error={error} retry={() => void refetch()} stale={isPlaceholderData}
        paging={paging(SIZE, data?.next)}
        empty={<Empty title="There is no tenant yet" action={<Button look="primary" onClick={() => make(true)}>New tenant</Button>}>Make one for each customer whose providers you connect, and a key for their backend.</Empty>}
      />
      {making && <NewTenant onClose={() => make(false)} />}
    </Page>
  );
}
