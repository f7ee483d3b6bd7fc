/** Which addresses of customers' own a connector may reach: for providers that customers run themselves. */
import type { CustomerOrigins, Granted } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { SelectField, TextField } from "~/ui/Field";
import { Section } from "~/ui/Page";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { linesOf, originsOf, reachOf, widens, type Reach } from "./origins";
import css from "./Row.module.css";

const CHOICES: { value: Reach; label: string }[] = [
  { value: "none", label: "None" }, { value: "listed", label: "Only those listed" }, { value: "any_public", label: "Any public address" },
];

export function Origins({ connector }: { connector: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["connector", connector, "grant"], queryFn: () => answer(client().GET("/v1/connectors/{connector}/grant", { params: { path: { connector } } })),
  });
  return (
    <Section title="Addresses of customers' own" lead="For providers that customers run themselves, at addresses that no manifest can name.">
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : data ? <Asked key={JSON.stringify(data)} connector={connector} grant={data} /> : <Loading lines={2} />}
    </Section>
  );
}

/** A choice that changes nothing is not offered; one that was made is shown, because it holds once an upgrade asks. */
function Asked({ connector, grant }: { connector: string; grant: Granted }) {
  const idle = !grant.asked && <p className={css.soft}>Nothing to choose: every address that it reaches stands in its manifest, and was approved with its release.</p>;
  return <>{idle}{(grant.asked || grant.customer_origins !== "any_public") && <Form connector={connector} grant={grant} />}</>;
}

function Form({ connector, grant }: { connector: string; grant: Granted }) {
  const [reach, setReach] = useState(reachOf(grant.customer_origins));
  const [text, setText] = useState(linesOf(grant.customer_origins));
  const [wrong, complain] = useState<string>();
  const [asked, ask] = useState<CustomerOrigins>();
  const queries = useQueryClient();
  const { say } = useToasts();
  const save = useMutation({
    mutationFn: (customer_origins: CustomerOrigins) => answer(client().PUT("/v1/connectors/{connector}/grant", { params: { path: { connector } }, body: { customer_origins } })),
    onSuccess: async () => {
      ask(undefined);
      say("Saved. It holds from the next run, push or login on");
      // Then the form begins anew with what holds: nothing is chosen in it until then, because it would be lost.
      await queries.invalidateQueries({ queryKey: ["connector"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { listed, wrong } = originsOf(text);
    if (reach === "listed" && wrong !== undefined) return complain(`“${wrong}” is no address of the form https://host or https://host:port.`);
    if (reach === "listed" && listed.length === 0) return complain("List at least one address, or choose None.");
    complain(undefined);
    const after: CustomerOrigins = reach === "listed" ? { listed } : reach;
    if (widens(grant.customer_origins, after)) ask(after);
    else save.mutate(after);
  };
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <fieldset className={css.whole} disabled={save.isPending}>
        <SelectField label="It may reach" value={reach} onChange={(value) => setReach(CHOICES.find((choice) => choice.value === value)?.value ?? "none")} choices={CHOICES} help="Always https, and always an address that the whole internet can see." />
        {reach === "listed" && <TextField label="Addresses" value={text} onChange={(typed) => { setText(typed); complain(undefined); }} lines={4} error={wrong} help="One a line: https://books.example.com" />}
      </fieldset>
      {save.isError && asked === undefined && <Trouble error={save.error} />}
      <div className={css.foot}><Button type="submit" busy={save.isPending && asked === undefined}>Save addresses</Button></div>
      <Confirm open={asked !== undefined} onClose={() => ask(undefined)} title="Let it reach more addresses" action="Allow these addresses" busy={save.isPending} error={save.error} onConfirm={() => asked !== undefined && save.mutate(asked)}>
        {asked === "any_public"
          ? <p>This connector may then send requests, with a customer's credential, to any public address that the customer names as theirs. Choose it where you cannot know your customers' addresses beforehand.</p>
          : <><p>This connector may then send requests, with a customer's credential, to:</p><ul>{typeof asked === "object" && asked.listed.map((origin) => <li key={origin}>{origin}</li>)}</ul></>}
      </Confirm>
    </form>
  );
}
