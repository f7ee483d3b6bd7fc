"""What is pushed, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from . import shape
from .errors import Error, InvalidInput, Unsupported

T = TypeVar("T")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with an item. Its bytes stay at the host: see `blob`."""

    #: The blob's id.
    blob: str
    #: The file's name, without a folder.
    name: str
    #: Its media type.
    media_type: str
    #: Its size in bytes.
    size: int
    #: SHA-256 of its bytes, lower-case hexadecimal.
    sha256: str


@dataclass(frozen=True)
class Object:
    """An object at the provider."""

    #: The provider's id.
    id: str | int
    #: Where a person can see it.
    url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", shape.as_id(self.id, "an object's id"))


@dataclass(frozen=True)
class Outcome:
    """How a push ended well."""

    #: `created`, `updated` or `exists`.
    kind: str
    object: Object

    @staticmethod
    def created(object: Object) -> Outcome:
        """A new object."""
        return Outcome("created", object)

    @staticmethod
    def updated(object: Object) -> Outcome:
        """An object that was there, and was changed."""
        return Outcome("updated", object)

    @staticmethod
    def exists(object: Object) -> Outcome:
        """The object was there already, as wanted; nothing was written."""
        return Outcome("exists", object)


@dataclass(frozen=True)
class Item:
    """One item to write to the provider."""

    #: The action's name in the manifest.
    action: str
    #: The caller's key, the same on every attempt.
    key: str = ""
    #: The chosen target: JSON text that fits the action's `target` schema.
    target_json: bytes = b""
    #: The payload: JSON text that fits the action's schema.
    payload_json: bytes = b""
    #: Files, in the caller's order.
    attachments: list[Attachment] = field(default_factory=list)
    #: 1 for the first attempt.
    attempt: int = 1
    #: What else the host knows, by name; `written`, `found` and `answered` read it.
    ext: list[tuple[str, str]] = field(default_factory=list)

    @overload
    def payload(self) -> Any: ...
    @overload
    def payload(self, kind: type[T]) -> T: ...

    def payload(self, kind: Any = Any) -> Any:
        """The payload, as a shape; `InvalidInput` when it does not fit."""
        return _read(self.payload_json, kind, "payload")

    @overload
    def target(self) -> Any: ...
    @overload
    def target(self, kind: type[T]) -> T: ...

    def target(self, kind: Any = Any) -> Any:
        """The target, as a shape; `InvalidInput` when it does not fit."""
        return _read(self.target_json, kind, "target")

    def written(self) -> Object | None:
        """The object that this item was written to before, when the caller sent its key again with other content: change
        that one. Only for an action that says `update = true`; none for an item that is new."""
        return self._named("object")

    def found(self, step: str) -> Object | None:
        """What a step was found to have written although its answer was lost: it is done, go on behind it. Only for an
        action that says `multi-step = true`; sending the step again is refused."""
        return self._named(f"step.{step}")

    def answered(self) -> list[str]:
        """The names of the steps of this item that are over, from attempts before this one. Sending one of them again gives
        the answer that came then."""
        return [step for key, step in self.ext if key == "answered"]

    def unsupported(self) -> Error:
        """The error for an action that the connector does not have."""
        return Unsupported(f"This connector has no action `{self.action}`.")

    def _named(self, name: str) -> Object | None:
        known = dict(self.ext)
        return Object(known[name], known.get(f"{name}.url")) if name in known else None


def _read(text: bytes, kind: Any, what: str) -> Any:
    try:
        return shape.read(text or b"{}", kind)
    except shape.Wrong as wrong:
        raise InvalidInput(f"The {what} of this item cannot be used.", detail=f"{what}: {wrong}") from None
