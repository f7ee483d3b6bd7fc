/** Corrects what a publisher only assumed of the provider, without a new build. Not shown where nothing can be corrected. */
import type { ConnectorConfig } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client, problem } from "~/api/client";
import { SchemaForm } from "~/forms/SchemaForm";
import type { Group, JsonObject } from "~/forms/shape";
import { useSchemaForm } from "~/forms/useSchemaForm";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { Section } from "~/ui/Page";
import { Trouble } from "~/ui/States";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { shortened } from "../actor";
import { mergePatch } from "./patch";
import css from "./Row.module.css";

/** The code of a correction that would change addresses. */
const WIDENS = "PB1015";

export function Config({ connector }: { connector: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["connector", connector, "config"], queryFn: () => answer(client().GET("/v1/connectors/{connector}/config", { params: { path: { connector } } })),
    // Without an active release there is no config; that is no trouble to show.
    retry: false,
  });
  if (error && problem(error).status >= 500) return <Section title="Corrections"><Trouble error={error} retry={() => void refetch()} /></Section>;
  if (!data || data.schema === null) return null;
  return (
    <Section title="Corrections" lead="What the publisher assumed of the provider. What you change here holds for all tenants and for later versions too.">
      <Form key={data.updated_at ?? data.release} connector={connector} config={data} />
    </Section>
  );
}

/** What the form calls a member, by its name. */
function titleOf(shape: Group, name: string): string {
  return shape.fields.find(([field]) => field === name)?.[1].title ?? name;
}

function Form({ connector, config }: { connector: string; config: ConnectorConfig }) {
  const form = useSchemaForm({ schema: config.schema, initial: config.config as JsonObject, at: "/config" });
  const [asked, ask] = useState<{ correction: JsonObject | null; changes: string[] }>();
  const old = useOld();
  const { say } = useToasts();
  const path = { connector };
  const save = useMutation({
    // Null takes every correction back.
    mutationFn: ({ correction, powers }: { correction: JsonObject | null; powers: boolean }) =>
      correction === null
        ? answer(client().DELETE("/v1/connectors/{connector}/config", { params: { path, query: { approve_powers: powers } } }))
        : answer(client().PUT("/v1/connectors/{connector}/config", { params: { path }, body: { config: correction, approve_powers: powers } })),
    onSuccess: (_, { correction }) => {
      ask(undefined);
      say(correction === null ? "The publisher's values hold again" : "Saved. It holds for what begins from now on");
      old("connector");
    },
    onError: (error, { correction, powers }) => {
      // A change of addresses is refused with what would change, until somebody means it.
      if (!powers && problem(error).code === WIDENS) ask({ correction, changes: problem(error).errors.map((line) => line.detail) });
      else form.refuse(error);
    },
  });
  return (
    <form className={css.form} noValidate onSubmit={form.submit((value) => save.mutate({ correction: mergePatch(config.defaults as JsonObject, value), powers: false }))}>
      <SchemaForm form={form} />
      {config.updated_at && <p className={css.soft}>Corrected <When at={config.updated_at} />{config.updated_by && ` by ${shortened(config.updated_by)}`}.</p>}
      {config.addresses.length > 0 && <p className={css.soft}>Before data goes to another address you are asked once more. Addresses are: {config.addresses.map((name) => titleOf(form.shape, name)).join("; ")}.</p>}
      {save.isError && asked === undefined && <Trouble error={save.error} />}
      <div className={css.foot}>
        <Button type="submit" busy={save.isPending && asked === undefined}>Save corrections</Button>
        {config.correction !== null && <Button look="quiet" onClick={() => save.mutate({ correction: null, powers: false })}>Use the publisher's values</Button>}
      </div>
      <Confirm open={asked !== undefined} onClose={() => ask(undefined)} title="This changes where data goes" action="Change the addresses" danger busy={save.isPending} onConfirm={() => asked && save.mutate({ correction: asked.correction, powers: true })}>
        <ul>{asked?.changes.map((line) => <li key={line}>{line}</li>)}</ul>
        <p>Credentials, codes or data are sent to other addresses than the publisher's from then on. It is kept in the audit log that you said so.</p>
      </Confirm>
    </form>
  );
}
