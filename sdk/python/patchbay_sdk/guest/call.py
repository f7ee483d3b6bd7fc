"""Around each call of the host: the sandbox's seeds before it, and what its failure is after it.

One of the SDK's errors is an answer of the contract. Anything else is a mistake of the connector, and the host must know
it for one: its traceback goes to the run's log, and the instance ends, as that of any other language does.
"""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from typing import Any, Callable, TypeVar

from componentize_py_types import Err
from wit_world.imports import types

from .. import host, log
from ..context import Context
from ..errors import Error
from . import sandbox, wire

T = TypeVar("T")

#: Exceptions whose text names members and types. That of others (`ValueError`) may quote a record.
_TELLING = (
    AssertionError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    NameError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ZeroDivisionError,
)

#: Frames that are told of each end of a traceback.
_FRAMES = 10

_CASES: dict[str, Callable[[types.ErrorInfo], Any]] = {
    "auth-required": types.ConnectorError_AuthRequired,
    "permission-denied": types.ConnectorError_PermissionDenied,
    "invalid-config": types.ConnectorError_InvalidConfig,
    "invalid-input": types.ConnectorError_InvalidInput,
    "not-found": types.ConnectorError_NotFound,
    "conflict": types.ConnectorError_Conflict,
    "rate-limited": types.ConnectorError_RateLimited,
    "cursor-invalid": types.ConnectorError_CursorInvalid,
    "transient": types.ConnectorError_Transient,
    "outcome-unknown": types.ConnectorError_OutcomeUnknown,
    "invalid-response": types.ConnectorError_InvalidResponse,
    "unsupported": types.ConnectorError_Unsupported,
    "other": types.ConnectorError_Other,
}


def answered(work: Callable[[], T]) -> T:
    """The call's answer, in the contract's words."""
    if not host.installed():
        host.install(wire.Wire())
    sandbox.begin_call()
    try:
        try:
            return work()
        except Error as error:
            raise Err(_CASES[error.case](_info(error))) from None
    except Err:
        raise
    except BaseException as error:
        for line in told(error):
            log.error(line)
        if isinstance(error, Exception):
            raise
        # `sys.exit` would end the instance without a word.
        raise RuntimeError(type(error).__name__) from None
    finally:
        sandbox.end_call()


def told(error: BaseException) -> list[str]:
    """The traceback, a line a frame, the innermost last; then the exception, without what may be of a record."""
    found = [one for one in traceback.extract_tb(error.__traceback__) if "/patchbay_sdk/guest/" not in one.filename]
    frames = [f"{_place(one.filename)}:{one.lineno} in {one.name}: {one.line or '…'}" for one in found]
    if len(frames) > 2 * _FRAMES:
        frames[_FRAMES:-_FRAMES] = [f"… {len(frames) - 2 * _FRAMES} calls more …"]
    said = f": {error}" if isinstance(error, _TELLING) else ""
    lines = ["the connector has a mistake; innermost call last:", *frames, f"{type(error).__name__}{said}"]
    if isinstance(error, ModuleNotFoundError):
        lines.append("a component has no files: import at the top of a module, so that it happens while it is built")
    return lines


def _place(file: str) -> str:
    """A file as the author knows it: without the folder that it had while the component was built."""
    return re.sub(r"^/\d+/", "", file)


def remember_sources(folder: str) -> None:
    """Reads the sources of the modules below this folder while they are there, so that a traceback can show its lines."""
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    for file in files:
        lines = linecache.getlines(file) if file.startswith(folder) else []
        if lines:
            # Without its time the line cache does not look whether the file has changed, or is there.
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


def context(ctx: types.Context) -> Context:
    """The context as the SDK has it."""
    return Context(ctx.auth, ctx.account, facts(ctx.facts), facts(ctx.account_facts), ctx.settings, ctx.config)


def facts(listed: list[types.Ext]) -> dict[str, str]:
    """By key; of a key that comes twice the first holds."""
    return {one.key: one.value for one in reversed(listed)}


def listed(facts: dict[str, str]) -> list[types.Ext]:
    """As the contract lists them."""
    return [types.Ext(text(key, "a fact's key"), text(value, "a fact")) for key, value in facts.items()]


def text(value: object, what: str) -> str:
    """A text that the contract can carry: JSON can bring half of a surrogate pair, which is none."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is {type(value).__name__}, not str")
    return value.encode("utf-8", "replace").decode()


def maybe(value: object, what: str) -> str | None:
    """A text that may be absent."""
    return None if value is None else text(value, what)


def _info(error: Error) -> types.ErrorInfo:
    return types.ErrorInfo(
        message=text(error.message, "an error's message"),
        detail=maybe(error.detail, "an error's detail"),
        http_status=error.http_status,
        provider_code=maybe(error.provider_code, "a provider's code"),
        retry_after_ms=error.retry_after_ms,
        fields=[types.FieldError(text(at, "a pointer"), text(why, "a message")) for at, why in error.fields.items()],
        ext=[types.Ext("waits", "alone")] if error.waits_alone else [],
    )
