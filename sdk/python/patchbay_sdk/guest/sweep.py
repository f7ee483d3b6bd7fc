"""Cleans up before the picture is taken.

Importing leaves twice as much rubbish in memory as it leaves objects: sources, syntax trees, byte code that was read. Freed
memory keeps its old bytes, and they would be shipped in every component. So what is free is taken once more, as zeroes,
and given back: a run of zeroes costs a component nothing.

Free memory is told by its address: a block that lies above everything that was there before is new, and then nothing of
its size is free any more.
"""

from __future__ import annotations

import gc

#: Sizes of blocks, from large to small: what fits nowhere has left room for less.
_SIZES = [*(1 << power for power in range(20, 9, -1)), *range(512, 16, -8)]
#: Bytes of the header and the end of a `bytes` object here.
_OVERHEAD = 17


def sweep() -> None:
    """Takes what is free, as zeroes, and gives it back."""
    gc.collect()
    top = max(map(id, gc.get_objects()))
    held: list[bytes] = []
    for size in _SIZES:
        while id(block := bytes(size - _OVERHEAD)) < top:
            held.append(block)
