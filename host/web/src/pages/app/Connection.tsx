/** One connection: how it stands and what mends that, then everything about it in five tabs. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy } from "react";
import { ProgressContext, useProgress } from "~/api/progress";
import { catalogEntry, useCards } from "~/api/catalog";
import { Refused } from "~/api/client";
import { oneOf, useAddress } from "~/ui/address";
import { buttonClass } from "~/ui/Button";
import { Page } from "~/ui/Page";
import { Empty, Loading, Trouble } from "~/ui/States";
import { Tabs } from "~/ui/Tabs";
import { Heading } from "./connection/Heading";
import { Overview } from "./connection/Overview";
import { connectionOf } from "./connection/queries";
import { Standing } from "./connection/Standing";
import { TABS } from "./connection/remedy";

// Each tab but the first is fetched when it is opened.
const Data = lazy(() => import("./connection/Data").then(({ Data: tab }) => ({ default: tab })));
const Runs = lazy(() => import("./connection/Runs").then(({ Runs: tab }) => ({ default: tab })));
const Sent = lazy(() => import("./connection/Sent").then(({ Sent: tab }) => ({ default: tab })));
const Settings = lazy(() => import("./connection/Settings").then(({ Settings: tab }) => ({ default: tab })));

export function Connection() {
  const { connection: id = "" } = useParams({ strict: false });
  const { data: connection, error, refetch } = useQuery(connectionOf(id));
  // A connection whose connector is gone is shown all the same.
  const { data: entry } = useQuery({ ...catalogEntry(connection?.connector ?? ""), enabled: connection !== undefined, retry: false });
  const card = useCards()(connection?.connector ?? "");
  const progress = useProgress(id);
  const [{ tab: named }, put] = useAddress();
  const navigate = useNavigate();
  const tab = oneOf(TABS, named) ?? "overview";
  const back = <Link to="/app/connections">Connections</Link>;

  if (error instanceof Refused && error.problem.status === 404) {
    return (
      <Page title="This connection is gone" back={back}>
        <Empty title="There is no such connection" action={<Link to="/app/connections" className={buttonClass("primary")}>All connections</Link>}>It may have been deleted. What was sent with it still stands under Sent.</Empty>
      </Page>
    );
  }
  if (connection === undefined) {
    return <Page title="Connection" back={back}>{error ? <Trouble error={error} retry={() => void refetch()} /> : <Loading lines={6} />}</Page>;
  }
  const provider = card?.name ?? connection.connector;
  return (
    <ProgressContext value={progress}>
      <Page title={connection.name} back={back} heading={<Heading connection={connection} provider={provider} logo={card?.logo ?? null} />}>
        <Standing connection={connection} tab={tab} onTab={(to) => put({ tab: to })} />
        <Tabs
          label="About this connection" value={tab}
          // A tab begins without what was chosen in another.
          onChange={(to) => void navigate({ to: ".", search: to === "overview" ? {} : { tab: to }, replace: true, resetScroll: false })}
          tabs={[
            { id: "overview", label: "Overview", content: <Overview connection={connection} entry={entry} onTab={(to) => put({ tab: to })} /> },
            { id: "data", label: "Data", content: <Data connection={connection} /> },
            { id: "runs", label: "Runs", content: <Runs connection={connection.id} /> },
            { id: "sent", label: "Sent", content: <Sent connection={connection.id} /> },
            { id: "settings", label: "Settings", content: <Settings connection={connection} entry={entry} /> },
          ]}
        />
      </Page>
    </ProgressContext>
  );
}
