/** What is wrong with a stream, and what a person can do about it. */
import type { Sync } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { count, plural } from "~/ui/format";
import { Reason } from "~/ui/Reason";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { useSyncDoing } from "./doings";
import css from "./SyncTrouble.module.css";

/** Whether there is something to say. */
export function hasTrouble(sync: Sync): boolean {
  return sync.held_deletions !== null || sync.gone_at !== null || sync.refused > 0 || badly(sync);
}

/** Its last run ended in a way that somebody should know of. */
function badly({ last_run: last }: Sync): boolean {
  return last !== null && last.reason !== null && ["failed", "stalled", "lost"].includes(last.state);
}

/** How the last run stands today: one whose deletions were approved, or came back, is held no more. */
export function LastState({ sync: { last_run: last, held_deletions: held } }: { sync: Sync }) {
  if (last === null) return <>Not yet</>;
  if (held !== null) return <Status state="held" />;
  return <Status state={last.state === "held" ? "done" : last.state} />;
}

export function SyncTrouble({ sync, title }: { sync: Sync; title: string }) {
  const last = sync.last_run;
  return (
    <div className={css.parts}>
      {sync.held_deletions !== null && <Deletions sync={sync} title={title} held={sync.held_deletions} />}
      {sync.held_deletions === null && last?.reason && badly(sync) && (
        <Reason reason={last.reason} tone="warn" remedy={<Link to="/app/connections/$connection/runs/$run" params={{ connection: sync.connection, run: last.id }}>Open the run</Link>} />
      )}
      {sync.gone_at !== null && <p>The provider does not have this any more, since <When at={sync.gone_at} />. It is not read while that is so; its records stay, and it goes on by itself when it is there again.</p>}
      {sync.refused > 0 && <p>{plural(sync.refused, "record")} of the present pass could not be read. They are listed below the records, with the reason. Nothing is deleted in such a pass.</p>}
    </div>
  );
}

/** A pass missed so many records that a person has to say that they are really gone. */
function Deletions({ sync, title, held }: { sync: Sync; title: string; held: number }) {
  const [asking, ask] = useState(false);
  const { approve } = useSyncDoing(sync);
  return (
    <div className={css.held}>
      <div>
        <p className={css.title}>{plural(held, "record")} would be deleted</p>
        <p>The last pass did not find them at the provider any more. That is so many that it may be a mistake, a right that was taken away for example. They stay until somebody says that they are really gone; what is found again is not deleted.</p>
      </div>
      <Button onClick={() => ask(true)}>Approve deletions</Button>
      {asking && (
        <Confirm open danger title={`Delete ${plural(held, "record")} of ${title}?`} action={`Delete ${count(held)}`} busy={approve.isPending} error={approve.error} onClose={() => ask(false)} onConfirm={() => approve.mutate(undefined, { onSuccess: () => ask(false) })}>
          <p>They are removed here and told as deletions to everything that follows the changes. {count(sync.records - held)} of {plural(sync.records, "record")} stay.</p>
          <p>Nothing is deleted at the provider.</p>
        </Confirm>
      )}
    </div>
  );
}
