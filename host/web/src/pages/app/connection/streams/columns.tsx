/** The columns of the list of streams. */
import type { RunProgress, Sync } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { answer, client } from "~/api/client";
import { useRunOf } from "~/api/progress";
import { IconButton } from "~/ui/Button";
import type { Column } from "~/ui/DataTable";
import { Switch } from "~/ui/Field";
import { count, duration } from "~/ui/format";
import { ProgressBar } from "~/ui/ProgressBar";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { wordsOf } from "../../run/LiveBar";
import { useSyncSwitch } from "./doings";
import { scheduleWords, zoneWords } from "./schedule";
import { LastState } from "./SyncTrouble";
import type { StreamRow } from "../Streams";
import css from "./columns.module.css";

export function columnsOf({ onOpen }: { onOpen: (sync: Sync) => void }): Column<StreamRow>[] {
  return [
    {
      id: "stream", label: "Stream",
      cell: ({ sync, title, account }) => (
        <span className={css.names}>
          <button type="button" className={css.name} onClick={() => onOpen(sync)}>{title}{account && <span className="visually-hidden"> of {account}</span>}</button>
          {account && <span className={css.soft}>{account}</span>}
        </span>
      ),
    },
    { id: "schedule", label: "Schedule", cell: ({ sync }) => <span title={zoneWords(sync.schedule)}>{scheduleWords(sync.schedule)}</span> },
    { id: "last", label: "Last run", width: "240px", cell: ({ sync, title }) => <Last sync={sync} title={title} /> },
    { id: "records", label: "Records", number: true, cell: ({ sync }) => count(sync.records) },
    { id: "next", label: "Next run", cell: ({ sync }) => <Next sync={sync} /> },
    {
      id: "on", label: "On", pinned: true, width: "104px",
      cell: ({ sync, title, account }) => {
        const whole = account ? `${title} of ${account}` : title;
        return <span className={css.doings}><OnOff sync={sync} title={whole} /><RunNow sync={sync} title={whole} /></span>;
      },
    },
  ];
}

/** How the last run ended; of one that is under way, how far it is. */
function Last({ sync, title }: { sync: Sync; title: string }) {
  const news = useRunOf(sync.id);
  if (news?.state === "running") return <ProgressBar label={`Progress of ${title}`} done={news.records} total={news.total}><span title={wordsOf(news)}>{shortly(news)}</span></ProgressBar>;
  if (sync.last_run === null) return <span className={css.soft}>Not yet</span>;
  return <span className={css.last}><LastState sync={sync} /><span className={css.soft}><When at={sync.last_run.ended_at} /></span></span>;
}

/** `1,200 of 5,000 · 240/s · 16 s left`: what fits into a row. */
function shortly({ records, total, records_per_second: rate, estimate_seconds: left }: RunProgress): string {
  return [total !== null && total >= records ? `${count(records)} of ${count(total)}` : count(records), rate !== null && rate > 0 && `${count(Math.round(rate))}/s`, left !== null && `${duration(left)} left`].filter(Boolean).join(" · ");
}

function Next({ sync }: { sync: Sync }) {
  const news = useRunOf(sync.id);
  if (news?.state === "running") return <span className={css.soft}>Running now</span>;
  if (news?.state === "due" && news.started_at === null) return <span className={css.soft}>Waits its turn</span>;
  if (sync.gone_at !== null) return <span className={css.soft}>Gone at the provider</span>;
  return <When at={sync.next_due_at} none={sync.enabled ? "Not read at present" : "–"} />;
}

function OnOff({ sync, title }: { sync: Sync; title: string }) {
  const { set, dialog } = useSyncSwitch(sync, title);
  return <><Switch label={`Read ${title}`} hideLabel checked={sync.enabled} onChange={set} />{dialog}</>;
}

function RunNow({ sync, title }: { sync: Sync; title: string }) {
  const queries = useQueryClient();
  const { failed } = useToasts();
  const open = useRunOf(sync.id) !== undefined;
  const run = useMutation({
    mutationFn: () => answer(client().POST("/v1/syncs/{id}/run", { params: { path: { id: sync.id } } })),
    onError: failed,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  const reads = sync.next_due_at !== null;
  return <IconButton name={`Run ${title} now`} disabled={!reads || open || run.isPending} onClick={() => run.mutate()}><Play /></IconButton>;
}
