"""The host of a component: the functions that the contract imports."""

from __future__ import annotations

from componentize_py_types import Err
from wit_world.imports import blob, http, run

from .. import host
from ..http import Credential, Effect, Part
from ..http.request import Body

_EFFECTS = {
    Effect.READ: http.Effect.READ,
    Effect.REPEATABLE: http.Effect.REPEATABLE,
    Effect.WRITE: http.Effect.WRITE,
}


class Wire:
    """Every call goes to the host as it is."""

    def send(self, request: host.WireRequest) -> host.WireResponse:
        asked = http.Request(
            method=request.method,
            url=_text(request.url),
            headers=[(_text(name), _text(value)) for name, value in request.headers],
            body=_body(request.body),
            credential=_credential(request.credential),
            effect=_EFFECTS[request.effect],
            step=request.step,
            timeout_ms=request.timeout_ms,
            into_blob=request.into_blob,
            ext=[],
        )
        try:
            answer = http.send(asked)
        except Err as none:
            raise _no_answer(none.value) from None
        if isinstance(answer.body, http.Content_Blob):
            return host.WireResponse(answer.status, answer.headers, b"", answer.body.value, answer.replayed)
        return host.WireResponse(answer.status, answer.headers, answer.body.value, None, answer.replayed)

    def now_ms(self) -> int:
        return run.now_ms()

    def random(self, length: int) -> bytes:
        return run.random(length)

    def remaining_ms(self) -> int:
        return run.remaining_ms()

    def should_stop(self) -> bool:
        return run.should_stop()

    def log(self, level: int, message: str, fields: list[tuple[str, str]]) -> None:
        run.log(level, _text(message), [(_text(name), _text(value)) for name, value in fields])

    def progress(self, done: int, total: int | None) -> None:
        run.progress(done, total)

    def step_key(self, step: str) -> str:
        return run.step_key(step)

    def step_refused(self, step: str) -> None:
        run.step_refused(step)

    def blob_size(self, id: str) -> int | None:
        return blob.size(id)

    def blob_read(self, id: str, offset: int, length: int) -> bytes | None:
        return blob.read(id, offset, length)

    def blob_create(self, media_type: str) -> str:
        return blob.create(media_type)

    def blob_append(self, id: str, data: bytes) -> bool:
        return blob.append(id, data)


def _text(text: str) -> str:
    # Half of a surrogate pair, which JSON can bring, is no text to the contract; a log line must not end the run.
    return text.encode("utf-8", "replace").decode()


def _credential(credential: Credential) -> http.Credential:
    if credential.kind == "slot":
        return http.Credential_Slot(credential.id)
    return http.Credential_Nothing() if credential.kind == "nothing" else http.Credential_Standard()


def _body(body: Body) -> http.Body:
    if body.kind == "json":
        blobs = [http.JsonBlob(pointer, id) for pointer, id in body.blobs]
        return http.Body_Json(http.JsonBody(body.bytes, blobs))
    if body.kind == "bytes":
        return http.Body_Bytes(body.bytes)
    if body.kind == "blob":
        return http.Body_Blob(body.blob)
    if body.kind == "multipart":
        return http.Body_Multipart([_part(part) for part in body.parts])
    return http.Body_Empty()


def _part(part: Part) -> http.Part:
    if part.blob is not None:
        content: http.Content = http.Content_Blob(part.blob)
    else:
        content = http.Content_Bytes(part.content if part.content is not None else (part.text or "").encode())
    return http.Part(part.name, part.filename, part.content_type, content)


def _no_answer(error: http.HttpError) -> host.NoAnswer:
    if isinstance(error, http.HttpError_Denied):
        return host.NoAnswer("denied", error.value)
    if isinstance(error, http.HttpError_NotSent):
        return host.NoAnswer("not-sent", error.value)
    if isinstance(error, http.HttpError_Unknown):
        return host.NoAnswer("unknown", error.value)
    if isinstance(error, http.HttpError_TooLarge):
        return host.NoAnswer("too-large", f"it has {error.value} bytes")
    if isinstance(error, http.HttpError_Stopped):
        return host.NoAnswer("stopped")
    return host.NoAnswer("other", error.value)
