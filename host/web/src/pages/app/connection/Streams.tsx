/** The streams of a connection, each account's own: when they are read, how it went, and how far a run is. */
import type { ConnectionDetail, Stream, Sync } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { oneOf, useAddress } from "~/ui/address";
import { DataTable } from "~/ui/DataTable";
import { Filter, Filters } from "~/ui/Filter";
import { Section } from "~/ui/Page";
import { SearchBox } from "~/ui/SearchBox";
import { Empty } from "~/ui/States";
import { streamsOf, syncsOf } from "./queries";
import { columnsOf } from "./streams/columns";
import { hasTrouble, SyncTrouble } from "./streams/SyncTrouble";
import { StreamPanel } from "./streams/StreamPanel";
import css from "./Streams.module.css";

/** A sync with the words for its stream and account. */
export interface StreamRow {
  sync: Sync;
  title: string;
  /** What people call the account; none for a stream that is read once for the connection. */
  account: string | undefined;
  stream: Stream | undefined;
}

/** Rows painted at once: a connection may have a hundred accounts with a dozen streams each. */
const ROWS = 50;
const SEARCHABLE = 12;
const SHOWN = ["on", "off", "trouble"] as const;

export function Streams({ connection }: { connection: ConnectionDetail }) {
  const syncs = useQuery(syncsOf(connection.id));
  const { data: streams } = useQuery(streamsOf(connection.id));
  const [words, put] = useAddress();
  const [q, search] = useState("");
  const [page, turn] = useState(0);
  const shown = oneOf(SHOWN, words["streams"]);
  const rows = useMemo(() => syncs.data && rowsOf(syncs.data.items, streams?.items ?? [], connection), [syncs.data, streams, connection]);
  const found = useMemo(() => rows?.filter((row) => fits(row, q, shown)), [rows, q, shown]);
  const columns = useMemo(() => columnsOf({ onOpen: (sync) => put({ sync: sync.id }) }), [put]);
  const open = rows?.find(({ sync }) => sync.id === words["sync"]);
  const last = Math.max(0, Math.ceil((found?.length ?? 0) / ROWS) - 1);
  const here = Math.min(page, last);
  return (
    <Section title="Streams" lead="What is read, and when. Switched off, a stream keeps its records." flush>
      <div className={css.part}>
        {(rows?.length ?? 0) >= SEARCHABLE && (
          <div className={css.tools}>
            <SearchBox label="Search streams and accounts" value={q} onSearch={search} />
            <Filters><Filter label="Which streams" all="All streams" value={shown ?? ""} onChange={(value) => put({ streams: value }, { replace: true })} choices={[{ value: "on", label: "Switched on" }, { value: "off", label: "Switched off" }, { value: "trouble", label: "In trouble" }]} /></Filters>
          </div>
        )}
        <DataTable
          label="List of streams" columns={columns} rows={found?.slice(here * ROWS, (here + 1) * ROWS)} rowKey={({ sync }) => sync.id} rowName={({ title }) => title}
          detail={({ sync, title }) => hasTrouble(sync) && <SyncTrouble sync={sync} title={title} />}
          error={syncs.error} retry={() => void syncs.refetch()}
          {...(last > 0 && { paging: { from: here * ROWS, total: found?.length, previous: here > 0 ? () => turn(here - 1) : undefined, next: here < last ? () => turn(here + 1) : undefined } })}
          empty={(rows?.length ?? 0) > 0
            ? <Empty title="No stream fits" />
            : <Empty title="Nothing is read yet">{connection.state === "needs_setup" ? "Choose at least one account above; its streams then stand here." : "This system has no streams: it only takes what is sent to it."}</Empty>}
        />
      </div>
      {open && <StreamPanel key={open.sync.id} row={open} onClose={() => put({ sync: undefined })} />}
    </Section>
  );
}

function rowsOf(syncs: Sync[], streams: Stream[], connection: ConnectionDetail): StreamRow[] {
  const named = new Map(streams.map((stream) => [stream.name, stream]));
  const accounts = new Map(connection.accounts.map((account) => [account.provider_id, account.name]));
  return syncs.map((sync) => ({
    sync, stream: named.get(sync.stream), title: named.get(sync.stream)?.title ?? sync.stream,
    account: sync.account === null ? undefined : (accounts.get(sync.account) ?? sync.account),
  }));
}

function fits({ sync, title, account }: StreamRow, q: string, shown: (typeof SHOWN)[number] | undefined): boolean {
  if (shown === "on" && !sync.enabled) return false;
  if (shown === "off" && sync.enabled) return false;
  if (shown === "trouble" && !hasTrouble(sync)) return false;
  const word = q.trim().toLocaleLowerCase();
  return word === "" || `${title} ${sync.stream} ${account ?? ""}`.toLocaleLowerCase().includes(word);
}
