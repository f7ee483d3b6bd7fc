/** Lets one connection run a release that waits, before all others do. */
import type { ReleaseDetail } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { someTenants, useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { SelectField, Switch, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";

export function Try({ detail }: { detail: ReleaseDetail }) {
  const [open, show] = useState(false);
  return (
    <>
      <Button onClick={() => show(true)}>Try on one connection</Button>
      {open && <TryDialog detail={detail} onClose={() => show(false)} />}
    </>
  );
}

function TryDialog({ detail: { release, name, asks_beyond: beyond }, onClose }: { detail: ReleaseDetail; onClose: () => void }) {
  const [tenant, setTenant] = useState("");
  const [connection, setConnection] = useState("");
  const [runs, setRuns] = useState("5");
  const [promote, setPromote] = useState(false);
  const [approve, setApprove] = useState(false);
  const [wrong, complain] = useState<string>();
  const old = useOld();
  const { say } = useToasts();
  const tenants = useQuery(someTenants);
  const connections = useQuery({
    queryKey: ["connections", tenant, "of", release.connector],
    queryFn: () => answer(client(tenant).GET("/v1/connections", { params: { query: { connector: release.connector, limit: 200 } } })),
    enabled: tenant !== "",
  });
  const begin = useMutation({
    mutationFn: () => answer(client().POST("/v1/releases/{id}/canary", {
      params: { path: { id: release.id } }, body: { connection, runs: Number(runs), promote: promote ? "auto" : "hold", approve },
    })),
    onSuccess: () => {
      say(`One connection tries ${release.version}`);
      old("release", "connector", "connectors");
      onClose();
    },
  });
  const start = () => {
    if (connection === "") complain("Choose the connection that tries it.");
    else if (!(Number.isInteger(Number(runs)) && Number(runs) > 0)) complain("Say how many runs have to end well: a whole number.");
    else if (beyond.length > 0 && !approve) complain("It asks for more than was approved. Allow that for this connection, or choose another release.");
    else {
      complain(undefined);
      begin.mutate();
    }
  };
  return (
    <Dialog open onClose={onClose} title={`Try ${name} ${release.version}`} actions={<><Button onClick={onClose}>Not now</Button><Button look="primary" busy={begin.isPending} onClick={start}>Start trial</Button></>}>
      <p>One connection runs {release.version} from its next run on; all others stay where they are. The first run that breaks down ends the trial, and the connection is back on what it ran before.</p>
      <SelectField label="Tenant" value={tenant} onChange={(id) => { setTenant(id); setConnection(""); }} choices={(tenants.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))} />
      <SelectField
        label="Connection" value={connection} onChange={setConnection} disabled={tenant === "" || connections.isPending}
        choices={(connections.data?.items ?? []).map(({ id, name, business_name }) => ({ value: id, label: name === business_name ? name : `${name} (${business_name})` }))}
        help={connections.data?.items.length === 0 ? `This tenant has no connection of ${name}.` : undefined}
      />
      <TextField label="Runs that have to end well" type="number" value={runs} onChange={setRuns} />
      <Switch label="Use it for all connections after that" help="Off: the trial waits for you to say so." checked={promote} onChange={setPromote} />
      {beyond.length > 0 && (
        <>
          <p>Beyond what was approved, it asks:</p>
          <ul>{beyond.map((line) => <li key={line}>{line}</li>)}</ul>
          <Switch label="Allow this for the trial" help="When it becomes the version in use, the approval holds for all connections." checked={approve} onChange={setApprove} />
        </>
      )}
      {wrong && <p role="alert">{wrong}</p>}
      {begin.isError && <Trouble error={begin.error} />}
    </Dialog>
  );
}
