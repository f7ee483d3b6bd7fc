/** Webhooks of one tenant, who is chosen in the address: endpoints, and what became of each delivery. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { someTenants, tenant as tenantQuery } from "~/api/admin";
import { answer, client } from "~/api/client";
import { useAddress } from "~/ui/address";
import { Button, buttonClass } from "~/ui/Button";
import { SelectField } from "~/ui/Field";
import { Page } from "~/ui/Page";
import { Empty, Loading, Trouble } from "~/ui/States";
import { Endpoint } from "./webhooks/Endpoint";
import { EndpointForm } from "./webhooks/EndpointForm";
import css from "./Webhooks.module.css";

export function Webhooks() {
  const [address, change] = useAddress();
  const tenants = useQuery(someTenants);
  const first = tenants.data?.items[0]?.id;
  const chosen = address["tenant"] ?? first ?? "";
  // One that the list is too short for is asked for by itself.
  const own = useQuery({ ...tenantQuery(chosen), enabled: tenants.data !== undefined && chosen !== "" && !tenants.data.items.some(({ id }) => id === chosen) });
  const choices = [...(tenants.data?.items ?? []), ...(own.data ? [own.data] : [])].map(({ id, name }) => ({ value: id, label: name }));
  if (tenants.error && !tenants.data) return <Page title="Webhooks"><Trouble error={tenants.error} retry={() => void tenants.refetch()} /></Page>;
  if (tenants.data && chosen === "") {
    return <Page title="Webhooks"><Empty title="There is no tenant yet" action={<Link to="/admin/tenants" className={buttonClass("primary")}>Go to Tenants</Link>}>Webhooks tell a tenant&rsquo;s backend what happens.</Empty></Page>;
  }
  return (
    <Page title="Webhooks" lead="Endpoints of a tenant's backend that are told what happens, signed and with retries over days.">
      <div className={css.choose}><SelectField label="Tenant" value={chosen} onChange={(tenant) => change({ tenant })} choices={choices} /></div>
      {chosen !== "" ? <Of key={chosen} tenant={chosen} /> : <Loading />}
    </Page>
  );
}

function Of({ tenant }: { tenant: string }) {
  const { data, error, refetch } = useQuery({ queryKey: ["webhooks", tenant], queryFn: () => answer(client(tenant).GET("/v1/webhooks")), refetchInterval: 10_000 });
  const [making, make] = useState(false);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={6} />;
  const add = <Button look={data.items.length === 0 ? "primary" : "plain"} icon={<Plus aria-hidden="true" />} onClick={() => make(true)}>New endpoint</Button>;
  return (
    <>
      {data.items.length === 0
        ? <Empty title="This tenant has no endpoint" action={add}>With one, its backend learns at once when a connection breaks, records change or a push ends.</Empty>
        : <div className={css.head}>{add}</div>}
      {data.items.map((webhook) => <Endpoint key={webhook.id} tenant={tenant} webhook={webhook} />)}
      {making && <EndpointForm tenant={tenant} webhook={undefined} onClose={() => make(false)} />}
    </>
  );
}
