/** One connector: what is in use and what waits, its releases with who runs them, and what the operator said of it. */
import type { Connector as About, ReleaseStanding } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { connectors, releases } from "~/api/admin";
import { buttonClass } from "~/ui/Button";
import { Page, Section } from "~/ui/Page";
import { Empty, Loading, Trouble } from "~/ui/States";
import { OauthStanding } from "./connector/OauthStanding";
import { Origins } from "./connector/Origins";
import { Releases } from "./connector/Releases";
import { RollBack } from "./connector/RollBack";
import { UpgradePolicy } from "./connector/UpgradePolicy";
import { Shares } from "./connectors/Shares";
import { behind, sentence } from "./connectors/standing";
import { Trial } from "./release/Trial";
import css from "./Connector.module.css";

// Its form of a schema is large, and stands at the foot of the page.
const Config = lazy(() => import("./connector/Config").then(({ Config }) => ({ default: Config })));

const BACK = <Link to="/admin/connectors">Connectors</Link>;

export function Connector() {
  const { connector: id = "" } = useParams({ strict: false });
  const all = useQuery(connectors);
  const list = useQuery(releases(id));
  const about = all.data?.items.find((connector) => connector.id === id);
  const error = list.error ?? all.error;
  if (error && (!list.data || !all.data)) return <Page title={id} back={BACK}><Trouble error={error} retry={() => { void all.refetch(); void list.refetch(); }} /></Page>;
  if (!list.data || !all.data) return <Page title={id} back={BACK}><Loading lines={8} /></Page>;
  if (!about) return <Page title={id} back={BACK}><Empty title="This connector is not installed">It may have another id. The list shows all that are.</Empty></Page>;
  return <Shown about={about} releases={list.data.items} />;
}

function Shown({ about, releases }: { about: About; releases: ReleaseStanding[] }) {
  const { id, name, active } = about;
  const waiting = behind(about);
  const tried = releases.find((release) => release.canary !== null);
  const before = releases.find((release) => release.state === "retained");
  return (
    <Page
      title={name} back={BACK}
      lead={<>{id} · {active ? <>version {active.version} is in use</> : "no version is in use yet"}</>}
      actions={active && before && <RollBack name={name} active={active} to={before} label={`Roll back to ${before.version}`} />}
    >
      {tried?.canary && <Trial release={tried} canary={tried.canary} />}
      {waiting && !tried && (
        <section className={css.waiting} data-state={waiting.state} aria-label="A release that is not in use">
          <div>
            <p><strong>{waiting.version} {waiting.state === "ready" ? "waits for your approval" : waiting.state === "refused" ? "was refused" : "is quarantined"}.</strong></p>
            {waiting.reason && <p>{sentence(waiting.reason)}</p>}
          </div>
          <Link to="/admin/releases/$release" params={{ release: waiting.id }} className={buttonClass(waiting.state === "ready" ? "primary" : "plain")}>See what it asks for</Link>
        </section>
      )}
      <Section title="Connections"><Shares connector={id} words /></Section>
      <Section title="Releases" lead="Newest first. What is running finishes on the version that it began with." flush><Releases name={name} active={active} releases={releases} /></Section>
      <Section title="Upgrades"><UpgradePolicy connector={id} /></Section>
      <Section title="OAuth client"><OauthStanding connector={id} /></Section>
      {active && <Origins connector={id} />}
      <Suspense><Config connector={id} /></Suspense>
    </Page>
  );
}
