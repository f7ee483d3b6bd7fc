/** Whose connectors are taken: publishers' keys, and the indexes that list connectors. */
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { publishers } from "~/api/admin";
import { Button } from "~/ui/Button";
import { Page, Section } from "~/ui/Page";
import { Empty, Loading, Trouble } from "~/ui/States";
import { Indexes } from "./publishers/Indexes";
import { Keys } from "./publishers/Keys";
import { Trust } from "./publishers/Trust";

export function Publishers() {
  const { data, error, refetch } = useQuery(publishers);
  const [trusting, trust] = useState(false);
  const add = <Button icon={<Plus aria-hidden="true" />} onClick={() => trust(true)}>Trust a key</Button>;
  return (
    <Page title="Publishers" lead="A signed connector is taken when its publisher's key is trusted here. A key is known by its fingerprint; compare it with what the publisher shows elsewhere." actions={add}>
      {error && !data && <Trouble error={error} retry={() => void refetch()} />}
      {!error && !data && <Loading lines={4} />}
      {data?.items.length === 0 && <Empty title="No publisher's key is known yet" action={<Button look="primary" onClick={() => trust(true)}>Trust a key</Button>}>Keys come with the connectors that they sign, or are entered here.</Empty>}
      {data?.items.map((publisher) => <Section key={publisher.id} title={publisher.id} flush><Keys publisher={publisher} /></Section>)}
      <Indexes />
      {trusting && <Trust onClose={() => trust(false)} />}
    </Page>
  );
}
