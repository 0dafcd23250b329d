"""Real or simulated: a home holds one of the two, and the first landing decides which.

A file says which it is twice: by its name, and by a note inside, which stays when somebody renames it.
"""

from __future__ import annotations

import json
import os
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import IO

from jingjinji.errors import UserError
from jingjinji.landing.detect import XLSX_LIMIT, UnreadableError
from jingjinji.paths import SIMULATED, Home, is_simulated

NOTE = "注：模拟数据，非真实报送"  # what `jjj simulate` writes into each file: a last line, or the first field of a document
NOTED = (*(NOTE.encode(e) for e in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")), json.dumps(NOTE)[1:-1].encode())
EDGE = 1 << 16  # bytes at either end in which the note is looked for: how large a file is must not matter
ORIGINS = {"real": "真实数据", "simulated": "模拟数据"}


class HomeError(UserError):
    """The home holds data of the other origin; use another JJJ_HOME."""


def check_origin(place: Home, data_origin: str, *, keep: bool = True) -> None:
    """Simulated and real data never meet: the first landing decides what a home is.

    Raises:
        HomeError: the home is of the other origin.
    """
    held = _held(place, data_origin, keep=keep)
    if held != data_origin:
        raise HomeError(f"{place.root} holds {held} data and refuses {data_origin}; set JJJ_HOME to another folder")


def origin_in(place: Home, path: Path, declared: str | None = None, *, keep: bool = True) -> str:
    """Origin of a file that may enter this home: what is declared, else what its name says.

    Args:
        keep: mark a home that holds nothing yet.

    Raises:
        UnreadableError: F16, the file is of the other origin than the home, or name, note and declaration contradict each other.
        HomeError: what is declared is neither real nor simulated.
    """
    origin = declared or ("simulated" if is_simulated(path.name) else "real")
    if origin == "real":
        _refuse_simulated(path)
    held = _held(place, origin, keep=keep)
    if held != origin:
        message = f"本库（JJJ_HOME）存放的是{ORIGINS[held]}，不接收{ORIGINS[origin]}"
        raise UnreadableError("F16", message, "请把文件移出收件箱，或把JJJ_HOME设为另一个目录")
    return origin


def _refuse_simulated(path: Path) -> None:
    fix = f"请移出收件箱；模拟数据只在专用的JJJ_HOME中接收，文件名须带“{SIMULATED}”"
    if is_simulated(path.name):
        raise UnreadableError("F16", f"文件名带有“{SIMULATED}”，是模拟数据，不能作为真实数据接收", fix)
    if has_note(path):
        message = f"文件里写明“{NOTE}”，文件名却没有“{SIMULATED}”，不能作为真实数据接收"
        raise UnreadableError("F16", message, fix)


def _held(place: Home, data_origin: str, *, keep: bool) -> str:
    """What a home holds; one that holds nothing yet is marked where it is to be kept."""
    if data_origin not in ORIGINS:
        raise HomeError(f"data origin is 'real' or 'simulated', not {data_origin!r}")
    if not place.marker.exists() and keep:
        place.root.mkdir(parents=True, exist_ok=True)
        marker = place.marker.with_name(f"home.{uuid.uuid4().hex}.tmp")
        marker.write_text(json.dumps({"data_origin": data_origin}) + "\n", encoding="utf-8")
        try:
            os.link(marker, place.marker)
        except FileExistsError:
            pass  # somebody else was first
        finally:
            marker.unlink()
    if not place.marker.exists():
        return data_origin
    return str(json.loads(place.marker.read_text(encoding="utf-8"))["data_origin"])


# ---------------------------------------------------------------- the note


def has_note(path: Path) -> bool:
    """Whether the simulator's note stands at either end of a text, or at the end of a sheet or of the texts of a workbook."""
    with path.open("rb") as raw:
        head = raw.read(EDGE)
        if not head.startswith(b"PK"):
            raw.seek(max(path.stat().st_size - EDGE, 0))
            return _is_noted(head) or _is_noted(raw.read())
    try:
        return _workbook_has_note(path)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        return False  # damaged or locked: the reader says so


def _workbook_has_note(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        parts = [
            entry
            for entry in archive.infolist()
            if entry.filename == "xl/sharedStrings.xml" or entry.filename.startswith("xl/worksheets/")
        ]
        if sum(entry.file_size for entry in parts) > XLSX_LIMIT:
            return False  # refused for its size
        for entry in parts:
            with archive.open(entry) as part:
                if _is_noted(_last_bytes(part)):
                    return True
    return False


def _last_bytes(part: IO[bytes]) -> bytes:
    """The end of what can only be read from its beginning; the rest is passed over."""
    tail = b""
    while block := part.read(1 << 20):
        tail = (tail + block)[-EDGE:]
    return tail


def _is_noted(content: bytes) -> bool:
    return any(note in content for note in NOTED)
