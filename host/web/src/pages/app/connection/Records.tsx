/** The records of a stream as they are now: searched by key, a page at a time, each opened as JSON at the side. */
import type { ConnectionDetail, Record as StoredRecord, Sync } from "@patchbay/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { answer, client } from "~/api/client";
import { useAddress } from "~/ui/address";
import { DataTable, type Column } from "~/ui/DataTable";
import { Filter, Filters } from "~/ui/Filter";
import { Section } from "~/ui/Page";
import { usePaging } from "~/ui/paging";
import { SearchBox } from "~/ui/SearchBox";
import { Empty } from "~/ui/States";
import { When } from "~/ui/Text";
import { streamsOf, syncsOf } from "./queries";
import { RecordPanel } from "./records/RecordPanel";
import { cellText, columnsOf, fieldsOf, valueAt } from "./records/shape";
import { schemaOf } from "./streams/Fields";
import css from "./Records.module.css";

const ROWS = 50;

export function Records({ connection }: { connection: ConnectionDetail }) {
  const { id } = connection;
  const { data: syncs } = useQuery(syncsOf(id));
  const { data: streams } = useQuery(streamsOf(id));
  const [words, put] = useAddress();
  const { after, paging } = usePaging("records");
  const choices = useMemo(() => choicesOf(syncs?.items ?? []), [syncs]);
  // Until somebody chooses: the stream that has most.
  const stream = choices.find((choice) => choice.stream === words["stream"]) ?? choices[0];
  const account = stream?.accounts.includes(words["account"] ?? "") ? words["account"] : undefined;
  const key = words["key"] ?? "";
  const query = { ...(account !== undefined && { account }), ...(key !== "" && { key }), ...(after !== undefined && { after }), limit: ROWS };
  const list = useQuery({
    queryKey: ["records", id, stream?.stream, query],
    queryFn: () => answer(client().GET("/v1/connections/{id}/records/{stream}", { params: { path: { id, stream: stream?.stream ?? "" }, query } })),
    enabled: stream !== undefined,
    // Rows of another stream have other columns: they are not kept.
    placeholderData: (before, query) => (query?.queryKey[2] === stream?.stream ? keepPreviousData(before) : undefined),
  });
  const about = streams?.items.find((each) => each.name === stream?.stream);
  const sync = stream && (syncs?.items.find((each) => each.stream === stream.stream && each.account === (account ?? null)) ?? syncs?.items.find((each) => each.stream === stream.stream));
  const { data: schema } = useQuery({ ...schemaOf(sync ?? { id: "", connection: id }), enabled: sync !== undefined });
  const accountName = useCallback((of: string | null) => connection.accounts.find((each) => each.provider_id === of)?.name ?? of ?? "–", [connection.accounts]);
  const keys = about?.key;
  const perAccount = (stream?.accounts.length ?? 0) > 1;
  const columns = useMemo(
    () => columnsFor({ shape: schema?.shape, keys: keys ?? [], accountName: perAccount && account === undefined ? accountName : undefined, onOpen: (record) => put({ record: record.key, record_account: record.account ?? undefined }) }),
    [schema?.shape, keys, perAccount, account, accountName, put],
  );
  const first = { records_after: undefined, records_page: undefined, record: undefined };
  const search = useCallback((text: string) => put({ key: text.trim(), records_after: undefined, records_page: undefined, record: undefined }, { replace: true }), [put]);
  const open = list.data?.items.find((each) => each.key === words["record"] && (each.account ?? undefined) === words["record_account"]);
  if (choices.length === 0) return null;
  const title = about?.title ?? stream?.stream ?? "";
  return (
    <Section title="Records" lead="What was read, as it is now. A record that the provider deleted is not here any more; it is told as a deletion to whatever follows the changes." flush>
      <div className={css.part} id="records">
        <div className={css.tools}>
          <Filters>
            <select className={css.choice} aria-label="Stream" value={stream?.stream} onChange={(event) => put({ ...first, stream: event.target.value, account: undefined, key: undefined })}>
              {choices.map((choice) => <option key={choice.stream} value={choice.stream}>{streams?.items.find((each) => each.name === choice.stream)?.title ?? choice.stream}</option>)}
            </select>
            {perAccount && <Filter label="Account" all="All accounts" value={account ?? ""} onChange={(to) => put({ ...first, account: to })} choices={(stream?.accounts ?? []).map((value) => ({ value, label: accountName(value) }))} />}
          </Filters>
          <SearchBox key={stream?.stream} label="Search by beginning of key" value={key} onSearch={search} />
        </div>
        <DataTable
          label={`Records of ${title}`} columns={columns} rows={list.data?.items} rowKey={(row) => `${row.account ?? ""} ${row.key}`}
          stale={list.isPlaceholderData} error={list.error} retry={() => void list.refetch()}
          paging={paging(ROWS, list.data?.next, list.data?.total ?? undefined)}
          empty={key
            ? <Empty title={`No key begins with “${key}”`}>Keys are compared letter for letter, from their beginning.</Empty>
            : <Empty title="No records yet">{sync?.enabled ? "They stand here when the stream has been read." : "The stream is switched off: switch it on above to read it."}</Empty>}
        />
      </div>
      {open && <RecordPanel record={open} title={title} account={open.account === null ? undefined : accountName(open.account)} onClose={() => put({ record: undefined, record_account: undefined })} />}
    </Section>
  );
}

interface StreamChoice {
  stream: string;
  accounts: string[];
  records: number;
}

/** The streams that have records or will, with their accounts; the fullest first. */
function choicesOf(syncs: Sync[]): StreamChoice[] {
  const streams = new Map<string, StreamChoice>();
  for (const sync of syncs) {
    const choice = streams.get(sync.stream) ?? { stream: sync.stream, accounts: [], records: 0 };
    if (sync.account !== null) choice.accounts.push(sync.account);
    choice.records += sync.records;
    streams.set(sync.stream, choice);
  }
  return [...streams.values()].sort((one, other) => other.records - one.records || (one.stream < other.stream ? -1 : 1));
}

function columnsFor({ shape, keys, accountName, onOpen }: { shape: unknown; keys: string[]; accountName: ((of: string | null) => string) | undefined; onOpen: (record: StoredRecord) => void }): Column<StoredRecord>[] {
  const fields = columnsOf(fieldsOf(shape).fields, keys);
  return [
    { id: "key", label: "Key", cell: (row) => <button type="button" className={css.key} onClick={() => onOpen(row)}>{row.key}</button> },
    ...(accountName ? [{ id: "account", label: "Account", cell: (row: StoredRecord) => accountName(row.account) }] : []),
    ...fields.map((field): Column<StoredRecord> => ({
      id: field.pointer, label: field.name, number: field.types.every((type) => ["number", "integer", "null"].includes(type)),
      cell: (row) => cellText(valueAt(row.record, field.pointer)),
    })),
    { id: "updated", label: "Changed", cell: (row) => <When at={row.updated_at} /> },
  ];
}
