/** Uploads a packaged component, with the signature that came with it. */
import type { InstalledRelease } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { base64 } from "~/api/base64";
import { answer, client } from "~/api/client";
import { Button, IconButton } from "~/ui/Button";
import { Drop } from "~/ui/Drop";
import { TextField } from "~/ui/Field";
import { bytes } from "~/ui/format";
import { Trouble } from "~/ui/States";
import { X } from "lucide-react";
import { choose, type Chosen } from "./files";
import css from "./Install.module.css";

export function UploadConnector({ onDone }: { onDone: (installed: InstalledRelease) => void }) {
  const [chosen, set] = useState<Chosen>({});
  const [wrong, complain] = useState<string>();
  const [key, setKey] = useState("");
  const upload = useMutation({
    mutationFn: async ({ component, signature }: { component: File; signature: File | undefined }) =>
      answer(client().POST("/v1/connectors", {
        params: { header: { ...(signature ? { "Patchbay-Signature": await base64(signature) } : {}), ...(key.trim() ? { "Patchbay-Trust-Key": key.trim() } : {}) } },
        headers: { "Content-Type": "application/wasm" },
        // The document calls bytes a text; the body is the file itself.
        body: component.name,
        bodySerializer: () => component,
      })),
    onSuccess: onDone,
  });
  const take = (files: File[]) => {
    const { chosen: now, wrong } = choose(chosen, files);
    set(now);
    complain(wrong);
    upload.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (component) upload.mutate({ component, signature });
    else complain("Choose the connector's .wasm file first.");
  };
  const { component, signature } = chosen;
  return (
    <form className={css.form} onSubmit={submit}>
      <Drop label="Drop the connector and its signature here" help="NAME.wasm, and NAME.wasm.sig if it is signed" accept=".wasm,.sig" multiple onFiles={take} />
      {(component || signature) && (
        <ul className={css.files} aria-label="Chosen files">
          {component && <li><span>{component.name}</span><span className={css.soft}>{bytes(component.size)}</span><IconButton name={`Leave out ${component.name}`} onClick={() => set(signature ? { signature } : {})}><X /></IconButton></li>}
          {signature
            ? <li><span>{signature.name}</span><span className={css.soft}>signature</span><IconButton name={`Leave out ${signature.name}`} onClick={() => set(component ? { component } : {})}><X /></IconButton></li>
            : <li><span>No signature</span><span className={css.soft}>The host takes an unsigned connector only where its configuration says so.</span></li>}
        </ul>
      )}
      {signature && <TextField label="Trust this publisher's key" optional value={key} onChange={setKey} help="Its fingerprint, SHA256:…, as the publisher shows it elsewhere. Only for a key that this host does not trust yet." />}
      {wrong && <p role="alert">{wrong}</p>}
      {upload.isError && <Trouble error={upload.error} />}
      {upload.isPending && <p role="status" className={css.soft}>Uploading, checking, compiling and starting it once. This takes a few seconds.</p>}
      <div className={css.foot}><Button type="submit" look="primary" busy={upload.isPending}>Install</Button></div>
    </form>
  );
}
