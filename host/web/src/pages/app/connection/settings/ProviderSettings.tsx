/** The connector's own settings, as its manifest asks for them. */
import type { ConnectionDetail } from "@patchbay/client";
import { SchemaForm } from "~/forms/SchemaForm";
import type { JsonObject } from "~/forms/shape";
import { useSchemaForm } from "~/forms/useSchemaForm";
import { Button } from "~/ui/Button";
import { Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { problem } from "~/api/client";
import { useChange } from "../queries";
import css from "./ProviderSettings.module.css";

export function ProviderSettings({ connection, schema }: { connection: ConnectionDetail; schema: unknown }) {
  // What came as JSON is JSON.
  const saved = connection.settings as JsonObject;
  const form = useSchemaForm({ schema, initial: saved, at: "/settings" });
  const change = useChange(connection.id, { quiet: true });
  const { say } = useToasts();
  const save = form.submit((settings) => change.mutate({ settings }, {
    onSuccess: (now) => {
      form.reset(now.settings as JsonObject);
      say("The settings are saved");
    },
    onError: form.refuse,
  }));
  const placed = problem(change.error).errors.some(({ pointer }) => pointer === "/settings" || pointer.startsWith("/settings/"));
  return (
    <form className={css.form} onSubmit={save} noValidate>
      <SchemaForm form={form} />
      {change.error !== null && !placed && <Trouble error={change.error} />}
      <div className={css.foot}>
        <Button type="submit" look="primary" busy={change.isPending} disabled={!form.changed}>Save settings</Button>
        {form.changed && <Button look="quiet" onClick={() => form.reset(saved)}>Undo</Button>}
      </div>
    </form>
  );
}
