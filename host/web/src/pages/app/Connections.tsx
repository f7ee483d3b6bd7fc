/** All connections of the tenant: the eight columns, sorted, searched and paged by the host. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useCards } from "~/api/catalog";
import { answer, client } from "~/api/client";
import { oneOf, useAddress } from "~/ui/address";
import { Button, buttonClass } from "~/ui/Button";
import { DataTable, type Sorting } from "~/ui/DataTable";
import { Page } from "~/ui/Page";
import { usePaging } from "~/ui/paging";
import { SearchBox } from "~/ui/SearchBox";
import { Empty } from "~/ui/States";
import { DeleteConnection } from "./connection/DeleteConnection";
import { useReconnect } from "./connection/Reconnect";
import { columnsOf, type Row } from "./connections/columns";
import { Reasons, reasonsOf } from "./connections/Reasons";
import css from "./Connections.module.css";

/** Rows of a page: as many as a tall screen shows, and quick to paint. */
const ROWS = 25;
/** What the host can order by, of what is shown. */
const SORTS = ["connector", "business_name", "account_status", "business_id", "created", "authorized"] as const;

const idOf = (row: Row) => row.id;
const nameOf = (row: Row) => row.name;

export function Connections() {
  const [{ q = "", sort, order, connector }, put] = useAddress();
  const { after, paging } = usePaging();
  const cards = useCards();
  const sorting: Sorting & { by: (typeof SORTS)[number] } = { by: oneOf(SORTS, sort) ?? "created", order: oneOf(["asc", "desc"], order) ?? (sort === undefined ? "desc" : "asc") };
  const query = { ...(q && { q }), ...(connector && { connector }), sort: sorting.by, order: sorting.order, ...(after && { after }), limit: ROWS };
  const list = useQuery({
    queryKey: ["connections", query],
    queryFn: () => answer(client().GET("/v1/connections", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const { start, dialog } = useReconnect();
  const [deleting, setDeleting] = useState<Row>();
  const columns = useMemo(() => columnsOf({ cards, onReconnect: start, onDelete: setDeleting }), [cards, start]);
  const detail = useCallback((row: Row) => reasonsOf(row).length > 0 && <Reasons connection={row} onReconnect={() => start(row)} />, [start]);
  const search = useCallback((text: string) => put({ q: text.trim(), after: undefined, page: undefined }, { replace: true }), [put]);
  const first = { after: undefined, page: undefined };
  const provider = (id: string) => cards(id)?.name ?? id;
  return (
    <Page
      title="Connections" lead="Every business account that is connected, and how it stands."
      actions={<Link to="/app/integrations" className={buttonClass("primary")}><Plus aria-hidden="true" />New connection</Link>}
    >
      <div className={css.tools}>
        <SearchBox label="Search connections" value={q} onSearch={search} />
        {connector && <Button onClick={() => put({ connector: undefined, ...first })}>Only {provider(connector)}: show all</Button>}
      </div>
      <DataTable
        label="Connections" columns={columns} rows={list.data?.items} rowKey={idOf}
        sorting={sorting} onSort={({ by, order: to }) => put({ sort: by, order: to, ...first })}
        detail={detail} rowName={nameOf}
        stale={list.isPlaceholderData} error={list.error} retry={() => void list.refetch()}
        paging={paging(ROWS, list.data?.next, list.data?.total)}
        empty={q || connector
          ? <Empty title={q ? `No connection matches “${q}”` : "There is no such connection"} action={<Button onClick={() => put({ q: undefined, connector: undefined, ...first })}>Show all connections</Button>}>The search looks at systems, names, business accounts and logins.</Empty>
          : <Empty title="Nothing is connected yet" action={<Link to="/app/integrations" className={buttonClass("primary")}>New connection</Link>}>Choose a system under Integrations and log in to it. It then stands here, with how it works.</Empty>}
      />
      {dialog}
      {deleting && <DeleteConnection connection={deleting} provider={provider(deleting.connector)} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}
