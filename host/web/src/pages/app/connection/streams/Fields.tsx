/** The fields that a stream's records have had, with the types of their values, and what was new in them lately. */
import type { Sync } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { Loading, Trouble } from "~/ui/States";
import { When } from "~/ui/Text";
import { fieldsOf } from "../records/shape";
import css from "./Fields.module.css";

/** What was new is of interest for a while; the rest is in the API. */
const LATELY = 10;

export const schemaOf = (sync: Pick<Sync, "id" | "connection">) => ({
  queryKey: ["records", sync.connection, "schema", sync.id],
  queryFn: () => answer(client().GET("/v1/syncs/{id}/schema", { params: { path: { id: sync.id } } })),
  staleTime: 30_000,
});

export function Fields({ sync, keys }: { sync: Sync; keys: string[] }) {
  const schema = useQuery(schemaOf(sync));
  const { data: drifts } = useQuery({
    queryKey: ["records", sync.connection, "drifts", sync.id],
    queryFn: () => answer(client().GET("/v1/syncs/{id}/drifts", { params: { path: { id: sync.id }, query: { limit: LATELY } } })),
  });
  if (schema.error) return <Trouble error={schema.error} retry={() => void schema.refetch()} />;
  if (schema.data === undefined) return <Loading lines={3} />;
  const { fields, truncated } = fieldsOf(schema.data.shape);
  if (fields.length === 0) return <p className={css.soft}>They are known when the first record is read.</p>;
  return (
    <>
      {/* A region that scrolls can be reached by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} role="region" aria-label="Fields of its records" tabIndex={0}>
        <table className={css.table}>
          <thead><tr><th scope="col">Field</th><th scope="col">Values</th></tr></thead>
          <tbody>
            {fields.map(({ pointer, name, types }) => (
              <tr key={pointer}>
                <td><code>{name}</code>{keys.includes(pointer) && <span className={css.key}>key</span>}</td>
                <td>{types.join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {truncated && <p className={css.soft}>There are more fields than are kept.</p>}
      {drifts && drifts.items.length > 0 && (
        <>
          <h4 className={css.heading}>New lately</h4>
          <ul className={css.drifts}>
            {drifts.items.map((drift) => (
              <li key={`${drift.path} ${drift.kind} ${drift.detail} ${drift.at}`}><code>{drift.path}</code> {drift.kind === "added" ? "appeared" : "has values of another type"}: {drift.detail} <span className={css.soft}><When at={drift.at} /></span></li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
