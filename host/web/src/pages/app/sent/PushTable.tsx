/** Pushes, newest first: what, where to, by what, how it stands, since when. */
import type { Push } from "@patchbay/client";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { catalog, catalogEntry, useCards } from "~/api/catalog";
import { answer, client } from "~/api/client";
import { oneOf, useAddress, type Words } from "~/ui/address";
import { DataTable, type Column } from "~/ui/DataTable";
import { Filter, Filters } from "~/ui/Filter";
import { usePaging } from "~/ui/paging";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { actionTitle, pushSentence, STATES, summaryOf, targetOf } from "../push/words";
import { ConnectionName } from "./ConnectionName";
import css from "./Sent.module.css";

/** Pushes of one page. */
const SIZE = 50;
const READY = "ready";

/** `connection` shows those of one connection only. */
export function PushTable({ connection, empty }: { connection?: string; empty: (filtered: boolean) => ReactNode }) {
  const [words, put] = useAddress();
  const { after, paging } = usePaging();
  const say = (change: Words) => put({ ...change, after: undefined, page: undefined }, { replace: true });
  const shown = words["state"];
  const state = oneOf(STATES.map((one) => one.value), shown);
  const { connector, action, source } = words;
  const query = {
    limit: SIZE, ...(connection && { connection }), ...(!connection && connector && { connector }), ...(action && { action }), ...(source && { source }),
    ...(state && { state }), ...(shown === READY && { ready: true }), ...(after && { after }),
  };
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ["pushes", "list", query],
    queryFn: () => answer(client().GET("/v1/pushes", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const cards = useCards();
  const title = useActionTitles(data?.items.map((push) => push.connector) ?? []);
  const actions = useActionsOf(connector, data?.items ?? [], title);

  const columns: Column<Push>[] = [
    { id: "what", label: "What", cell: (push) => <What push={push} title={title(push)} /> },
    { id: "target", label: "Where to", cell: (push) => (push.target ? <span title={targetOf(push.target)}>{targetOf(push.target)}</span> : <span className={css.soft}>–</span>) },
    ...(connection ? [] : [{ id: "system", label: "System", cell: (push: Push) => <System push={push} provider={cards(push.connector)?.name ?? push.connector} /> }]),
    { id: "state", label: "State", cell: (push) => <Status state={push.state} {...(push.state === "expired" ? { word: "Waited too long" } : {})} /> },
    { id: "when", label: "Changed", cell: (push) => <When at={push.updated_at} /> },
  ];
  const filtered = Boolean(shown || connector || action || source);
  return (
    <>
      <Filters>
        <Filter label="State" all="All states" value={shown ?? ""} choices={[...STATES, { value: READY, label: "Waiting, could be sent now" }]} onChange={(value) => say({ state: value })} />
        {!connection && <Connectors value={connector ?? ""} onChange={(value) => say({ connector: value, action: undefined })} />}
        <Filter label="Kind" all="All kinds" value={action ?? ""} choices={actions} onChange={(value) => say({ action: value })} />
        {source && <Filter label="Source" all="Any source" value={source} choices={[{ value: source, label: `From ${source}` }]} onChange={(value) => say({ source: value })} />}
      </Filters>
      <DataTable
        label="What was sent" columns={columns} rows={data?.items} rowKey={(push) => push.id} error={error} retry={() => void refetch()} stale={isPlaceholderData}
        paging={paging(SIZE, data?.next)} empty={empty(filtered)} detail={(push) => (push.reason || push.state === "waiting" ? <Why push={push} /> : null)}
      />
    </>
  );
}

function What({ push, title }: { push: Push; title: string }) {
  const summary = summaryOf(push.payload);
  return <><Link to="/app/sent/$push" params={{ push: push.id }}>{summary || title}</Link>{summary && <span className={css.kind}>{title}</span>}</>;
}

function System({ push, provider }: { push: Push; provider: string }) {
  if (push.connection === null) return <><span className={css.soft}>no connection yet</span><span className={css.kind}>{provider}</span></>;
  return <><ConnectionName id={push.connection} /><span className={css.kind}>{provider}</span></>;
}

function Why({ push }: { push: Push }) {
  return <>{pushSentence(push)} {push.reason && <>{push.reason.detail} <a href={`/errors/${push.reason.code}`} target="_blank" rel="noreferrer">{push.reason.code}</a></>}</>;
}

function Connectors({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { data } = useQuery(catalog);
  const choices = (data?.items ?? []).map((card) => ({ value: card.connector, label: card.name }));
  return <Filter label="System" all="All systems" value={value} choices={choices} onChange={onChange} />;
}

/** What the actions of several connectors are called. */
export function useActionTitles(connectors: string[]): (push: Pick<Push, "connector" | "action">) => string {
  const entries = useQueries({
    queries: [...new Set(connectors)].map(catalogEntry),
    combine: (found) => new Map(found.flatMap(({ data }) => (data ? [[data.connector, data] as const] : []))),
  });
  return (push) => actionTitle(entries.get(push.connector), push.action);
}

/** Kinds to filter by: of the chosen connector all that it has, else those that are shown. */
function useActionsOf(connector: string | undefined, shown: Push[], title: (push: Push) => string) {
  const { data } = useQuery({ ...catalogEntry(connector ?? ""), enabled: Boolean(connector) });
  if (connector && data) return data.actions.map((action) => ({ value: action.name, label: action.title }));
  return [...new Map(shown.map((push) => [push.action, { value: push.action, label: title(push) }])).values()];
}
