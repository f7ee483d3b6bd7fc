"""Building and sending a request."""

from __future__ import annotations

import json as json_module
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Mapping, Sequence

from .. import host
from ..errors import InvalidInput, Other
from .response import Response, failure

#: What stays as it is in a query or a path segment (RFC 3986, section 2.3).
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Effect(Enum):
    """What a request does at the provider; it decides who may send it again."""

    #: Changes nothing.
    READ = "read"
    #: Does no harm when sent twice: a search by POST, an upsert by its own id.
    REPEATABLE = "repeatable"
    #: Must not happen twice. Only in `push`, and with a `step`.
    WRITE = "write"


@dataclass(frozen=True)
class Credential:
    """Which credential the gate puts on a request. The connector never sees its value."""

    kind: str
    id: str = ""

    #: The slot that the manifest marks as standard.
    STANDARD: ClassVar[Credential]
    #: None.
    NOTHING: ClassVar[Credential]

    @staticmethod
    def slot(id: str) -> Credential:
        """The slot of this id."""
        return Credential("slot", id)


Credential.STANDARD = Credential("standard")
Credential.NOTHING = Credential("nothing")


@dataclass(frozen=True)
class Part:
    """One part of a `multipart/form-data` body: a text, bytes, or the blob of this id."""

    name: str
    text: str | None = None
    content: bytes | None = None
    blob: str | None = None
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class Body:
    """A request's body on its way to the host; of the members the one that `kind` names is there."""

    kind: str
    bytes: bytes = b""
    blob: str = ""
    blobs: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()


def address(base: str, *segments: object) -> str:
    """An address made of an origin or base and path segments, each percent-encoded.

    `InvalidInput` for a segment that is empty, `.` or `..`: it would change the path's meaning.
    """
    url = base.rstrip("/")
    for segment in segments:
        # What an answer did not have is no id: `/None` would be asked for, or written to.
        if segment is None or isinstance(segment, bool):
            raise TypeError(f"a path segment after {url} is {segment}, not an id or a name")
        text = str(segment)
        if text in ("", ".", ".."):
            raise InvalidInput(
                "An id or name is empty or cannot stand in an address.", detail=f"path segment `{text}` after {url}"
            )
        url += "/" + _encoded(text)
    return url


def get(url: str, **options: Any) -> Response:
    """Sends a GET request; see `request`."""
    return request("GET", url, **options)


def head(url: str, **options: Any) -> Response:
    """Sends a HEAD request; see `request`."""
    return request("HEAD", url, **options)


def post(url: str, **options: Any) -> Response:
    """Sends a POST request; say its `effect`. See `request`."""
    return request("POST", url, **options)


def put(url: str, **options: Any) -> Response:
    """Sends a PUT request; say its `effect`. See `request`."""
    return request("PUT", url, **options)


def patch(url: str, **options: Any) -> Response:
    """Sends a PATCH request; say its `effect`. See `request`."""
    return request("PATCH", url, **options)


def delete(url: str, **options: Any) -> Response:
    """Sends a DELETE request; say its `effect`. See `request`."""
    return request("DELETE", url, **options)


def request(
    method: str,
    url: str,
    *,
    params: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    json_blobs: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
    multipart: Sequence[Part] | None = None,
    content: bytes | None = None,
    blob: str | None = None,
    content_type: str | None = None,
    effect: Effect = Effect.READ,
    step: str | None = None,
    credential: Credential = Credential.STANDARD,
    timeout_ms: int | None = None,
    into_blob: bool = False,
) -> Response:
    """Sends a request and waits for the answer, whatever its status; `Response.ok` turns a bad status into an error.

    The address is absolute and `https`. Of `params` and `form` a pair whose value is `None` is left out. A body is one of:

    - `json`: any JSON; `json_blobs` puts blobs into it as base64, by pointer to a value that is null.
    - `form`: `application/x-www-form-urlencoded` pairs. `multipart`: parts.
    - `content` or `blob` with `content_type`: these bytes, or those that the host keeps.

    `step` names a write: `kebab-case`, once in an item, the same on every attempt. `into_blob` leaves the answer's body at
    the host. Raises `Transient` when nothing was sent, or an answer to a read was lost; `OutcomeUnknown` when the answer to
    a write was lost; `Other` when the gate does not allow it; `InvalidResponse` when the answer is too large.
    """
    if params:
        url += ("&" if "?" in url else "?") + _pairs(params)
    # As far as it may stand in an error.
    asked = f"{method} {url.partition('?')[0].partition('#')[0]}"
    if effect is Effect.WRITE and step is None:
        raise Other("This connector has a mistake: a write without a step.", detail=asked)
    sent = list((headers or {}).items())
    body, media_type = _body(json, json_blobs, form, multipart, content, blob, content_type)
    if media_type is not None:
        sent.append(("content-type", media_type))
    wire = host.WireRequest(method, url, sent, body, credential, effect, step, timeout_ms, into_blob)
    try:
        return Response(host.current().send(wire), asked, writes=effect is Effect.WRITE, asks=effect is Effect.READ)
    except host.NoAnswer as none:
        raise failure(none.case, none.why, asked, effect is Effect.WRITE) from None


def _body(
    json: Any,
    json_blobs: Mapping[str, str] | None,
    form: Mapping[str, Any] | Sequence[tuple[str, Any]] | None,
    multipart: Sequence[Part] | None,
    content: bytes | None,
    blob: str | None,
    content_type: str | None,
) -> tuple[Body, str | None]:
    """The body and the media type that goes with it; the gate sets those of JSON and of parts."""
    if sum(one is not None for one in (json, form, multipart, content, blob)) > 1:
        raise TypeError("a request has one body: json, form, multipart, content or blob")
    if json is not None:
        document = json_module.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Body("json", _bytes(document), blobs=tuple((json_blobs or {}).items())), content_type
    if form is not None:
        return Body("bytes", _pairs(form).encode()), content_type or "application/x-www-form-urlencoded"
    if multipart is not None:
        return Body("multipart", parts=tuple(multipart)), None
    if content is not None:
        return Body("bytes", content), content_type
    if blob is not None:
        return Body("blob", blob=blob), content_type
    return Body("empty"), content_type


def _pairs(pairs: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> str:
    listed = pairs.items() if isinstance(pairs, Mapping) else pairs
    return "&".join(f"{_encoded(name)}={_encoded(_text(value))}" for name, value in listed if value is not None)


def _text(value: Any) -> str:
    # As JSON and every API writes them.
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in _bytes(text))


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can bring.
        raise InvalidInput("A text that is to be sent is none.", detail="it is not Unicode") from None
