/** Says what an item that waits still lacks, and sends it: which connection, and where to. */
import type { CatalogEntry, PushDetail } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { catalogEntry } from "~/api/catalog";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { ChooseConnection } from "../send/ChooseConnection";
import { TargetFields } from "../send/TargetFields";
import { useTarget } from "../send/useTarget";
import { summaryOf } from "./words";

export function Complete({ push, onClose }: { push: PushDetail; onClose: () => void }) {
  const { data: entry, error } = useQuery(catalogEntry(push.connector));
  if (entry === undefined) return <Dialog open onClose={onClose} title="Send now">{error ? <Trouble error={error} /> : <Loading lines={3} />}</Dialog>;
  return <Ask push={push} entry={entry} onClose={onClose} />;
}

/** Takes no target where the connector has no such action any more; the host says so when it is sent. */
const NO_TARGET = { picker: null, target: null };

function Ask({ push, entry, onClose }: { push: PushDetail; entry: CatalogEntry; onClose: () => void }) {
  const action = entry.actions.find((one) => one.name === push.action);
  const [connection, choose] = useState(push.connection ?? undefined);
  const [asked, ask] = useState<string>();
  const target = useTarget(action ?? NO_TARGET, entry.pickers, push.target);
  const lacksTarget = push.target === null && action !== undefined && action.target !== null;
  const queries = useQueryClient();
  const { say } = useToasts();
  const send = useMutation({
    mutationFn: (body: { connection?: string; target?: Record<string, unknown> }) => answer(client().POST("/v1/pushes/{id}/send", { params: { path: { id: push.id } }, body })),
    onSuccess: () => {
      for (const key of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [key] });
      say("It is being sent");
      onClose();
    },
    onError: (error) => target.refuse(error),
  });
  const chooseAnew = (id: string | undefined) => {
    choose(id);
    // What another account of the provider has is not what this one has.
    for (const { picker } of target.plan.choosers) target.choose(picker.name, null);
  };
  const submit = () => {
    ask(connection === undefined ? "Choose one." : undefined);
    const where = lacksTarget ? target.read() : null;
    if (connection === undefined || where === undefined) return;
    if (lacksTarget && where === null) return ask("");
    send.mutate({ ...(push.connection === null && { connection }), ...(where !== null && { target: where }) });
  };
  return (
    <Dialog open onClose={onClose} wide title={`Send “${summaryOf(push.payload) || push.action}”`} actions={<><Button onClick={onClose}>Not now</Button><Button look="primary" busy={send.isPending} onClick={submit}>Send now</Button></>}>
      {push.connection === null && <ChooseConnection chosen={connection} onChoose={chooseAnew} connector={push.connector} error={asked || undefined} />}
      {lacksTarget && (connection === undefined ? <p>Where it goes is chosen once the connection is.</p> : <TargetFields connection={connection} target={target} />)}
      {asked === "" && <p role="alert">Choose where it goes.</p>}
      {send.error && <Trouble error={send.error} />}
    </Dialog>
  );
}
