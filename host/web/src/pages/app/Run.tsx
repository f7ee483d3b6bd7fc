/** One run: how it stands and why, what it did in figures, and what happened in the order of time. */
import type { Run as TheRun } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { Button, buttonClass } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { Facts } from "~/ui/Facts";
import { bytes, count, duration } from "~/ui/format";
import { Page, Section } from "~/ui/Page";
import { ProgressBar } from "~/ui/ProgressBar";
import { Reason } from "~/ui/Reason";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { connectionOf, syncsOf } from "./connection/queries";
import { useStreamNames } from "./connection/Runs";
import { wordsOf } from "./run/LiveBar";
import { useLiveRun } from "./run/live";
import { Story } from "./run/Story";
import { isOpen, seconds, stateSentence, triggerWord } from "./run/words";
import css from "./run/Run.module.css";

export function Run() {
  const { run: id, connection } = useParams({ strict: false }) as { run: string; connection: string };
  const { data: run, error, refetch } = useQuery({ queryKey: ["runs", "one", id], queryFn: () => answer(client().GET("/v1/runs/{id}", { params: { path: { id } } })) });
  const back = <Back connection={connection} />;
  if (run === undefined) return <Page title="Run" back={back}>{error ? <Trouble error={error} retry={() => void refetch()} /> : <Loading lines={6} />}</Page>;
  return <Opened run={run} back={back} />;
}

function Back({ connection }: { connection: string }) {
  const { data } = useQuery(connectionOf(connection));
  return <><Link to="/app/connections">Connections</Link> / <Link to="/app/connections/$connection" params={{ connection }} search={{ tab: "runs" }}>{data?.name ?? "Connection"}</Link></>;
}

function Opened({ run, back }: { run: TheRun; back: React.ReactNode }) {
  const live = useLiveRun(run.id, isOpen(run));
  const syncs = useQuery(syncsOf(run.connection));
  const streamName = useStreamNames(run.connection);
  const sync = syncs.data?.items.find((one) => one.id === run.sync);
  const name = syncs.isPending ? "Run" : streamName(sync);
  // News is newer than the answer, while it comes.
  const now: TheRun = live === undefined ? run : { ...run, state: live.state, started_at: live.started_at ?? run.started_at, pages: live.pages, records: live.records, changed: live.changed, deleted: live.deleted };
  const took = seconds(now, Date.now());
  return (
    <Page title={name} back={back} lead={<Status state={now.state} />} actions={isOpen(now) ? <Stop run={now} /> : <Again run={now} off={sync === undefined} />}>
      {now.state === "running" && (
        <section className={css.live} aria-label="Progress">
          <ProgressBar label="Progress of the run" done={now.records} total={live?.total}>{live ? wordsOf(live) : `${count(now.records)} records`}</ProgressBar>
        </section>
      )}
      {run.reason
        ? <Reason reason={run.reason} tone={toneOf(run.state)} operator={run.operator} remedy={remedyOf(run)} />
        : <p className={css.sentence}>{stateSentence(now)}</p>}
      <Section title="Figures">
        <Facts facts={[
          { name: "Records read", value: count(now.records), note: now.refused > 0 ? <Link to="/app/connections/$connection" params={{ connection: run.connection }} search={{ tab: "data" }}>{count(now.refused)} could not be read</Link> : undefined },
          { name: "New or changed", value: count(now.changed) },
          { name: "Deleted", value: count(now.deleted) },
          { name: "Pages", value: count(now.pages) },
          { name: "Requests", value: count(now.usage.requests), note: now.usage.retries > 0 ? `${count(now.usage.retries)} repeated` : undefined },
          { name: "Received", value: bytes(now.usage.bytes) },
          { name: "Waited for the provider", value: now.usage.waited_ms === 0 ? "not at all" : duration(now.usage.waited_ms / 1_000) },
          { name: isOpen(now) ? "Under way for" : "Took", value: took === undefined ? "–" : duration(took) },
          { name: "Made", value: <When at={run.created_at} />, note: triggerWord(run.trigger) },
          { name: "Began", value: <When at={now.started_at} none="not yet" />, note: run.attempts > 1 ? `attempt ${run.attempts} in a row` : undefined },
          { name: "Ended", value: <When at={run.ended_at} none="not yet" /> },
          { name: "Connector", value: run.version ? `Version ${run.version}` : "–", note: run.connector ?? undefined },
          { name: "Run", value: <Ident id={run.id} /> },
        ]} />
      </Section>
      <Story run={now} />
    </Page>
  );
}

function toneOf(state: TheRun["state"]): "bad" | "warn" | "none" {
  if (state === "held") return "warn";
  return state === "failed" || state === "stalled" || state === "lost" ? "bad" : "none";
}

/** The one thing to do about it, where this app has it. */
function remedyOf(run: TheRun): React.ReactNode {
  const to = (tab: string, label: string) => <Link className={buttonClass("plain")} to="/app/connections/$connection" params={{ connection: run.connection }} search={{ tab }}>{label}</Link>;
  switch (run.reason?.code) {
    case "PB3014": return to("data", "Look at the records that were set aside");
    case "PB3015": return to("data", "Compare and approve the deletions");
    case "PB3012": return to("settings", "Correct the settings");
    default: return run.reason?.code.startsWith("PB2") ? to("overview", "See what the connection needs") : undefined;
  }
}

function Stop({ run }: { run: TheRun }) {
  const [asks, ask] = useState(false);
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => answer(client().POST("/v1/runs/{id}/cancel", { params: { path: { id: run.id } } })),
    onSuccess: () => {
      ask(false);
      void queries.invalidateQueries({ queryKey: ["runs"] });
    },
  });
  return (
    <>
      <Button onClick={() => ask(true)} disabled={run.cancel_at !== null}>{run.cancel_at ? "Stopping" : "Stop run"}</Button>
      <Confirm open={asks} onClose={() => ask(false)} title="Stop this run" action="Stop run" onConfirm={() => cancel.mutate()} busy={cancel.isPending} error={cancel.error}>
        <p>What it has stored stays. The next run goes on from there, by its schedule or when you ask for it.</p>
      </Confirm>
    </>
  );
}

function Again({ run, off }: { run: TheRun; off: boolean }) {
  const { failed } = useToasts();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: () => answer(client().POST("/v1/syncs/{id}/run", { params: { path: { id: run.sync } } })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["runs"] });
      void navigate({ to: "/app/connections/$connection/runs/$run", params: { connection: run.connection, run: made.run } });
    },
    onError: failed,
  });
  return <Button onClick={() => again.mutate()} busy={again.isPending} disabled={off}>Run again</Button>;
}
