/** Makes or changes an endpoint. A new one's signing secret is shown once. */
import type { EventKind, Webhook } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { saidOf, saysMore } from "~/forms/said";
import { Button } from "~/ui/Button";
import { Once } from "~/ui/Copied";
import { Dialog } from "~/ui/Dialog";
import { Checks, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import css from "../tenant/Form.module.css";
import { KINDS } from "./kinds";

export function EndpointForm({ tenant, webhook, onClose }: { tenant: string; webhook: Webhook | undefined; onClose: () => void }) {
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [kinds, setKinds] = useState<string[]>(webhook?.kinds ?? []);
  const [missing, miss] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const old = useOld();
  const save = useMutation({
    mutationFn: async () => {
      const body = { url: url.trim(), description: description.trim(), kinds: kinds.filter(isKind) };
      if (webhook) {
        await answer(client(tenant).PATCH("/v1/webhooks/{id}", { params: { path: { id: webhook.id } }, body }));
        return undefined;
      }
      return answer(client(tenant).POST("/v1/webhooks", { body }));
    },
    onSuccess: (issued) => {
      old("webhooks");
      if (issued === undefined) onClose();
    },
    // The form is taller than a small screen: what is wrong may be out of sight.
    onError: () => requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()),
  });
  if (save.data) {
    return <Dialog open onClose={onClose} title="The endpoint is made" actions={<Button look="primary" onClick={onClose}>I have stored it</Button>}><Secret text={save.data.secret} /></Dialog>;
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(!url.trim());
    if (url.trim()) save.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={webhook ? "Change endpoint" : "New endpoint"} wide>
      <form ref={form} className={css.form} onSubmit={submit} noValidate>
        <TextField label="Address" type="url" value={url} onChange={(text) => { setUrl(text); save.reset(); }} help="https and a public host." error={missing && !url.trim() ? "Enter the whole address, with https." : saidOf(save.error, "/url", "Address")} />
        <TextField label="Description" optional value={description} onChange={setDescription} />
        <Checks label="What it is told" help="Nothing chosen: everything, also what is added later." chosen={kinds} onChange={setKinds} choices={Object.entries(KINDS).map(([value, label]) => ({ value, label }))} />
        {saysMore(save.error, ["/url"]) && <Trouble error={save.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={save.isPending}>{webhook ? "Save endpoint" : "Make endpoint"}</Button></div>
      </form>
    </Dialog>
  );
}

/** A signing secret, this one time. */
export function Secret({ text }: { text: string }) {
  return <Once label="Signing secret" text={text}>It is shown this one time. The receiving backend checks each signature with it, as libraries of Standard Webhooks do. A lost one is replaced by rotating it.</Once>;
}

function isKind(word: string): word is EventKind {
  return word in KINDS;
}
