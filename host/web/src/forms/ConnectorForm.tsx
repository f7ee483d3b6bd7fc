/** The fields that a connector's login asks for, as its manifest declares them. */
import type { Field } from "@patchbay/client";
import { SelectField, TextField } from "~/ui/Field";
import type { ConnectorFormState } from "./useConnectorForm";
import css from "./SchemaForm.module.css";

export function ConnectorForm({ form }: { form: ConnectorFormState }) {
  return <div ref={form.root} className={css.fields}>{form.login.fields.map((field) => <One key={field.id} field={field} form={form} />)}</div>;
}

function One({ field, form }: { field: Field; form: ConnectorFormState }) {
  const { id, label, optional } = field;
  const about = {
    label, optional, name: id, help: field.help ?? undefined, error: form.errorAt(id), value: form.values[id] ?? "",
    onChange: (value: string) => form.change(id, value), onBlur: () => form.leave(id),
  };
  switch (field.type) {
    case "select":
      return <SelectField {...about} choices={field.options.map((option) => ({ value: option, label: option }))} />;
    case "secret":
      return <TextField {...about} type="secret" />;
    case "date":
      return <TextField {...about} type="date" />;
    case "subdomain":
      return <TextField {...about} {...(field.suffix ? { suffix: `.${field.suffix.replace(/^\./, "")}` } : {})} />;
    case "origin":
      return <TextField {...about} inputMode="url" />;
    case "text":
      return <TextField {...about} />;
  }
}
