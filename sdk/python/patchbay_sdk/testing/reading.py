"""Reading a stream to where it stands, as a run does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from ..connector import Fetch
from ..context import Context
from ..page import ReadRequest


@dataclass
class Reading:
    """What a run reads."""

    #: All records, parsed.
    records: list[dict[str, Any]] = field(default_factory=list)
    #: Keys that the provider says are gone.
    deleted: list[str] = field(default_factory=list)
    #: How many pages it took.
    pages: int = 0
    #: Where the stream stands: `end`, `complete` or `wait`.
    position: str = ""
    #: The cursor there, parsed.
    cursor: Any = None


def read_all(connector: Fetch, ctx: Context, request: ReadRequest) -> Reading:
    """Reads pages until the stream says `end`, `complete` or `wait`, and checks that no cursor comes twice."""
    reading = Reading()
    cursors = {request.cursor_json}
    while True:
        page = connector.read(ctx, request)
        reading.records += json.loads(page.records.json())
        reading.deleted += page.deleted
        reading.pages += 1
        if page.position != "more":
            reading.position, reading.cursor = page.position, json.loads(page.cursor_json)
            return reading
        if page.cursor_json in cursors:
            raise AssertionError(f"a cursor came twice: {page.cursor_json.decode()}")
        cursors.add(page.cursor_json)
        request = replace(request, cursor_json=page.cursor_json)
