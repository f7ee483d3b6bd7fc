/** Who did what, newest first; and whether anybody changed the log. */
import type { AuditLine } from "@patchbay/client";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { answer, client } from "~/api/client";
import { Code } from "~/ui/Code";
import { useAddress } from "~/ui/address";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { count } from "~/ui/format";
import { Page } from "~/ui/Page";
import { usePaging } from "~/ui/paging";
import { SearchBox } from "~/ui/SearchBox";
import { Empty, Trouble } from "~/ui/States";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";
import { shortened } from "./actor";
import css from "./Audit.module.css";

/** Lines of a page. */
const SIZE = 50;

const COLUMNS: Column<AuditLine>[] = [
  { id: "at", label: "When", cell: (line) => <When at={line.at} /> },
  { id: "actor", label: "Who", cell: (line) => <span title={line.actor}>{shortened(line.actor)}</span> },
  { id: "action", label: "What", cell: (line) => <code>{line.action}</code> },
  { id: "subject", label: "To what", cell: (line) => (/^[a-z]{3}_/.test(line.subject) ? <Ident id={line.subject} /> : <span title={line.subject}>{line.subject}</span>) },
  { id: "tenant", label: "Tenant", cell: (line) => (line.tenant === null ? <span className={css.soft}>All</span> : <Ident id={line.tenant} />) },
];

export function Audit() {
  const [address, change] = useAddress();
  const { after, paging } = usePaging();
  const { subject = "", tenant = "" } = address;
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ["audit", tenant, subject, after],
    queryFn: () => answer(client(tenant || undefined).GET("/v1/audit", { params: { query: { limit: SIZE, ...(subject ? { subject } : {}), ...(after ? { before: after } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  const filtered = subject !== "" || tenant !== "";
  const all = () => change({ subject: undefined, tenant: undefined, after: undefined, page: undefined });
  return (
    <Page title="Audit" lead="Everything that people, keys and the host itself decided. Lines are chained: a change in the past can be found." actions={<Verify />}>
      <div className={css.tools}>
        <SearchBox label="About an id or connector" value={subject} onSearch={(text) => change({ subject: text.trim(), after: undefined, page: undefined }, { replace: true })} />
        {tenant && <Tag tone="accent">Only about {tenant}</Tag>}
        {filtered && <Button look="quiet" onClick={all}>Show all</Button>}
      </div>
      <DataTable
        label="Audit log" columns={COLUMNS} rows={data?.items} rowKey={(line) => line.id} error={error} retry={() => void refetch()} stale={isPlaceholderData}
        detail={(line) => <Detail line={line} />} paging={paging(SIZE, data?.next)}
        empty={filtered
          ? <Empty title="Nothing is known about this" action={<Button onClick={all}>Show all</Button>}>The search takes a whole id, such as con_…, or a connector&rsquo;s id.</Empty>
          : <Empty title="Nothing was decided yet">Sign-ins, keys, approvals, connections and pushes are written down here.</Empty>}
      />
    </Page>
  );
}

function Detail({ line }: { line: AuditLine }) {
  return (
    <div className={css.detail}>
      <Code className={css.json} text={JSON.stringify(line.detail, null, 2)} />
      <span className={css.soft}>{line.actor} · <Ident id={line.id} whole /></span>
    </div>
  );
}

/** Reads the whole log and says whether it is as it was written. */
function Verify() {
  const verify = useMutation({ mutationFn: () => answer(client().GET("/v1/audit/verification")) });
  return (
    <div className={css.verify}>
      <div role="status">
        {verify.data && (verify.data.broken === null
          ? <Tag tone="good">All {count(verify.data.lines)} lines are as written</Tag>
          : <Tag tone="bad">{verify.data.broken.id}: {verify.data.broken.why}</Tag>)}
      </div>
      {verify.isError && <Trouble error={verify.error} />}
      <Button icon={<ShieldCheck aria-hidden="true" />} busy={verify.isPending} onClick={() => verify.mutate()}>Verify log</Button>
    </div>
  );
}
