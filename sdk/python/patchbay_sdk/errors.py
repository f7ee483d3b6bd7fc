"""Failures: a closed list of cases, in each of which the host does something different.

Raise the case by what the host is to do, not by the status that you saw. Never put a secret or the body of an answer into a
text.

    raise InvalidConfig(
        "The mailbox does not exist. Choose another one.",
        detail="GET /mailboxes/7 answered 404",
        fields={"/mailbox": "There is no mailbox of this name."},
    )

An exception of any other kind is a mistake of the connector: the run ends as broken, with the traceback in its log.
"""

from __future__ import annotations

from typing import ClassVar, Mapping


class Error(Exception):
    """What every call of a connector may raise; always one of the cases below."""

    case: ClassVar[str] = "other"

    def __init__(
        self,
        message: str,
        *,
        detail: str | None = None,
        http_status: int | None = None,
        provider_code: str | None = None,
        retry_after_ms: int | None = None,
        waits_alone: bool = False,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        #: For the person who reads it in the web app: what happened and what to do.
        self.message = message
        #: For the operator: which request, which status, what shape came instead.
        self.detail = detail
        #: The provider's HTTP status, where there was one.
        self.http_status = http_status
        #: The provider's own code, as it spells it.
        self.provider_code = provider_code
        #: How long to wait, milliseconds from now.
        self.retry_after_ms = retry_after_ms
        #: Only this stream of this account waits, not everything else of the connection.
        self.waits_alone = waits_alone
        #: What is wrong with which value, by JSON pointer, e.g. `/title`.
        self.fields = dict(fields or {})

    def as_case(self, case: type[Error]) -> Error:
        """The same failure as another case, for a provider that uses a status in its own way."""
        return case(
            self.message,
            detail=self.detail,
            http_status=self.http_status,
            provider_code=self.provider_code,
            retry_after_ms=self.retry_after_ms,
            waits_alone=self.waits_alone,
            fields=self.fields,
        )

    def __repr__(self) -> str:
        known = {name: value for name, value in vars(self).items() if value and name != "message"}
        return f"{type(self).__name__}({self.message!r}{''.join(f', {name}={value!r}' for name, value in known.items())})"


class AuthRequired(Error):
    """Refresh once; when that does not help, the connection needs its person (*Action Required*)."""

    case = "auth-required"


class PermissionDenied(Error):
    """Show a *Warning* that names what is missing: the credential is good, but may not do this."""

    case = "permission-denied"


class InvalidConfig(Error):
    """Ask the person to change a setting. Not retried."""

    case = "invalid-config"


class InvalidInput(Error):
    """Fail the push; it is never retried."""

    case = "invalid-input"


class NotFound(Error):
    """Say that it does not exist, or is hidden."""

    case = "not-found"


class Conflict(Error):
    """Say that its state does not allow this."""

    case = "conflict"


class RateLimited(Error):
    """Wait as `retry_after_ms` says, else a minute."""

    case = "rate-limited"


class CursorInvalid(Error):
    """Start the stream afresh."""

    case = "cursor-invalid"


class Transient(Error):
    """Try again, later and later."""

    case = "transient"


class OutcomeUnknown(Error):
    """Never send the write again; look for it, or ask a person."""

    case = "outcome-unknown"


class InvalidResponse(Error):
    """End the run; the cursor stays and nothing is deleted. The provider sent what cannot be read."""

    case = "invalid-response"


class Unsupported(Error):
    """Say that the connector has no such stream, picker or action."""

    case = "unsupported"


class Other(Error):
    """Show it to a person: what no other case names."""

    case = "other"
