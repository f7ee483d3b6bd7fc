"""The few conversions between moments and text that providers ask for. All of them are in UTC."""

from __future__ import annotations

import datetime
import re

#: The last moment that four digits of a year can say, 9999-12-31T23:59:59Z.
LAST_MS = 253_402_300_799_000

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(rf"[A-Z][a-z]{{2}}, (\d{{2}}) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d{{2}}:\d{{2}}:\d{{2}}) GMT", re.ASCII)
_BEGINNING = datetime.datetime(1970, 1, 1)


def rfc3339(ms: int) -> str:
    """A moment as RFC 3339 with whole seconds, `2026-11-21T09:30:00Z`; what is later than the year 9999 becomes its end."""
    moment = _BEGINNING + datetime.timedelta(seconds=min(max(ms, 0), LAST_MS) // 1000)
    return moment.isoformat(timespec="seconds") + "Z"


def date(ms: int) -> str:
    """A moment's date, `2026-11-21`."""
    return rfc3339(ms)[:10]


def parse_rfc3339(text: object) -> int | None:
    """Milliseconds since 1970 of a moment in RFC 3339 with its offset, `Z` or `+01:00`; none for anything else, and for a
    time before 1970. Takes whatever a provider sent in that place."""
    found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(number) for number in found.groups()[:6])
    offset = 0
    if found[8]:
        hours, minutes = int(found[9]), int(found[10])
        if hours > 23 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * (-60_000 if found[8] == "-" else 60_000)
    try:
        # A leap second is the one after it.
        moment = datetime.datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    if second > 60:
        return None
    whole = (moment - _BEGINNING) // datetime.timedelta(seconds=1) + (second == 60)
    ms = whole * 1000 + int((found[7] or "0").ljust(3, "0")[:3]) - offset
    return ms if ms >= 0 and year >= 1970 else None


def parse_http_date(text: str) -> int | None:
    """Milliseconds since 1970 of an HTTP date, `Sat, 21 Nov 2026 09:30:00 GMT`; a moment before 1970 is 1970."""
    found = _HTTP_DATE.fullmatch(text.strip())
    if found is None:
        return None
    day, month, year, clock = found.groups()
    at = parse_rfc3339(f"{max(int(year), 1970):04}-{_MONTHS.index(month) + 1:02}-{day}T{clock}Z")
    return 0 if at is not None and int(year) < 1970 else at
