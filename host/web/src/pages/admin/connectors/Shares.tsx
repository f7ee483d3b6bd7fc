/** How many connections run which version, as one bar and in words. */
import { useQuery } from "@tanstack/react-query";
import { releases } from "~/api/admin";
import { plural } from "~/ui/format";
import { Skeleton } from "~/ui/States";
import { shares } from "./standing";
import css from "./Shares.module.css";

export function Shares({ connector, words = false }: { connector: string; words?: boolean }) {
  const { data, isError } = useQuery(releases(connector));
  if (isError) return <span className={css.soft}>Not known</span>;
  if (data === undefined) return <Skeleton width={120} />;
  const parts = shares(data.items);
  const all = parts.reduce((sum, part) => sum + part.connections, 0);
  if (all === 0) return <span className={css.soft}>No connections</span>;
  const said = parts.map((part) => `${part.version}: ${plural(part.connections, "connection")}`).join(", ");
  return (
    <div className={css.shares}>
      <div className={css.bar} title={said} role="img" aria-label={said}>
        {parts.map((part) => <span key={part.version} className={css.part} data-state={part.state} style={{ flexGrow: part.share }} />)}
      </div>
      {words
        ? <ul className={css.list}>{parts.map((part) => <li key={part.version}><span className={css.swatch} data-state={part.state} aria-hidden="true" />{part.version}: {plural(part.connections, "connection")}</li>)}</ul>
        : <span className={css.all}>{plural(all, "connection")}</span>}
    </div>
  );
}
