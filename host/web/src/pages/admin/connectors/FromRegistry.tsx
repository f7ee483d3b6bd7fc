/** Fetches a connector by its reference in a registry. */
import type { InstalledRelease } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import css from "./Install.module.css";

export function FromRegistry({ onDone }: { onDone: (installed: InstalledRelease) => void }) {
  const [reference, setReference] = useState("");
  const [key, setKey] = useState("");
  const [missing, miss] = useState(false);
  const fetch = useMutation({
    mutationFn: () => answer(client().POST("/v1/connectors/fetch", { body: { reference: reference.trim(), ...(key.trim() ? { trust_key: key.trim() } : {}) } })),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(!reference.trim());
    if (reference.trim()) fetch.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <TextField
        label="Reference" value={reference} onChange={setReference} error={missing && !reference.trim() ? "Say what to fetch: registry, name, and tag or digest." : undefined}
        help={<>As in <code>registry.example.com/connectors/books:1.2.0</code>, or with <code>@sha256:…</code>. A tag is resolved now and never again. The registry has to be one that the configuration allows.</>}
      />
      <TextField label="Trust this publisher's key" optional value={key} onChange={setKey} help="Its fingerprint, SHA256:…, as the publisher shows it elsewhere." />
      {fetch.isError && <Trouble error={fetch.error} />}
      {fetch.isPending && <p role="status" className={css.soft}>Fetching, checking, compiling and starting it once.</p>}
      <div className={css.foot}><Button type="submit" look="primary" busy={fetch.isPending}>Fetch and install</Button></div>
    </form>
  );
}
