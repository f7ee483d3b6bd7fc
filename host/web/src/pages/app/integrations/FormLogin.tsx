/** Logging in with what a person enters here: keys, or user and password. */
import { useMutation } from "@tanstack/react-query";
import { LockKeyhole } from "lucide-react";
import { useState } from "react";
import { answer, client, problem } from "~/api/client";
import { ConnectorForm } from "~/forms/ConnectorForm";
import type { ConnectorFormState } from "~/forms/useConnectorForm";
import { Button } from "~/ui/Button";
import { TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import type { WayProps } from "./Connect";
import { Kept } from "./Kept";
import css from "./Connect.module.css";

export function FormLogin({ entry, login, reconnect, onMade, form }: WayProps & { form: ConnectorFormState }) {
  const [name, setName] = useState("");
  const connect = useMutation({
    mutationFn: async (fields: Record<string, string>) => {
      let renewed = false;
      const body = { connector: entry.connector, auth: login.id, fields, ...(name.trim() === "" ? {} : { name: name.trim() }), ...(reconnect === undefined ? {} : { reconnect }) };
      const made = await answer(client().POST("/v1/connections", { body }).then((answered) => {
        renewed = answered.response.status === 200;
        return answered;
      }));
      return { connection: made.id, renewed };
    },
    onSuccess: onMade,
    onError: (error) => form.refuse(error),
  });
  return (
    <form className={css.form} noValidate onSubmit={form.submit((fields) => connect.mutate(fields))}>
      {connect.error && <Wrong error={connect.error} fields={login.fields.map(({ id }) => id)} />}
      <ConnectorForm form={form} />
      {reconnect === undefined && <TextField label="Name of the connection" optional maxLength={200} help="Yours to choose, to tell several apart. Left empty, it has the name of the business account." value={name} onChange={setName} />}
      <Kept />
      <div className={css.buttons}>
        <Button type="submit" look="primary" busy={connect.isPending}>{connect.isPending ? `Asking ${entry.name}…` : reconnect === undefined ? "Connect" : "Reconnect"}</Button>
      </div>
      <p className={css.soft}><LockKeyhole size={12} aria-hidden="true" /> What you enter is sealed. The connector itself never sees it.</p>
    </form>
  );
}

/** What is wrong with single fields stands at the fields; everything else here. */
function Wrong({ error, fields }: { error: Error; fields: string[] }) {
  const { errors, detail } = problem(error);
  const atFields = errors.length > 0 && errors.every(({ pointer }) => fields.includes(pointer.replace(/^\/fields\//, "")));
  return atFields ? <p role="alert" className={css.wrong}>{detail}</p> : <Trouble error={error} />;
}
