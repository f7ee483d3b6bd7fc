/** The runs of a connection, newest first; those that go on show how far they are, without reload. */
import type { Run, RunState, Sync } from "@patchbay/client";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { answer, client } from "~/api/client";
import { useOpenRuns } from "~/api/progress";
import { oneOf, useAddress, type Words } from "~/ui/address";
import { DataTable, type Column } from "~/ui/DataTable";
import { Filter, Filters } from "~/ui/Filter";
import { duration } from "~/ui/format";
import { usePaging } from "~/ui/paging";
import { Empty } from "~/ui/States";
import { Status, statusWord } from "~/ui/Status";
import { When } from "~/ui/Text";
import { LiveBar, LiveFigure } from "../run/LiveBar";
import { connectionOf, streamsOf, syncsOf } from "./queries";
import { isOpen, seconds, stateSentence, triggerShort, triggerWord } from "../run/words";

/** Runs of one page. */
const SIZE = 50;
const STATES: RunState[] = ["running", "due", "done", "more_later", "failed", "stalled", "held", "cancelled", "lost"];

/** Of the connection with this id. */
export function Runs({ connection: id }: { connection: string }) {
  const { after, page, paging } = usePaging();
  const [words, put] = useAddress();
  // Another filter begins at the first page again.
  const say = (change: Words) => put({ ...change, after: undefined, page: undefined }, { replace: true });
  const state = oneOf(STATES, words["state"]);
  const sync = words["sync"];
  const syncs = useQuery(syncsOf(id));
  const streamName = useStreamNames(id);
  const streams = useMemo(() => new Map(syncs.data?.items.map((one) => [one.id, one])), [syncs.data]);
  const query = { connection: id, limit: SIZE, ...(state && { state }), ...(sync && { sync }), ...(after && { after }) };
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ["runs", "of", query],
    queryFn: () => answer(client().GET("/v1/runs", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  useNewRuns(page === 1 ? data?.items : undefined);

  const columns: Column<Run>[] = [
    { id: "stream", label: "Stream", cell: (run) => <Link to="/app/connections/$connection/runs/$run" params={{ connection: id, run: run.id }}>{streamName(streams.get(run.sync))}</Link> },
    { id: "state", label: "State", cell: (run) => (isOpen(run) ? <LiveBar run={run} /> : <Status state={run.state} />) },
    { id: "began", label: "Began", cell: (run) => <When at={run.started_at} none={run.state === "due" ? "not yet" : "–"} /> },
    { id: "took", label: "Took", number: true, cell: (run) => (run.ended_at && run.started_at ? duration(seconds(run, 0) ?? 0) : "–") },
    { id: "records", label: "Records", number: true, cell: (run) => <LiveFigure run={run} of="records" /> },
    { id: "changed", label: "Changed", number: true, cell: (run) => <LiveFigure run={run} of="changed" /> },
    { id: "deleted", label: "Deleted", number: true, cell: (run) => <LiveFigure run={run} of="deleted" /> },
    { id: "trigger", label: "Why", cell: (run) => <span title={triggerWord(run.trigger)}>{triggerShort(run.trigger)}</span> },
  ];
  const filtered = state !== undefined || sync !== undefined;
  return (
    <>
      <Filters>
        <Filter label="State" all="All states" value={state ?? ""} choices={STATES.filter((one) => one !== "lost").map((one) => ({ value: one, label: statusWord(one) }))} onChange={(value) => say({ state: value })} />
        <Filter label="Stream" all="All streams" value={sync ?? ""} choices={(syncs.data?.items ?? []).map((one) => ({ value: one.id, label: streamName(one) }))} onChange={(value) => say({ sync: value })} />
      </Filters>
      <DataTable
        label="Runs" columns={columns} rows={data?.items} rowKey={(run) => run.id} error={error} retry={() => void refetch()} stale={isPlaceholderData}
        paging={paging(SIZE, data?.next)} detail={(run) => (run.reason ? <Why run={run} /> : null)}
        empty={filtered
          ? <Empty title="No run fits these filters">Runs of other states or streams are hidden.</Empty>
          : <Empty title="Nothing has run yet">A run reads one stream of one account. The first one begins by itself once an account is chosen for extraction and one of its streams is switched on, in the tab Data.</Empty>}
      />
    </>
  );
}

function Why({ run }: { run: Run }) {
  return <>{run.reason?.detail} {stateSentence(run)} {run.reason && <a href={`/errors/${run.reason.code}`} target="_blank" rel="noreferrer">{run.reason.code}</a>}</>;
}

/** What streams of accounts are called; a run may be older than what the connection has now. */
export function useStreamNames(connection: string): (sync: Pick<Sync, "stream" | "account"> | undefined) => string {
  const accounts = useQuery(connectionOf(connection)).data?.accounts;
  const streams = useQuery(streamsOf(connection)).data?.items;
  return (sync) => {
    if (sync === undefined) return "A stream that is gone";
    const title = streams?.find((one) => one.name === sync.stream)?.title ?? sync.stream;
    if (sync.account === null) return title;
    return `${title} · ${accounts?.find((one) => one.provider_id === sync.account)?.name ?? sync.account}`;
  };
}

/** A run that began after the list was read belongs to its first page: then the list is read again. */
function useNewRuns(shown: Run[] | undefined): void {
  const queries = useQueryClient();
  const open = useOpenRuns();
  useEffect(() => {
    if (shown !== undefined && open.some((run) => !shown.some((known) => known.id === run && isOpen(known)))) {
      void queries.invalidateQueries({ queryKey: ["runs", "of"] });
    }
    // Only a run that comes or goes is a reason to look: a filter may hide one for good.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [open, queries]);
}
