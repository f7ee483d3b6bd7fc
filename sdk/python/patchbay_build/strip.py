"""Takes out of a component what no host reads: names of functions inside, and who produced it.

A component is a list of sections, some of which hold modules that are lists of sections themselves; a custom section is
one that may be left out.
"""

from __future__ import annotations

_HEADER = 8
_CUSTOM, _MODULE, _COMPONENT = 0, 1, 4
_NEEDLESS = ("name", "producers", "component-name", "target_features", "linking", "dylink.0")


def strip(binary: bytes) -> bytes:
    """The same component or module without them."""
    is_component = binary[4:8] != b"\x01\0\0\0"
    kept = [binary[:_HEADER]]
    at = _HEADER
    while at < len(binary):
        kind = binary[at]
        size, begin = _number(binary, at + 1)
        body = binary[begin : begin + size]
        at = begin + size
        if kind == _CUSTOM and _is_needless(body):
            continue
        if is_component and kind in (_MODULE, _COMPONENT):
            body = strip(body)
        kept += [bytes([kind]), _written(len(body)), body]
    return b"".join(kept)


def _is_needless(section: bytes) -> bool:
    size, begin = _number(section, 0)
    name = section[begin : begin + size].decode("utf-8", "replace")
    return name in _NEEDLESS or name.startswith(".debug_")


def _number(binary: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = binary[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _written(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
