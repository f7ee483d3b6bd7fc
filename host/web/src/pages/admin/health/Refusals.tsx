/** What was refused, by code, most often first. */
import type { RefusalCount } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { DataTable, type Column } from "~/ui/DataTable";
import { count } from "~/ui/format";
import { Reason } from "~/ui/Reason";
import { Empty } from "~/ui/States";
import { When } from "~/ui/Text";

const COLUMNS: Column<RefusalCount>[] = [
  { id: "code", label: "Code", cell: (row) => <code>{row.code}</code> },
  { id: "connector", label: "Connector", cell: (row) => (row.connector ? <Link to="/admin/connectors/$connector" params={{ connector: row.connector }}>{row.connector}</Link> : "–") },
  { id: "count", label: "In a day", number: true, cell: (row) => count(row.count_day) },
  { id: "last", label: "Last", cell: (row) => <When at={row.last_at} /> },
];

export function Refusals({ refusals }: { refusals: RefusalCount[] | undefined }) {
  const rows = refusals && [...refusals].sort((one, other) => other.count_day - one.count_day);
  return (
    <DataTable
      label="Refusals by code" columns={COLUMNS} rows={rows} rowKey={(row) => `${row.code} ${row.connector ?? ""}`}
      detail={(row) => <Reason reason={{ code: row.code, detail: `Refused ${count(row.count_day)} times in the last day.` }} tone="none" />}
      empty={<Empty title="Nothing was refused">Requests that a connector may not make would be counted here.</Empty>}
    />
  );
}
