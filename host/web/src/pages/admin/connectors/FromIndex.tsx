/** Chooses among what the configured indexes list. */
import type { InstalledRelease, ListedConnector } from "@patchbay/client";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, problem } from "~/api/client";
import { Button } from "~/ui/Button";
import { bytes } from "~/ui/format";
import { SearchBox } from "~/ui/SearchBox";
import { Empty, Loading, Trouble } from "~/ui/States";
import { Tag } from "~/ui/Tag";
import { Ident } from "~/ui/Text";
import css from "./Install.module.css";

/** The code of a signature by a key that is not trusted. */
const UNTRUSTED = "PB1020";

export function FromIndex({ onDone }: { onDone: (installed: InstalledRelease) => void }) {
  const [q, search] = useState("");
  const listed = useQuery({
    queryKey: ["indexes", "connectors", q],
    queryFn: () => answer(client().GET("/v1/indexes/connectors", { params: { query: { limit: 50, ...(q ? { q } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  const fetch = useMutation({
    mutationFn: ({ item: { id, version }, trust }: { item: ListedConnector; trust?: string }) =>
      answer(client().POST("/v1/connectors/fetch", { body: { connector: id, version, ...(trust ? { trust_key: trust } : {}) } })),
    onSuccess: onDone,
  });
  const failed = fetch.isError ? fetch.variables.item : undefined;
  const untrusted = problem(fetch.error).code === UNTRUSTED ? failed?.signed_by : undefined;
  return (
    <div className={css.form}>
      <SearchBox label="Search listed connectors" value={q} onSearch={search} />
      {fetch.isError && <Trouble error={fetch.error} />}
      {failed && untrusted && (
        <div className={css.trust}>
          <p>The index says that {failed.name} {failed.version} is signed with this key. Compare it with what the publisher shows on a page of its own, then trust it.</p>
          <p><Ident id={untrusted} whole /></p>
          <Button busy={fetch.isPending} onClick={() => fetch.mutate({ item: failed, trust: untrusted })}>Trust this key and install</Button>
        </div>
      )}
      {listed.isError && <Trouble error={listed.error} retry={() => void listed.refetch()} />}
      {listed.isPending && <Loading />}
      {listed.data?.items.length === 0 && <Empty title={q ? "No listed connector fits the search" : "No index lists anything"}>Indexes are named in the configuration. How they stand is on the Publishers page.</Empty>}
      <ul className={css.found}>
        {listed.data?.items.map((item) => (
          <li key={`${item.index} ${item.id}`}>
            <div>
              <span className={css.name}>{item.name}</span> <span className={css.soft}>{item.id} {item.version} · {bytes(item.size)} · {item.index}</span>
              <p className={css.soft}>{item.summary}</p>
              {item.signed_by === null && <Tag tone="warn">Unsigned</Tag>}
            </div>
            {item.installed === item.version
              ? <Tag tone="good">Installed</Tag>
              : <Button busy={fetch.isPending && fetch.variables.item.id === item.id} onClick={() => fetch.mutate({ item })} aria-label={item.installed ? `Upgrade from ${item.installed}: ${item.name} to ${item.version}` : `Install ${item.name} ${item.version}`}>{item.installed ? `Upgrade from ${item.installed}` : "Install"}</Button>}
          </li>
        ))}
      </ul>
    </div>
  );
}
