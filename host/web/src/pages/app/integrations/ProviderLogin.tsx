/**
 * Logging in at the provider, in a window of its own, while this page waits and notices the end by itself. The end is
 * learned from the API alone: the two windows know nothing of each other, as the pages' isolation requires.
 */
import type { ConnectSession, NewConnectSession } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { answer, client } from "~/api/client";
import { Button, buttonClass } from "~/ui/Button";
import { leadsOut } from "~/ui/SafeLink";
import { Trouble } from "~/ui/States";
import type { WayProps } from "./Connect";
import css from "./Connect.module.css";

const WINDOW = "patchbay-connect";
/** Room for the login page of a provider, which knows phones too. */
const SIZE = "popup,width=560,height=780";
/** Milliseconds between two looks at how the login stands. */
const LOOK = 1_500;

export function ProviderLogin({ entry, login, reconnect, onMade, onWaiting }: WayProps & { onWaiting: (waiting: boolean) => void }) {
  const [opened, setOpened] = useState<Window | null>(null);
  const begin = useMutation<NewConnectSession, Error, Window | null>({
    mutationFn: () => answer(client().POST("/v1/connect-sessions", { body: { connector: entry.connector, auth: login.id, ...(reconnect === undefined ? {} : { reconnect }) } })),
    onSuccess: (made, to) => {
      const address = leadsOut(made.url);
      if (to && address) to.location.replace(address);
    },
    onError: (_, to) => to?.close(),
  });
  // The window is opened by the click itself, or the browser takes it for an advertisement; its address comes later.
  const start = () => {
    const to = window.open("", WINDOW, SIZE);
    setOpened(to);
    begin.mutate(to);
  };
  const made = begin.data;
  const { data: session, error: lost } = useQuery({
    queryKey: ["connect-session", made?.id],
    queryFn: () => answer(client().GET("/v1/connect-sessions/{id}", { params: { path: { id: made?.id ?? "" } } })),
    enabled: made !== undefined,
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : LOOK),
    refetchIntervalInBackground: true,
  });
  const over = session !== undefined && isOver(session);
  const connection = session?.state === "done" ? session.connection : null;
  const tell = useEffectEvent(onMade);
  useEffect(() => {
    if (connection) tell({ connection, renewed: reconnect !== undefined });
  }, [connection, reconnect]);
  const waiting = begin.isPending || made !== undefined;
  const tellWaiting = useEffectEvent(onWaiting);
  useEffect(() => tellWaiting(waiting), [waiting]);

  if (made && session && over && !connection) return <Over session={session} onAgain={start} />;
  if (made) return <Waiting made={made} session={session} provider={entry.name} opened={opened !== null} lost={lost !== null} onAgain={start} onStop={begin.reset} />;
  return (
    <div className={css.form}>
      {begin.error && <Trouble error={begin.error} title="The login could not begin" />}
      <p>{entry.name} opens in a window of its own. Log in there and allow the access; this page goes on by itself.</p>
      {login.scopes.length > 0 && (
        <details>
          <summary>What {entry.name} will ask you to allow</summary>
          <ul className={css.scopes}>{login.scopes.map((scope) => <li key={scope.name}>{scope.reason} <code>{scope.name}</code></li>)}</ul>
        </details>
      )}
      <div className={css.buttons}>
        <Button look="primary" icon={<ExternalLink aria-hidden="true" />} busy={begin.isPending} onClick={start}>{login.label}</Button>
      </div>
      <p className={css.soft}>You type your password at {entry.name}, never here.</p>
    </div>
  );
}

/** Whether nothing more can come of it: a login that failed may be tried again in its window until it has ended. */
function isOver(session: ConnectSession): boolean {
  return session.state === "done" || session.state === "expired" || (session.state === "failed" && session.ended_at !== null);
}

interface WaitingProps {
  made: NewConnectSession;
  session: ConnectSession | undefined;
  provider: string;
  /** Whether the browser let the window open. */
  opened: boolean;
  /** Whether the host does not answer at the moment. */
  lost: boolean;
  onAgain: () => void;
  onStop: () => void;
}

function Waiting({ made, session, provider, opened, lost, onAgain, onStop }: WaitingProps) {
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
        <Button look="quiet" onClick={onStop}>Stop waiting</Button>
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
