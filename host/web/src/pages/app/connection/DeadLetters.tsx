/** What a connector sent for records and could not be stored, with the reason. Shown only where there is some. */
import type { DeadLetter } from "@patchbay/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "~/api/client";
import { Code } from "~/ui/Code";
import { DataTable, type Column } from "~/ui/DataTable";
import { count } from "~/ui/format";
import { Section } from "~/ui/Page";
import { usePaging } from "~/ui/paging";
import { When } from "~/ui/Text";
import css from "./DeadLetters.module.css";

const ROWS = 20;

const COLUMNS: Column<DeadLetter>[] = [
  { id: "stream", label: "Stream", cell: (row) => row.stream },
  { id: "key", label: "Key", cell: (row) => (row.key === null ? "–" : <code>{row.key}</code>) },
  { id: "reason", label: "Why", cell: (row) => <span title={row.reason}>{row.reason}</span> },
  { id: "times", label: "Times", number: true, cell: (row) => count(row.times) },
  { id: "last", label: "Last met", cell: (row) => <When at={row.last_at} /> },
];

export function DeadLetters({ connection: id }: { connection: string }) {
  const { after, page, paging } = usePaging("unread");
  const query = { limit: ROWS, ...(after !== undefined && { after }) };
  const list = useQuery({
    queryKey: ["records", id, "dead-letters", query],
    queryFn: () => answer(client().GET("/v1/connections/{id}/dead-letters", { params: { path: { id }, query } })),
    placeholderData: keepPreviousData,
  });
  // Nearly every connection has none: then there is nothing to say, and nothing to wait for.
  if (list.data === undefined || (list.data.items.length === 0 && page === 1)) return null;
  return (
    <Section title="Records that could not be read" lead="The provider sent them in a form that cannot be stored. The rest of their page is here. One that is read well later stands among the records." flush>
      <DataTable
        label="List of records that could not be read" columns={COLUMNS} rows={list.data.items} rowKey={(row) => `${row.stream} ${row.account ?? ""} ${row.hash}`} rowName={(row) => row.key ?? row.stream}
        detail={(row) => (
          <div className={css.more}>
            <p>{row.reason}</p>
            <Code className={css.excerpt} text={row.excerpt} />
            <Link to="/app/connections/$connection/runs/$run" params={{ connection: id, run: row.run }}>The run that met it last</Link>
          </div>
        )}
        stale={list.isPlaceholderData} paging={paging(ROWS, list.data.next)} empty={<p>There are no more.</p>}
      />
    </Section>
  );
}
