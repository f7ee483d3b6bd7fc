/** Sends a meeting at once: its report, its notes and its to-dos, each as an item of its own where the system takes it. */
import type { CatalogEntry, ConnectionDetail, Meeting, MeetingResults } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";
import { createPortal } from "react-dom";
import { catalogEntry } from "~/api/catalog";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { SidePanel } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { Loading, Trouble } from "~/ui/States";
import { connectionOf } from "../connection/queries";
import { ChooseConnection } from "./ChooseConnection";
import { FileFields } from "./FileFields";
import { MeetingOutcome } from "./MeetingOutcome";
import { NOTE, Several, TODO } from "./Several";
import { TargetFields } from "./TargetFields";
import { useFiles } from "./useFiles";
import { useTarget } from "./useTarget";
import { meetingOf, partsOf, type Draft } from "./meeting";
import css from "./Send.module.css";

export function MeetingForm({ open, onClose, connection }: { open: boolean; onClose: () => void; connection?: string }) {
  const [footer, setFooter] = useState<HTMLDivElement | null>(null);
  return (
    <SidePanel open={open} onClose={onClose} title="Send a meeting" footer={<div ref={setFooter} className={css.footer} />}>
      {open && <Choosing fixed={connection} footer={footer} onClose={onClose} />}
    </SidePanel>
  );
}

function Choosing({ fixed, footer, onClose }: { fixed: string | undefined; footer: HTMLElement | null; onClose: () => void }) {
  const [chosen, choose] = useState(fixed);
  const [results, show] = useState<MeetingResults>();
  const { data: connection, error, refetch } = useQuery({ ...connectionOf(chosen ?? ""), enabled: chosen !== undefined });
  const { data: entry } = useQuery({ ...catalogEntry(connection?.connector ?? ""), enabled: connection !== undefined });
  if (results) return <><MeetingOutcome results={results} entry={entry} /><div className={css.buttons}><Button look="primary" onClick={onClose}>Close</Button></div></>;
  return (
    <>
      {fixed === undefined && <ChooseConnection chosen={chosen} onChoose={choose} />}
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {chosen !== undefined && !error && (connection === undefined || entry === undefined) && <Loading lines={3} />}
      {connection && entry && (partsOf(entry).size === 0
        ? <p>{entry.name} takes no part of a meeting. Send it something else instead.</p>
        : <Fields key={connection.id} connection={connection} entry={entry} footer={footer} onSent={show} />)}
    </>
  );
}

function Fields({ connection, entry, footer, onSent }: { connection: ConnectionDetail; entry: CatalogEntry; footer: HTMLElement | null; onSent: (results: MeetingResults) => void }) {
  const parts = partsOf(entry);
  const report = parts.get("report");
  // One target for all parts: each of them takes of it what it knows.
  const aimed = [...parts.values()].find((action) => action.target !== null) ?? { picker: null, target: null };
  const target = useTarget(aimed, entry.pickers, null);
  const files = useFiles(report?.attachments ?? null);
  const [draft, set] = useState<Draft>(() => ({ source: crypto.randomUUID(), title: "", date: "", report: "", notes: [], todos: [] }));
  const [empty, say] = useState(false);
  const queries = useQueryClient();
  const id = useId();
  const send = useMutation({
    mutationFn: (body: Meeting) => answer(client().POST("/v1/meetings", { body })),
    onSuccess: (results) => {
      for (const key of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [key] });
      onSent(results);
    },
    onError: (error) => target.refuse(error),
  });
  const put = (to: Partial<Draft>) => {
    say(false);
    set({ ...draft, ...to });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const where = target.read();
    const attachments = files.read();
    if (where === undefined || attachments === undefined || send.isPending) return;
    const meeting = meetingOf(draft, attachments);
    if (meeting === undefined) return say(true);
    send.mutate({ ...meeting, connection: connection.id, ...(where !== null && { target: where }) });
  };
  return (
    <form id={id} className={css.form} noValidate onSubmit={submit}>
      {aimed.target !== null && <fieldset className={css.part}><legend>Where to</legend><TargetFields connection={connection.id} target={target} /></fieldset>}
      <fieldset className={css.part}>
        <legend>Meeting</legend>
        <TextField label="Title" optional value={draft.title} onChange={(title) => put({ title })} />
        <TextField label="Day" type="date" optional value={draft.date} onChange={(date) => put({ date })} />
      </fieldset>
      {report && (
        <fieldset className={css.part}>
          <legend>Report</legend>
          <TextField label="Text of the report" optional lines={5} value={draft.report} onChange={(text) => put({ report: text })} />
          <FileFields files={files} />
        </fieldset>
      )}
      {parts.has("note") && <Several kind={NOTE} rows={draft.notes} onChange={(notes) => put({ notes })} />}
      {parts.has("todo") && <Several kind={TODO} rows={draft.todos} onChange={(todos) => put({ todos })} />}
      <details className={css.more}>
        <summary>More</summary>
        <TextField label="Name of the meeting" value={draft.source} maxLength={120} onChange={(source) => put({ source })} help="Names it for ever: the same meeting sent again doubles nothing. As your own application calls it, or as it stands here." />
      </details>
      {empty && <p className={css.error} role="alert">Write a report, a note or a to-do: there is nothing to send yet.</p>}
      {send.error && <Trouble error={send.error} />}
      {footer && createPortal(<Button type="submit" form={id} look="primary" busy={send.isPending}>Send the meeting</Button>, footer)}
    </form>
  );
}
