/** One push: how it stands in words, what it says, what is at the provider, and everything that happened to it. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { catalogEntry } from "~/api/catalog";
import { answer, client } from "~/api/client";
import { buttonClass } from "~/ui/Button";
import { Facts, type Fact } from "~/ui/Facts";
import { count, plural } from "~/ui/format";
import { Page, Section } from "~/ui/Page";
import { Reason } from "~/ui/Reason";
import { leadsOut, SafeLink } from "~/ui/SafeLink";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Ident, When } from "~/ui/Text";
import type { PushDetail } from "@patchbay/client";
import { Content } from "./push/Content";
import { Decide } from "./push/Decide";
import { linesOf } from "./push/content";
import { Moves } from "./push/Moves";
import { Steps } from "./push/Steps";
import { actionTitle, isMoving, pushSentence, summaryOf } from "./push/words";
import { ConnectionName } from "./sent/ConnectionName";
import css from "./push/Push.module.css";

/** Milliseconds between two looks at a push that is on its way: no event tells each of its steps. */
const LOOK = 1_500;

export function Push() {
  const { push: id } = useParams({ strict: false }) as { push: string };
  const { data: push, error, refetch } = useQuery({
    queryKey: ["push", id],
    queryFn: () => answer(client().GET("/v1/pushes/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data.state) ? LOOK : false),
  });
  const back = <Link to="/app/sent">Sent</Link>;
  if (push === undefined) return <Page title="Sent item" back={back}>{error ? <Trouble error={error} retry={() => void refetch()} /> : <Loading lines={6} />}</Page>;
  return <Opened push={push} back={back} />;
}

function Opened({ push, back }: { push: PushDetail; back: React.ReactNode }) {
  const { data: entry } = useQuery(catalogEntry(push.connector));
  const action = entry?.actions.find((one) => one.name === push.action);
  const title = actionTitle(entry, push.action);
  const there = leadsOut(push.object?.url);
  return (
    <Page
      title={summaryOf(push.payload) || title} back={back}
      lead={<span className={css.lead}><Status state={push.state} {...(push.state === "expired" ? { word: "Waited too long" } : {})} /><span>{title} · {entry?.name ?? push.connector}</span></span>}
      actions={<>
        {there && <a className={buttonClass("plain")} href={there} target="_blank" rel="noopener noreferrer"><ExternalLink aria-hidden="true" />Open at {entry?.name ?? "the provider"}</a>}
        <Decide push={push} needsTarget={action?.target !== null && action?.target !== undefined} changes={action?.update ?? false} />
      </>}
    >
      {push.reason && push.state !== "done"
        ? <Reason reason={push.reason} tone={toneOf(push.state)} operator={push.operator} remedy={<p>{pushSentence(push)}</p>} />
        : <p className={css.sentence}>{pushSentence(push)}</p>}
      {push.errors.length > 0 && (
        <Section title="What the provider refused">
          <ul className={css.faults}>{push.errors.map((fault) => <li key={fault.pointer + fault.detail}><strong>{fieldTitle(action?.schema, fault.pointer)}</strong> {fault.detail}</li>)}</ul>
        </Section>
      )}
      <Section title="About it"><Facts facts={factsOf(push, entry?.name)} /></Section>
      <Content push={push} schema={action?.schema} />
      <Steps push={push} />
      <Moves push={push} />
    </Page>
  );
}

function toneOf(state: PushDetail["state"]): "bad" | "warn" | "none" {
  if (state === "unknown") return "warn";
  return state === "failed" || state === "rejected" || state === "expired" ? "bad" : "none";
}

/** The title of the field that a pointer names, where the schema has it. */
function fieldTitle(schema: unknown, pointer: string): string {
  const name = pointer.split("/")[1] ?? "";
  return linesOf(schema, { [name]: "" })[0]?.title ?? pointer;
}

function factsOf(push: PushDetail, provider: string | undefined): Fact[] {
  const target: Fact[] = push.target === null ? [{ name: "Where to", value: <span className={css.soft}>not chosen</span> }]
    : Object.entries(push.target).map(([name, value]) => ({ name: name === "id" ? "Where to" : name, value: typeof value === "string" ? value : JSON.stringify(value) }));
  return [
    { name: "Connection", value: push.connection ? <ConnectionName id={push.connection} /> : <span className={css.soft}>none yet</span>, note: provider },
    ...target,
    ...(push.object ? [{ name: "At the provider", value: <SafeLink to={push.object.url}>{push.object.id}</SafeLink>, note: push.result === "exists" ? "was there already" : push.result === "updated" ? "changed" : undefined }] : []),
    { name: "Accepted", value: <When at={push.created_at} /> },
    { name: "Ended", value: <When at={push.ended_at} none="not yet" /> },
    ...(push.next_at ? [{ name: push.state === "unknown" ? "Looked up again" : "Goes on", value: <When at={push.next_at} /> }] : []),
    ...(push.expires_at ? [{ name: "Kept until", value: <When at={push.expires_at} /> }] : []),
    { name: "Attempts", value: count(push.attempts), note: push.looks > 0 ? `looked up ${plural(push.looks, "time")}` : undefined },
    ...(push.revision > 1 ? [{ name: "Version", value: count(push.revision), note: "its content was changed under the same key" }] : []),
    ...(push.waits_for ? [{ name: "Waits for", value: <Link to="/app/sent/$push" params={{ push: push.waits_for }}>the item before it</Link>, note: "items for one target are sent one after the other" }] : []),
    { name: "Key", value: <code>{push.key}</code>, note: "the same key is sent once" },
    ...(push.source ? [{ name: "Came from", value: <Link to="/app/sent" search={{ source: push.source }}>{push.source}</Link> }] : []),
    { name: "Sent", value: push.send === "on_demand" ? "when somebody says so" : "by itself" },
    { name: "Item", value: <Ident id={push.id} /> },
  ];
}
