"""What stands in the bytes of a text of any size. A large one is looked through by two threads, a block at a time.

numpy and pyarrow let go of the interpreter while they work; `bytes.find` and `bytes.decode` do not, and take five times as long
for bytes that are frequent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

BLOCK = 1 << 20  # bytes that are looked at together; they stay in the processor's own memory
THREADS = 2
LONGEST_CHARACTER = 4  # bytes of UTF-8

Read = Callable[[int, int], bytes | memoryview]  # (bytes, place) → so many bytes from there on


def contains(path: Path, *needles: bytes) -> bool:
    """Whether any of `needles` stands in the file."""
    if path.stat().st_size <= BLOCK:
        return holds(path.read_bytes(), *needles)
    with path.open("rb") as raw:
        return _any_holds(_of(raw), path.stat().st_size, needles)


def holds(content: bytes, *needles: bytes) -> bool:
    """The same for bytes at hand."""
    if len(content) <= BLOCK:
        return any(needle in content for needle in needles)
    whole = memoryview(content)
    return _any_holds(lambda size, at: whole[at : at + size], len(content), needles)


def _of(raw: BinaryIO) -> Read:
    return lambda size, at: os.pread(raw.fileno(), size, at)


def _any_holds(read: Read, size: int, needles: tuple[bytes, ...]) -> bool:
    reach = max(map(len, needles)) - 1
    return _any_block(read, size, lambda block, at: any(_stands_in(block, needle) for needle in needles), reach)


def is_text(path: Path) -> bool:
    """Whether the file is UTF-8 without a byte of zero; where and why not, only decoding it says."""
    with path.open("rb") as raw:
        return not _any_block(_of(raw), path.stat().st_size, _is_odd, LONGEST_CHARACTER)


def _stands_in(block: Any, needle: bytes) -> bool:
    last = len(block) - len(needle) + 1
    if last <= 0:
        return False
    is_here = block[:last] == needle[0]
    for ahead, byte in enumerate(needle[1:], start=1):
        is_here &= block[ahead : ahead + last] == byte
    return bool(is_here.any())


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


def _any_block(read: Read, size: int, is_found: Callable[[Any, int], bool], reach: int) -> bool:
    """Whether something is found in a block, given as an array of bytes that reaches `reach` bytes into the next one, and its place."""
    import numpy as np

    with ThreadPoolExecutor(THREADS) as pool:

        def look(at: int) -> bool:
            return is_found(np.frombuffer(read(BLOCK + reach, at), dtype=np.uint8), at)

        looks = [pool.submit(look, at) for at in range(0, size, BLOCK)]
        is_any = any(one.result() for one in looks)
        pool.shutdown(cancel_futures=True)
        return is_any
