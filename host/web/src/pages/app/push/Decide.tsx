/** What a person may do about a push, as its state allows: send it, take it back, say what became of it. */
import type { PushDetail } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { useToasts } from "~/ui/Toasts";
import { SendDialog } from "../send/dialogs";
import { Resolve } from "./Resolve";
import { sendWord } from "./words";

const Complete = lazy(() => import("./Complete").then(({ Complete: dialog }) => ({ default: dialog })));

export function Decide({ push, needsTarget, changes }: { push: PushDetail; needsTarget: boolean; changes: boolean }) {
  const [open, show] = useState<"resolve" | "complete" | "withdraw" | "change" | "correct">();
  const queries = useQueryClient();
  const { failed, say } = useToasts();
  const fresh = () => {
    for (const key of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const path = { params: { path: { id: push.id } } };
  const send = useMutation({
    mutationFn: () => answer(client().POST("/v1/pushes/{id}/send", { ...path, body: {} })),
    onSuccess: () => say("It is being sent"), onError: failed, onSettled: fresh,
  });
  const withdraw = useMutation({
    mutationFn: () => answer(client().POST("/v1/pushes/{id}/withdraw", path)),
    onSuccess: () => {
      show(undefined);
      say("Taken back");
    },
    onSettled: fresh,
  });
  const word = sendWord(push.state);
  const lacks = push.connection === null || (needsTarget && push.target === null);
  const close = () => show(undefined);
  const copy = push.connection === null ? undefined : { action: push.action, payload: push.payload, target: push.target, send: push.send };
  return (
    <>
      {push.state === "unknown" && <Button look="primary" onClick={() => show("resolve")}>Resolve</Button>}
      {(push.state === "failed" || push.state === "rejected") && <Button onClick={() => show("resolve")}>Mark as written</Button>}
      {push.state === "rejected" && copy && <Button look="primary" onClick={() => show("correct")}>Correct and send</Button>}
      {push.state === "done" && changes && copy && <Button onClick={() => show("change")}>Change and send</Button>}
      {(push.state === "waiting" || push.state === "planned") && push.steps.length === 0 && <Button onClick={() => show("withdraw")}>Take back</Button>}
      {word && <Button look={push.state === "rejected" ? "plain" : "primary"} busy={send.isPending} onClick={() => (lacks ? show("complete") : send.mutate())}>{word}</Button>}
      {open === "resolve" && <Resolve push={push} open onClose={close} />}
      {open === "complete" && <Suspense fallback={null}><Complete push={push} onClose={close} /></Suspense>}
      <Confirm open={open === "withdraw"} onClose={close} title="Take this item back" action="Take item back" onConfirm={() => withdraw.mutate()} busy={withdraw.isPending} error={withdraw.error}>
        <p>It is not sent. It stays in this list as skipped, and can be sent later from its page.</p>
      </Confirm>
      {copy && push.connection !== null && <>
        <SendDialog open={open === "correct"} onClose={close} connection={push.connection} begin={copy} title="Correct and send" />
        <SendDialog open={open === "change"} onClose={close} connection={push.connection} begin={{ ...copy, itemKey: push.key }} title="Change and send" />
      </>}
    </>
  );
}
