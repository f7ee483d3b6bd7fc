/** Trusts a key that somebody has whole, as from a publisher's own page. */
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import css from "../oauth/Register.module.css";

export function Trust({ onClose }: { onClose: () => void }) {
  const [publisher, setPublisher] = useState("");
  const [key, setKey] = useState("");
  const [tried, setTried] = useState(false);
  const old = useOld();
  const { say } = useToasts();
  const trust = useMutation({
    mutationFn: () => answer(client().POST("/v1/publishers/{publisher}/keys", { params: { path: { publisher: publisher.trim() } }, body: { key: key.trim() } })),
    onSuccess: (trusted) => {
      say(`${trusted.fingerprint} is trusted`);
      old("publishers", "connectors", "release");
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (publisher.trim() && key.trim()) trust.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Trust a publisher's key">
      <form className={css.form} onSubmit={submit} noValidate>
        <p>Connectors of this publisher that the key signs are taken from now on.</p>
        <TextField label="Publisher" value={publisher} onChange={setPublisher} help="What stands before the dot of its connectors' ids: acme, of acme.books." error={tried && !publisher.trim() ? "Say whose key it is." : undefined} />
        <TextField label="Public key" value={key} onChange={setKey} help="The whole key, Base64 of 32 bytes." error={tried && !key.trim() ? "Paste the publisher's public key." : undefined} />
        {trust.isError && <Trouble error={trust.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={trust.isPending}>Trust key</Button></div>
      </form>
    </Dialog>
  );
}
