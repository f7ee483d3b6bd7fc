/** Pushes of which nobody knows whether they were written: before all others, because only a person may end some of them. */
import type { Push } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { plural } from "~/ui/format";
import { When } from "~/ui/Text";
import { Resolve } from "../push/Resolve";
import { summaryOf, targetOf } from "../push/words";
import { useActionTitles } from "./PushTable";
import css from "./Sent.module.css";

/** Items that are shown before the list has to be filtered. */
const SHOWN = 5;

export function Unknown({ connection }: { connection?: string }) {
  const query = { state: "unknown" as const, limit: SHOWN, ...(connection && { connection }) };
  const { data } = useQuery({ queryKey: ["pushes", "unknown", query], queryFn: () => answer(client().GET("/v1/pushes", { params: { query } })) });
  const [chosen, choose] = useState<Push>();
  const title = useActionTitles(data?.items.map((push) => push.connector) ?? []);
  if (!data || data.items.length === 0) return null;
  const number = data.next === null ? plural(data.items.length, "item") : `More than ${plural(data.items.length, "item")}`;
  return (
    <section className={css.block} data-tone="warn" aria-label="Unknown">
      <h2>{number} of which it is not known whether {data.items.length === 1 && data.next === null ? "it was" : "they were"} written</h2>
      <p className={css.lead}>The request left, and no answer came back. The provider is asked for it, and nothing is sent a second time by itself. Where the provider cannot tell, look there and say what became of it.</p>
      <ul className={css.items}>
        {data.items.map((push) => (
          <li key={push.id} className={css.item}>
            <div className={css.words}>
              <Link to="/app/sent/$push" params={{ push: push.id }}>{summaryOf(push.payload) || title(push)}</Link>
              <span className={css.facts}>
                {title(push)}{push.target && <> · to {targetOf(push.target)}</>} · since <When at={push.updated_at} /> ·{" "}
                {push.next_at === null ? <strong>needs your decision</strong> : isPast(push.next_at) ? "is being looked up" : <>is looked up again <When at={push.next_at} /></>}
              </span>
            </div>
            <Button onClick={() => choose(push)} aria-label={`Resolve: ${summaryOf(push.payload) || title(push)}`}>Resolve</Button>
          </li>
        ))}
      </ul>
      {data.next !== null && <p><Link to="." search={(was: Record<string, string | undefined>) => ({ ...was, state: "unknown" })}>Show all that are unknown</Link></p>}
      {chosen && <Resolve push={chosen} open onClose={() => choose(undefined)} />}
    </section>
  );
}

function isPast(at: string): boolean {
  return Date.parse(at) <= Date.now();
}
