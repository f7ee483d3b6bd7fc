/** What this connection is and does, at a glance. */
import type { CatalogEntry, ConnectionDetail } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Button } from "~/ui/Button";
import { Facts } from "~/ui/Facts";
import { count, plural } from "~/ui/format";
import { Section } from "~/ui/Page";
import { Reason } from "~/ui/Reason";
import { Skeleton } from "~/ui/States";
import { Ident, When } from "~/ui/Text";
import { Activity } from "./Activity";
import { streamsOf, syncsOf } from "./queries";
import { remedyOf, standing, warningWords, type Tab } from "./remedy";
import { Switches } from "./Switches";
import css from "./Overview.module.css";

export interface OverviewProps {
  connection: ConnectionDetail;
  entry: CatalogEntry | undefined;
  onTab: (tab: Tab) => void;
}

export function Overview({ connection, entry, onTab }: OverviewProps) {
  const selected = connection.accounts.filter((account) => account.selected).length;
  // The first stands below the name already.
  const [, ...others] = standing(connection).state === "warning" ? connection.warnings : [];
  const { data: streams } = useQuery(streamsOf(connection.id));
  const titleOf = (name: string | null) => streams?.items.find((stream) => stream.name === name)?.title ?? name;
  return (
    <>
      {others.map((warning) => (
        <Reason
          key={`${warning.code} ${warning.stream ?? ""} ${warning.account ?? ""}`} tone="warn"
          reason={{ code: warning.code, detail: warningWords(warning, titleOf(warning.stream)) }}
          remedy={<Button onClick={() => onTab(remedyOf(warning).tab)}>{remedyOf(warning).label}</Button>}
        />
      ))}
      <Figures connection={connection} selected={selected} onTab={onTab} />
      <Activity connection={connection.id} sends={(entry?.actions.length ?? 0) > 0} />
      <div className={css.columns}>
        <Section title="Switches" lead="What this system is used for here.">
          <Switches connection={connection} entry={entry} />
        </Section>
        <Section title="About">
          <div className={css.about}>
            {entry && <p>{entry.summary}</p>}
            <Facts facts={[
              { name: "System", value: entry?.name ?? connection.connector },
              { name: "Business account", value: connection.business_name },
              { name: "Business account ID", value: <Ident id={connection.business_id} /> },
              { name: "Login", value: connection.login ?? "–", note: entry?.logins.find((login) => login.id === connection.auth)?.label },
              { name: "Connected", value: <When at={connection.created_at} /> },
              { name: "Last authorization", value: <When at={connection.authorized_at} /> },
              { name: "Login confirmed", value: connection.verified ? "Yes" : "No", ...(!connection.verified && { note: "Whoever had the link may have connected." }) },
              { name: "Connection ID", value: <Ident id={connection.id} /> },
            ]} />
          </div>
        </Section>
      </div>
    </>
  );
}

/** Records, how fresh they are, and when there will be more. */
function Figures({ connection, selected, onTab }: { connection: ConnectionDetail; selected: number; onTab: (tab: Tab) => void }) {
  const { data } = useQuery(syncsOf(connection.id));
  const syncs = data?.items;
  const told = (times: (string | null)[], last: boolean) => times.filter((time) => time !== null).sort((one, other) => Date.parse(one) - Date.parse(other)).at(last ? -1 : 0) ?? null;
  const waiting = <Skeleton width={72} height={24} />;
  return (
    <dl className={css.figures}>
      <div><dt>Records</dt><dd>{syncs ? count(syncs.reduce((sum, sync) => sum + sync.records, 0)) : waiting}</dd></div>
      <div><dt>Last read to the end</dt><dd>{syncs ? <When at={told(syncs.map((sync) => sync.last_success_at), true)} none="Not yet" /> : waiting}</dd></div>
      <div><dt>Next run</dt><dd>{syncs ? <When at={told(syncs.map((sync) => sync.next_due_at), false)} none="None planned" /> : waiting}</dd></div>
      <div>
        <dt>Accounts</dt>
        <dd>{connection.accounts.length === 0 ? "–" : <button type="button" className={css.link} onClick={() => onTab("data")} aria-label={`${count(selected)} of ${plural(connection.accounts.length, "account")} read: choose accounts`}>{count(selected)} of {count(connection.accounts.length)}</button>}</dd>
      </div>
    </dl>
  );
}
