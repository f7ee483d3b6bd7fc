/** Logging in at the provider: what it will ask, and the button that opens its window. */
import { ExternalLink } from "lucide-react";
import { useEffect, useEffectEvent } from "react";
import { Button } from "~/ui/Button";
import { Trouble } from "~/ui/States";
import type { WayProps } from "./Connect";
import { Kept } from "./Kept";
import { useLoginWindow } from "./loginWindow";
import { Waiting } from "./Waiting";
import css from "./Connect.module.css";

export function ProviderLogin({ entry, login, reconnect, onMade, onWaiting }: WayProps & { onWaiting: (waiting: boolean) => void }) {
  const window = useLoginWindow();
  const { session } = window;
  const start = () => window.start({ connector: entry.connector, auth: login.id, ...(reconnect === undefined ? {} : { reconnect }) });
  const connection = session?.state === "done" ? session.connection : null;
  const tell = useEffectEvent(onMade);
  useEffect(() => {
    if (connection) tell({ connection, renewed: reconnect !== undefined });
  }, [connection, reconnect]);
  const waiting = window.beginning || window.made !== undefined;
  const tellWaiting = useEffectEvent(onWaiting);
  useEffect(() => tellWaiting(waiting), [waiting]);

  if (window.made) return <Waiting login={window} provider={entry.name} onAgain={start} onStop={window.stop} />;
  return (
    <div className={css.form}>
      {window.error && <Trouble error={window.error} title="The login could not begin" />}
      <p>{entry.name} opens in a window of its own. Log in there and allow the access; this page goes on by itself.</p>
      {login.scopes.length > 0 && (
        <details>
          <summary>What {entry.name} will ask you to allow</summary>
          <ul className={css.scopes}>{login.scopes.map((scope) => <li key={scope.name}>{scope.reason} <code>{scope.name}</code></li>)}</ul>
        </details>
      )}
      <Kept />
      <div className={css.buttons}>
        <Button look="primary" icon={<ExternalLink aria-hidden="true" />} busy={window.beginning} onClick={start}>{login.label}</Button>
      </div>
      <p className={css.soft}>You type your password at {entry.name}, never here.</p>
    </div>
  );
}
