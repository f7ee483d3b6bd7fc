"""What an author takes for granted, asked where a connector runs: an assertion that fails ends the call, and so the check."""

from __future__ import annotations

import datetime
import logging
import os
import random
import secrets
import sys
import time
import uuid
from typing import Any, Callable

from patchbay_sdk import Auth, Context, Fetch, Identity, Page, ReadRequest, http, run, shape
from patchbay_sdk import time as moments

#: As they were when the picture was taken.
SEED = random.getstate()
BUILT = time.time()


class Sandbox(Auth, Fetch):
    def identify(self, ctx: Context) -> Identity:
        chance()
        clock()
        outputs()
        nesting()
        nothing_outside()
        mistakes()
        return Identity(7, "Sandbox \ud800")

    def read(self, ctx: Context, request: ReadRequest) -> Page:
        if request.stream != "records":
            raise request.unsupported()
        answer = http.get("https://api.sandbox.example/records").ok()
        records = answer.records("/items")
        assert records.json()[1:-1] in answer.body, "the text is another"
        return Page.complete(records, None)


def chance() -> None:
    """What the picture would draw next is not what is drawn; whatever draws has its bytes from the host."""
    frozen = random.Random()
    frozen.setstate(SEED)
    assert [frozen.random() for _ in range(3)] != [random.random() for _ in range(3)]
    assert len(run.random(4)) == 4 and len(os.urandom(5_000)) == 5_000
    assert uuid.uuid4().version == 4 and len(secrets.token_hex(8)) == 16


def clock() -> None:
    """The host's clock, to the millisecond, and not that of the build."""
    assert int(time.time() * 1000 + 0.5) == run.now_ms() == time.time_ns() // 1_000_000
    assert time.monotonic() == time.perf_counter() == time.time()
    assert abs(time.time() - BUILT) > 1
    assert datetime.datetime.now(datetime.timezone.utc).isoformat()[:10] == moments.date(run.now_ms())
    raises(RuntimeError, lambda: time.sleep(0.001))


def outputs() -> None:
    """Each of them ends in the run's log."""
    print("printed", end=" and ")
    print("ended")
    print("beside", file=sys.stderr)
    logging.getLogger("acme").warning("logged %s", "too")


def nesting() -> None:
    """What is too deep for a small stack is refused before it is followed."""
    raises(shape.Wrong, lambda: shape.parse(b"[" * 1_000_000))
    shape.parse(b"[" * 128 + b"]" * 128)


def nothing_outside() -> None:
    raises(OSError, lambda: open("/etc/passwd"))
    raises(ImportError, lambda: __import__("socket"))
    assert dict(os.environ) == {} and sys.argv == []


def mistakes() -> None:
    """A traceback names the author's file, its line and its text, and nothing that may be of a record."""
    # Only a component has it.
    from patchbay_sdk.guest import call

    try:
        {"text": 1}["nothing"]
    except KeyError as error:
        lines = call.told(error)
    assert lines[1].startswith("sandbox.py:") and '{"text": 1}["nothing"]' in lines[1], lines
    assert lines[2] == "KeyError: 'nothing'"
    try:
        int("s3cr3t")
    except ValueError as error:
        assert call.told(error)[-1] == "ValueError"


def raises(kind: type[Exception], work: Callable[[], Any]) -> None:
    try:
        work()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")
