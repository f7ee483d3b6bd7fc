/** Approves what a waiting release asks for: the question names all that is added. */
import type { ReleaseDetail } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { useToasts } from "~/ui/Toasts";

export function Approve({ detail }: { detail: ReleaseDetail }) {
  const { release, asks_beyond: beyond, name } = detail;
  const [open, show] = useState(false);
  const old = useOld();
  const { say } = useToasts();
  const approve = useMutation({
    mutationFn: () => answer(client().POST("/v1/releases/{id}/approve", { params: { path: { id: release.id } } })),
    onSuccess: () => {
      show(false);
      say(`${name} ${release.version} is in use`);
      old("release", "connector", "connectors");
    },
  });
  return (
    <>
      <Button look="primary" onClick={() => { approve.reset(); show(true); }}>Approve {release.version}</Button>
      <Confirm
        open={open} onClose={() => show(false)} title={`Approve ${name} ${release.version}`} action={`Approve and use ${release.version}`}
        busy={approve.isPending} error={approve.error} onConfirm={() => approve.mutate()}
      >
        {beyond.length > 0
          ? <><p>You allow it, beyond what was approved before:</p><ul>{beyond.map((line) => <li key={line}>{line}</li>)}</ul></>
          : <p>It asks for nothing beyond what was approved before.</p>}
        <p>Runs, pushes and logins that begin from now on use {release.version}, for all tenants. What is running finishes on the version that it began with. You can roll back at any time.</p>
      </Confirm>
    </>
  );
}
