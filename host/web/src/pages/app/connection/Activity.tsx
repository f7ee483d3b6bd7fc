/** What was read and sent over time. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, client } from "~/api/client";
import { Plot } from "~/ui/Plot";
import { Section } from "~/ui/Page";
import { Skeleton, Trouble } from "~/ui/States";
import css from "./Activity.module.css";

const SPANS = [["hour", "Last hour"], ["day", "Last day"], ["week", "Last week"]] as const;
type Span = (typeof SPANS)[number][0];

export function Activity({ connection, sends }: { connection: string; sends: boolean }) {
  const [span, choose] = useState<Span>("day");
  const group = useId();
  const { data, error, refetch } = useQuery({
    queryKey: ["activity", connection, span],
    queryFn: () => answer(client().GET("/v1/activity", { params: { query: { connection, span } } })),
    placeholderData: keepPreviousData,
  });
  const of = (what: "records" | "failed" | "pushes") => (data?.points ?? []).map((point) => ({ at: point.at, value: point[what] }));
  return (
    <Section title="Activity" actions={
      <fieldset className={css.spans}>
        <legend className="visually-hidden">Time shown</legend>
        {SPANS.map(([id, label]) => <label key={id}><input type="radio" name={group} checked={span === id} onChange={() => choose(id)} className="visually-hidden" /><span>{label}</span></label>)}
      </fieldset>
    }>
      {error && data === undefined ? <Trouble error={error} retry={() => void refetch()} /> : (
        <div className={css.plots}>
          {data === undefined ? <Skeleton height={150} /> : <Plot label="Records read" unit="records" points={of("records")} />}
          {data === undefined ? <Skeleton height={150} /> : sends ? <Plot label="Items sent" unit="items" points={of("pushes")} /> : <Plot label="Failed runs" unit="runs" tone="bad" points={of("failed")} />}
        </div>
      )}
    </Section>
  );
}
