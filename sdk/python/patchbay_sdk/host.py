"""The functions that a connector reaches, and who answers them: the host in a component, a `TestHost` in a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .http.request import Body, Credential, Effect


@dataclass(frozen=True)
class WireRequest:
    """A request as it goes to the host."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: Body
    credential: Credential
    effect: Effect
    step: str | None
    timeout_ms: int | None
    into_blob: bool


@dataclass(frozen=True)
class WireResponse:
    """An answer as it comes from the host: its body is bytes here, or a blob there."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    blob: str | None = None
    replayed: bool = False


class NoAnswer(Exception):
    """Why there is no answer: `denied`, `not-sent`, `unknown`, `too-large`, `stopped` or `other`."""

    def __init__(self, case: str, why: str = "") -> None:
        super().__init__(case, why)
        self.case = case
        self.why = why


class Host(Protocol):
    """What the contract gives to a connector."""

    def send(self, request: WireRequest) -> WireResponse: ...
    def now_ms(self) -> int: ...
    def random(self, length: int) -> bytes: ...
    def remaining_ms(self) -> int: ...
    def should_stop(self) -> bool: ...
    def log(self, level: int, message: str, fields: list[tuple[str, str]]) -> None: ...
    def progress(self, done: int, total: int | None) -> None: ...
    def step_key(self, step: str) -> str: ...
    def step_refused(self, step: str) -> None: ...
    def blob_size(self, blob: str) -> int | None: ...
    def blob_read(self, blob: str, offset: int, length: int) -> bytes | None: ...
    def blob_create(self, media_type: str) -> str: ...
    def blob_append(self, blob: str, data: bytes) -> bool: ...


_current: Host | None = None


def current() -> Host:
    """Who answers."""
    if _current is None:
        raise RuntimeError("there is no host here: make a `patchbay_sdk.testing.TestHost` first")
    return _current


def install(host: Host | None) -> None:
    """Has this one answer from now on; none ends it."""
    global _current
    _current = host


def installed() -> bool:
    """Whether somebody answers."""
    return _current is not None
