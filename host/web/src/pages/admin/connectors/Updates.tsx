/** Newer versions that an index lists, above the list they are about. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { useToasts } from "~/ui/Toasts";
import css from "./Updates.module.css";

export function Updates() {
  const { data } = useQuery({ queryKey: ["connectors", "updates"], queryFn: () => answer(client().GET("/v1/indexes/updates")), staleTime: 60_000 });
  const old = useOld();
  const { say, failed } = useToasts();
  const fetch = useMutation({
    mutationFn: (wanted: { connector: string; version: string }) => answer(client().POST("/v1/connectors/fetch", { body: wanted })),
    onSuccess: ({ release }) => {
      say(release.state === "active" ? `${release.connector} ${release.version} is in use` : `${release.connector} ${release.version} waits for your approval`);
      old("connectors", "connector");
    },
    onError: failed,
  });
  if (!data || data.items.length === 0) return null;
  return (
    <section className={css.updates} aria-label="Updates">
      <h2 className={css.title}>Newer versions are listed</h2>
      <ul className={css.list}>
        {data.items.map((update) => (
          <li key={`${update.index} ${update.connector}`}>
            <div>
              <span className={css.name}>{update.connector}</span> {update.from} → {update.to}
              <p className={css.soft}>{update.by_itself === update.to ? `The host takes it by itself at its next look at ${update.index}.` : `${update.waits ?? "It is not taken by itself."} Listed by ${update.index}.`}</p>
            </div>
            <Button busy={fetch.isPending && fetch.variables.connector === update.connector} onClick={() => fetch.mutate({ connector: update.connector, version: update.to })} aria-label={`Fetch ${update.connector} ${update.to} now`}>Fetch now</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
