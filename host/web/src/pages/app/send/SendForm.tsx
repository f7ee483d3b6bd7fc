/**
 * Sends one item: by which connection, what kind, where to, what it says, with which files. It can be tried first, which
 * writes nothing; and it is sent once, however often it is said, because its key stays the same until it was accepted.
 */
import type { AcceptedPush, Action, CatalogEntry, ConnectionDetail, Push, SendWhen } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { catalogEntry } from "~/api/catalog";
import { Button } from "~/ui/Button";
import { SidePanel } from "~/ui/Dialog";
import { SelectField } from "~/ui/Field";
import { functionWord } from "~/ui/functions";
import { Loading, Trouble } from "~/ui/States";
import { connectionOf } from "../connection/queries";
import { ChooseConnection } from "./ChooseConnection";
import { ItemForm } from "./ItemForm";
import { Outcome } from "./Outcome";
import css from "./Send.module.css";

/** What an item begins with, as a copy of another. */
export interface SendBegin {
  action: string;
  payload: unknown;
  target: Push["target"];
  send?: SendWhen;
  /** Of an item whose content is to be changed; a new one when left out. */
  itemKey?: string;
}

export interface SendFormProps {
  open: boolean;
  onClose: () => void;
  /** The connection, where the page is about one. */
  connection?: string;
  begin?: SendBegin;
  title?: string;
}

export function SendForm({ open, onClose, title = "Send something", ...rest }: SendFormProps) {
  const [footer, setFooter] = useState<HTMLDivElement | null>(null);
  return (
    <SidePanel open={open} onClose={onClose} title={title} footer={<div ref={setFooter} className={css.footer} />}>
      {open && <Sending {...rest} footer={footer} onClose={onClose} />}
    </SidePanel>
  );
}

function Sending({ connection: fixed, begin, footer, onClose }: Omit<SendFormProps, "open" | "title"> & { footer: HTMLElement | null }) {
  const [chosen, choose] = useState(fixed);
  const [kind, setKind] = useState(begin?.action ?? "");
  const [accepted, accept] = useState<AcceptedPush>();
  // A new one for each item: what was accepted keeps its form's key.
  const [round, next] = useState(0);
  const { data: connection, error, refetch } = useQuery({ ...connectionOf(chosen ?? ""), enabled: chosen !== undefined });
  const { data: entry, error: entryError, refetch: again } = useQuery({ ...catalogEntry(connection?.connector ?? ""), enabled: connection !== undefined });
  const id = useId();
  const action = entry?.actions.find((one) => one.name === kind) ?? (entry?.actions.length === 1 ? entry.actions[0] : undefined);

  if (accepted) {
    return (
      <>
        <Outcome accepted={accepted} provider={entry?.name ?? "the provider"} />
        <div className={css.buttons}>
          <Button onClick={() => { accept(undefined); next(round + 1); }}>Send another</Button>
          <Button look="primary" onClick={onClose}>Close</Button>
        </div>
      </>
    );
  }
  return (
    <>
      {fixed === undefined && <ChooseConnection chosen={chosen} onChoose={choose} />}
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {entryError && <Trouble error={entryError} retry={() => void again()} />}
      {chosen !== undefined && !error && !entryError && (connection === undefined || entry === undefined) && <Loading lines={3} />}
      {connection && entry && <>
        <Kinds entry={entry} connection={connection} action={action} onKind={setKind} fixed={begin !== undefined} />
        {action && <ItemForm key={`${connection.id} ${action.name} ${round}`} formId={id} footer={footer} connection={connection} entry={entry} action={action} begin={round === 0 && begin?.action === action.name ? begin : undefined} onAccepted={accept} />}
      </>}
    </>
  );
}

function Kinds({ entry, connection, action, onKind, fixed }: { entry: CatalogEntry; connection: ConnectionDetail; action: Action | undefined; onKind: (name: string) => void; fixed: boolean }) {
  const off = (one: Action) => connection.functions.some((each) => each.function === one.function && !each.enabled);
  if (entry.actions.length === 0) return <p>{entry.name} takes nothing: it is only read.</p>;
  return (
    <div className={css.stack}>
      <SelectField label="What to send" value={action?.name ?? ""} onChange={onKind} disabled={fixed} help={action?.meaning} choices={entry.actions.map((one) => ({ value: one.name, label: `${one.title}${off(one) ? " (switched off)" : ""}` }))} />
      {connection.state !== "active" && <p className={css.note} data-tone="warn">This connection needs attention. The item is kept, and sent once the connection works again.</p>}
      {!connection.enabled && <p className={css.note} data-tone="warn">This connection is switched off: the item would be recorded as skipped and not sent.</p>}
      {connection.enabled && action && off(action) && <p className={css.note} data-tone="warn">{functionWord(action.function)} is switched off for this connection: the item would be recorded as skipped and not sent.</p>}
    </div>
  );
}
