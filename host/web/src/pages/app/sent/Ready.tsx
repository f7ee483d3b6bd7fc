/** Items that wait for nothing but somebody's word. */
import type { Push } from "@patchbay/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { plural } from "~/ui/format";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { summaryOf, targetOf } from "../push/words";
import { useActionTitles } from "./PushTable";
import css from "./Sent.module.css";

/** Items that are shown before the list has to be filtered. */
const SHOWN = 5;

export function Ready({ connection }: { connection?: string }) {
  const query = { ready: true, limit: SHOWN, ...(connection && { connection }) };
  const { data } = useQuery({ queryKey: ["pushes", "ready", query], queryFn: () => answer(client().GET("/v1/pushes", { params: { query } })) });
  const title = useActionTitles(data?.items.map((push) => push.connector) ?? []);
  if (!data || data.items.length === 0) return null;
  return (
    <section className={css.block} aria-label="Ready to be sent">
      <h2>{data.next === null ? plural(data.items.length, "item") : `More than ${plural(data.items.length, "item")}`} can be sent when you say so</h2>
      <ul className={css.items}>
        {data.items.map((push) => (
          <li key={push.id} className={css.item}>
            <div className={css.words}>
              <Link to="/app/sent/$push" params={{ push: push.id }}>{summaryOf(push.payload) || title(push)}</Link>
              <span className={css.facts}>{title(push)}{push.target && <> · to {targetOf(push.target)}</>} · since <When at={push.created_at} />{push.expires_at && <> · kept until <When at={push.expires_at} /></>}</span>
            </div>
            <SendNow push={push} name={summaryOf(push.payload) || title(push)} />
          </li>
        ))}
      </ul>
      {data.next !== null && <p><Link to="." search={(was: Record<string, string | undefined>) => ({ ...was, state: "ready" })}>Show all that can be sent</Link></p>}
    </section>
  );
}

function SendNow({ push, name }: { push: Push; name: string }) {
  const queries = useQueryClient();
  const { failed, say } = useToasts();
  const send = useMutation({
    mutationFn: () => answer(client().POST("/v1/pushes/{id}/send", { params: { path: { id: push.id } }, body: {} })),
    onSuccess: () => say("It is being sent"),
    onError: failed,
    onSettled: () => {
      for (const key of ["pushes", "push"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return <Button onClick={() => send.mutate()} busy={send.isPending} aria-label={`Send now: ${name}`}>Send now</Button>;
}
