/** How far a trial is, with the two ways to end it. */
import type { Canary, Release } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { tenant as tenantQuery, useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { ProgressBar } from "~/ui/ProgressBar";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import css from "./Trial.module.css";

export function Trial({ release, canary }: { release: Release; canary: Canary }) {
  const [ask, set] = useState<"promote" | "end">();
  const old = useOld();
  const { say } = useToasts();
  const path = { params: { path: { id: release.id } } };
  const decide = useMutation({
    mutationFn: (what: "promote" | "end") => answer(what === "promote" ? client().POST("/v1/releases/{id}/promote", path) : client().DELETE("/v1/releases/{id}/canary", path)),
    onSuccess: (_, what) => {
      set(undefined);
      say(what === "promote" ? `${release.version} is in use for all connections` : "The trial has ended");
      old("release", "connector", "connectors");
    },
  });
  const open = (what: "promote" | "end") => {
    decide.reset();
    set(what);
  };
  const { done, wanted, last } = canary;
  // Runs and items go on while it waits for somebody.
  const more = done > wanted ? `, and ${done - wanted} more` : "";
  const words = `${Math.min(done, wanted)} of ${wanted} runs and items ended well${more}`;
  const then = done < wanted ? "Then it waits for you." : "It waits for you.";
  return (
    <div className={css.trial}>
      <div className={css.head}>
        <p><strong>{release.version} is being tried</strong> by <Tries canary={canary} /> since <When at={canary.started_at} />.</p>
        <div className={css.actions}>
          <Button onClick={() => open("end")}>End trial</Button>
          <Button look="primary" onClick={() => open("promote")}>Use {release.version} for all</Button>
        </div>
      </div>
      <ProgressBar label={`Trial of ${release.version}`} done={done} total={wanted} />
      <p className={css.words}>
        {words}. {canary.promotes ? "Then all connections use it by themselves." : then}{last && <> The last one ended {last.well ? "well" : `badly (${last.code ?? "no code"})`} <When at={last.at} />.</>}
      </p>
      <Confirm open={ask === "promote"} onClose={() => set(undefined)} title={`Use ${release.version} for all connections`} action={`Use ${release.version} for all`} busy={decide.isPending} error={decide.error} onConfirm={() => decide.mutate("promote")}>
        <p>{done < wanted ? `Only ${words}.` : `${words}.`} All connections run {release.version} from their next run on. You can roll back at any time.</p>
      </Confirm>
      <Confirm open={ask === "end"} onClose={() => set(undefined)} title={`End the trial of ${release.version}`} action="End trial" busy={decide.isPending} error={decide.error} onConfirm={() => decide.mutate("end")}>
        <p>The connection is back on the version that it ran before. {release.version} waits, and can be tried or approved later. What it has stored stays.</p>
      </Confirm>
    </div>
  );
}

/** The connection that tries it, as its people call it, and whose it is; its id where it is gone. */
function Tries({ canary: { connection, tenant } }: { canary: Canary }) {
  const { data } = useQuery({
    queryKey: ["connections", tenant, "one", connection],
    queryFn: () => answer(client(tenant).GET("/v1/connections/{id}", { params: { path: { id: connection } } })),
  });
  const whose = useQuery(tenantQuery(tenant)).data;
  return data ? <><strong>{data.name}</strong>{whose && ` of ${whose.name}`}</> : <Ident id={connection} />;
}
