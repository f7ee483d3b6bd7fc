/** One tenant: keys of its backend, how its pages look, and ways to see what its people see. */
import type { Tenant as About } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { tenant as tenantQuery } from "~/api/admin";
import { buttonClass } from "~/ui/Button";
import { Page, Section } from "~/ui/Page";
import { Loading, Trouble } from "~/ui/States";
import { Ident, When } from "~/ui/Text";
import { Brand } from "./tenant/Brand";
import { industryWord } from "./tenant/industries";
import { Keys } from "./tenant/Keys";
import { OpenPortal } from "./tenant/OpenPortal";
import { ReturnAddresses } from "./tenant/ReturnAddresses";

const BACK = <Link to="/admin/tenants">Tenants</Link>;

export function Tenant() {
  const { tenant: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(tenantQuery(id));
  if (error && !data) return <Page title="Tenant" back={BACK}><Trouble error={error} retry={() => void refetch()} /></Page>;
  if (!data) return <Page title="Tenant" back={BACK}><Loading lines={8} /></Page>;
  return <Shown key={id} tenant={data} />;
}

function Shown({ tenant }: { tenant: About }) {
  return (
    <Page
      title={tenant.name} back={BACK} lead={<><Ident id={tenant.id} /> · {industryWord(tenant.industry)} · since <When at={tenant.created_at} /></>}
      actions={
        <>
          <Link to="/admin/webhooks" search={{ tenant: tenant.id }} className={buttonClass("plain")}>Webhooks</Link>
          <Link to="/admin/audit" search={{ tenant: tenant.id }} className={buttonClass("plain")}>Audit</Link>
        </>
      }
    >
      <Keys tenant={tenant} />
      <Section title="Portal" lead="What this tenant's people see. Normally their own application opens it for them."><OpenPortal tenant={tenant} /></Section>
      <Section title="Brand" lead="Name, colour and logo on the pages of its people and of Link."><Brand tenant={tenant} /></Section>
      <ReturnAddresses tenant={tenant} />
    </Page>
  );
}
