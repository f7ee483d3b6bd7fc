/** Registers an OAuth client, in the order in which a person does it: at the provider, here, and back at the provider. */
import type { Connector, LoginAsked, OauthClient, Tenant } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client as api } from "~/api/client";
import { Button } from "~/ui/Button";
import { CopyText } from "~/ui/Copied";
import { Dialog } from "~/ui/Dialog";
import { SelectField, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import css from "./Register.module.css";

export interface RegisterProps {
  connector: Connector;
  /** The one whose secret or id changes. */
  replaces: OauthClient | undefined;
  tenants: Tenant[];
  logins: LoginAsked[];
  onClose: () => void;
}

export function Register({ connector, replaces, tenants, logins, onClose }: RegisterProps) {
  const [tenant, setTenant] = useState(replaces?.tenant ?? "");
  const [clientId, setClientId] = useState(replaces?.client_id ?? "");
  const [secret, setSecret] = useState("");
  const [missing, miss] = useState(false);
  const old = useOld();
  const save = useMutation({
    mutationFn: () => answer(api(tenant || undefined).PUT("/v1/connectors/{connector}/oauth-client", {
      params: { path: { connector: connector.id } }, body: { client_id: clientId.trim(), ...(secret ? { client_secret: secret } : {}) },
    })),
    onSuccess: () => {
      setSecret("");
      old("oauth-clients", "catalog");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(clientId.trim() === "");
    if (clientId.trim() !== "") save.mutate();
  };
  if (save.data) {
    return (
      <Dialog open onClose={onClose} title="One step is left, at the provider" actions={<Button look="primary" onClick={onClose}>Done</Button>}>
        <CopyText label="Redirect address" text={save.data.redirect_uri} help={`Enter it at ${connector.name} as the client's redirect address (some say callback), character for character. Then logins work.`} />
      </Dialog>
    );
  }
  const another = replaces !== undefined && clientId.trim() !== replaces.client_id;
  return (
    <Dialog open onClose={onClose} title={replaces ? "Replace OAuth client" : "Register OAuth client"} wide>
      <ol className={css.steps}>
        <li>Make a client (some say app) in the developer pages of {connector.name}.{logins.some((login) => login.scopes.length > 0) && " The scopes that it needs are on the page behind this one."}</li>
        <li>Enter its id and secret here.</li>
        <li>Enter the redirect address, which you get next, at {connector.name}.</li>
      </ol>
      <form className={css.form} onSubmit={submit} noValidate>
        <SelectField label="For" value={tenant} none="All tenants" optional disabled={replaces !== undefined} onChange={setTenant} choices={tenants.map(({ id, name }) => ({ value: id, label: name }))} help="A tenant's own client is used before the one for all tenants." />
        <TextField label="Client id" value={clientId} onChange={setClientId} error={missing && !clientId.trim() ? "Enter the client id that the provider shows." : undefined} help={another ? "Another client id is a new registration with another redirect address. Connections keep the client that they were made with." : undefined} />
        <TextField label="Client secret" type="secret" optional value={secret} onChange={setSecret} autoComplete="new-password" help="Sealed at once, and never shown again. Leave it empty for a public client." />
        {save.isError && <Trouble error={save.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={save.isPending}>{replaces ? "Replace client" : "Register client"}</Button></div>
      </form>
    </Dialog>
  );
}
