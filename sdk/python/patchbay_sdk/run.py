"""Time, randomness and reporting of the run that a call belongs to.

`now_ms` is the clock, and `random`, `secrets`, `uuid` and `os.urandom` are fed from the host in each call: a connector
starts from a snapshot of its memory, and would otherwise repeat itself in each run. `time.time()` and its kin answer with
the host's clock. `datetime.now()` says when the run began.
"""

from __future__ import annotations

from . import host


def now_ms() -> int:
    """The host's clock, milliseconds since 1970."""
    return host.current().now_ms()


def random(length: int) -> bytes:
    """So many random bytes of the host."""
    found = bytearray()
    while len(found) < length:
        found += host.current().random(min(length - len(found), 1024))
    return bytes(found)


def remaining_ms() -> int:
    """Milliseconds until the host ends this run."""
    return host.current().remaining_ms()


def should_stop() -> bool:
    """Whether to return what is there, with a cursor: the run was cancelled, or its time is nearly over."""
    return host.current().should_stop()


def progress(done: int, total: int | None = None) -> None:
    """Says how far the run is, for people who wait."""
    host.current().progress(done, total)


def step_key(step: str) -> str:
    """The idempotency key of a step of this item: the same on every attempt and for ever. In `push` and `find`."""
    return host.current().step_key(step)


def step_refused(step: str) -> None:
    """To be called when the provider refused a write inside a success status: the step may then be sent again."""
    host.current().step_refused(step)
