/** Reading a stream again: from a day on, or everything. Each says what it does to what is here. */
import type { Sync } from "@patchbay/client";
import { useState, type FormEvent } from "react";
import { problem } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { useSyncDoing } from "./doings";
import css from "./Again.module.css";

export function Again({ sync, title }: { sync: Sync; title: string }) {
  const { reset, backfill } = useSyncDoing(sync);
  const [asking, ask] = useState(false);
  const [day, choose] = useState("");
  const [tried, attempt] = useState(false);
  // The day begins at midnight of whoever chooses it.
  const since = new Date(`${day}T00:00`);
  const wrong = day === "" || Number.isNaN(since.getTime()) ? "Choose a day." : since.getTime() > Date.now() ? "Choose a day that has begun." : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt(true);
    if (wrong === undefined) backfill.mutate(since.toISOString());
  };
  return (
    <div className={css.parts}>
      <form className={css.part} onSubmit={submit} noValidate>
        <TextField label="From a day on" type="date" value={day} onChange={choose} error={(tried ? wrong : undefined) ?? (backfill.error ? problem(backfill.error).detail : undefined)} help="What changed at the provider since then is read again. Nothing is deleted. How far back that goes is up to the provider." />
        <Button type="submit" busy={backfill.isPending}>Read again from there</Button>
      </form>
      <div className={css.part}>
        <p><strong className={css.strong}>Everything</strong></p>
        <p className={css.help}>Forgets how far it is and reads everything, which may take long. Records stay; what the provider no longer has is deleted here at the end.</p>
        <Button onClick={() => ask(true)}>Read everything again</Button>
      </div>
      {asking && (
        <Confirm open title={`Read all of ${title} again?`} action="Read everything again" busy={reset.isPending} error={reset.error} onClose={() => ask(false)} onConfirm={() => reset.mutate(undefined, { onSuccess: () => ask(false) })}>
          <p>The next run, which begins at once, reads from the beginning. A run that is under way stops at its next page.</p>
          <p>Your records stay. Only what is different is told as a change; what the provider no longer has is deleted here when the pass has read to its end.</p>
        </Confirm>
      )}
    </div>
  );
}
