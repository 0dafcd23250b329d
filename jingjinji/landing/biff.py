"""Old workbooks (xls): what must be known of a cell beside the value that calamine gives, from the records of the file.

[MS-CFB] (the file is a small file system) and [MS-XLS] (its stream `Workbook` is a row of records). Only Excel 97 and later.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jingjinji.landing import formats
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.odd_cells import NO_RESULT, Place

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
BOF, EOF, FORMULA, CONTINUE = 0x809, 0x0A, 0x06, 0x3C
FILEPASS, DATEMODE, FORMAT, XF, BOUNDSHEET = 0x2F, 0x22, 0x41E, 0xE0, 0x85
NUMBER, RK, MULRK, BOOLERR, STRING = 0x203, 0x27E, 0xBD, 0x205, 0x207
HEADER, FOOTER, TXO = 0x14, 0x15, 0x1B6
BEFORE_STRING = (CONTINUE, 0x221, 0x4BC, 0x236)  # between a formula and its text: an array, a shared formula, a table
EXCEL_97 = 0x600
LAST_SECTOR = 0xFFFFFFFA  # from here on a number says something else than the next sector
TO_BE_CALCULATED = 0x2  # flag of a formula: when the file is opened; programs that cannot calculate set it


@dataclass(frozen=True)
class OldBook:
    """`odd` are the cells whose text is not that of their value, as in odd_cells.py, by sheet; `texts` stand in no cell."""

    epoch_1904: bool
    odd: dict[str, dict[Place, str]]
    texts: tuple[str, ...]


@dataclass
class _Globals:
    epoch_1904: bool = False
    codes: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    sheets: dict[str, int] = field(default_factory=dict)  # place of its records


@dataclass
class _Cells:
    """`blank`: formulas that gave an empty text. `has_results`: another one gave something."""

    odd: dict[Place, str] = field(default_factory=dict)
    blank: list[Place] = field(default_factory=list)
    has_results: bool = False

    def mark(self, row: int, column: int, text: str | None) -> None:
        if text:
            self.odd[row, column] = text


def read(path: Path) -> OldBook:
    """Everything of all sheets.

    Raises:
        UnreadableError: F02, locked, of Excel 95 or before, or not understood.
    """
    try:
        stream = _stream(path.read_bytes(), "workbook")
        if stream is not None and struct.unpack_from("<HHH", stream)[::2] == (BOF, EXCEL_97):
            return _book(stream)
    except (struct.error, IndexError, ValueError):
        pass
    message = "xls工作簿的内部结构无法核对（可能有密码、已损坏或是Excel 95以前的格式）"
    raise UnreadableError("F02", message, "请在Excel或WPS中打开，另存为xlsx后重新报送")


def _book(stream: bytes) -> OldBook:
    """A formula may lawfully give an empty text, and a program that cannot calculate writes the same for all of its formulas."""
    book, texts = _globals(stream), []
    kinds = {at: kind for at, of in enumerate(book.styles) if (kind := formats.kind_of(of, book.codes.get(of)))}
    found = {name: _look_at(stream, at, kinds) for name, at in book.sheets.items()}
    is_calculated = any(cells.has_results for cells in found.values())
    for cells in found.values():
        cells.odd |= {} if is_calculated else dict.fromkeys(cells.blank, NO_RESULT)
    for name, at in book.sheets.items():
        texts += [name, *_texts(stream, at)]
    return OldBook(book.epoch_1904, {name: cells.odd for name, cells in found.items()}, tuple(texts))


def _globals(stream: bytes) -> _Globals:
    book = _Globals()
    for kind, data in _records(stream, 0):
        if kind == FILEPASS:
            raise ValueError("locked")
        if kind == DATEMODE:
            book.epoch_1904 = data[0] == 1
        elif kind == FORMAT:
            book.codes[struct.unpack_from("<H", data)[0]] = _characters(data[4], data[5:])
        elif kind == XF:
            book.styles.append(struct.unpack_from("<H", data, 2)[0])
        elif kind == BOUNDSHEET and data[5] == 0:  # no chart or macro
            book.sheets[_characters(data[7], data[8:])] = struct.unpack_from("<I", data)[0]
    return book


def _look_at(stream: bytes, at: int, kinds: dict[int, str]) -> _Cells:
    """The cells of a sheet whose records begin at a place."""
    cells = _Cells()
    waiting: Place | None = None  # a formula whose result is a text, which follows
    for kind, data in _records(stream, at):
        if waiting and kind not in BEFORE_STRING:
            cells.odd |= {} if kind == STRING else {waiting: NO_RESULT}
            waiting = None
        if kind in (NUMBER, RK):
            row, column, style = struct.unpack_from("<HHH", data)
            cells.mark(row, column, kinds.get(style))
        elif kind == MULRK:
            row, first = struct.unpack_from("<HH", data)
            for number, (style,) in enumerate(struct.iter_unpack("<H4x", data[4:-2])):
                cells.mark(row, first + number, kinds.get(style))
        elif kind == BOOLERR and data[7]:
            row, column = struct.unpack_from("<HH", data)
            cells.mark(row, column, ERRORS.get(data[6], "#ERROR"))
        elif kind == FORMULA:
            waiting = _look_at_formula(cells, data, kinds)
    cells.odd |= {waiting: NO_RESULT} if waiting else {}
    return cells


def _look_at_formula(cells: _Cells, data: bytes, kinds: dict[int, str]) -> Place | None:
    """Its place where its result is a text."""
    row, column, style, result, flags = struct.unpack_from("<HHH8sH", data)
    kind = result[0] if result[6:] == b"\xff\xff" else None  # 0 text, 1 truth, 2 error, 3 empty text, None a number
    if flags & TO_BE_CALCULATED and (kind == 3 or result == bytes(8)):
        cells.mark(row, column, NO_RESULT)
        return None
    if kind == 3:
        cells.blank.append((row, column))
        return None
    cells.has_results = True
    cells.mark(
        row, column, ERRORS.get(result[2], "#ERROR") if kind == 2 else kinds.get(style) if kind is None else None
    )
    return (row, column) if kind == 0 else None


def _texts(stream: bytes, at: int) -> Iterator[str]:
    """Texts that stand in no cell: of headers, footers, comments and boxes."""
    is_box = False
    for kind, data in _records(stream, at, nested=True):
        if kind in (HEADER, FOOTER) and len(data) > 3:
            yield _characters(data[2], data[3:])
        elif is_box and kind == CONTINUE and data:
            yield _characters(data[0], data[1:])
        is_box = kind == TXO


def _characters(flags: int, data: bytes) -> str:
    return data.decode("utf-16-le" if flags & 1 else "latin-1", errors="replace")


def _records(stream: bytes, at: int, nested: bool = False) -> Iterator[tuple[int, bytes]]:
    """The records from a place to the end of what begins there; those of a chart in it only where `nested`."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == BOF:
            depth += 1
        elif kind == EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1 or nested:
            yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size
    raise ValueError("no end")


