/** How far an open run of a list is: records, rate and time left, from events. */
import type { Run, RunProgress } from "@patchbay/client";
import { useRunOf } from "~/api/progress";
import { ProgressBar } from "~/ui/ProgressBar";
import { count, duration } from "~/ui/format";
import { Status } from "~/ui/Status";
import { isOpen } from "./words";

export function LiveBar({ run }: { run: Run }) {
  const news = useRunOf(run.sync);
  if (news?.run !== run.id || news.state !== "running") return <Status state={run.state} />;
  return <ProgressBar label="Progress of the run" done={news.records} total={news.total}>{wordsOf(news)}</ProgressBar>;
}

/** A figure of a run of a list; of one under way the newest. */
export function LiveFigure({ run, of }: { run: Run; of: "records" | "changed" | "deleted" }) {
  const news = useRunOf(run.sync);
  return <>{count(news?.run === run.id && isOpen(run) ? news[of] : run[of])}</>;
}

/** `1,200 of about 5,000 records · 240 a second · about 16 s left` */
export function wordsOf(news: Pick<RunProgress, "records" | "total" | "records_per_second" | "estimate_seconds">): string {
  const { records, total, records_per_second: rate, estimate_seconds: left } = news;
  return [
    total !== null && total >= records ? `${count(records)} of about ${count(total)} records` : `${count(records)} records`,
    ...(rate !== null && rate > 0 ? [`${count(rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10)} a second`] : []),
    ...(left !== null ? [`about ${duration(left)} left`] : []),
  ].join(" · ");
}
