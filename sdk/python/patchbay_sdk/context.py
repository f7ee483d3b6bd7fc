"""What a connector is told about the connection it works for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from . import shape
from .errors import AuthRequired, InvalidConfig

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """The connection that a call is for. Never holds a secret."""

    #: Id of the auth method in use, as the manifest spells it.
    auth: str = ""
    #: Id of the selected account, for a stream that is read per account.
    account: str | None = None
    #: Facts of the connection, from the login and from `Identity.facts`.
    facts: dict[str, str] = field(default_factory=dict)
    #: Facts of the account, from `Account.facts`.
    account_facts: dict[str, str] = field(default_factory=dict)
    #: The connection's settings: JSON text.
    settings_json: bytes = b""
    #: The manifest's `config.defaults` with the operator's corrections: JSON text.
    config_json: bytes = b""

    def selected_account(self) -> str:
        """The selected account's id; `InvalidConfig` when none is."""
        if self.account is None:
            raise InvalidConfig("Choose an account for this connection first.")
        return self.account

    def fact(self, key: str) -> str:
        """A fact of the connection; `AuthRequired` when the login did not tell it: a new login does."""
        return _known(self.facts, key)

    def account_fact(self, key: str) -> str:
        """A fact of the selected account; `AuthRequired` when `identify` did not tell it."""
        return _known(self.account_facts, key)

    @overload
    def settings(self) -> dict[str, Any]: ...
    @overload
    def settings(self, kind: type[T]) -> T: ...

    def settings(self, kind: Any = dict[str, Any]) -> Any:
        """The connection's settings, as a shape (a dataclass with defaults); `InvalidConfig` when they do not fit."""
        return _read(self.settings_json, kind, "settings")

    @overload
    def config(self) -> dict[str, Any]: ...
    @overload
    def config(self, kind: type[T]) -> T: ...

    def config(self, kind: Any = dict[str, Any]) -> Any:
        """The operator's configuration, as a shape; `InvalidConfig` when it does not fit."""
        return _read(self.config_json, kind, "configuration")


def _known(facts: dict[str, str], key: str) -> str:
    try:
        return facts[key]
    except KeyError:
        raise AuthRequired(
            "Something about this account is not known yet. Reconnect it.", detail=f"the fact `{key}` is missing"
        ) from None


def _read(text: bytes, kind: Any, what: str) -> Any:
    try:
        # A connection without settings may come as no text at all.
        return shape.read(text or b"{}", kind)
    except shape.Wrong as wrong:
        raise InvalidConfig(
            f"The {what} of this connection cannot be used.", detail=f"{what}: {wrong}"
        ) from None
