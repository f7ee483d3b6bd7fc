/** A person's word about a push of which nobody knows whether it was written: four ways, each with what comes of it. */
import type { Decision, Push } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { summaryOf } from "./words";
import css from "./Push.module.css";

interface Way {
  decision: Decision;
  label: string;
  means: string;
  /** On the button that does it. */
  button: string;
  /** Said when it is done. */
  said: string;
}

const WAYS: Way[] = [
  { decision: "look_again", label: "Look again", means: "The provider is asked once more whether it has the item, now. Nothing is sent. Choose this when the provider had trouble that is over.", button: "Look again", said: "The provider is being asked again" },
  { decision: "done", label: "It is there", means: "You looked at the provider and found it. It is marked as written; nothing is sent.", button: "Mark as written", said: "Marked as written" },
  { decision: "send_anyway", label: "Send it anyway", means: "You looked at the provider and it is not there, or a second one does no harm. If it is there after all, it will be there twice: look first.", button: "Send anyway", said: "It is being sent again" },
  { decision: "give_up", label: "Give up", means: "It ends as failed, and nothing more is sent or looked up. What may be at the provider stays there.", button: "Give up", said: "Given up" },
];

export function Resolve({ push, open, onClose }: { push: Push; open: boolean; onClose: () => void }) {
  // What failed or was refused can only be marked: somebody wrote it by hand meanwhile.
  const ways = push.state === "unknown" ? WAYS : WAYS.filter((way) => way.decision === "done");
  const [chosen, choose] = useState<Way | undefined>(ways.length === 1 ? ways[0] : undefined);
  const [object, setObject] = useState({ id: "", url: "" });
  const id = useId();
  const queries = useQueryClient();
  const { say } = useToasts();
  const resolve = useMutation({
    mutationFn: (decision: Decision) => answer(client().POST("/v1/pushes/{id}/resolve", {
      params: { path: { id: push.id } },
      body: { decision, ...(decision === "done" && object.id.trim() !== "" ? { object: { id: object.id.trim(), url: object.url.trim() === "" ? null : object.url.trim() } } : {}) },
    })),
    onSuccess: () => {
      for (const key of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [key] });
      say(chosen?.said ?? "Resolved");
      onClose();
    },
  });
  return (
    <Dialog
      open={open} onClose={onClose} wide title={`What became of “${summaryOf(push.payload) || push.action}”`}
      actions={<>
        <Button onClick={onClose}>Decide later</Button>
        <Button look={chosen?.decision === "send_anyway" || chosen?.decision === "give_up" ? "danger" : "primary"} disabled={chosen === undefined} busy={resolve.isPending} onClick={() => chosen && resolve.mutate(chosen.decision)}>
          {chosen?.button ?? "Choose one"}
        </Button>
      </>}
    >
      <fieldset className={css.ways}>
        <legend className="visually-hidden">What is to be done</legend>
        {ways.map((way) => (
          <label key={way.decision} htmlFor={`${id}-${way.decision}-radio`} className={css.way} data-chosen={chosen === way || undefined}>
            <input type="radio" id={`${id}-${way.decision}-radio`} aria-labelledby={`${id}-${way.decision}`} aria-describedby={`${id}-${way.decision}-means`} name="decision" value={way.decision} checked={chosen === way} onChange={() => { choose(way); resolve.reset(); }} />
            <span className={css.wayName} id={`${id}-${way.decision}`}>{way.label}</span>
            <span id={`${id}-${way.decision}-means`}>{way.means}</span>
          </label>
        ))}
      </fieldset>
      {chosen?.decision === "done" && (
        <div className={css.object}>
          <TextField label="Its id at the provider" optional value={object.id} maxLength={2_000} onChange={(id) => setObject({ ...object, id })} help="As the provider names it. It is shown with the item." />
          <TextField label="Its address" type="url" optional value={object.url} maxLength={2_000} onChange={(url) => setObject({ ...object, url })} help="Begins with https://. With an id only." />
        </div>
      )}
      {resolve.error && <Trouble error={resolve.error} />}
    </Dialog>
  );
}
