/** The keys of a tenant's backend. A key's text is shown once, when it is made. */
import type { Key, Tenant } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Once } from "~/ui/Copied";
import { DataTable, type Column } from "~/ui/DataTable";
import { Confirm, Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/Field";
import { Section } from "~/ui/Page";
import { Empty, Trouble } from "~/ui/States";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import css from "./Form.module.css";

export function Keys({ tenant }: { tenant: Tenant }) {
  const { data, error, refetch } = useQuery({ queryKey: ["keys", tenant.id], queryFn: () => answer(client().GET("/v1/tenants/{id}/keys", { params: { path: { id: tenant.id } } })) });
  const [making, make] = useState(false);
  const [ending, end] = useState<Key>();
  const columns: Column<Key>[] = [
    { id: "name", label: "Key", cell: (key) => key.name },
    { id: "id", label: "Id", cell: (key) => <Ident id={key.id} /> },
    { id: "state", label: "State", cell: (key) => (key.revoked_at === null ? <Tag tone="good">In use</Tag> : <Tag>Ended</Tag>) },
    { id: "used", label: "Last used", cell: (key) => <When at={key.last_used_at} none="Never" /> },
    { id: "created", label: "Since", cell: (key) => <When at={key.created_at} /> },
    { id: "actions", label: "Actions", silent: true, number: true, cell: (key) => key.revoked_at === null && <Button look="quiet" aria-label={`End key ${key.name}`} onClick={() => end(key)}>End</Button> },
  ];
  return (
    <Section title="Keys" lead="With a key, the tenant's backend calls the API. It belongs on a server, never in a browser." flush actions={<Button icon={<Plus aria-hidden="true" />} onClick={() => make(true)}>New key</Button>}>
      <DataTable
        label={`Keys of ${tenant.name}`} columns={columns} rows={data?.items} rowKey={(key) => key.id} error={error} retry={() => void refetch()}
        empty={<Empty title="This tenant has no key" action={<Button onClick={() => make(true)}>New key</Button>}>Its backend needs one to call the API and to open the portal for its people.</Empty>}
      />
      {making && <NewKey tenant={tenant} onClose={() => make(false)} />}
      {ending && <EndKey tenant={tenant} ended={ending} onClose={() => end(undefined)} />}
    </Section>
  );
}

function NewKey({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [name, setName] = useState("");
  const [missing, miss] = useState(false);
  const old = useOld();
  const make = useMutation({
    mutationFn: () => answer(client().POST("/v1/tenants/{id}/keys", { params: { path: { id: tenant.id } }, body: { name: name.trim() } })),
    onSuccess: () => old("keys"),
  });
  if (make.data) {
    return (
      <Dialog open onClose={onClose} title={`Key ${make.data.name}`} actions={<Button look="primary" onClick={onClose}>I have stored it</Button>}>
        <Once label="Key" text={make.data.key}>It is shown this one time. Store it where the backend of {tenant.name} keeps its secrets; a lost key is replaced by a new one.</Once>
      </Dialog>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(!name.trim());
    if (name.trim()) make.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="New key">
      <form className={css.form} onSubmit={submit} noValidate>
        <TextField label="Name" value={name} onChange={setName} help="Where it is used, so that you know later which one to end: production backend." error={missing && !name.trim() ? "Give the key a name." : undefined} />
        {make.isError && <Trouble error={make.error} />}
        <div className={css.foot}><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={make.isPending}>Make key</Button></div>
      </form>
    </Dialog>
  );
}

function EndKey({ tenant, ended, onClose }: { tenant: Tenant; ended: Key; onClose: () => void }) {
  const old = useOld();
  const { say } = useToasts();
  const end = useMutation({
    mutationFn: () => answer(client().DELETE("/v1/tenants/{id}/keys/{key}", { params: { path: { id: tenant.id, key: ended.id } } })),
    onSuccess: () => {
      say(`The key ${ended.name} has ended`);
      old("keys");
      onClose();
    },
  });
  return (
    <Confirm open onClose={onClose} title={`End the key ${ended.name}`} action="End key" danger busy={end.isPending} error={end.error} onConfirm={() => end.mutate()}>
      <p>Whatever calls with this key is refused from this moment on, and portal sessions can no longer be opened with it. Connections, records and syncs stay and go on. An ended key cannot be used again.</p>
    </Confirm>
  );
}
