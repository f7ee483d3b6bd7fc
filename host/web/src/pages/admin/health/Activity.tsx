/** Runs, records and pushes over time, of the whole deployment. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { useAddress } from "~/ui/address";
import { Section } from "~/ui/Page";
import { Plot } from "~/ui/Plot";
import { Skeleton, Trouble } from "~/ui/States";
import css from "./Activity.module.css";

const SPANS = [{ span: "hour", label: "Last hour" }, { span: "day", label: "Last day" }, { span: "week", label: "Last week" }] as const;

export function Activity() {
  const [address, change] = useAddress();
  const { span } = SPANS.find((each) => each.span === address["span"]) ?? SPANS[0];
  const { data, error, refetch } = useQuery({
    queryKey: ["activity", "all", span], queryFn: () => answer(client().GET("/v1/activity", { params: { query: { span } } })),
    placeholderData: keepPreviousData, refetchInterval: 30_000,
  });
  const of = (value: "runs" | "failed" | "records" | "pushes") => data?.points.map((point) => ({ at: point.at, value: point[value] }));
  const plots = [
    { label: "Records stored", points: of("records"), tone: "accent" as const },
    { label: "Runs", points: of("runs"), tone: "accent" as const },
    { label: "Failed runs", points: of("failed"), tone: "bad" as const },
    { label: "Pushes", points: of("pushes"), tone: "good" as const },
  ];
  return (
    <Section
      title="Over time" flush
      actions={
        <div className={css.spans} role="group" aria-label="Span">
          {SPANS.map((each) => <button key={each.span} type="button" className={css.span} aria-pressed={each.span === span} onClick={() => change({ span: each.span }, { replace: true })}>{each.label}</button>)}
        </div>
      }
    >
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : (
        <div className={css.plots}>
          {plots.map(({ label, points, tone }) => <div key={label} className={css.plot}>{points ? <Plot label={label} points={points} tone={tone} /> : <Skeleton height={148} />}</div>)}
        </div>
      )}
    </Section>
  );
}
