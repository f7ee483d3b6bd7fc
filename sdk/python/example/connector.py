"""Notebook: reads notebooks and notes, and adds notes.

What it asks for stands in `connector.toml`. It never sees the API key, and it neither waits nor tries again: the host does.
Three things are asked of it: whose account it is, the next page of a stream, and to write one item.
"""

from __future__ import annotations

from dataclasses import dataclass

from patchbay_sdk import (
    Auth,
    Context,
    Effect,
    Fetch,
    Identity,
    Item,
    NotFound,
    Object,
    Outcome,
    Page,
    Push,
    ReadRequest,
    Records,
    http,
    run,
    time,
)

API = "https://api.notebook.example/v1"
#: The one request of the action `note` that must not happen twice.
STEP = "create"


# What the provider sends, as far as it matters here. Reading an answer into one of these refuses what does not fit.


@dataclass
class Me:
    id: int
    name: str
    email: str | None = None


@dataclass
class Listing:
    next: str | None = None


@dataclass
class Written:
    id: int
    url: str | None = None


@dataclass
class Found:
    items: list[Written]


# What the host hands over.


@dataclass
class Config:
    """`[config]` of connector.toml, with what the operator corrected."""

    page_size: int


@dataclass
class Target:
    id: str


@dataclass
class Payload:
    text: str


@dataclass
class Cursor:
    """Where reading stopped: all that the next call needs. The host stores it together with the records of the page."""

    #: Notes that changed before this moment were read, milliseconds since 1970.
    since: int | None = None
    #: The provider's name for the next page, within a pass.
    next: str | None = None
    #: The newest change that this pass has seen.
    newest: int | None = None


class Notebook(Auth, Fetch, Push):
    def identify(self, ctx: Context) -> Identity:
        # The request goes through the host's gate, which puts the key on; `ok` makes an error of a bad status; `json`
        # refuses HTML, an empty body and cut JSON.
        me = http.get(f"{API}/me").ok().json(Me)
        return Identity(me.id, me.name, login=me.email)

    def read(self, ctx: Context, request: ReadRequest) -> Page:
        if request.stream == "notebooks":
            return notebooks(ctx, request)
        if request.stream == "notes":
            return notes(ctx, request)
        raise request.unsupported()

    def push(self, ctx: Context, item: Item) -> Outcome:
        if item.action == "note":
            return add_note(item)
        raise item.unsupported()

    def find(self, ctx: Context, item: Item, step: str, sent_ms: int) -> Object | None:
        if item.action == "note":
            return find_note(step)
        raise item.unsupported()


def notebooks(ctx: Context, request: ReadRequest) -> Page:
    """All notebooks, in every pass: the provider does not say what changed. So the last page is `complete`, and the host
    deletes what the pass did not return."""
    cursor = request.cursor(Cursor) or Cursor()
    limit = request.page_size(ctx.config(Config).page_size)
    answer = http.get(f"{API}/notebooks", params={"limit": limit, "cursor": cursor.next}).ok()
    records = answer.records("/items")
    following = answer.json(Listing).next
    if following is not None:
        return Page.more(records, Cursor(next=following))
    return Page.complete(records, Cursor())


def notes(ctx: Context, request: ReadRequest) -> Page:
    """What changed since the last pass, oldest change first."""
    cursor = request.cursor(Cursor) or Cursor(since=request.since_ms)
    since = None if cursor.since is None else time.rfc3339(cursor.since)
    limit = request.page_size(ctx.config(Config).page_size)
    answer = http.get(f"{API}/notes", params={"limit": limit, "changed_since": since, "cursor": cursor.next}).ok()
    newest = cursor.newest
    rows = answer.rows("/items")
    for row in rows:
        changed = time.parse_rfc3339(row.get("changed_at"))
        if changed is None:
            raise answer.unreadable("a note without the moment of its last change")
        newest = changed if newest is None else max(newest, changed)
    following = answer.json(Listing).next
    if following is not None:
        return Page.more(Records(rows), Cursor(since=cursor.since, next=following, newest=newest))
    # A note dated in the future must not hide those that change until then.
    return Page.end(Records(rows), Cursor(since=cursor.since if newest is None else min(newest, run.now_ms())))


def add_note(item: Item) -> Outcome:
    note = {"notebook_id": item.target(Target).id, "text": item.payload(Payload).text, "reference": run.step_key(STEP)}
    # A write names its step: the host journals it before the first byte leaves, and never sends it twice.
    answer = http.post(f"{API}/notes", json=note, effect=Effect.WRITE, step=STEP)
    if answer.status == 404:
        raise NotFound("This notebook is not there any more. Choose another.", http_status=404)
    written = answer.ok().json(Written)
    return Outcome.created(Object(written.id, written.url))


def find_note(step: str) -> Object | None:
    """Asked when the answer to a write was lost: the note carries the key of its step as its reference."""
    found = http.get(f"{API}/notes", params={"reference": run.step_key(step)}).ok().json(Found)
    return Object(found.items[0].id, found.items[0].url) if found.items else None
