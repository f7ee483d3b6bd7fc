/** One release: what it may do. While it waits: what it asks beside what was approved, and the decision. */
import type { ReleaseDetail } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { release as releaseQuery } from "~/api/admin";
import { bytes } from "~/ui/format";
import { Page, Section } from "~/ui/Page";
import { Sheet } from "~/ui/Sheet";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";
import { shortened } from "./actor";
import { sentence } from "./connectors/standing";
import { Approve } from "./release/Approve";
import { Card } from "./release/Card";
import { comparable } from "./release/card";
import { Diff } from "./release/Diff";
import { Trial } from "./release/Trial";
import { Try } from "./release/Try";
import css from "./Release.module.css";

export function Release() {
  const { release: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(releaseQuery(id));
  if (error && !data) return <Page title="Release"><Trouble error={error} retry={() => void refetch()} /></Page>;
  if (!data) return <Page title="Release"><Loading lines={8} /></Page>;
  return <Shown detail={data} />;
}

function Shown({ detail }: { detail: ReleaseDetail }) {
  const { release, name, card, canary } = detail;
  const waits = release.state === "ready";
  return (
    <Page
      title={`${name} ${release.version}`}
      heading={<h1 className={css.heading}>{name} {release.version} <span className={css.state}><Status state={release.state} word={release.state === "active" ? "In use" : undefined} /></span></h1>}
      lead={detail.summary}
      back={<><Link to="/admin/connectors">Connectors</Link> / <Link to="/admin/connectors/$connector" params={{ connector: release.connector }}>{release.connector}</Link></>}
      actions={waits && !canary ? <><Try detail={detail} /><Approve detail={detail} /></> : undefined}
    >
      {canary && <Trial release={release} canary={canary} />}
      {waits && <Waits detail={detail} />}
      {!waits && release.reason && <p className={css.note} data-tone={release.state === "refused" || release.state === "quarantined" ? "bad" : undefined}>{sentence(release.reason)}</p>}
      {waits && comparable(card) && (
        <Section title="What would change" lead="What was approved last, beside what this version asks for."><Diff card={card} version={release.version} /></Section>
      )}
      <Section title="In plain words"><ul className={css.sentences}>{detail.sentences.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul></Section>
      {(!waits || !comparable(card)) && <Section title="What it may do" lead="The host holds it to this: whatever is not here is refused."><Card card={card} /></Section>}
      <Section title="Where it comes from"><Origin detail={detail} /></Section>
    </Page>
  );
}

/** Why it waits, before anything else. */
function Waits({ detail: { release, asks_beyond: beyond } }: { detail: ReleaseDetail }) {
  return (
    <section className={css.waits} aria-label="Why it waits">
      <p><strong>Nothing uses this version yet.</strong> {beyond.length > 0 ? "It goes beyond what was approved for this connector:" : release.reason ? sentence(release.reason) : "It waits for your approval."}</p>
      {beyond.length > 0 && <ul>{beyond.map((line) => <li key={line}>{line}</li>)}</ul>}
      <p className={css.soft}>Approve it, try it on one connection first, or leave it: as long as nobody approves it, everything stays on the version in use.</p>
    </section>
  );
}

function Origin({ detail: { release, publisher, memory_mib, run_minutes } }: { detail: ReleaseDetail }) {
  return (
    <Sheet lines={[
      ["Publisher", <>{publisher.id} {publisher.fingerprint === null ? <Tag tone="warn">Unsigned</Tag> : publisher.key === "trusted" ? <Tag tone="good">Key trusted</Tag> : publisher.key === "revoked" ? <Tag tone="bad">Key revoked</Tag> : <Tag tone="warn">Key not trusted</Tag>}</>],
      ["Signed with", publisher.fingerprint === null ? "Nothing vouches for its bytes." : <Ident id={publisher.fingerprint} whole />],
      ["Source", release.source],
      ["SHA-256", <Ident key="digest" id={release.digest} />],
      ["Size", bytes(release.size)],
      ["Contract", release.contract],
      ["At most", `${memory_mib} MiB of memory, ${run_minutes} minutes for a run`],
      ["Here since", <When key="created" at={release.created_at} />],
      release.activated_at !== null && ["In use since", <><When at={release.activated_at} />{release.activated_by && <> by {shortened(release.activated_by)}</>}</>],
      release.set_back_at !== null && ["Set back", <When key="set-back" at={release.set_back_at} />],
      ["Id", <Ident key="id" id={release.id} />],
    ]} />
  );
}
