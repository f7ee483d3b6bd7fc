"""What of Python must not be as it was when the component was built.

A component is a snapshot: its memory as it was after the connector's modules were imported, on the author's machine. Each
instance begins from it, so whatever was drawn or measured then is the same in each run, for every tenant. Therefore
randomness and time come from the host: `os.urandom` and what is built on it (`secrets`, `uuid`) at once, `random` by a
seed that is new in each call, `time.time` and its kin from the host's clock. What is printed becomes a line of the run's
log. Nothing here may wait: `time.sleep` says so.

`datetime.now()` asks the sandbox, whose clock stands where the run began.
"""

from __future__ import annotations

import io
import os
import random
import sys
import time

from .. import host, log, run


def close() -> None:
    """Lays the host under Python's own modules."""
    os.urandom = run.random
    random._urandom = run.random  # type: ignore[attr-defined]
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, _seconds)
        setattr(time, f"{name}_ns", _nanoseconds)
    time.sleep = _refuse_to_sleep
    sys.stdout = Lines(log.INFO)
    sys.stderr = Lines(log.WARNING)
    # The call itself writes down what went wrong; the interpreter would say it once more, without the sources.
    sys.excepthook = lambda *_: None
    log.take_over()


def begin_call() -> None:
    """Seeds what would repeat itself."""
    random.seed(run.random(32))


def _seconds() -> float:
    return run.now_ms() / 1000


def _nanoseconds() -> int:
    return run.now_ms() * 1_000_000


def _refuse_to_sleep(_: object) -> None:
    raise RuntimeError("a connector does not wait: return Page.wait(cursor, wait_ms), or raise RateLimited")


class Lines(io.TextIOBase):
    """What is printed, line by line into the run's log."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            self._line(line)
        return len(text)

    def end(self) -> None:
        """A line that was begun and not ended is one as well."""
        if self._begun:
            self._line(self._begun)
            self._begun = ""

    def _line(self, line: str) -> None:
        # While the component is built there is nobody who reads it.
        if host.installed():
            host.current().log(self._level, line, [])


def end_call() -> None:
    """Says what was begun to be said."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Lines):
            stream.end()
