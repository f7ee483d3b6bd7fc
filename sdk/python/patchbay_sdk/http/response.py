"""Reading an answer."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from .. import host, shape
from ..errors import Error, InvalidResponse, Other, OutcomeUnknown, RateLimited, Transient
from ..records import Records, Row, rows_of
from . import link, status

T = TypeVar("T")

_NOT_YET = object()


class Response:
    """An answer of the provider, whatever its status."""

    def __init__(self, wire: host.WireResponse, asked: str, *, writes: bool, asks: bool) -> None:
        self._wire = wire
        self._asked = asked
        self._writes = writes
        self._asks = asks
        self._parsed: Any = _NOT_YET

    @property
    def status(self) -> int:
        """The status, 200 to 599."""
        return self._wire.status

    @property
    def is_success(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self._wire.status < 300

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers, in the order received."""
        return self._wire.headers

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        wanted = name.lower()
        return next((value for known, value in self._wire.headers if known.lower() == wanted), None)

    @property
    def body(self) -> bytes:
        """The body; empty when it was left at the host."""
        return self._wire.body

    @property
    def blob(self) -> str | None:
        """The blob that holds the body, after `into_blob=True`."""
        return self._wire.blob

    @property
    def replayed(self) -> bool:
        """Whether this is the stored answer of a step that an earlier attempt sent."""
        return self._wire.replayed

    def link(self, relation: str) -> str | None:
        """The address of the first link with this relation in the `Link` headers, e.g. `next`."""
        values = (value for name, value in self._wire.headers if name.lower() == "link")
        return next((found for value in values if (found := link.find(value, relation)) is not None), None)

    @property
    def retry_after_ms(self) -> int | None:
        """What `Retry-After` asks for, milliseconds from now: it may be seconds or a date."""
        value = self.header("retry-after")
        return None if value is None else status.retry_after_ms(value)

    def ok(self) -> Response:
        """This answer, when its status is 200 to 299; else raises by status.

        401 `AuthRequired`, 402 and 403 `PermissionDenied`, 404 and 410 `NotFound`, 409, 412 and 423 `Conflict`, 400, 413, 415
        and 422 `InvalidInput` (`Other` for a read), 429 `RateLimited` with its wait, 408, 425 and 5xx `Transient`, a redirect
        `InvalidResponse`, else `Other`. For a write 408, 5xx and a redirect are `OutcomeUnknown`.
        """
        if self.is_success:
            return self
        raise self.error()

    def error(self) -> Error:
        """The error that `ok` raises for this status, for a connector that looks closer first."""
        case, message = status.error(self.status, self._writes, self._asks)
        wait = self.retry_after_ms if issubclass(case, (RateLimited, Transient)) else None
        detail = f"{self._asked} answered {self.status}"
        return case(message, http_status=self.status, detail=detail, retry_after_ms=wait)

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, kind: type[T]) -> T: ...

    def json(self, kind: Any = Any) -> Any:
        """The body as JSON, or as a shape: a dataclass, `list[Order]`, …

        `InvalidResponse` for HTML, an empty body, another media type than JSON, cut JSON or one of another shape; after a
        write `OutcomeUnknown`, because it may well have happened.
        """
        try:
            return shape.fit(self._document(), kind, "")
        except shape.Wrong as wrong:
            raise self.unreadable(str(wrong)) from None

    def rows(self, pointer: str = "") -> list[Row]:
        """The objects of the JSON array at this pointer (`""` for the whole body, `/data/items`), each with its own text."""
        try:
            # Of a part, the rest is stepped over; it has to be JSON as well.
            self._document() if pointer else self._check_json()
            return rows_of(self.body, pointer)
        except shape.Wrong as wrong:
            raise self.unreadable(str(wrong)) from None

    def records(self, pointer: str = "") -> Records:
        """The JSON array at this pointer as records: each passes through as the provider wrote it."""
        return Records(self.rows(pointer))

    def unreadable(self, what: str) -> Error:
        """An `InvalidResponse` about this answer (`OutcomeUnknown` after a write): `what` names the shape that came, never
        the content."""
        detail = f"{self._asked} answered {self.status} with {len(self.body)} bytes: {what}"
        if self._writes:
            message = "The provider's answer cannot be read, so it is not known whether this was done."
            return OutcomeUnknown(message, http_status=self.status, detail=detail)
        return InvalidResponse("The provider's answer cannot be read.", http_status=self.status, detail=detail)

    def _document(self) -> Any:
        """The body, parsed once however often it is asked for."""
        if self._parsed is _NOT_YET:
            self._check_json()
            self._parsed = shape.parse(self.body)
        return self._parsed

    def _check_json(self) -> None:
        body = self.body.lstrip()
        if not body:
            raise self.unreadable("an empty body instead of JSON")
        if body.startswith(b"<"):
            raise self.unreadable("a page of HTML or XML instead of JSON")
        kind = self.header("content-type")
        if kind is not None and not _is_json(kind):
            raise self.unreadable("another media type than JSON")


def failure(case: str, why: str, asked: str, writes: bool) -> Error:
    """What a request without an answer means."""
    detail = f"{asked}: {why}" if why else asked
    if case == "denied":
        return Other("This connector asked for something that it may not do.", detail=detail)
    if case == "not-sent":
        return Transient("The provider cannot be reached.", detail=detail)
    if case == "unknown" and writes:
        return OutcomeUnknown("The provider did not answer, so it is not known whether this was done.", detail=detail)
    if case == "unknown":
        return Transient("The provider did not answer.", detail=detail)
    if case == "too-large" and writes:
        return OutcomeUnknown(
            "The provider's answer is too large, so it is not known whether this was done.", detail=detail
        )
    if case == "too-large":
        return InvalidResponse("The provider's answer is too large.", detail=detail)
    if case == "stopped":
        return Transient("The run was stopped.", detail=detail)
    # For a write as well: of a step that was answered and whose answer cannot be had again, "unknown" would send a person
    # to look for what is known.
    return Other("The request failed.", detail=detail)


def _is_json(media_type: str) -> bool:
    """`application/json`, `application/vnd.x+json`, `text/json`, with parameters or without."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence in ("application/json", "text/json") or essence.endswith("+json")
