/**
 * Notebook: reads notebooks and notes, and adds notes.
 *
 * What it asks for stands in `connector.toml`. It never sees the API key, and it neither waits nor tries again: the host does.
 * Three things are asked of it: whose account it is, the next page of a stream, and to write one item.
 */

import {
  type Context,
  ConnectorError,
  type Identity,
  type Item,
  Outcome,
  Page,
  type ReadRequest,
  type Written,
  connector,
  http,
  run,
  time,
} from "@patchbay/sdk";

const API = "https://api.notebook.example/v1";
/** The one request of the action `note` that must not happen twice. */
const STEP = "create";

export default connector({ identify, read, push, find });

function identify(): Identity {
  // `send` goes through the host's gate, which puts the key on; `orFail` makes an error of a bad status; `json` refuses HTML, an
  // empty body and cut JSON.
  const answer = http.get(`${API}/me`).send().orFail();
  const me = answer.json<{ id?: number; name?: string; email?: string }>();
  if (me.id === undefined || me.name === undefined) {
    throw answer.unreadable("an account without id or name");
  }
  return { id: me.id, name: me.name, login: me.email };
}

function read(ctx: Context, request: ReadRequest): Page {
  switch (request.stream) {
    case "notebooks":
      return notebooks(ctx, request);
    case "notes":
      return notes(ctx, request);
    default:
      throw request.unsupported();
  }
}

function push(_: Context, item: Item): Outcome {
  switch (item.action) {
    case "note":
      return addNote(item);
    default:
      throw item.unsupported();
  }
}

function find(_: Context, item: Item, step: string): Written | undefined {
  switch (item.action) {
    case "note":
      return findNote(step);
    default:
      throw item.unsupported();
  }
}

/** Where reading stopped: all that the next call needs. The host stores it together with the records of the page. */
interface Cursor {
  /** Notes that changed before this moment were read, milliseconds since 1970. */
  since?: number | undefined;
  /** The provider's name for the next page, within a pass. */
  next?: string | undefined;
  /** The newest change that this pass has seen. */
  newest?: number | undefined;
}

/** `[config]` of connector.toml, with what the operator corrected. */
function pageSize(ctx: Context, request: ReadRequest): number {
  return request.pageSize(ctx.config<{ page_size: number }>().page_size);
}

/**
 * All notebooks, in every pass: the provider does not say what changed. So the last page is `complete`, and the host deletes
 * what the pass did not return.
 */
function notebooks(ctx: Context, request: ReadRequest): Page {
  const cursor = request.cursor<Cursor>(isCursor) ?? {};
  const answer = http
    .get(`${API}/notebooks`)
    .query("limit", pageSize(ctx, request))
    .query("cursor", cursor.next)
    .send()
    .orFail();
  const { next } = answer.json<{ next?: string | null }>();
  // The records keep the text in which they came.
  const records = answer.records("/items");
  return next ? Page.more(records, { next } satisfies Cursor) : Page.complete(records, {});
}

/** What changed since the last pass, oldest change first. */
function notes(ctx: Context, request: ReadRequest): Page {
  const cursor: Cursor = request.cursor<Cursor>(isCursor) ?? { since: request.sinceMs };
  const answer = http
    .get(`${API}/notes`)
    .query("limit", pageSize(ctx, request))
    .query("changed_since", cursor.since === undefined ? undefined : time.rfc3339(cursor.since))
    .query("cursor", cursor.next)
    .send()
    .orFail();
  const records = answer.records("/items");
  const { items, next } = answer.json<{ items: { changed_at?: unknown }[]; next?: string | null }>();
  let newest = cursor.newest;
  for (const { changed_at } of items) {
    const changed = typeof changed_at === "string" ? time.parseRfc3339(changed_at) : undefined;
    if (changed === undefined) {
      throw answer.unreadable("a note without the moment of its last change");
    }
    newest = Math.max(newest ?? 0, changed);
  }
  if (next) {
    return Page.more(records, { ...cursor, next, newest } satisfies Cursor);
  }
  // A note dated in the future must not hide those that change until then.
  const since = newest === undefined ? cursor.since : Math.min(newest, run.nowMs());
  return Page.end(records, { since } satisfies Cursor);
}

function addNote(item: Item): Outcome {
  const { id } = item.target<{ id: string }>();
  const { text } = item.payload<{ text: string }>();
  // A write names its step: the host journals it before the first byte leaves, and never sends it twice.
  const answer = http
    .post(`${API}/notes`)
    .json({ notebook_id: id, text, reference: run.stepKey(STEP) })
    .effect("write")
    .step(STEP)
    .send();
  if (answer.status === 404) {
    throw ConnectorError.notFound("This notebook is not there any more. Choose another.").httpStatus(404);
  }
  const written = answer.orFail().json<{ id?: number; url?: string }>();
  if (written.id === undefined) {
    throw answer.unreadable("a note without an id");
  }
  return Outcome.created(written.id, written.url);
}

/** Asked when the answer to a write was lost: the note carries the key of its step as its reference. */
function findNote(step: string): Written | undefined {
  const answer = http.get(`${API}/notes`).query("reference", run.stepKey(step)).send().orFail();
  return answer.rows<Written>("/items")[0]?.value;
}

/** A cursor of another shape, from an older release, begins the stream afresh. */
function isCursor(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
