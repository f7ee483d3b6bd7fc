/** The OAuth clients of each connector: what is registered at the provider, for the deployment and for tenants. */
import type { Connector } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { connectors } from "~/api/admin";
import { useAddress } from "~/ui/address";
import { Page } from "~/ui/Page";
import { SelectField } from "~/ui/Field";
import { Empty, Loading, Trouble } from "~/ui/States";
import { ClientsOf } from "./oauth/ClientsOf";
import css from "./OauthClients.module.css";

export function OauthClients() {
  const { data, error, refetch } = useQuery(connectors);
  const [address, change] = useAddress();
  const chosen = data?.items.find(({ id }) => id === address["connector"]) ?? data?.items[0];
  return (
    <Page title="OAuth clients" lead="A provider's login needs a client that you register with the provider. Its secret is sealed here and never shown again.">
      {error && !data && <Trouble error={error} retry={() => void refetch()} />}
      {!error && !data && <Loading lines={6} />}
      {data?.items.length === 0 && <Empty title="No connector is installed yet">Install one first; then its OAuth client is registered here.</Empty>}
      {data && chosen && (
        <>
          <div className={css.choose}>
            <SelectField label="Connector" value={chosen.id} onChange={(connector) => change({ connector })} choices={data.items.map(words)} />
          </div>
          <ClientsOf key={chosen.id} connector={chosen} />
        </>
      )}
    </Page>
  );
}

function words({ id, name }: Connector) {
  return { value: id, label: `${name} (${id})` };
}
