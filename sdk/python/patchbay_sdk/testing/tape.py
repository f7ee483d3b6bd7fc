"""Recorded exchanges: reading their file, and finding the one for a request."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from ..host import NoAnswer, WireRequest, WireResponse
from ..time import parse_rfc3339

_FIXTURE = {"fixture", "call", "context", "now", "exchanges"}
_REQUEST = {"method", "url", "headers", "body", "effect", "step", "credential"}
_ANSWER = {"status", "headers", "body", "text", "base64", "fails"}
_FAILING = {"not-sent", "unknown", "too-large", "denied", "stopped", "other"}


def read(fixture: str | Path) -> tuple[list[dict[str, Any]], int | None]:
    """The exchanges of a fixture, named by its file or given as its text, and its clock."""
    named = str(fixture) if isinstance(fixture, Path) else "the fixture"
    document = json.loads(fixture.read_text(encoding="utf-8") if isinstance(fixture, Path) else fixture)
    if isinstance(document, list):
        document = {"fixture": 1, "exchanges": document}
    _only(document, _FIXTURE, named)
    if document.get("fixture") != 1:
        raise AssertionError(f"{named}: fixture: version {document.get('fixture')} is not known here, only 1")
    for index, exchange in enumerate(document["exchanges"]):
        at = f"{named}: exchanges[{index}]"
        _only(exchange, {"request", "answer"}, at)
        _only(exchange["request"], _REQUEST, f"{at}.request")
        _only(exchange["answer"], _ANSWER, f"{at}.answer")
        if len(exchange["answer"].keys() & {"body", "text", "base64", "fails"}) > 1:
            raise AssertionError(f"{at}.answer: only one of `body`, `text`, `base64` and `fails`")
        if exchange["answer"].get("fails", "other") not in _FAILING:
            raise AssertionError(f"{at}.answer.fails: one of {', '.join(sorted(_FAILING))}")
    now = document.get("now")
    moment = None if now is None else parse_rfc3339(now)
    if now is not None and moment is None:
        raise AssertionError(f"{named}: `now` is no time: {now}")
    return document["exchanges"], moment


class Tape:
    """Exchanges that were not used yet. A request takes the first with its method and address."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.in_order = False

    def titles(self) -> list[str]:
        """What was not used, for a message."""
        return [_title(exchange) for exchange in self.waiting]

    def take(self, request: WireRequest) -> WireResponse:
        """The answer to this request; it is used up."""
        candidates = self.waiting[:1] if self.in_order else self.waiting
        found = next((one for one in candidates if _is_for(one["request"], request)), None)
        if found is None:
            waiting = "\n  ".join(self.titles()) or "nothing"
            raise AssertionError(f"no answer for\n  {request.method} {request.url}\nwaiting:\n  {waiting}")
        self.waiting.remove(found)
        difference = _difference(found["request"], request)
        if difference is not None:
            raise AssertionError(f"{_title(found)}: {difference}")
        return _answer(found["answer"])


def json_body(request: WireRequest) -> Any:
    """The body as JSON, where it is JSON."""
    try:
        return json.loads(request.body.bytes) if request.body.kind in ("json", "bytes") else None
    except ValueError:
        return None


def _title(exchange: dict[str, Any]) -> str:
    return f"{exchange['request']['method']} {exchange['request']['url']}"


def _address(url: str) -> tuple[str, list[tuple[str, str]]]:
    """An address apart from the order and spelling of its query parameters."""
    path, _, query = url.partition("?")
    return path, sorted(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))


def _is_for(expected: dict[str, Any], request: WireRequest) -> bool:
    return expected["method"] == request.method and _address(expected["url"]) == _address(request.url)


def _difference(expected: dict[str, Any], request: WireRequest) -> str | None:
    sent = {name.lower(): value for name, value in reversed(request.headers)}
    for name, value in expected.get("headers", {}).items():
        if name.lower() not in sent:
            return f"header {name} is missing"
        if sent[name.lower()] != value:
            return f"header {name} is `{sent[name.lower()]}`, not `{value}`"
    credential = request.credential.id if request.credential.kind == "slot" else request.credential.kind
    for what, found, wanted in (
        ("effect", request.effect.value, expected.get("effect", "read")),
        ("step", request.step, expected.get("step")),
        ("credential", credential, expected.get("credential", "standard")),
    ):
        if found != wanted:
            return f"{what} is {found}, not {wanted}"
    if "body" in expected and json_body(request) != expected["body"]:
        return f"body is {json.dumps(json_body(request))}, not {json.dumps(expected['body'])}"
    return None


def _answer(answer: dict[str, Any]) -> WireResponse:
    if "fails" in answer:
        raise NoAnswer(answer["fails"], "the fixture says so")
    headers = [(name.lower(), value) for name, value in answer.get("headers", {}).items()]
    if "body" in answer and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    if "body" in answer:
        body = json.dumps(answer["body"], ensure_ascii=False, separators=(",", ":")).encode()
    elif "text" in answer:
        body = answer["text"].encode()
    else:
        body = base64.b64decode(answer.get("base64", ""))
    return WireResponse(answer.get("status", 200), headers, body)


def _only(found: Any, known: set[str], at: str) -> None:
    if not isinstance(found, dict):
        raise AssertionError(f"{at}: an object is needed")
    unknown = found.keys() - known
    if unknown:
        raise AssertionError(f"{at}: {', '.join(sorted(unknown))}: no such member")
