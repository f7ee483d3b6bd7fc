/** Where a browser may go at the end of Link: registered addresses of the tenant's application, named by their ids. */
import type { ReturnAddress, Tenant } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { saidOf, saysMore } from "~/forms/said";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { Confirm, Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { Section } from "~/ui/Page";
import { Empty, Trouble } from "~/ui/States";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import css from "./Form.module.css";

export function ReturnAddresses({ tenant }: { tenant: Tenant }) {
  const { data, error, refetch } = useQuery({ queryKey: ["return-addresses", tenant.id], queryFn: () => answer(client(tenant.id).GET("/v1/return-addresses")) });
  const [adding, add] = useState(false);
  const [removing, remove] = useState<ReturnAddress>();
  const columns: Column<ReturnAddress>[] = [
    { id: "name", label: "Name", cell: (row) => row.name },
    { id: "address", label: "Address", cell: (row) => <span title={row.address}>{row.address}</span> },
    { id: "id", label: "Id, for return_to", cell: (row) => <Ident id={row.id} /> },
    { id: "created", label: "Since", cell: (row) => <When at={row.created_at} /> },
    { id: "actions", label: "Actions", silent: true, number: true, cell: (row) => <Button look="quiet" aria-label={`Remove ${row.name}`} onClick={() => remove(row)}>Remove</Button> },
  ];
  return (
    <Section title="Return addresses" lead="Where Link leads at its end. Only what is registered here is ever followed." flush actions={<Button icon={<Plus aria-hidden="true" />} onClick={() => add(true)}>Register address</Button>}>
      <DataTable
        label={`Return addresses of ${tenant.name}`} columns={columns} rows={data?.items} rowKey={(row) => row.id} error={error} retry={() => void refetch()}
        empty={<Empty title="No address is registered" action={<Button onClick={() => add(true)}>Register address</Button>}>The tenant&rsquo;s backend names one when it opens Link.</Empty>}
      />
      {adding && <Register tenant={tenant} onClose={() => add(false)} />}
      {removing && <Remove tenant={tenant} address={removing} onClose={() => remove(undefined)} />}
    </Section>
  );
}

function Register({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [tried, setTried] = useState(false);
  const old = useOld();
  const save = useMutation({
    mutationFn: () => answer(client(tenant.id).POST("/v1/return-addresses", { body: { name: name.trim(), address: address.trim() } })),
    onSuccess: () => {
      old("return-addresses");
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (name.trim() && address.trim()) save.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Register return address">
      <form className={css.form} onSubmit={submit} noValidate>
        <TextField label="Name" value={name} onChange={(text) => { setName(text); save.reset(); }} error={tried && !name.trim() ? "Give it a name." : saidOf(save.error, "/name", "Name")} />
        <TextField label="Address" type="url" value={address} onChange={(text) => { setAddress(text); save.reset(); }} help="https://app.example.com/connected. The session and a code are added to its query." error={tried && !address.trim() ? "Enter the whole address, with https." : saidOf(save.error, "/address", "Address")} />
        {saysMore(save.error, ["/name", "/address"]) && <Trouble error={save.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={save.isPending}>Register address</Button></div>
      </form>
    </Dialog>
  );
}

function Remove({ tenant, address, onClose }: { tenant: Tenant; address: ReturnAddress; onClose: () => void }) {
  const old = useOld();
  const { say } = useToasts();
  const remove = useMutation({
    mutationFn: () => answer(client(tenant.id).DELETE("/v1/return-addresses/{id}", { params: { path: { id: address.id } } })),
    onSuccess: () => {
      say(`${address.name} is removed`);
      old("return-addresses");
      onClose();
    },
  });
  return (
    <Confirm open onClose={onClose} title={`Remove ${address.name}`} action="Remove address" danger busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()}>
      <p>Open connect sessions that lead to {address.address} have no way back any more and cannot be completed; their people have to start over. Connections that were made stay.</p>
    </Confirm>
  );
}