# ---------------------------------------------------------------- the file as a file system


def _stream(raw: bytes, wanted: str) -> bytes | None:
    """What the file of that name in the file holds."""
    shift, small_shift = struct.unpack_from("<HH", raw, 30)
    tables, directory, _, limit, small_table, _, more = struct.unpack_from("<7I", raw, 44)
    size = 1 << shift
    where = list(struct.unpack_from("<109I", raw, 76))
    while more < LAST_SECTOR and len(where) <= len(raw) // size:
        *numbers, more = struct.unpack_from(f"<{size // 4}I", raw, (more + 1) * size)
        where += numbers
    following = array("I", b"".join(raw[(n + 1) * size : (n + 2) * size] for n in where[:tables] if n < LAST_SECTOR))

    def joined(start: int) -> bytes:
        return b"".join(raw[(n + 1) * size : (n + 2) * size] for n in _chain(following, start))

    root = b""
    for entry in struct.iter_unpack("<64sHB49xII4x", joined(directory)):
        name, length, kind, start, stored = entry
        if kind == 5:
            root = joined(start)
        elif kind == 2 and name[: max(length - 2, 0)].decode("utf-16-le", errors="replace").lower() == wanted:
            if stored >= limit:
                return joined(start)[:stored]
            chain = _chain(array("I", joined(small_table)), start)
            return b"".join(root[n << small_shift : (n + 1) << small_shift] for n in chain)[:stored]
    return None


def _chain(following: array[int], start: int) -> Iterator[int]:
    for _ in range(len(following) + 1):
        if start >= LAST_SECTOR:
            return
        yield start
        start = following[start]
    raise ValueError("a circle")
