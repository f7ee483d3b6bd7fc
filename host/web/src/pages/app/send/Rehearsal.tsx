/** What would be sent: the requests as they would leave, without secrets. Nothing was written. */
import type { Rehearsal as Told, WouldSend } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { Code } from "~/ui/Code";
import { bytes } from "~/ui/format";
import { SafeLink } from "~/ui/SafeLink";
import { pretty } from "./pretty";
import css from "./Send.module.css";

const EFFECTS: Record<WouldSend["effect"], string> = {
  read: "only reads", repeatable: "does no harm when done twice", write: "writes",
};

export function Rehearsal({ told }: { told: Told }) {
  return (
    <section className={css.rehearsal} aria-label="What would be sent" role="status">
      <h3>{headingOf(told)}</h3>
      {told.duplicate_of && <p>An item with this key was accepted before: <Link to="/app/sent/$push" params={{ push: told.duplicate_of }}>open it</Link>. The same content is not sent again.</p>}
      {told.exists && <p>The provider has it already: <SafeLink to={told.exists.url}>{told.exists.id}</SafeLink>.</p>}
      {told.reason && <p>{told.reason.detail} <a href={`/errors/${told.reason.code}`} target="_blank" rel="noreferrer">{told.reason.code}</a></p>}
      {told.requests.map((request, place) => <Request key={place} request={request} />)}
      {!told.whole && told.requests.length > 0 && <p className={css.soft}>More may follow, which depends on the answer to this.</p>}
      <p className={css.soft}>Nothing was written, neither here nor at the provider.</p>
    </section>
  );
}

function headingOf(told: Told): string {
  if (told.state === "waiting") return "It would wait";
  if (told.state === "skipped") return "It would not be sent";
  return told.requests.length === 0 ? "Nothing would be sent" : "This would be sent";
}

function Request({ request }: { request: WouldSend }) {
  return (
    <div className={css.request}>
      <p className={css.requestLine}><strong>{request.method}</strong> <code>{request.url}</code></p>
      <p className={css.soft}>{[request.step && `Step ${request.step}`, `It ${EFFECTS[request.effect]}`, bytes(request.size), request.credential_slots.length > 0 && "the login is filled in on the way"].filter(Boolean).join(" · ")}</p>
      {request.body !== "" && <Code text={request.body_encoding === "text" ? pretty(request.body) : request.body} />}
      {request.truncated && <p className={css.soft}>This is not the whole body: it is long, a file stands there as a note, or a secret is masked.</p>}
      {request.headers.length > 0 && <details><summary>Headers</summary><ul className={css.headers}>{request.headers.map((header, place) => <li key={place}><code>{header.name}: {header.value}</code></li>)}</ul></details>}
    </div>
  );
}
