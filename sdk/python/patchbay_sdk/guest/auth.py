"""The exported interface `auth`."""

from __future__ import annotations

from wit_world.exports import auth
from wit_world.imports import types

from ..connector import Auth
from ..identity import Account, Identity
from . import call


def exported(connector: Auth) -> type:
    """The class that the component exports for this connector."""

    class Exported:
        def identify(self, ctx: types.Context) -> auth.Identity:
            return call.answered(lambda: _identity(connector.identify(call.context(ctx))))

    return Exported


def _identity(identity: Identity) -> auth.Identity:
    return auth.Identity(
        id=call.text(str(identity.id), "an id"),
        name=call.text(identity.name, "a name"),
        login=call.maybe(identity.login, "a login"),
        accounts=[_account(one) for one in identity.accounts],
        facts=call.listed(identity.facts),
        scopes=None if identity.scopes is None else [call.text(scope, "a scope") for scope in identity.scopes],
        credential_ends_ms=identity.credential_ends_ms,
        ext=[],
    )


def _account(account: Account) -> auth.Account:
    return auth.Account(
        id=call.text(str(account.id), "an id"),
        name=call.text(account.name, "a name"),
        usable=account.usable,
        note=call.maybe(account.note, "a note"),
        facts=call.listed(account.facts),
        ext=[] if account.selected else [types.Ext("selected", "no")],
    )
