/** Logging in again, from wherever a connection is shown: the hosted journey in a window of its own. */
import type { Connection } from "@patchbay/client";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { useCards } from "~/api/catalog";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { useLoginWindow, type LoginWindow } from "../integrations/loginWindow";
import { Waiting } from "../integrations/Waiting";

/** What is needed of a connection to repair it. */
export type Repairable = Pick<Connection, "id" | "name" | "connector">;

/** `start` in a click's own handler, or the browser takes the window for an advertisement. */
export function useReconnect() {
  const login = useLoginWindow();
  const [about, set] = useState<Repairable>();
  const { start: begin, stop } = login;
  const start = useCallback((connection: Repairable) => {
    set(connection);
    begin({ connector: connection.connector, reconnect: connection.id });
  }, [begin]);
  const close = useCallback(() => {
    set(undefined);
    stop();
  }, [stop]);
  return { start, dialog: about && <Reconnecting connection={about} login={login} onAgain={() => start(about)} onClose={close} /> };
}

function Reconnecting({ connection, login, onAgain, onClose }: { connection: Repairable; login: LoginWindow; onAgain: () => void; onClose: () => void }) {
  const cards = useCards();
  const queries = useQueryClient();
  const { say } = useToasts();
  const done = login.session?.state === "done";
  useEffect(() => {
    if (!done) return;
    for (const key of ["connection", "connections", "catalog", "syncs"]) void queries.invalidateQueries({ queryKey: [key] });
    say(`${connection.name} is connected again`);
    onClose();
  }, [done, queries, say, connection.name, onClose]);
  return (
    <Dialog open onClose={onClose} title={`Reconnect ${connection.name}`} actions={<>
      <Button onClick={onClose}>Stop waiting</Button>
      {login.error && <Button look="primary" onClick={onAgain}>Start over</Button>}
    </>}>
      {login.error && <Trouble error={login.error} title="The login could not begin" />}
      {login.beginning && <Loading lines={2} />}
      {login.made && <>
        <p>Use the same business account as before; another one is refused. Nothing that was read or sent is lost.</p>
        <Waiting login={login} provider={cards(connection.connector)?.name ?? connection.name} onAgain={onAgain} />
      </>}
    </Dialog>
  );
}
