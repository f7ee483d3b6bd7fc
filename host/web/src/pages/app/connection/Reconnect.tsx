/**
 * Logging in again: the hosted journey in a window of its own, while this page waits and notices the end by itself. The
 * end is learned from the API; the two windows know nothing of each other, as the provider's pages require.
 */
import type { Connection, NewConnectSession } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { answer, client } from "~/api/client";
import { Button, buttonClass } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";

/** What is needed of a connection to repair it. */
export type Repairable = Pick<Connection, "id" | "name" | "connector">;

const WINDOW = "patchbay-connect";
/** Room for the login page of a provider, which knows phones too. */
const SIZE = "popup,width=560,height=780";
/** Milliseconds between two looks at how the session stands. */
const LOOK = 2_000;

/** `start` in a click's own handler, or the browser takes the window for an advertisement. */
export function useReconnect() {
  const [about, set] = useState<{ connection: Repairable; opened: Window | null }>();
  const start = useCallback((connection: Repairable) => set({ connection, opened: window.open("", WINDOW, SIZE) }), []);
  const close = useCallback(() => set(undefined), []);
  return { start, dialog: about && <Reconnecting key={about.connection.id} {...about} onClose={close} /> };
}

function Reconnecting({ connection, opened, onClose }: { connection: Repairable; opened: Window | null; onClose: () => void }) {
  const queries = useQueryClient();
  const { say } = useToasts();
  const [open, setOpen] = useState(opened);
  const begin = useMutation({
    mutationFn: () => answer(client().POST("/v1/connect-sessions", { body: { connector: connection.connector, reconnect: connection.id } })),
    onSuccess: (made) => lead(open, made),
    onError: () => open?.close(),
  });
  const { mutate } = begin;
  useEffect(() => mutate(), [mutate]);
  const made = begin.data;
  const { data: session } = useQuery({
    queryKey: ["connect-session", made?.id],
    queryFn: () => answer(client().GET("/v1/connect-sessions/{id}", { params: { path: { id: made?.id ?? "" } } })),
    enabled: made !== undefined,
    refetchInterval: ({ state }) => (["done", "expired"].includes(state.data?.state ?? "") ? false : LOOK),
  });
  const done = session?.state === "done";
  useEffect(() => {
    if (!done) return;
    for (const key of ["connection", "connections", "catalog", "syncs"]) void queries.invalidateQueries({ queryKey: [key] });
    say(`${connection.name} is connected again`);
    onClose();
  }, [done, queries, say, connection.name, onClose]);

  const again = () => {
    setOpen(window.open("", WINDOW, SIZE));
    begin.mutate();
  };
  const ended = session?.state === "expired" || (session?.state === "failed" && session.ended_at !== null);
  return (
    <Dialog open onClose={onClose} title={`Reconnect ${connection.name}`} actions={<>
      <Button onClick={onClose}>Stop waiting</Button>
      {begin.isError || ended
        ? <Button look="primary" onClick={again}>Start over</Button>
        : made && <a className={buttonClass("primary")} href={made.url} target={WINDOW} rel="opener">{open ? "Open the window again" : "Open the login window"}</a>}
    </>}>
      {begin.isError && <Trouble error={begin.error} />}
      {begin.isPending && <Loading lines={2} />}
      {made && !ended && <>
        <p>{open ? "Log in in the window that opened." : "Your browser kept the window from opening: open it with the button below."} Use the same business account as before; another one is refused.</p>
        <p role="status">This page goes on by itself when you are done there. Nothing that was read or sent is lost.</p>
      </>}
      {session?.state === "failed" && session.reason && <p role="alert">The last attempt did not work: {session.reason.detail} You can try again in the window.</p>}
      {ended && <p role="alert">{session.reason?.detail ?? "The time for logging in is over."} Start over to log in again.</p>}
    </Dialog>
  );
}

/** Leads the window to the journey. */
function lead(opened: Window | null, made: NewConnectSession): void {
  const { protocol } = new URL(made.url);
  if (opened && (protocol === "https:" || protocol === "http:")) opened.location.replace(made.url);
}
