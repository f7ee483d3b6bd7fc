"""Records on their way into a page: the provider's own text, not written anew.

A number that Python reads and writes again may come out otherwise (`1.50`, an amount with twenty digits). So a row keeps
the text that it was read from, and a record that is passed on is that text.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterable, Iterator, Mapping

from .errors import Error, InvalidResponse
from .shape import Wrong, refuse_depth

#: Bytes of one page of records, at most.
PAGE_BYTES = 8 * 1024 * 1024
#: Records of one page, at most.
PAGE_RECORDS = 1_000
#: Bytes of one record, at most.
RECORD_BYTES = 1024 * 1024


class Row(Mapping[str, Any]):
    """An object that the provider sent: reads like a `dict`, and keeps its text. `{**row}` is a `dict` to change."""

    __slots__ = ("_members", "text")

    def __init__(self, members: dict[str, Any], text: str) -> None:
        self._members = members
        #: As the provider wrote it.
        self.text = text

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        # Never what it holds: a row in a log line would be a record in a log line.
        return f"<Row of {len(self._members)} members>"


class Records:
    """Records of one page, in order."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._texts: list[bytes] = []
        self._bytes = 2
        for row in rows:
            self.push(row)

    def push(self, row: Mapping[str, Any], /, **members: str) -> None:
        """Adds a record: a `Row` as it stands, any other mapping as JSON. `members`, such as the id of a parent, go before
        its own; one that it has already is replaced."""
        text = _with_members(row, members) if members else _text(row)
        try:
            encoded = text.encode()
        except UnicodeEncodeError:
            raise InvalidResponse("The provider sent a text that is none.") from None
        if len(encoded) > RECORD_BYTES:
            raise InvalidResponse(
                "The provider sent a record that is too large.",
                detail=f"{len(encoded)} bytes; at most {RECORD_BYTES} are allowed",
            )
        self._texts.append(encoded)
        self._bytes += len(encoded) + 1

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._bytes

    def json(self) -> bytes:
        """The JSON array."""
        return b"[" + b",".join(self._texts) + b"]"


def rows_of(body: bytes, pointer: str) -> list[Row]:
    """The objects of the array at this JSON pointer, each with its text; of a part, only what stands before its end is looked at."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Wrong("text that is not UTF-8") from None
    refuse_depth(body)
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    try:
        at = _space(text, 0)
        rows, end = _rows(text, _place(text, at, names, ""))
    except Wrong:
        raise
    except (IndexError, ValueError, RecursionError):
        raise Wrong("JSON that breaks off or cannot be read") from None
    if not names and _space(text, end) != len(text):
        raise Wrong("JSON with something behind it")
    return rows


def _constant(name: str) -> Any:
    raise Wrong(f"{name}, which is no JSON")


_VALUE = json.JSONDecoder(parse_constant=_constant).raw_decode
_BLANK = re.compile(r"[ \t\n\r]*")


def _space(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _place(text: str, at: int, names: list[str], seen: str) -> int:
    """Where the value at this path begins, from the one that begins at `at`."""
    if not names:
        return at
    if text[at] != "{":
        raise Wrong(f"{seen or 'the document'} is no object")
    found = None
    at = _space(text, at + 1)
    while text[at] != "}":
        if text[at] != '"':
            raise Wrong("JSON that cannot be read")
        name, at = _VALUE(text, at)
        at = _space(text, at)
        if text[at] != ":":
            raise Wrong("JSON that cannot be read")
        at = _space(text, at + 1)
        # Of a name that comes twice the last one holds, as for every reader of JSON here.
        found = at if name == names[0] else found
        _, at = _VALUE(text, at)
        at = _space(text, at)
        if text[at] == ",":
            at = _space(text, at + 1)
    if found is None:
        raise Wrong(f"{seen}/{names[0]} is missing")
    return _place(text, found, names[1:], f"{seen}/{names[0]}")


def _rows(text: str, at: int) -> tuple[list[Row], int]:
    if text[at] != "[":
        raise Wrong("no list of records")
    rows: list[Row] = []
    at = _space(text, at + 1)
    while text[at] != "]":
        members, end = _VALUE(text, at)
        if not isinstance(members, dict):
            raise Wrong(f"a list whose entry {len(rows)} is no object")
        rows.append(Row(members, text[at:end]))
        at = _space(text, end)
        if text[at] == ",":
            at = _space(text, at + 1)
            if text[at] == "]":
                raise Wrong("JSON that cannot be read")
        elif text[at] != "]":
            raise Wrong("JSON that cannot be read")
    return rows, at + 1


def _text(row: Mapping[str, Any]) -> str:
    if isinstance(row, Row):
        return row.text
    if not isinstance(row, Mapping):
        raise InvalidResponse("The provider's list holds something that is no record.")
    return _dumps({**row})


def _dumps(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise InvalidResponse("The provider sent a number that is none.") from None


def _with_members(row: Mapping[str, Any], members: dict[str, str]) -> str:
    """The object's text with string members put before its own; the values of a `Row` keep their text."""
    if not isinstance(row, Row):
        return _dumps({**members, **{name: value for name, value in row.items() if name not in members}})
    pieces = [f"{_dumps(name)}:{_dumps(value)}" for name, value in members.items()]
    text, at = row.text, _space(row.text, 1)
    while text[at] != "}":
        begin = at
        name, at = _VALUE(text, at)
        at = _space(text, _space(text, at) + 1)
        _, at = _VALUE(text, at)
        if name not in members:
            pieces.append(text[begin:at])
        at = _space(text, at)
        if text[at] == ",":
            at = _space(text, at + 1)
    return "{" + ",".join(pieces) + "}"


def too_much(records: Records) -> Error | None:
    """Why these are no page, where they are none."""
    if records.size <= PAGE_BYTES and len(records) <= PAGE_RECORDS:
        return None
    return InvalidResponse(
        "The provider sent more at once than fits into one page.",
        detail=f"{len(records)} records, {records.size} bytes",
    )
