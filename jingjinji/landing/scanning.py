"""What stands in the bytes of a text of any size. A large one is looked through by two threads, a block at a time.

numpy and pyarrow let go of the interpreter while they work; `bytes.find` and `bytes.decode` do not, and take five times as long
for bytes that are frequent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BLOCK = 1 << 20  # bytes that are looked at together; they stay in the processor's own memory
THREADS = 2
LONGEST_CHARACTER = 4  # bytes of UTF-8


def contains(path: Path, *needles: bytes) -> bool:
    """Whether any of `needles` stands in the file."""
    if path.stat().st_size <= BLOCK:
        content = path.read_bytes()
        return any(needle in content for needle in needles)
    reach = max(map(len, needles)) - 1
    return _any_block(path, lambda block, at: any(_stands_in(block, needle) for needle in needles), reach)


def is_text(path: Path) -> bool:
    """Whether the file is UTF-8 without a byte of zero; where and why not, only decoding it says."""
    return not _any_block(path, _is_odd, LONGEST_CHARACTER)


def _stands_in(block: Any, needle: bytes) -> bool:
    import numpy as np

    places = np.flatnonzero(block[len(needle) - 1 :] == needle[-1])
    for back, byte in enumerate(needle[:-1]):
        places = places[block[places + back] == byte]
    return len(places) > 0


def _is_odd(block: Any, at: int) -> bool:
    """A block begins and ends anywhere in a character: what is cut off at its start belongs to the block before, which reaches beyond."""
    import numpy as np
    import pyarrow as pa

    start = 0 if at == 0 else _first_character(block)
    end = len(block)
    if len(block) > BLOCK:  # there is a next block
        end = BLOCK + _first_character(block[BLOCK:])
    whole = block[start:end]
    offsets = pa.py_buffer(np.array([0, len(whole)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(whole)).validate(full=True)
    except pa.ArrowInvalid:
        return True
    return not whole.all()


def _first_character(block: Any) -> int:
    """Bytes before the first one that begins a character; with no such byte near, the text is none and is found to be so."""
    start = 0
    while start < min(len(block), LONGEST_CHARACTER) and block[start] & 0xC0 == 0x80:
        start += 1
    return start


def _any_block(path: Path, is_found: Callable[[Any, int], bool], reach: int) -> bool:
    """Whether something is found in a block, given as an array of bytes that reaches `reach` bytes into the next one, and its place."""
    import numpy as np

    with path.open("rb") as raw, ThreadPoolExecutor(THREADS) as pool:

        def look(at: int) -> bool:
            return is_found(np.frombuffer(os.pread(raw.fileno(), BLOCK + reach, at), dtype=np.uint8), at)

        looks = [pool.submit(look, at) for at in range(0, path.stat().st_size, BLOCK)]
        is_any = any(one.result() for one in looks)
        pool.shutdown(cancel_futures=True)
        return is_any
