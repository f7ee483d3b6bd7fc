"""The host that a test has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import host, log
from ..host import WireRequest, WireResponse
from ..http import Effect
from . import tape

#: Headers that only the gate sets, so that a connector which sends one is refused.
_RESERVED = frozenset(
    "accept-encoding authorization connection content-encoding content-length cookie expect forwarded host keep-alive "
    "proxy-authorization te trailer transfer-encoding upgrade via".split()
)
#: 2026-11-21T09:30:00Z: some moment, the same in every test.
_SOME_MOMENT = 1_795_253_400_000


@dataclass(frozen=True)
class LogLine:
    """A line that the connector logged: 1 error, 2 warning, 3 info, 4 debug."""

    level: int
    message: str
    fields: dict[str, str]


@dataclass(frozen=True)
class SentRequest:
    """A request that the connector sent."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    #: The body, where it is JSON.
    json: Any
    #: The step's name, for a write.
    step: str | None


class TestHost:
    """The host of a test: answers from fixtures, until its `with` block ends; then every answer must have been used."""

    #: Not a test of its own, whatever a test runner thinks of the name.
    __test__ = False

    def __init__(self) -> None:
        self._tape = tape.Tape()
        self._blobs: dict[str, bytearray] = {}
        self._failed = False
        #: The clock, milliseconds since 1970.
        self.now = _SOME_MOMENT
        #: `should_stop` says yes once so many requests were sent.
        self.stop_after: int | None = None
        #: What was sent so far.
        self.requests: list[SentRequest] = []
        #: What was logged so far.
        self.logs: list[LogLine] = []
        #: The steps that were reported as refused.
        self.refused_steps: list[str] = []
        #: The last progress: done, and of how much.
        self.last_progress: tuple[int, int | None] | None = None

    @staticmethod
    def answering(*fixtures: str | Path, in_order: bool = False) -> TestHost:
        """A host that answers the exchanges of these fixtures, each the path of its file or its text. `in_order` demands
        the requests in the very order of the exchanges."""
        made = TestHost()
        made._tape.in_order = in_order
        for fixture in fixtures:
            exchanges, now = tape.read(fixture)
            made._tape.waiting.extend(exchanges)
            made.now = made.now if now is None else now
        return made

    def keep_blob(self, data: bytes) -> str:
        """Keeps a file as the host would, and gives the id of its blob."""
        id = f"blob-{len(self._blobs) + 1}"
        self._blobs[id] = bytearray(data)
        return id

    def assert_done(self) -> None:
        """Demands that every answer was used. The end of the `with` block does the same."""
        if self._tape.waiting and not self._failed:
            self._failed = True
            raise AssertionError("these answers were not used:\n  " + "\n  ".join(self._tape.titles()))

    def __enter__(self) -> TestHost:
        if host.installed():
            raise RuntimeError("there is a test host already: end its `with` block first")
        host.install(self)
        log.take_over()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        host.install(None)
        if kind is None:
            self.assert_done()

    # What a connector reaches.

    def send(self, request: WireRequest) -> WireResponse:
        try:
            self._check(request)
            self.requests.append(
                SentRequest(request.method, request.url, request.headers, tape.json_body(request), request.step)
            )
            answer = self._tape.take(request)
        except AssertionError:
            self._failed = True
            raise
        return WireResponse(answer.status, answer.headers, b"", self.keep_blob(answer.body)) if request.into_blob else answer

    def _check(self, request: WireRequest) -> None:
        """What the gate would refuse whatever the manifest says."""
        if not request.url.startswith("https://"):
            raise AssertionError(f"{request.url} is not https")
        for name, value in request.headers:
            if name.lower() in _RESERVED:
                raise AssertionError(f"header {name} is the gate's; a connector never sets it")
            if any(one in value for one in "\r\n\0"):
                raise AssertionError(f"header {name} holds a line break")
        if (request.effect is Effect.WRITE) != (request.step is not None):
            raise AssertionError(f"{request.method} {request.url}: a write has a step, and only a write")

    def now_ms(self) -> int:
        return self.now

    def random(self, length: int) -> bytes:
        # The same in every test, and not all the same byte.
        return bytes(at % 251 for at in range(min(length, 1_024)))

    def remaining_ms(self) -> int:
        return 0 if self.should_stop() else 600_000

    def should_stop(self) -> bool:
        return self.stop_after is not None and len(self.requests) >= self.stop_after

    def log(self, level: int, message: str, fields: list[tuple[str, str]]) -> None:
        self.logs.append(LogLine(level, message, dict(fields)))

    def progress(self, done: int, total: int | None) -> None:
        self.last_progress = (done, total)

    def step_key(self, step: str) -> str:
        # Of the host's shape, 26 lower-case letters and digits, made of the step's name.
        return "".join(one for one in step if "a" <= one <= "z")[:26].ljust(26, "2")

    def step_refused(self, step: str) -> None:
        self.refused_steps.append(step)

    def blob_size(self, blob: str) -> int | None:
        return len(self._blobs[blob]) if blob in self._blobs else None

    def blob_read(self, blob: str, offset: int, length: int) -> bytes | None:
        found = self._blobs.get(blob)
        return None if found is None else bytes(found[offset : offset + min(length, 1024 * 1024)])

    def blob_create(self, media_type: str) -> str:
        return self.keep_blob(b"")

    def blob_append(self, blob: str, data: bytes) -> bool:
        if blob not in self._blobs:
            return False
        self._blobs[blob] += data
        return True
