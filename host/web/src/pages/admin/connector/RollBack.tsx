/** Goes back to a version that is kept: one click, and one question that names it. */
import type { Release } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { useToasts } from "~/ui/Toasts";

export function RollBack({ name, active, to, label }: { name: string; active: Release; to: Release; label: string }) {
  const [open, show] = useState(false);
  const [reason, setReason] = useState("");
  const old = useOld();
  const { say } = useToasts();
  const back = useMutation({
    mutationFn: () => answer(client().POST("/v1/connectors/{connector}/rollback", {
      params: { path: { connector: to.connector } }, body: { version: to.version, ...(reason.trim() ? { reason: reason.trim() } : {}) },
    })),
    onSuccess: () => {
      show(false);
      say(`${name} ${to.version} is in use again`);
      old("release", "connector", "connectors");
    },
  });
  return (
    <>
      <Button icon={<Undo2 aria-hidden="true" />} aria-label={label === "Roll back to this" ? `Roll back to this: ${to.version}` : undefined} onClick={() => { back.reset(); show(true); }}>{label}</Button>
      <Confirm
        open={open} onClose={() => show(false)} title={`Roll back ${name} to ${to.version}`} action={`Roll back to ${to.version}`} danger
        busy={back.isPending} error={back.error} onConfirm={() => back.mutate()}
      >
        <p>Runs, pushes and logins that begin from now on use {to.version}, at once and for all tenants. What is running finishes on the version that it began with.</p>
        <p>{active.version} is kept, and nothing brings it back by itself. Records, connections and credentials stay as they are.</p>
        <TextField label="Why" optional value={reason} onChange={setReason} help="Shown beside the version that is left behind." />
      </Confirm>
    </>
  );
}
