"""Bytes that the host keeps, for files that do not fit through a call.

To send a file, name its blob in the request (`http.Part.blob`, `http.post(…, blob=…)`); its bytes then never enter the
connector. An id belongs to one connection and one run.
"""

from __future__ import annotations

from . import host


def size(blob: str) -> int | None:
    """Its size in bytes; none when the id means nothing here."""
    return host.current().blob_size(blob)


def read(blob: str, offset: int, length: int) -> bytes | None:
    """Up to so many bytes from there, at most 1 MiB a call; none when the id means nothing here."""
    return host.current().blob_read(blob, offset, length)


def create(media_type: str) -> str:
    """Begins an empty blob of this media type and gives its id."""
    return host.current().blob_create(media_type)


def append(blob: str, data: bytes) -> bool:
    """Adds bytes to a blob that this run created; false when it is not this run's, or is full."""
    return host.current().blob_append(blob, data)
