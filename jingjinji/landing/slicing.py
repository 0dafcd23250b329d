"""A large JSON document → files of some of its records each, so that it is read by several threads in bounded memory.

The place of the records is found from the document's first and last bytes, a cut between two records from the name both begin
with. Neither is proven here: what reads the slices parses every one of them to its end, and a wrong cut cannot be parsed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

EDGE = 1 << 20  # bytes at either end in which the records must begin and end
SLICE = 32 << 20  # bytes of one slice, about
WINDOW = 1 << 20  # bytes in which a cut is looked for
CANDIDATES = 50  # closing brackets at the end that are tried
SIMPLE_PATH = re.compile(r"\$((?:\.\w+)*)\[\*\]")


def slices(text: Path, records: str, size: int = SLICE) -> list[Path]:
    """Write the records of a document as arrays into files beside it.

    Args:
        text: a UTF-8 document.
        records: where its records are, `$[*]` or `$.name.name[*]`.
        size: bytes of one slice, about.

    Returns:
        The files, in the order of the records; none when the records cannot be found for certain.
    """
    place = _place(text, records)
    if place is None:
        return []
    cuts = _cuts(text, *place, size)
    starts, ends = [place[0], *(cut[1] for cut in cuts)], [*(cut[0] for cut in cuts), place[1]]
    return [_slice(text, at, *part) for at, part in enumerate(zip(starts, ends, strict=True))]


def frame(text: Path, records: str) -> Any:
    """The document without its records, whose place was found by `slices`."""
    place = _place(text, records)
    if place is None:
        return None
    with text.open("rb") as raw:
        head = raw.read(place[0])
        raw.seek(place[1])
        return json.loads(head + raw.read())


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names all differ.

    Raises:
        KeyError: a name stands twice, so nobody can know which value is meant.
    """
    if len({key for key, _ in pairs}) < len(pairs):
        raise KeyError(next(key for i, (key, _) in enumerate(pairs) if key in {k for k, _ in pairs[:i]}))
    return dict(pairs)


def _place(text: Path, records: str) -> tuple[int, int] | None:
    """First byte after the bracket that opens the records, and the byte of the one that closes them."""
    path = SIMPLE_PATH.fullmatch(records)
    size = text.stat().st_size
    if not path:
        return None
    keys = path.group(1).split(".")[1:]
    with text.open("rb") as raw:
        head = raw.read(EDGE)
        raw.seek(max(0, size - EDGE))
        tail = raw.read()
    name = rf'"{keys[-1]}"\s*:\s*'.encode() if keys else rb"\A\s*"
    opened = re.search(name + rb"\[", head)
    if not opened:
        return None
    closings = [found.start() for found in re.finditer(rb"\]", tail)][-CANDIDATES:]
    fitting = [at for at in closings if _is_frame(head[: opened.end()] + tail[at:], keys)]
    return (opened.end(), size - len(tail) + fitting[0]) if len(fitting) == 1 else None


def _is_frame(frame: bytes, keys: list[str]) -> bool:
    """Whether a document without its records is one, and has its only list of records where it should."""
    try:
        inner = json.loads(frame, object_pairs_hook=once)
        for key in keys:
            inner = inner[key]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(inner == [])


def _cuts(text: Path, start: int, end: int, size: int) -> list[tuple[int, int]]:
    """Where a slice ends (after a record) and the next begins (after the comma)."""
    with text.open("rb") as raw:
        raw.seek(start)
        first = re.match(rb'\s*\{\s*("(?:[^"\\]|\\.)*")\s*:', raw.read(4096))
        if not first:
            return []
        between, found = re.compile(rb"\}\s*,(?=\s*\{\s*" + re.escape(first.group(1)) + rb"\s*:)"), []
        for near in range(start + size, end - WINDOW, size):
            raw.seek(near)
            if cut := between.search(raw.read(WINDOW)):
                found.append((near + cut.start() + 1, near + cut.end()))
    return found


def _slice(text: Path, number: int, start: int, end: int) -> Path:
    path = text.with_name(f"{text.name}.{number:05d}.json")
    with text.open("rb") as raw, path.open("wb") as part:
        part.write(b"[")
        raw.seek(start)
        while block := raw.read(min(1 << 20, end - raw.tell())):
            part.write(block)
        part.write(b"]")
    return path
