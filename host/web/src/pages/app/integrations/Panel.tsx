/** An integration, opened at the side: what it is and does, its connections, and connecting it. */
import type { Card, CatalogEntry } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { catalogEntry } from "~/api/catalog";
import { useAddress } from "~/ui/address";
import { Button } from "~/ui/Button";
import { SidePanel } from "~/ui/Dialog";
import { Logo } from "~/ui/Logo";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Asks, Checklist, Guides } from "./About";
import { categoryWord, isConnected } from "./choice";
import { Connect } from "./Connect";
import { Connected } from "./Connected";
import css from "./Panel.module.css";

export interface PanelProps {
  /** `publisher.name` */
  connector: string;
  /** What is being connected: `new`, or the connection that is repaired; nothing while somebody only looks. */
  connect: string | undefined;
  /** What is known of it before its entry is there. */
  card: Card | undefined;
  onClose: () => void;
}

export function Panel({ connector, connect, card, onClose }: PanelProps) {
  const [, put] = useAddress();
  const { data: entry, error, refetch } = useQuery(catalogEntry(connector));
  const known = entry ?? card;
  const name = known?.name ?? "Integration";
  const connecting = connect !== undefined && entry?.availability === "available";
  const title = !connecting ? name : connect === "new" ? `Connect ${name}` : `Reconnect ${name}`;
  return (
    <SidePanel
      open onClose={onClose} title={title} wide={connecting} before={known && <Logo logo={known.logo} name={name} size={32} />}
      footer={entry && !connecting && entry.availability === "available" && (
        <Button look={entry.status === "action_required" ? "plain" : "primary"} onClick={() => put({ connect: "new" })}>{isConnected(entry) ? "Connect another account" : `Connect ${name}`}</Button>
      )}
    >
      {error && entry === undefined ? <Trouble error={error} retry={() => void refetch()} /> : entry === undefined ? <Loading lines={8} />
        : connecting ? <Connect entry={entry} reconnect={connect === "new" ? undefined : connect} onDone={() => put({ connect: undefined }, { replace: true })} />
          : <Overview entry={entry} />}
    </SidePanel>
  );
}

function Overview({ entry }: { entry: CatalogEntry }) {
  const soon = entry.availability === "coming_soon";
  return (
    <>
      <div className={css.head}>
        <p>{entry.summary}</p>
        <p className={css.facts}>
          <Status state={entry.status} {...(entry.status === "connect" ? { word: "Not connected yet" } : {})} />
          <span>{categoryWord(entry.category)}</span>
          {!soon && <span>Published by {entry.connector.split(".")[0]}, version {entry.version}</span>}
        </p>
      </div>
      {soon ? <p className={css.soon}>This integration is planned and cannot be connected yet. It becomes available here by itself; there is nothing to prepare.</p> : (
        <>
          {isConnected(entry) && <Connected entry={entry} />}
          <Asks entry={entry} />
          <Checklist entry={entry} />
          <Guides entry={entry} />
        </>
      )}
    </>
  );
}
