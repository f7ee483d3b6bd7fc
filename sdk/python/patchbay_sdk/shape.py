"""Reading JSON into types, and saying what is wrong with its shape without saying what it holds.

A shape is what a type annotation says: `int`, `str`, `bool`, `float`, `None`, `Any`, `list[…]`, `dict[str, …]`, `X | None`,
a dataclass or a `TypedDict` of these. Members that a shape does not name are ignored; one that is missing takes the
dataclass's default, and is wrong without one. Nothing is converted: `"7"` is no `int`.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from functools import lru_cache
from typing import Any


class Wrong(Exception):
    """The text is no JSON, or of another shape. Its message names the place and the kinds, never a value."""


def parse(text: bytes) -> Any:
    """The JSON text as Python's own types; `NaN` and `Infinity` are no JSON."""
    refuse_depth(text)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except Wrong:
        raise
    except json.JSONDecodeError as error:
        # Its own message may quote nothing of the text, and its position is what helps.
        raise Wrong(f"JSON that breaks off or cannot be read at line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError:
        raise Wrong("text that is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Wrong("JSON that cannot be read") from None


#: How deep JSON may be nested at least, as for the host. The stack of a component is small, and its end is the end of the
#: run; nobody can catch it.
DEEPEST = 128


def refuse_depth(text: bytes) -> None:
    """Refuses JSON that is nested much deeper, before anything follows it down.

    A few walks over the bytes do it: without texts only brackets are left, and each turn takes away the innermost. What is
    left is deeper, or does not close; a little of that is for the parser to tell.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = _TEXT.sub(b"", text.translate(None, _NO_BRACKETS))
    for _ in range(DEEPEST):
        if len(brackets) <= DEEPEST:
            return
        before = len(brackets)
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(brackets) == before:
            break
    if len(brackets) > DEEPEST:
        raise Wrong("JSON that is nested too deep")


_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_TEXT = re.compile(rb'"[^"]*"')


def read(text: bytes, shape: Any) -> Any:
    """The JSON text as this shape."""
    return fit(parse(text), shape, "")


def fit(value: Any, shape: Any, at: str) -> Any:
    """The value, made into the shape's dataclasses; `at` is its JSON pointer."""
    if shape is Any:
        return value
    origin = typing.get_origin(shape)
    if origin in (typing.Union, types.UnionType):
        return _any_of(value, typing.get_args(shape), at)
    if origin is list:
        (inner,) = typing.get_args(shape)
        return [fit(one, inner, f"{at}/{index}") for index, one in enumerate(_of(value, list, at))]
    if origin is dict:
        _, inner = typing.get_args(shape)
        return {name: fit(one, inner, f"{at}/{name}") for name, one in _of(value, dict, at).items()}
    if dataclasses.is_dataclass(shape):
        make: Any = shape
        return make(**_members(_of(value, dict, at), shape, at))
    if typing.is_typeddict(shape):
        return _members(_of(value, dict, at), shape, at)
    return _of(value, type(None) if shape is None else shape, at)


def plain(value: Any) -> Any:
    """The other way: dataclasses as objects, without the members that are none and need not be there."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: plain(one) for field, one in members if one is not None or field.default is not None}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def as_id(value: Any, what: str) -> str:
    """An id as text: providers number as well as name."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError(f"{what} is {type(value).__name__}, not str or int")
    return str(value)


def _any_of(value: Any, shapes: tuple[Any, ...], at: str) -> Any:
    wrong: Wrong | None = None
    for shape in shapes:
        try:
            return fit(value, shape, at)
        except Wrong as error:
            # Of `None | Order` what is wrong with the order says more.
            wrong = error if wrong is None or shape is not type(None) else wrong
    raise wrong or Wrong(f"nothing fits {at or 'the document'}")


def _members(value: dict[str, Any], shape: Any, at: str) -> dict[str, Any]:
    members = {}
    for name, inner, needed in _named(shape):
        if name in value:
            members[name] = fit(value[name], inner, f"{at}/{name}")
        elif needed:
            raise Wrong(f"{at}/{name} is missing")
    return members


@lru_cache(maxsize=None)
def _named(shape: Any) -> tuple[tuple[str, Any, bool], ...]:
    """Name, shape and need of each member."""
    hints = typing.get_type_hints(shape)
    if typing.is_typeddict(shape):
        return tuple((name, inner, name in shape.__required_keys__) for name, inner in hints.items())
    missing = dataclasses.MISSING
    return tuple(
        (field.name, hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(shape)
        if field.init
    )


def _of(value: Any, kind: type, at: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    # `True` is an `int` to Python, and none to a provider.
    if type(value) is kind:
        return value
    raise Wrong(f"{at or 'the document'} is {_KINDS.get(type(value), 'another kind')}, not {_KINDS.get(kind, kind.__name__)}")


_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _no_constant(name: str) -> Any:
    raise Wrong(f"{name}, which is no JSON")
