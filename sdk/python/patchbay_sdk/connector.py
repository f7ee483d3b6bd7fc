"""The three classes that a connector derives from. A component exports those that it does."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .context import Context
from .errors import Unsupported
from .identity import Identity
from .item import Item, Object, Outcome
from .page import Choices, Page, PickRequest, ReadRequest, StreamInfo


class Auth(ABC):
    """Whose business account it is. Every connector derives from it.

    Logging in is the host's, from the manifest; this is asked when the credential is there.
    """

    @abstractmethod
    def identify(self, ctx: Context) -> Identity:
        """Asks the provider who the credential belongs to and which accounts it reaches."""


class Fetch(ABC):
    """Reading. Only requests of the effects `READ` and `REPEATABLE`."""

    def discover(self, ctx: Context) -> list[StreamInfo]:
        """Which streams this connection has. As it stands: those of the manifest."""
        return []

    @abstractmethod
    def read(self, ctx: Context, request: ReadRequest) -> Page:
        """Reads one page of a stream and says where to go on.

        When it raises nothing of the page is kept, and the cursor stays. `request.unsupported()` for a stream that is not
        there.
        """

    def pick(self, ctx: Context, request: PickRequest) -> Choices:
        """Answers a picker of the kind `search`. As it stands: there is none."""
        raise request.unsupported()


class Push(ABC):
    """Writing one item."""

    @abstractmethod
    def push(self, ctx: Context, item: Item) -> Outcome:
        """Writes the item; each request that must not happen twice has the effect `WRITE` and a step of its own.

        A later attempt runs the same code: the host replays the answers of the steps that were answered. So write it
        straight down, without asking whether a step was done.
        """

    def find(self, ctx: Context, item: Item, step: str, sent_ms: int) -> Object | None:
        """Looks for what the step of this item wrote, after its answer was lost.

        `sent_ms`: the moment at which it may have left, milliseconds since 1970. `None` says that it is surely not there; an
        error, that it cannot be told. As it stands: this connector cannot look.
        """
        raise Unsupported("This connector cannot look for what it wrote.")
