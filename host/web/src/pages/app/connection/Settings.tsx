/** What can be changed about a connection, and its end. */
import type { CatalogEntry, ConnectionDetail } from "@patchbay/client";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Button } from "~/ui/Button";
import { Facts } from "~/ui/Facts";
import { TextField } from "~/ui/Field";
import { Section } from "~/ui/Page";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { DeleteConnection } from "./DeleteConnection";
import { useChange } from "./queries";
import { useReconnect } from "./Reconnect";
import { LookAgain } from "./settings/LookAgain";
import { ProviderSettings } from "./settings/ProviderSettings";
import { Switches } from "./Switches";
import css from "./Settings.module.css";

export function Settings({ connection, entry }: { connection: ConnectionDetail; entry: CatalogEntry | undefined }) {
  const provider = entry?.name ?? connection.connector;
  return (
    <div className={css.parts}>
      <Section title="Name" lead="What it is called here. The provider does not see it."><NameForm connection={connection} /></Section>
      {entry?.settings && <Section title={`Settings of ${provider}`}><ProviderSettings connection={connection} schema={entry.settings} /></Section>}
      <Section title="Switches" lead="Switched off, nothing is read or sent; what is here stays.">
        <Switches connection={connection} entry={entry} />
      </Section>
      <Login connection={connection} entry={entry} />
      <LookAgain connection={connection} provider={provider} />
      <End connection={connection} provider={provider} />
    </div>
  );
}

function NameForm({ connection }: { connection: ConnectionDetail }) {
  const [name, set] = useState(connection.name);
  const change = useChange(connection.id);
  const { say } = useToasts();
  const told = name.trim();
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (told !== "" && told !== connection.name) change.mutate({ name: told }, { onSuccess: () => say("The name is saved") });
  };
  return (
    <form className={css.form} onSubmit={save} noValidate>
      <TextField label="Name of this connection" value={name} onChange={set} maxLength={200} error={told === "" ? "Enter a name." : undefined} />
      <Button type="submit" busy={change.isPending} disabled={told === "" || told === connection.name}>Save name</Button>
    </form>
  );
}

function Login({ connection, entry }: { connection: ConnectionDetail; entry: CatalogEntry | undefined }) {
  const { start, dialog } = useReconnect();
  return (
    <Section title="Login" lead="Log in again when the provider no longer accepts the login, or when it should be another person's. It has to be the same business account." actions={<Button onClick={() => start(connection)}>Reconnect</Button>}>
      <Facts facts={[
        { name: "Way to log in", value: entry?.logins.find((login) => login.id === connection.auth)?.label ?? connection.auth },
        { name: "Login", value: connection.login ?? "–" },
        { name: "Business account", value: connection.business_name },
        { name: "Last authorization", value: <When at={connection.authorized_at} /> },
      ]} />
      {dialog}
    </Section>
  );
}

function End({ connection, provider }: { connection: ConnectionDetail; provider: string }) {
  const [asking, ask] = useState(false);
  const navigate = useNavigate();
  return (
    <Section title="Delete" lead={`Removes our copy of the login and, unless you keep them, the records. Nothing at ${provider} is deleted.`} actions={<Button look="danger" onClick={() => ask(true)}>Delete connection</Button>} flush>
      {asking && <DeleteConnection connection={connection} provider={provider} onClose={() => ask(false)} onDeleted={() => void navigate({ to: "/app/connections" })} />}
    </Section>
  );
}
