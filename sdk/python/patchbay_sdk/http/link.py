"""The `Link` header (RFC 8288), as far as paging needs it."""

from __future__ import annotations

import re

#: An address, then parameters up to the comma that ends this link; a comma inside quotes does not.
_LINK = re.compile(r'<([^>]*)>((?:[^,"]|"[^"]*")*)')


def find(header: str, relation: str) -> str | None:
    """The address of the first link with this relation."""
    for address, parameters in (found.groups() for found in _LINK.finditer(header)):
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "rel" and relation in value.strip().strip('"').split():
                return str(address)
    return None
