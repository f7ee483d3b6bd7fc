"""What reading and picking are asked, and what they answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, TypeVar, overload

from . import shape
from .errors import CursorInvalid, Error, Other, Unsupported
from .records import Records, too_much

#: Bytes of one cursor, at most.
CURSOR_BYTES = 64 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class ReadRequest:
    """What one page is asked for."""

    #: The stream's name in the manifest.
    stream: str
    #: Where to go on; none starts a pass. `cursor` reads it.
    cursor_json: bytes | None = None
    #: How many records the host would like, 1 to 1,000. Fewer are fine.
    page_hint: int = 1_000
    #: Nothing that changed before is wanted, milliseconds since 1970; more may be returned.
    since_ms: int | None = None

    @overload
    def cursor(self) -> Any: ...
    @overload
    def cursor(self, kind: type[T]) -> T | None: ...

    def cursor(self, kind: Any = Any) -> Any:
        """The cursor as the shape that the last page was given; none at the start of a pass. `CursorInvalid` when it is of
        another shape, as after a new release; the host then starts afresh."""
        return _read_cursor(self.cursor_json, kind)

    def page_size(self, ceiling: int) -> int:
        """How many records to ask the provider for, when it gives at most `ceiling`."""
        return min(max(self.page_hint, 1), max(ceiling, 1))

    def unsupported(self) -> Error:
        """The error for a stream that the connector does not have."""
        return Unsupported(f"This connector has no stream `{self.stream}`.")


@dataclass(frozen=True)
class Page:
    """One page of a stream: records, and where to go on. Made by `more`, `end`, `complete` or `wait`.

    The cursor is any JSON or dataclass, at most 64 KiB as JSON; `ReadRequest.cursor` reads it again. The host stores it
    together with the records, so put all that the next call needs into it.
    """

    records: Records
    #: `more`, `wait`, `end` or `complete`.
    position: str
    cursor_json: bytes
    wait_ms: int = 0
    #: Keys that the provider says are gone.
    deleted: tuple[str, ...] = ()

    @staticmethod
    def more(records: Records | Iterable[Mapping[str, Any]], cursor: Any, *, deleted: Iterable[str] = ()) -> Page:
        """There is more. The cursor must be another one than before."""
        return Page._at(records, "more", cursor, deleted)

    @staticmethod
    def wait(cursor: Any, wait_ms: int) -> Page:
        """A job at the provider is not ready: ask again after so many milliseconds."""
        return Page(Records(), "wait", cursor_bytes(cursor), wait_ms)

    @staticmethod
    def end(records: Records | Iterable[Mapping[str, Any]], cursor: Any, *, deleted: Iterable[str] = ()) -> Page:
        """Up to date for now; the next run goes on from this cursor."""
        return Page._at(records, "end", cursor, deleted)

    @staticmethod
    def complete(records: Records | Iterable[Mapping[str, Any]], cursor: Any, *, deleted: Iterable[str] = ()) -> Page:
        """Every record was returned since the pass began. Only when that is sure: what was not returned is deleted."""
        return Page._at(records, "complete", cursor, deleted)

    @staticmethod
    def _at(records: Records | Iterable[Mapping[str, Any]], position: str, cursor: Any, deleted: Iterable[str]) -> Page:
        listed = records if isinstance(records, Records) else Records(records)
        problem = too_much(listed)
        if problem is not None:
            raise problem
        return Page(listed, position, cursor_bytes(cursor), 0, tuple(deleted))


@dataclass(frozen=True)
class StreamInfo:
    """A stream as the connector finds it for this connection."""

    #: Its name in the manifest.
    name: str
    #: Its title, for people.
    title: str
    #: JSON pointers to the values that make a record's key.
    key: list[str]
    #: JSON Schema of a record; none when nothing is promised.
    schema: dict[str, Any] | None = None
    #: Whether it is read once for each selected account.
    per_account: bool = False


@dataclass(frozen=True)
class PickRequest:
    """What a picker is asked while a person types."""

    #: The picker's name in the manifest.
    picker: str
    #: What the person typed so far; may be empty.
    query: str = ""
    #: The choices that this one depends on: choice id by picker.
    parents: dict[str, str] = field(default_factory=dict)
    #: Where to go on. `cursor` reads it.
    cursor_json: bytes | None = None

    @overload
    def cursor(self) -> Any: ...
    @overload
    def cursor(self, kind: type[T]) -> T | None: ...

    def cursor(self, kind: Any = Any) -> Any:
        """The cursor as the shape that `Choices.next` was given."""
        return _read_cursor(self.cursor_json, kind)

    def unsupported(self) -> Error:
        """The error for a picker that the connector does not have."""
        return Unsupported(f"This connector has no picker `{self.picker}`.")


@dataclass(frozen=True)
class Choice:
    """One choice of a picker."""

    #: What becomes the target's `id` in a push.
    id: str | int
    #: What the person reads.
    label: str
    #: What tells equal labels apart.
    hint: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", shape.as_id(self.id, "a choice's id"))


@dataclass(frozen=True)
class Choices:
    """An answer to a picker."""

    #: In the order to show, at most 100.
    items: list[Choice]
    #: Where to go on, as a cursor; none at the end.
    next: Any = None


def cursor_bytes(cursor: Any) -> bytes:
    """The cursor as JSON; `Other` when it is too large, or none that JSON can say."""
    try:
        text = json.dumps(shape.plain(cursor), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise Other("The place where reading stopped cannot be kept.", detail=f"{type(error).__name__}") from None
    if len(text) > CURSOR_BYTES:
        raise Other(
            "The place where reading stopped cannot be kept.",
            detail=f"the cursor has {len(text)} bytes; at most {CURSOR_BYTES} are allowed",
        )
    return text


def _read_cursor(cursor: bytes | None, kind: Any) -> Any:
    if cursor is None:
        return None
    try:
        return shape.read(cursor, kind)
    except shape.Wrong as wrong:
        raise CursorInvalid(
            "The place where reading stopped is no longer known. Reading starts afresh.", detail=f"cursor: {wrong}"
        ) from None
