/** The OAuth clients of one connector, with what to enter at the provider. */
import type { Connector, OauthClient, Tenant } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { oauthClients, release, someTenants, useOld } from "~/api/admin";
import { answer, client as api } from "~/api/client";
import { Button } from "~/ui/Button";
import { CopyText } from "~/ui/Copied";
import { DataTable, type Column } from "~/ui/DataTable";
import { Confirm } from "~/ui/Dialog";
import { Section } from "~/ui/Page";
import { Empty } from "~/ui/States";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { Logins } from "./Logins";
import { Register } from "./Register";
import css from "./ClientsOf.module.css";

export function ClientsOf({ connector }: { connector: Connector }) {
  const { data, error, refetch } = useQuery(oauthClients(connector.id));
  const { data: detail } = useQuery(release((connector.active ?? connector.latest).id));
  const tenants = useQuery(someTenants).data?.items;
  const [register, begin] = useState<"new" | OauthClient>();
  const [remove, ask] = useState<OauthClient>();
  const logins = detail?.logins.filter((login) => login.kind === "oauth2" || login.kind === "oauth2_client_credentials");
  const columns: Column<OauthClient>[] = [
    { id: "for", label: "For", cell: (row) => forWhom(row, tenants) },
    { id: "client_id", label: "Client id", cell: (row) => <Ident id={row.client_id} /> },
    { id: "state", label: "State", cell: (row) => (row.retired_at === null ? <Tag tone="good">In use</Tag> : <Tag>Out of use</Tag>) },
    { id: "updated", label: "Changed", cell: (row) => <When at={row.updated_at} /> },
    {
      id: "actions", label: "Actions", silent: true, number: true, cell: (row) => row.retired_at === null && (
        <div className={css.actions}>
          <Button look="quiet" aria-label={`Replace: the OAuth client for ${forWhom(row, tenants)}`} onClick={() => begin(row)}>Replace</Button>
          <Button look="quiet" aria-label={`Take out of use: the OAuth client for ${forWhom(row, tenants)}`} onClick={() => ask(row)}>Take out of use</Button>
        </div>
      ),
    },
  ];
  return (
    <>
      <Section
        title={`Clients of ${connector.name}`} flush
        lead={logins?.length === 0 ? "Its logins need no OAuth client." : "A tenant's own is used before the one for all tenants."}
        actions={logins?.length !== 0 && <Button icon={<Plus aria-hidden="true" />} onClick={() => begin("new")}>Register client</Button>}
      >
        <DataTable
          label={`OAuth clients of ${connector.name}`} columns={columns} rows={data?.items} rowKey={(row) => row.id} rowName={(row) => `the client for ${forWhom(row, tenants)}`} error={error} retry={() => void refetch()}
          detail={(row) => <CopyText label="Redirect address" text={row.redirect_uri} help={`Enter it at the provider, character for character. ${row.has_secret ? "The client secret is stored, sealed." : "It has no client secret (a public client)."}`} />}
          empty={logins?.length === 0
            ? <Empty title={`${connector.name} is connected without OAuth`}>Its form asks for what is needed.</Empty>
            : <Empty title="No client is registered" action={<Button look="primary" onClick={() => begin("new")}>Register client</Button>}>As long as there is none, nobody can log in at {connector.name} by OAuth.</Empty>}
        />
      </Section>
      {logins && logins.length > 0 && <Logins logins={logins} />}
      {register !== undefined && <Register connector={connector} replaces={register === "new" ? undefined : register} tenants={tenants ?? []} logins={logins ?? []} onClose={() => begin(undefined)} />}
      {remove && <Remove connector={connector} client={remove} whom={forWhom(remove, tenants)} onClose={() => ask(undefined)} />}
    </>
  );
}

function Remove({ connector, client, whom, onClose }: { connector: Connector; client: OauthClient; whom: string; onClose: () => void }) {
  const old = useOld();
  const { say } = useToasts();
  const remove = useMutation({
    mutationFn: () => answer(api(client.tenant ?? undefined).DELETE("/v1/connectors/{connector}/oauth-client", { params: { path: { connector: connector.id } } })),
    onSuccess: () => {
      say("The OAuth client is out of use");
      old("oauth-clients");
      onClose();
    },
  });
  return (
    <Confirm open onClose={onClose} title="Take this OAuth client out of use" action="Take out of use" danger busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()}>
      <p>Nothing new is connected with {client.client_id} ({whom}). Connections that were made with it keep it and go on working.</p>
    </Confirm>
  );
}

function forWhom({ tenant }: OauthClient, tenants: Tenant[] | undefined): string {
  return tenant === null ? "All tenants" : tenants?.find(({ id }) => id === tenant)?.name ?? tenant;
}
