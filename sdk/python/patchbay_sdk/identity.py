"""Whose business account it is, and which accounts it reaches."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import shape


@dataclass(frozen=True)
class Account:
    """Something selectable under one credential: a repository, a dossier, an ad account."""

    #: The provider's id; one that does not change.
    id: str | int
    #: What people call it.
    name: str
    #: Whether it can be read.
    usable: bool = True
    #: Whether it is read without anybody choosing it, where it is new; what a person chose stays.
    selected: bool = True
    #: Why not, or what to know about it.
    note: str | None = None
    #: Told to the connector as `Context.account_facts` with each call for this account.
    facts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", shape.as_id(self.id, "an account's id"))


@dataclass(frozen=True)
class Identity:
    """The answer of `Auth.identify`."""

    #: The provider's id of the business account; one that does not change when it is renamed.
    id: str | int
    #: What people call it.
    name: str
    #: E-mail or login behind the credential.
    login: str | None = None
    #: What can be selected, at most 10,000; empty when the connection is its only account.
    accounts: list[Account] = field(default_factory=list)
    #: Told to the connector as `Context.facts` with each later call.
    facts: dict[str, str] = field(default_factory=dict)
    #: Scopes that were really granted, where the provider says so.
    scopes: list[str] | None = None
    #: When the credential ends, milliseconds since 1970, where the provider says so.
    credential_ends_ms: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", shape.as_id(self.id, "a business account's id"))
