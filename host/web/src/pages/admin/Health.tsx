/** How the host does: what is queued and refused, how its nodes are, and what runs over time. */
import type { DeploymentHealth } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { Facts, type Fact } from "~/ui/Facts";
import { count, duration, plural } from "~/ui/format";
import { Page, Section } from "~/ui/Page";
import { Loading, Trouble } from "~/ui/States";
import { Activity } from "./health/Activity";
import { Breakers } from "./health/Breakers";
import { InviteOperator } from "./health/InviteOperator";
import { Nodes } from "./health/Nodes";
import { Refusals } from "./health/Refusals";
import { Rotation } from "./health/Rotation";

/** Milliseconds between two looks. */
const AGAIN = 5_000;

export function Health() {
  const { data, error, refetch } = useQuery({ queryKey: ["health"], queryFn: () => answer(client().GET("/v1/health")), refetchInterval: AGAIN });
  return (
    <Page title="Health" lead="How this host does, now and over the last hour and day." actions={<InviteOperator />}>
      {error && !data && <Trouble error={error} retry={() => void refetch()} />}
      <Section title="Now">{data ? <Facts label="Now" facts={facts(data)} /> : <Loading lines={2} />}</Section>
      <Activity />
      <Breakers />
      <Section title="Refused" lead="What the gate and the host refused in the last day, by code." flush><Refusals refusals={data?.refusals} /></Section>
      <Section title="Nodes" lead="Processes that share this database." flush><Nodes nodes={data?.nodes} /></Section>
      <Rotation />
    </Page>
  );
}

/** What is read first, most urgent words beside the numbers. */
function facts({ queue, pushes, deliveries, breakers }: DeploymentHealth): Fact[] {
  return [
    { name: "Runs under way", value: count(queue.running) },
    { name: "Runs that are due", value: count(queue.due), note: queue.due > 0 && queue.oldest_due_seconds !== null ? `the oldest for ${duration(queue.oldest_due_seconds)}` : `${count(queue.scheduled)} planned` },
    { name: "Pushes waiting", value: count(pushes.waiting), note: `${count(pushes.sending)} being sent` },
    { name: "Pushes of unknown outcome", value: count(pushes.unknown), note: pushes.unknown > 0 ? "a person decides about each" : undefined },
    { name: "Pushes failed in a day", value: count(pushes.failed_day) },
    { name: "Webhooks waiting", value: count(deliveries.waiting), note: `${plural(deliveries.failed_day, "delivery", "deliveries")} given up in a day` },
    { name: "Providers left alone", value: count(breakers) },
  ];
}
