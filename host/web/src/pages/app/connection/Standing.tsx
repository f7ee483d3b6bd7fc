/** How the connection stands, why, and the one thing that mends it: below its name on every tab. */
import type { ConnectionDetail } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { useRunning } from "~/api/progress";
import { plural } from "~/ui/format";
import { Button } from "~/ui/Button";
import { Status } from "~/ui/Status";
import { streamsOf, useChange } from "./queries";
import { useReconnect } from "./Reconnect";
import { standing, warningWords, type Remedy, type Tab } from "./remedy";
import css from "./Standing.module.css";

export function Standing({ connection, tab, onTab }: { connection: ConnectionDetail; tab: Tab; onTab: (tab: Tab) => void }) {
  const { why: told, code, remedy, state, word, tone } = standing(connection);
  // A warning names a stream by its id; people know its title.
  const [warning] = state === "warning" ? connection.warnings : [];
  const { data: titles } = useQuery({
    ...streamsOf(connection.id), enabled: warning?.stream !== undefined && warning.stream !== null,
    select: ({ items }) => new Map(items.map((stream) => [stream.name, stream.title])),
  });
  const why = warning ? warningWords(warning, titles?.get(warning.stream ?? "")) : told;
  const running = useRunning();
  const { start, dialog } = useReconnect();
  const change = useChange(connection.id);
  const mend = (by: Remedy) => {
    if ("tab" in by) onTab(by.tab);
    else if (by.do === "reconnect") start(connection);
    else change.mutate({ enabled: true });
  };
  return (
    <div className={css.standing} data-state={state} aria-live="polite">
      <Status state={state} {...(word && { word })} {...(tone && { tone })} />
      {why && <p className={css.why}>{why}{code && <> <a className={css.code} href={`/errors/${code}`} target="_blank" rel="noreferrer">{code}</a></>}</p>}
      {running > 0 && <p className={css.running} aria-live="off">{plural(running, "run")} under way</p>}
      {/* A remedy on the tab that is open is there already. */}
      {remedy && !("tab" in remedy && remedy.tab === tab) && <Button look="primary" busy={change.isPending} onClick={() => mend(remedy)}>{remedy.label}</Button>}
      {dialog}
    </div>
  );
}
