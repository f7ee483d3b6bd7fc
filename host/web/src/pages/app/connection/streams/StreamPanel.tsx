/** One stream, opened at the side: when it is read, what its records look like, and reading it again. */
import { Link } from "@tanstack/react-router";
import { useRunOf } from "~/api/progress";
import { buttonClass } from "~/ui/Button";
import { SidePanel } from "~/ui/Dialog";
import { Facts } from "~/ui/Facts";
import { Switch } from "~/ui/Field";
import { count } from "~/ui/format";
import { functionWord } from "~/ui/functions";
import { ProgressBar } from "~/ui/ProgressBar";
import { When } from "~/ui/Text";
import { wordsOf } from "../../run/LiveBar";
import type { StreamRow } from "../Streams";
import { Again } from "./Again";
import { useSyncSwitch } from "./doings";
import { Fields } from "./Fields";
import { scheduleWords, zoneWords } from "./schedule";
import { ScheduleForm } from "./ScheduleForm";
import { hasTrouble, LastState, SyncTrouble } from "./SyncTrouble";
import css from "./StreamPanel.module.css";

export function StreamPanel({ row, onClose }: { row: StreamRow; onClose: () => void }) {
  const { sync, title, account, stream } = row;
  const news = useRunOf(sync.id);
  const { set, dialog } = useSyncSwitch(sync, title);
  const zone = zoneWords(sync.schedule);
  return (
    <SidePanel
      open onClose={onClose} title={title}
      footer={<>
        <Link to="/app/connections/$connection" params={{ connection: sync.connection }} search={{ tab: "runs", sync: sync.id }} className={buttonClass("plain")}>See its runs</Link>
        <Link to="/app/connections/$connection" params={{ connection: sync.connection }} search={{ tab: "data", stream: sync.stream, ...(sync.account !== null && { account: sync.account }) }} hash="records" className={buttonClass("plain")}>See its records</Link>
      </>}
    >
      {stream && <p className={css.soft}>{stream.meaning}</p>}
      <Switch label="Read this stream" help={sync.enabled ? "On" : "Off: it is not read, and what was read stays."} checked={sync.enabled} onChange={set} />
      {dialog}
      {news?.state === "running" && <ProgressBar label={`Progress of ${title}`} done={news.records} total={news.total}>{wordsOf(news)}</ProgressBar>}
      {hasTrouble(sync) && <SyncTrouble sync={sync} title={title} />}
      <Facts label="About this stream" facts={[
        ...(account === undefined ? [] : [{ name: "Account", value: account }]),
        { name: "Records", value: count(sync.records) },
        { name: "Last read to the end", value: <When at={sync.last_success_at} none="Not yet" /> },
        { name: "Last run", value: <LastState sync={sync} /> },
        { name: "Schedule", value: scheduleWords(sync.schedule), ...(zone !== undefined && { note: zone }) },
        { name: "Next run", value: <When at={sync.next_due_at} none="None planned" /> },
        ...(stream ? [{ name: "Belongs to", value: functionWord(stream.function) }] : []),
        ...(sync.coalesced > 0 ? [{ name: "Slots made up for", value: count(sync.coalesced), note: "Runs that took longer than the time between two, or a server that was down." }] : []),
        ...(sync.backfill_since ? [{ name: "Reads again from", value: <When at={sync.backfill_since} /> }] : []),
      ]} />
      <section className={css.part} aria-label="Schedule">
        <h3>Schedule</h3>
        {/* Begins anew when somebody else changed it meanwhile. */}
        <ScheduleForm key={JSON.stringify(sync.schedule)} sync={sync} />
      </section>
      <section className={css.part} aria-label="Fields">
        <h3>Fields</h3>
        <Fields sync={sync} keys={stream?.key ?? []} />
      </section>
      <section className={css.part} aria-label="Read again">
        <h3>Read again</h3>
        <Again sync={sync} title={title} />
      </section>
    </SidePanel>
  );
}
