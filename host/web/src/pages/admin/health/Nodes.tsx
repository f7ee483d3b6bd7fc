/** The nodes: what each works on, and whether it is still there. */
import type { NodeHealth } from "@patchbay/client";
import { DataTable, type Column } from "~/ui/DataTable";
import { count, duration } from "~/ui/format";
import { Empty } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";

/** Milliseconds after which a node that did not show itself is taken for gone. */
const SILENT = 30_000;

const COLUMNS: Column<NodeHealth>[] = [
  { id: "node", label: "Node", cell: (row) => <><Ident id={row.node} /> {row.self && <Tag>answers this page</Tag>}</> },
  { id: "state", label: "State", cell: (row) => (Date.now() - Date.parse(row.seen_at) < SILENT ? <Status state="active" word="Works" /> : <><Status state="lost" word="Silent" tone="bad" />, seen <When at={row.seen_at} /></>) },
  { id: "running", label: "Under way", number: true, cell: (row) => count(row.running) },
  { id: "claimed", label: "Runs begun", number: true, cell: (row) => count(row.claimed) },
  { id: "delay", label: "Delay (p99)", number: true, cell: (row) => (row.start_delay_p99_ms === null ? "–" : duration(row.start_delay_p99_ms / 1_000)) },
  { id: "stale", label: "Stale writes", number: true, cell: (row) => count(row.stale_writes) },
  { id: "started", label: "Since", cell: (row) => <When at={row.started_at} /> },
];

export function Nodes({ nodes }: { nodes: NodeHealth[] | undefined }) {
  return <DataTable label="Nodes of this deployment" columns={COLUMNS} rows={nodes} rowKey={(row) => row.node} empty={<Empty title="No node has shown itself yet">Each does within seconds of its start.</Empty>} />;
}
