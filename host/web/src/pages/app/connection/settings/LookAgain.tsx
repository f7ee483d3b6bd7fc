/** Asking the provider again: which accounts the login reaches, and which streams only it can name. */
import type { ConnectionDetail } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { plural } from "~/ui/format";
import { Section } from "~/ui/Page";
import { Trouble } from "~/ui/States";
import { When } from "~/ui/Text";
import { connectionOf } from "../queries";
import css from "./LookAgain.module.css";

export function LookAgain({ connection, provider }: { connection: ConnectionDetail; provider: string }) {
  const { id } = connection;
  const queries = useQueryClient();
  const fresh = () => {
    for (const key of [["connection", id], ["syncs", id], ["connections"]]) void queries.invalidateQueries({ queryKey: key });
  };
  const identify = useMutation({
    mutationFn: () => answer(client().POST("/v1/connections/{id}/identify", { params: { path: { id } } })),
    onSuccess: (now) => {
      queries.setQueryData(connectionOf(id).queryKey, now);
      fresh();
    },
  });
  const discover = useMutation({
    mutationFn: () => answer(client().POST("/v1/connections/{id}/discover", { params: { path: { id } } })),
    onSuccess: fresh,
  });
  const found = discover.data;
  return (
    <Section title={`Ask ${provider} again`} lead="This happens by itself now and then. Ask at once when something was added there.">
      <div className={css.parts}>
        <Ask title="Accounts" button="Ask for accounts" busy={identify.isPending} error={identify.error} onAsk={() => identify.mutate()} words={<>Asked <When at={connection.identified_at} />. An account that is not named any more stays here, and cannot be read.</>}>
          {identify.data && <>{plural(identify.data.accounts.length, "account")} {identify.data.accounts.length === 1 ? "is" : "are"} known now.</>}
        </Ask>
        <Ask title="Streams" button="Ask for streams" busy={discover.isPending} error={discover.error} onAsk={() => discover.mutate()} words="Custom modules and models that only this business account has. New ones are off until you switch them on.">
          {found && (found.added.length + found.gone.length + found.back.length === 0 ? "Nothing has changed." : [
            found.added.length > 0 && `New: ${found.added.join(", ")}.`,
            found.back.length > 0 && `There again: ${found.back.join(", ")}.`,
            found.gone.length > 0 && `Gone: ${found.gone.join(", ")}; their records stay.`,
          ].filter(Boolean).join(" "))}
          {found && found.left_out.length > 0 && ` ${plural(found.left_out.length, "stream")} could not be taken.`}
        </Ask>
      </div>
    </Section>
  );
}

function Ask({ title, words, button, busy, error, onAsk, children }: { title: string; words: ReactNode; button: string; busy: boolean; error: unknown; onAsk: () => void; children: ReactNode }) {
  return (
    <div className={css.part}>
      <div className={css.words}>
        <h3>{title}</h3>
        <p className={css.soft}>{words}</p>
        <p role="status" className={css.said}>{children}</p>
        {error !== null && <Trouble error={error} />}
      </div>
      <Button busy={busy} onClick={onAsk}>{button}</Button>
    </div>
  );
}
