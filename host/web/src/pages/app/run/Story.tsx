/** What happened in a run: its steps and what the connector wrote, in the order of time. */
import type { Run } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { answer, client } from "~/api/client";
import { Filter } from "~/ui/Filter";
import { Section } from "~/ui/Page";
import { Trouble } from "~/ui/States";
import { Timeline, type Moment } from "~/ui/Timeline";
import { timelineOf, type Told } from "./timeline";
import css from "./Run.module.css";

/** The host keeps so many lines of a run, the last of which says where more were left out. */
const GRAVE = new Set<Told["level"]>(["error", "warning"]);

export function Story({ run }: { run: Run }) {
  const [only, show] = useState("");
  const { data, error, refetch } = useQuery({
    queryKey: ["runs", "log", run.id],
    queryFn: () => answer(client().GET("/v1/runs/{id}/log", { params: { path: { id: run.id } } })),
  });
  const told = useMemo(() => timelineOf(run, data?.items ?? []), [run, data]);
  const lines = told.filter((moment) => moment.said);
  const shown = told.filter((moment) => !moment.said || (only === "grave" ? GRAVE.has(moment.level) : only === "quiet" ? moment.level !== "debug" : true));
  return (
    <Section title="What happened" actions={lines.length > 0 && (
      <Filter label="Lines" all="All lines" value={only} onChange={show} choices={[{ value: "quiet", label: "Without debug lines" }, { value: "grave", label: "Warnings and errors" }]} />
    )}>
      {error && <Trouble error={error} title="The lines of this run could not be read" retry={() => void refetch()} />}
      <Timeline label="What happened in the run" moments={shown.map(moment)} />
      {data?.items.length === 0 && run.started_at !== null && <p className={css.soft}>The connector wrote no lines.</p>}
    </Section>
  );
}

function moment(told: Told): Moment {
  return {
    id: told.id, at: told.at, tone: told.tone, minor: told.said,
    what: told.said && GRAVE.has(told.level) ? <><span className={css.level} data-tone={told.tone}>{told.level === "error" ? "Error" : "Warning"}</span> {told.what}</> : told.what,
    more: (told.more.length > 0 || told.fields.length > 0) && <>
      {told.more.map((line) => <p key={line}>{line}</p>)}
      {told.fields.length > 0 && <p className={css.fields}>{told.fields.map(([name, value]) => <code key={name}><span className={css.soft}>{name}</span> {value}</code>)}</p>}
    </>,
  };
}
