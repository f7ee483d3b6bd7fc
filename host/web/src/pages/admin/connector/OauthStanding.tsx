/** Whether the provider's login can be used: the OAuth clients of a connector in one line. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { oauthClients } from "~/api/admin";
import { buttonClass } from "~/ui/Button";
import { plural } from "~/ui/format";
import { Loading, Trouble } from "~/ui/States";
import css from "./Row.module.css";

export function OauthStanding({ connector }: { connector: string }) {
  const { data, error, refetch } = useQuery(oauthClients(connector));
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={1} />;
  const used = data.items.filter((client) => client.retired_at === null);
  const deployment = used.some((client) => client.tenant === null);
  const tenants = used.filter((client) => client.tenant !== null).length;
  const own = tenants > 0 ? ` ${plural(tenants, "tenant has", "tenants have")} one of their own.` : "";
  return (
    <div className={css.row}>
      <p>{deployment ? `One is registered for all tenants.${own}` : `None is registered for all tenants.${own} Logins by OAuth need one; connectors without such a login do not.`}</p>
      <Link to="/admin/oauth-clients" search={{ connector }} className={buttonClass("plain")}>{used.length > 0 ? "See OAuth clients" : "Register an OAuth client"}</Link>
    </div>
  );
}
