"""The exported interface `fetch`."""

from __future__ import annotations

import json

from wit_world.exports import fetch
from wit_world.imports import types

from ..connector import Fetch
from ..page import Choice, Choices, Page, PickRequest, ReadRequest, StreamInfo, cursor_bytes
from . import call


def exported(connector: Fetch) -> type:
    """The class that the component exports for this connector."""

    class Exported:
        def discover(self, ctx: types.Context) -> list[fetch.StreamInfo]:
            return call.answered(lambda: [_stream(one) for one in connector.discover(call.context(ctx))])

        def read(self, ctx: types.Context, req: fetch.ReadRequest) -> fetch.Page:
            request = ReadRequest(req.stream_name, req.cursor, req.page_hint, req.since_ms)
            return call.answered(lambda: _page(connector.read(call.context(ctx), request)))

        def pick(self, ctx: types.Context, req: fetch.PickRequest) -> fetch.Choices:
            request = PickRequest(req.picker, req.query, dict(req.parents), req.cursor)
            return call.answered(lambda: _choices(connector.pick(call.context(ctx), request)))

    return Exported


def _stream(stream: StreamInfo) -> fetch.StreamInfo:
    schema = b"" if stream.schema is None else json.dumps(stream.schema).encode()
    return fetch.StreamInfo(
        name=call.text(stream.name, "a stream's name"),
        title=call.text(stream.title, "a stream's title"),
        key=[call.text(pointer, "a key") for pointer in stream.key],
        schema=schema,
        per_account=bool(stream.per_account),
        ext=[],
    )


def _page(page: Page) -> fetch.Page:
    deleted = [call.text(key, "a deleted key") for key in page.deleted]
    return fetch.Page(page.records.json(), len(page.records), deleted, _position(page), [])


def _position(page: Page) -> fetch.Position:
    if page.position == "more":
        return fetch.Position_More(page.cursor_json)
    if page.position == "complete":
        return fetch.Position_Complete(page.cursor_json)
    if page.position == "wait":
        return fetch.Position_Wait((page.cursor_json, page.wait_ms))
    return fetch.Position_End(page.cursor_json)


def _choices(choices: Choices) -> fetch.Choices:
    items = [_choice(one) for one in choices.items]
    return fetch.Choices(items, None if choices.next is None else cursor_bytes(choices.next), [])


def _choice(choice: Choice) -> fetch.Choice:
    id, label = call.text(str(choice.id), "an id"), call.text(choice.label, "a label")
    return fetch.Choice(id, label, call.maybe(choice.hint, "a hint"), [])
