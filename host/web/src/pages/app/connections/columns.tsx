/** The eight columns of the list of connections. */
import type { Card, Connection } from "@patchbay/client";
import { RotateCw, SlidersHorizontal, Trash2 } from "lucide-react";
import { IconButton } from "~/ui/Button";
import type { Column } from "~/ui/DataTable";
import { Logo } from "~/ui/Logo";
import { RowLink } from "~/ui/RowLink";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { accountsWord, standing } from "../connection/remedy";
import css from "./columns.module.css";

export type Row = Connection;

export interface Doings {
  cards: (connector: string) => Card | undefined;
  onReconnect: (row: Row) => void;
  onDelete: (row: Row) => void;
}

export function columnsOf({ cards, onReconnect, onDelete }: Doings): Column<Row>[] {
  const provider = (row: Row) => cards(row.connector)?.name ?? row.connector;
  return [
    {
      id: "connector", label: "Data source", sortable: true,
      cell: (row) => (
        <span className={css.source}>
          <Logo logo={cards(row.connector)?.logo ?? null} name={provider(row)} size={24} />
          <span className={css.names}>
            <RowLink way={{ to: "/app/connections/$connection", params: { connection: row.id } }} className={css.name} aria-label={`${provider(row)}, ${row.name}`}>{provider(row)}</RowLink>
            <span className={css.own}>{row.name}</span>
          </span>
        </span>
      ),
    },
    { id: "business_name", label: "Business account", sortable: true, cell: (row) => <span className={css.account} title={row.business_name}>{row.login ?? row.business_name}</span> },
    { id: "status", label: "Status", cell: (row) => <Standing row={row} /> },
    { id: "account_status", label: "Account status", sortable: true, cell: (row) => <span data-soft={row.account_count === 0 || undefined}>{accountsWord(row)}</span> },
    { id: "business_id", label: "Business account ID", sortable: true, cell: (row) => <span className={css.id} title={row.business_id}>{row.business_id}</span> },
    { id: "created", label: "Created", sortable: true, cell: (row) => <When at={row.created_at} /> },
    { id: "authorized", label: "Last authorization", sortable: true, cell: (row) => <When at={row.authorized_at} /> },
    { id: "actions", label: "Actions", silent: true, pinned: true, width: "112px", cell: (row) => <Actions row={row} onReconnect={onReconnect} onDelete={onDelete} /> },
  ];
}

function Standing({ row }: { row: Row }) {
  const { state, word, tone } = standing(row);
  return <Status state={state} {...(word && { word })} {...(tone && { tone })} />;
}

function Actions({ row, onReconnect, onDelete }: { row: Row } & Pick<Doings, "onReconnect" | "onDelete">) {
  // Only what works and reaches something can be extracted.
  const ready = row.state !== "broken" && row.state !== "pending" && row.account_count > 0;
  return (
    <span className={css.actions}>
      {ready
        ? <RowLink way={{ to: "/app/connections/$connection", params: { connection: row.id }, search: { tab: "data" } }} className={css.action} aria-label={`Set up extraction of ${row.name}`} title="Set up extraction"><SlidersHorizontal aria-hidden="true" /></RowLink>
        : <IconButton name={`Set up extraction of ${row.name}: needs an active connection with an account`} disabled><SlidersHorizontal /></IconButton>}
      <IconButton name={`Reconnect ${row.name}`} onClick={() => onReconnect(row)}><RotateCw /></IconButton>
      <IconButton name={`Delete ${row.name}`} onClick={() => onDelete(row)}><Trash2 /></IconButton>
    </span>
  );
}
