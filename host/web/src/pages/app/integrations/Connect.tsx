/** Connecting, or connecting again: choose a way to log in, log in here or at the provider, and see it become active. */
import type { CatalogEntry, Login } from "@patchbay/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useConnectorForm } from "~/forms/useConnectorForm";
import { Loading, Trouble } from "~/ui/States";
import { connectionOf } from "../connection/queries";
import { Checklist, Guides } from "./About";
import { Done } from "./Done";
import { FormLogin } from "./FormLogin";
import { ProviderLogin } from "./ProviderLogin";
import css from "./Connect.module.css";

const NO_LOGIN: Login = { id: "", kind: "fields", label: "", fields: [], scopes: [] };

/** What came of a login. */
export interface Made {
  /** `con_…` */
  connection: string;
  /** Whether it was there before, and was only logged in to again. */
  renewed: boolean;
}

export function Connect({ entry, reconnect, onDone }: { entry: CatalogEntry; reconnect: string | undefined; onDone: () => void }) {
  const before = useQuery({ ...connectionOf(reconnect ?? ""), enabled: reconnect !== undefined });
  const [made, setMade] = useState<Made>();
  const queries = useQueryClient();
  const finish = (now: Made) => {
    setMade(now);
    // The events say the same, but a person who just did it should not wait for them.
    for (const key of ["catalog", "connections", "connection", "used"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  if (made) return <Done entry={entry} made={made} onDone={onDone} />;
  if (reconnect !== undefined && before.error) return <Trouble error={before.error} title="This connection cannot be repaired" />;
  if (reconnect !== undefined && before.data === undefined) return <Loading />;
  return <LogIn entry={entry} reconnect={before.data} onMade={finish} />;
}

function LogIn({ entry, reconnect, onMade }: { entry: CatalogEntry; reconnect: { id: string; name: string; auth: string } | undefined; onMade: (made: Made) => void }) {
  const [chosen, choose] = useState(reconnect?.auth);
  const [waiting, setWaiting] = useState(false);
  const login = entry.logins.find(({ id }) => id === chosen) ?? entry.logins[0];
  const form = useConnectorForm(login ?? NO_LOGIN);
  // The button that led here is gone: whoever uses the keyboard goes on at the first thing to enter.
  const main = useRef<HTMLDivElement>(null);
  useEffect(() => main.current?.querySelector<HTMLElement>("input:checked, input, button")?.focus(), []);
  if (login === undefined) return <p>This integration has no way to log in. Its publisher has to add one; the operator of this installation can tell them.</p>;
  return (
    <div className={css.sides}>
      <div className={css.main} ref={main}>
        {reconnect && <p>Log in to the business account of <strong>{reconnect.name}</strong>. Another one is refused, so that nothing is mixed up. What was read and sent stays.</p>}
        {entry.logins.length > 1 && !waiting && <Ways logins={entry.logins} chosen={login.id} onChoose={choose} />}
        {login.kind === "oauth2"
          ? <ProviderLogin key={login.id} entry={entry} login={login} reconnect={reconnect?.id} onMade={onMade} onWaiting={setWaiting} />
          : <FormLogin key={login.id} entry={entry} login={login} reconnect={reconnect?.id} onMade={onMade} form={form} />}
      </div>
      <aside className={css.beside} aria-label="Help">
        <Checklist entry={entry} />
        <Guides entry={entry} open />
      </aside>
    </div>
  );
}

export interface WayProps {
  entry: CatalogEntry;
  login: Login;
  /** The connection that is repaired. */
  reconnect: string | undefined;
  onMade: (made: Made) => void;
}

/** The ways to log in, where there are several. */
function Ways({ logins, chosen, onChoose }: { logins: Login[]; chosen: string; onChoose: (id: string) => void }) {
  return (
    <fieldset className={css.ways}>
      <legend>How do you want to log in?</legend>
      {logins.map((login) => (
        <label key={login.id} className={css.way}>
          <input type="radio" name="login" checked={login.id === chosen} onChange={() => onChoose(login.id)} />
          <span>{login.label}<span className={css.kind}>{login.kind === "oauth2" ? "In a window of the provider. Your password is not typed here." : "With what you enter here. It is sealed, and nobody can read it again."}</span></span>
        </label>
      ))}
    </fieldset>
  );
}
