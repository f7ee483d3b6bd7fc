/** What is shown while somebody logs in in the other window, and when nothing came of it. */
import type { ConnectSession } from "@patchbay/client";
import { ExternalLink } from "lucide-react";
import { Button, buttonClass } from "~/ui/Button";
import { leadsOut } from "~/ui/SafeLink";
import css from "./Connect.module.css";
import { isOver, WINDOW, type LoginWindow } from "./loginWindow";

export interface WaitingProps {
  login: LoginWindow;
  provider: string;
  /** Begins anew. */
  onAgain: () => void;
  /** Stops waiting; without it, what stands around has a button for that. */
  onStop?: () => void;
}

/** Nothing before the login was begun. */
export function Waiting({ login: { made, session, opened, lost }, provider, onAgain, onStop }: WaitingProps) {
  if (made === undefined) return null;
  if (session && isOver(session) && session.state !== "done") return <Over session={session} onAgain={onAgain} />;
  const address = leadsOut(made.url);
  const began = session !== undefined && session.state !== "open";
  return (
    <div className={css.wait}>
      <div role="status" className={css.words}>
        <p className={css.waitTitle}>{title(session, opened, provider)}</p>
        {session?.state === "failed" && session.reason && <p>{session.reason.detail} You can try again in the window.</p>}
        <p>{opened || began ? "Go on in the other window. This page notices by itself when you are done." : "Open it with the button below. This page then waits and notices by itself when you are done."}</p>
        {lost && <p>The server does not answer at the moment; this page keeps asking.</p>}
      </div>
      <div className={css.buttons}>
        {address && <a className={buttonClass(opened || began ? "plain" : "primary")} href={address} target={WINDOW} rel="opener"><ExternalLink aria-hidden="true" />{opened || began ? "Open the window again" : "Open the login window"}</a>}
        {began && <Button onClick={onAgain}>Start over</Button>}
        {onStop && <Button look="quiet" onClick={onStop}>Stop waiting</Button>}
      </div>
    </div>
  );
}

function title(session: ConnectSession | undefined, opened: boolean, provider: string): string {
  if (session?.state === "authorised") return "Logged in. Finishing…";
  if (session?.state === "failed") return "That did not work yet";
  if (session?.state === "started" || opened) return `Waiting for your login at ${provider}`;
  return "Your browser kept the window from opening";
}

function Over({ session, onAgain }: { session: ConnectSession; onAgain: () => void }) {
  return (
    <div className={css.wait}>
      <div role="alert" className={css.words}>
        <p className={css.waitTitle}>{session.state === "expired" ? "The time for logging in is over" : "Nothing was connected"}</p>
        <p>{session.reason?.detail ?? "A login can be used for half an hour. Nothing was connected and nothing was changed."}</p>
      </div>
      <div className={css.buttons}><Button look="primary" onClick={onAgain}>Start over</Button></div>
    </div>
  );
}
