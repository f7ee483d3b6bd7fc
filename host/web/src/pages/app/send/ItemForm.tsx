/** The fields of an item of one action: where it goes, what it says, its files; and below "More" its key. */
import type { AcceptedPush, Action, CatalogEntry, ConnectionDetail, Item, SendWhen } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import { createPortal } from "react-dom";
import { answer, client, problem, Refused } from "~/api/client";
import { SchemaForm } from "~/forms/SchemaForm";
import type { JsonObject } from "~/forms/shape";
import { useSchemaForm } from "~/forms/useSchemaForm";
import { Button } from "~/ui/Button";
import { SelectField, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import { FileFields } from "./FileFields";
import { Rehearsal } from "./Rehearsal";
import type { SendBegin } from "./SendForm";
import { TargetFields } from "./TargetFields";
import { useFiles } from "./useFiles";
import { useTarget } from "./useTarget";
import css from "./Send.module.css";

/** Another content under a key that was used. */
const KEY_USED = "PB4003";

export interface ItemFormProps {
  formId: string;
  /** Where its buttons stand. */
  footer: HTMLElement | null;
  connection: ConnectionDetail;
  entry: CatalogEntry;
  action: Action;
  begin: SendBegin | undefined;
  onAccepted: (push: AcceptedPush) => void;
}

export function ItemForm({ formId, footer, connection, entry, action, begin, onAccepted }: ItemFormProps) {
  const payload = useSchemaForm({ schema: action.schema, at: "/payload", initial: useMemo(() => begin?.payload as JsonObject | undefined, [begin]) });
  const target = useTarget(action, entry.pickers, begin?.target ?? null);
  const files = useFiles(action.attachments);
  const [key, setKey] = useState(() => begin?.itemKey ?? crypto.randomUUID());
  const [source, setSource] = useState("");
  const [when, setWhen] = useState<SendWhen>(begin?.send ?? "automatically");
  const queries = useQueryClient();
  const told = useRef<HTMLDivElement>(null);

  const refuse = (error: unknown) => {
    payload.refuse(error);
    target.refuse(error);
    const about = problem(error).errors.find(({ pointer }) => pointer.startsWith("/attachments"));
    if (about) files.say(about.detail);
  };
  const send = useMutation({
    mutationFn: (body: Item) => answer(client().POST("/v1/pushes", { body })),
    onSuccess: (push) => {
      for (const old of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [old] });
      onAccepted(push);
    },
    onError: (error) => refuse(error),
  });
  const rehearse = useMutation({
    mutationFn: (body: Item) => answer(client().POST("/v1/pushes/dry-run", { body })),
    onMutate: () => send.reset(),
    onError: (error) => refuse(error),
  });

  useEffect(() => {
    if (rehearse.data) told.current?.scrollIntoView({ block: "start" });
  }, [rehearse.data]);

  /** The item as it stands; nothing where something is missing or wrong, which its field says. */
  const read = (): Item | undefined => {
    const where = target.read();
    const content = payload.read();
    const attachments = files.read();
    if (where === undefined || content === undefined || attachments === undefined) return undefined;
    return {
      action: action.name, connection: connection.id, payload: content, send: when,
      ...(key.trim() && { key: key.trim() }), ...(source.trim() && { source: source.trim() }), ...(where !== null && { target: where }), ...(attachments.length > 0 && { attachments }),
    };
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const item = read();
    if (item === undefined || send.isPending || rehearse.isPending) return;
    const pressed = (event.nativeEvent as SubmitEvent).submitter;
    if (pressed instanceof HTMLButtonElement && pressed.value === "try") rehearse.mutate(item);
    else {
      rehearse.reset();
      send.mutate(item);
    }
  };
  const error = send.error ?? rehearse.error;
  const keyUsed = error !== null && problem(error).code === KEY_USED;
  const later = action.target !== null && target.plan.choosers.length > 0;
  return (
    <form id={formId} className={css.form} noValidate onSubmit={submit}>
      {action.target !== null && (
        <fieldset className={css.part}>
          <legend>Where to</legend>
          {later && <p className={css.soft}>Left empty, the item waits until somebody chooses.</p>}
          <TargetFields connection={connection.id} target={target} />
        </fieldset>
      )}
      <fieldset className={css.part}>
        <legend>Content</legend>
        <SchemaForm form={payload} />
        <FileFields files={files} />
      </fieldset>
      <details className={css.more} open={keyUsed || undefined}>
        <summary>More</summary>
        <div className={css.stack}>
          <TextField label="Key" value={key} maxLength={200} onChange={setKey} error={keyUsed ? "This key was used for another content." : undefined}
            help={begin?.itemKey ? "Of the item that is changed. With another key this becomes a new item." : "Names the item for ever: the same key is sent once. Press twice, or send it again later, and nothing is doubled."} />
          <TextField label="Source" optional value={source} maxLength={200} onChange={setSource} help="What it came from, as a meeting: the list finds all that came from it." />
          <SelectField label="When" value={when} onChange={(value) => setWhen(value === "on_demand" ? "on_demand" : "automatically")} choices={[{ value: "automatically", label: "As soon as it can be sent" }, { value: "on_demand", label: "When somebody says so" }]} />
        </div>
      </details>
      <div ref={told} className={css.stack}>
        {error && <Trouble error={beyondFields(error)} />}
        {keyUsed && !begin?.itemKey && <p><Button onClick={() => { setKey(crypto.randomUUID()); send.reset(); }}>Use a new key</Button></p>}
        {rehearse.data && <Rehearsal told={rehearse.data} />}
      </div>
      {footer && createPortal(<>
        <Button type="submit" form={formId} name="do" value="try" busy={rehearse.isPending}>See what would be sent</Button>
        <Button type="submit" form={formId} name="do" value="send" look="primary" busy={send.isPending}>{begin?.itemKey ? "Send the change" : "Send"}</Button>
      </>, footer)}
    </form>
  );
}

/** A refusal without what stands at the fields already. */
function beyondFields(error: Error): Error {
  const said = problem(error);
  return new Refused({ ...said, errors: said.errors.filter(({ pointer }) => !/^\/(payload|target|attachments)(\/|$)/.test(pointer)) });
}
