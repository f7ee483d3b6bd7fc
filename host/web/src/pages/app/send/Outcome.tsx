/** What became of an item that was just accepted, as it goes on. A duplicate is said first: nothing was written twice. */
import type { AcceptedPush } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "~/api/client";
import { buttonClass } from "~/ui/Button";
import { leadsOut } from "~/ui/SafeLink";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { isMoving, pushSentence, summaryOf } from "../push/words";
import css from "./Send.module.css";

/** Milliseconds between two looks while it is on its way. */
const LOOK = 1_000;

export function Outcome({ accepted, provider }: { accepted: AcceptedPush; provider: string }) {
  const { data: push = accepted } = useQuery({
    queryKey: ["push", accepted.id],
    queryFn: () => answer(client().GET("/v1/pushes/{id}", { params: { path: { id: accepted.id } } })),
    refetchInterval: ({ state }) => (isMoving(state.data?.state ?? accepted.state) ? LOOK : false),
  });
  const there = leadsOut(push.object?.url);
  const name = summaryOf(push.payload) || push.action;
  return (
    <section className={css.outcome} data-duplicate={accepted.duplicate_of !== null || undefined} role="status" aria-label="What became of it">
      <h3>{headingOf(accepted, name)}</h3>
      {accepted.duplicate_of !== null && <p>The same item was accepted <When at={push.created_at} />. Nothing was written a second time; this is how the first one stands.</p>}
      {accepted.change === "updated" && <p>The content is other than before under this key, so what was written is being changed.</p>}
      {accepted.change === "revived" && <p>It had been accepted before and was not written; it goes on now.</p>}
      <Status state={push.state} />
      <p>{pushSentence(push)}</p>
      {push.reason && <p className={css.soft}>{push.reason.detail} <a href={`/errors/${push.reason.code}`} target="_blank" rel="noreferrer">{push.reason.code}</a></p>}
      <p className={css.links}>
        <Link className={buttonClass("plain")} to="/app/sent/$push" params={{ push: push.id }}>Open the item</Link>
        {there && <a className={buttonClass("plain")} href={there} target="_blank" rel="noopener noreferrer">Open at {provider}</a>}
      </p>
    </section>
  );
}

function headingOf(accepted: AcceptedPush, name: string): string {
  switch (accepted.change) {
    case "duplicate": return `Already sent: ${name}`;
    case "revived": return `Goes on: ${name}`;
    case "updated": return `Changed: ${name}`;
    case "created": return `Accepted: ${name}`;
  }
}
