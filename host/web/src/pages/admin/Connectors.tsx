/** Connectors: what is installed, in which version, who vouches for it, and what waits for a decision. */
import type { Connector } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { connectors, publishers, releases, upgrades } from "~/api/admin";
import { useAddress } from "~/ui/address";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { plural } from "~/ui/format";
import { Page } from "~/ui/Page";
import { SearchBox } from "~/ui/SearchBox";
import { Empty, Skeleton } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Tag } from "~/ui/Tag";
import { UPGRADES } from "./connector/upgrades";
import { Install } from "./connectors/Install";
import { Shares } from "./connectors/Shares";
import { behind, publisherOf, vouched } from "./connectors/standing";
import { Updates } from "./connectors/Updates";
import css from "./Connectors.module.css";

const COLUMNS: Column<Connector>[] = [
  {
    id: "name", label: "Connector", cell: (row) => (
      <div className={css.name}>
        <Link to="/admin/connectors/$connector" params={{ connector: row.id }}>{row.name}</Link>
        <span className={css.soft}>{row.id}</span>
      </div>
    ),
  },
  { id: "version", label: "Version", cell: (row) => (row.active ? row.active.version : <span className={css.soft}>None yet</span>) },
  { id: "waiting", label: "Standing", cell: (row) => <Standing connector={row} /> },
  { id: "publisher", label: "Publisher", cell: (row) => <Vouched connector={row} /> },
  { id: "connections", label: "Connections by version", cell: (row) => <Shares connector={row.id} /> },
  { id: "upgrades", label: "Upgrades itself", cell: (row) => <Upgrades connector={row.id} /> },
];

export function Connectors() {
  const { data, error, refetch } = useQuery(connectors);
  const [address, change] = useAddress();
  const text = (address["q"] ?? "").toLowerCase();
  const shown = data?.items.filter((row) => row.id.toLowerCase().includes(text) || row.name.toLowerCase().includes(text));
  const waiting = data?.items.filter((row) => behind(row)?.state === "ready").length ?? 0;
  const install = () => change({ install: "upload" });
  return (
    <Page
      title="Connectors"
      lead={waiting > 0 ? `${plural(waiting, "connector")} ${waiting === 1 ? "has" : "have"} a release that waits for your approval.` : "What is installed on this host, and what each may do."}
      actions={data?.items.length !== 0 && <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={install}>Install connector</Button>}
    >
      <Updates />
      {(data === undefined || data.items.length > 0) && <div className={css.tools}><SearchBox label="Search connectors" value={address["q"] ?? ""} onSearch={(q) => change({ q }, { replace: true })} /></div>}
      <DataTable
        label="Connectors" columns={COLUMNS} rows={shown} rowKey={(row) => row.id} error={error} retry={() => void refetch()}
        empty={data?.items.length === 0
          ? <Empty title="No connector is installed yet" action={<Button look="primary" onClick={install}>Install connector</Button>}>A connector teaches this host one provider. Upload one, or fetch it from a registry.</Empty>
          : <Empty title="No connector fits the search" action={<Button onClick={() => change({ q: undefined })}>Show all</Button>} />}
      />
      <Install />
    </Page>
  );
}

/** What waits behind the version in use, as a link to where it is decided. */
function Standing({ connector }: { connector: Connector }) {
  const tried = useQuery(releases(connector.id)).data?.items.find((release) => release.canary !== null);
  const waiting = tried ?? behind(connector);
  if (!waiting) return connector.active ? <Status state="active" word="In use" /> : <Status state={connector.latest.state} />;
  return (
    <Link to="/admin/releases/$release" params={{ release: waiting.id }} className={css.waiting}>
      <Status state={waiting.state} tone={tried ? "busy" : undefined} word={tried ? `${waiting.version} is being tried` : waiting.state === "ready" ? `${waiting.version} waits for approval` : waiting.state === "refused" ? `${waiting.version} was refused` : `${waiting.version} is quarantined`} />
    </Link>
  );
}

function Vouched({ connector }: { connector: Connector }) {
  const known = useQuery(publishers).data?.items;
  const { word, tone } = vouched(connector.active ?? connector.latest, known);
  return <span className={css.publisher}>{publisherOf(connector.id)} <Tag tone={tone}>{word}</Tag></span>;
}

function Upgrades({ connector }: { connector: string }) {
  const { data, isError } = useQuery(upgrades(connector));
  if (isError) return <span className={css.soft}>Not known</span>;
  return data ? <>{UPGRADES[data.upgrades].short}</> : <Skeleton width={96} />;
}
