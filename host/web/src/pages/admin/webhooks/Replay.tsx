/** Tells an endpoint again what happened since a moment, as after a longer outage at its side. */
import type { Webhook } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { plural } from "~/ui/format";
import { Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import css from "../tenant/Form.module.css";

export function Replay({ tenant, webhook, onClose }: { tenant: string; webhook: Webhook; onClose: () => void }) {
  const [since, setSince] = useState("");
  const [wrong, complain] = useState(false);
  const old = useOld();
  const { say } = useToasts();
  const replay = useMutation({
    mutationFn: (since: string) => answer(client(tenant).POST("/v1/webhooks/{id}/replay", { params: { path: { id: webhook.id } }, body: { since } })),
    onSuccess: ({ events }) => {
      say(`${plural(events, "event is", "events are")} told again`);
      old("deliveries");
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const at = new Date(since);
    complain(Number.isNaN(at.getTime()));
    if (!Number.isNaN(at.getTime())) replay.mutate(at.toISOString());
  };
  return (
    <Dialog open onClose={onClose} title="Tell again what happened">
      <form className={css.form} onSubmit={submit} noValidate>
        <p>Everything that this endpoint wants to hear is told once more from this moment on, also what happened while it was switched off. Each event has the id that it had, so a receiver can tell repeats.</p>
        <TextField label="Since" type="datetime-local" value={since} onChange={(text) => { setSince(text); complain(false); }} help="In your time zone. Events are kept for a limited time." error={wrong ? "Choose a day and a time." : undefined} />
        {replay.isError && <Trouble error={replay.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={replay.isPending}>Tell again</Button></div>
      </form>
    </Dialog>
  );
}
