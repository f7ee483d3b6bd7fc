/** What came of connecting: the connection as it stands, followed until it is active, and what to do next. */
import type { CatalogEntry } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, buttonClass } from "~/ui/Button";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { connectionOf } from "../connection/queries";
import { standing } from "../connection/remedy";
import type { Made } from "./Connect";
import css from "./Connect.module.css";

/** Milliseconds between two looks at a connection that is not settled; the events tell sooner. */
const LOOK = 3_000;

export function Done({ entry, made, onDone }: { entry: CatalogEntry; made: Made; onDone: () => void }) {
  const { data, error, refetch } = useQuery({ ...connectionOf(made.connection), refetchInterval: ({ state }) => (state.data?.state === "pending" ? LOOK : false) });
  if (error && data === undefined) return <Trouble error={error} retry={() => void refetch()} title="It is connected, but cannot be shown" />;
  if (data === undefined) return <Loading />;
  const { state, word, tone, why } = standing(data);
  const choose = data.state === "needs_setup";
  return (
    <div className={css.done}>
      <div role="status" className={css.done}>
        <h3>{data.name} {made.renewed ? "is connected again" : "is connected"}</h3>
        <Status state={state} {...(word ? { word } : {})} {...(tone ? { tone } : {})} />
        <p>{why ?? (made.renewed ? `The login at ${entry.name} was renewed. Everything goes on as before.` : `The first data is being read now. From here on ${entry.name} is kept up to date by itself.`)}</p>
      </div>
      <div className={css.buttons}>
        <Link to="/app/connections/$connection" params={{ connection: data.id }} search={choose ? { tab: "data" } : {}} className={buttonClass("primary")}>{choose ? "Choose accounts" : "Open the connection"}</Link>
        <Button onClick={onDone}>Back to {entry.name}</Button>
      </div>
    </div>
  );
}
