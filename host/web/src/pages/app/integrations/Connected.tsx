/** The connections of one integration, each with how it stands and its way to repair. */
import type { CatalogEntry } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "~/api/client";
import { useAddress } from "~/ui/address";
import { Button } from "~/ui/Button";
import { count } from "~/ui/format";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { standing } from "../connection/remedy";
import about from "./About.module.css";
import css from "./Connected.module.css";

/** Connections that are shown here; all of them stand in their table. */
const SHOWN = 5;

export function Connected({ entry }: { entry: CatalogEntry }) {
  const [, put] = useAddress();
  const query = { connector: entry.connector, limit: SHOWN };
  const { data, error, refetch } = useQuery({ queryKey: ["connections", query], queryFn: () => answer(client().GET("/v1/connections", { params: { query } })) });
  return (
    <section className={about.part} aria-labelledby="connected">
      <h3 id="connected">Connections</h3>
      {error && data === undefined ? <Trouble error={error} retry={() => void refetch()} /> : data === undefined ? <Loading lines={2} /> : (
        <ul className={css.list}>
          {data.items.map((connection) => {
            const { state, word, tone, why } = standing(connection);
            return (
              <li key={connection.id} className={css.one}>
                <div className={css.row}>
                  <div className={css.words}>
                    <Link to="/app/connections/$connection" params={{ connection: connection.id }} className={css.name}>{connection.name}</Link>
                    <span className={css.soft}>{connection.login ?? connection.business_id}</span>
                  </div>
                  <Status state={state} {...(word ? { word } : {})} {...(tone ? { tone } : {})} />
                </div>
                {why && state !== "active" && <p className={css.soft}>{why}</p>}
                {connection.state === "broken" && <Button look="primary" className={css.repair} aria-label={`Reconnect ${connection.name}`} onClick={() => put({ connect: connection.id })}>Reconnect</Button>}
              </li>
            );
          })}
        </ul>
      )}
      {data?.next && <p><Link to="/app/connections" search={{ connector: entry.connector }}>Show all {count(data.total)} connections</Link></p>}
    </section>
  );
}
