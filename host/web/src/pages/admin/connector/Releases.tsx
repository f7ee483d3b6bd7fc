/** The releases of a connector as a line through time: what each became, and who runs it. */
import type { Release, ReleaseStanding } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { publishers } from "~/api/admin";
import { bytes, plural } from "~/ui/format";
import { Status } from "~/ui/Status";
import { Tag } from "~/ui/Tag";
import { When } from "~/ui/Text";
import { shortened } from "../actor";
import { sentence, vouched } from "../connectors/standing";
import { RollBack } from "./RollBack";
import css from "./Releases.module.css";

export function Releases({ name, active, releases }: { name: string; active: Release | null; releases: ReleaseStanding[] }) {
  const known = useQuery(publishers).data?.items;
  return (
    <ol className={css.line}>
      {releases.map((release) => {
        const { word, tone } = vouched(release, known);
        return (
          <li key={release.id} className={css.release} data-state={release.state}>
            <span className={css.dot} aria-hidden="true" />
            <div className={css.words}>
              <div className={css.head}>
                <Link to="/admin/releases/$release" params={{ release: release.id }} className={css.version}>{release.version}</Link>
                <Status state={release.state} word={release.state === "active" ? "In use" : undefined} />
                <Tag tone={tone}>{word}</Tag>
                {release.canary && <Tag tone="accent">Being tried</Tag>}
              </div>
              <p className={css.soft}>
                {release.activated_at && release.state === "active" ? <>In use since <When at={release.activated_at} />{release.activated_by && ` by ${who(release.activated_by)}`}</> : <>Here since <When at={release.created_at} /></>}
                {" · "}{source(release.source)}{" · "}{bytes(release.size)}{" · contract "}{release.contract}
              </p>
              {release.reason && release.state !== "active" && <p className={css.reason}>{sentence(release.reason)}</p>}
              {release.set_back_at && <p className={css.reason}>Set back <When at={release.set_back_at} />{release.rest_until && <>; it is not taken up by itself before <When at={release.rest_until} /></>}</p>}
            </div>
            <span className={css.count}>{release.connections > 0 ? plural(release.connections, "connection") : "No connections"}</span>
            <span className={css.action}>
              {active && release.state === "retained" && <RollBack name={name} active={active} to={release} label="Roll back to this" />}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function who(by: string): string {
  if (by === "host") return "the host, after its trial";
  if (by === "breaker") return "the host, when the one after it broke down";
  return shortened(by);
}

function source(source: string): string {
  if (source === "upload") return "uploaded";
  if (source === "folder") return "from the watched folder";
  return `from ${source.split("@")[0] ?? source}`;
}
