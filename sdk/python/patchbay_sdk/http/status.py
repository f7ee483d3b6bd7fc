"""What a status means when the connector knows nothing better."""

from __future__ import annotations

from .. import errors, run, time


def error(status: int, writes: bool, asks: bool) -> tuple[type[errors.Error], str]:
    """Case and message for a status that is no success; `asks` says that the request changes nothing."""
    if status == 401:
        return errors.AuthRequired, "The provider does not accept the login any more. Reconnect."
    if status in (402, 403):
        return errors.PermissionDenied, "The provider does not allow this for the account that connected."
    if status in (404, 410):
        return errors.NotFound, "The provider does not have this, or hides it from the account that connected."
    if status in (409, 412, 423):
        return errors.Conflict, "The provider refuses this in the state that it is in."
    if status in (400, 413, 415, 422):
        if asks:
            return errors.Other, "The provider refuses the question that this connector asks."
        return errors.InvalidInput, "The provider refuses what was sent."
    if status == 429:
        return errors.RateLimited, "The provider asks to wait."
    if status == 425:
        return errors.Transient, "The provider asks to try again."
    trouble = status == 408 or 500 <= status < 600
    if writes and (trouble or 300 <= status < 400):
        return errors.OutcomeUnknown, "The provider had trouble, so it is not known whether this was done."
    if trouble:
        return errors.Transient, "The provider has trouble."
    if 300 <= status < 400:
        return errors.InvalidResponse, "The provider answers from another address."
    return errors.Other, "The provider gave an answer that is not understood."


def retry_after_ms(value: str) -> int | None:
    """`Retry-After` (RFC 9110, section 10.2.3) as milliseconds from now."""
    text = value.strip()
    # A number with more digits than a year of seconds is a wait of its own kind; the host caps it.
    if text.isascii() and text.isdigit():
        return int(text[:12]) * 1000
    at = time.parse_http_date(text)
    return None if at is None else max(at - run.now_ms(), 0)
