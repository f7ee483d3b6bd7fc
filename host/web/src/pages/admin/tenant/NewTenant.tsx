/** Makes a tenant, and goes to it: its first key is made there. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { SelectField, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import css from "./Form.module.css";
import { INDUSTRIES } from "./industries";

export function NewTenant({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [industry, setIndustry] = useState("");
  const [missing, miss] = useState(false);
  const navigate = useNavigate();
  const old = useOld();
  const make = useMutation({
    mutationFn: () => answer(client().POST("/v1/tenants", { body: { name: name.trim(), ...(industry ? { industry } : {}) } })),
    onSuccess: (tenant) => {
      old("tenants");
      void navigate({ to: "/admin/tenants/$tenant", params: { tenant: tenant.id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(!name.trim());
    if (name.trim()) make.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="New tenant">
      <form className={css.form} onSubmit={submit} noValidate>
        <TextField label="Name" value={name} onChange={setName} help="What people call this customer. Its people see it in the web app." error={missing && !name.trim() ? "Give the tenant a name." : undefined} />
        <SelectField label="Industry" optional none="Not said" value={industry} onChange={setIndustry} choices={INDUSTRIES} help="Decides which integrations are recommended to it." />
        {make.isError && <Trouble error={make.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={make.isPending}>Make tenant</Button></div>
      </form>
    </Dialog>
  );
}
