"""Workbooks: the rows of one sheet as text.

python-calamine gives values only, and gives nothing for a formula without a stored result: that must not become "not reported"
(odd_cells.py and, for xls, biff.py say which cells are such).
"""

from __future__ import annotations

import datetime as dt
import errno
import gc
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed
from jingjinji.landing import biff, formats, packages
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.odd_cells import NO_RESULT, Place
from jingjinji.landing.packages import Package
from jingjinji.landing.sheets import HEADER_WITHIN, Sheet, best_header, find_header

MERGED = "#数据区合并单元格"
MARKERS = (NO_RESULT, MERGED)  # an error cell keeps its own text, such as #DIV/0!
LONGEST_WHOLE = 2.0**53  # beyond it a whole number is not exact any more, and shown as such: 2.02e+16
BETWEEN = "\x1f"  # of texts that are put together; XML cannot hold it
AT_ONCE = 2  # pieces of a sheet that are read at once

Instead = dict[int, dict[int, str]]  # column of the sheet → row → what its text is, or a kind of format; all from 0


@dataclass(frozen=True)
class Block:
    """Rows of a sheet that follow each other, as calamine gives them; the first cell of the first is (`top`, `left`), from 0."""

    top: int
    left: int
    rows: list[list[Any]]


def cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if not cell.is_integer():
            return repr(cell)
        return str(int(cell)) if abs(cell) <= LONGEST_WHOLE else repr(cell) if "e" in repr(cell) else f"{cell:.15e}"
    if isinstance(cell, dt.datetime):
        return cell.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def read_workbook(con: duckdb.DuckDBPyConnection, path: Path, feed: Feed, scratch: Path) -> Sheet:
    """As `readers.read`; what it leaves in `scratch` must live as long as `con` reads."""
    import python_calamine as calamine

    try:
        package = packages.unpack(path, feed.sheet)
        if package:
            package = packages.with_usual_names(package, scratch)
            path = package.path
        book = calamine.load_workbook(str(path))
        old = None if package else biff.read(path)
        names = tuple(old.odd) if old else package.names if package else ()
        name = feed.sheet or next(iter(names), "")
        if name not in names:
            message = f"没有名为“{name}”的工作表；文件里有：{'、'.join(names) or '没有存放数据的工作表'}"
            raise UnreadableError("F04", message, "请核对是否报错了文件")
        with _not_collecting(), _read_at_once(book, name, package, scratch) as sheets:
            found = old.odd[name] if old else packages.cells_to_mark(path, name, package.content if package else None)
            others = {other: _top_of(book.get_sheet_by_name(other)) for other in names if other != name}
            sheet, columns = _as_texts(sheets, feed, found)
    except calamine.PasswordError as error:
        raise UnreadableError("F02", "工作簿有密码，无法打开", "请去掉密码后重新报送") from error
    except (calamine.CalamineError, zipfile.BadZipFile, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        message = "工作簿不完整或已损坏，无法打开"
        raise UnreadableError("F02", message, "请在Excel中确认能打开，另存为xlsx后重新报送") from error
    _keep_cells(con, columns, scratch / "cells.parquet")
    epoch_1904 = old.epoch_1904 if old else packages.epoch_1904(path)
    return replace(sheet, epoch_1904=epoch_1904, notes=_other_sheets(others, feed))


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Millions of cells are made, none of which can be part of a cycle: looking for cycles among them takes as long again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _read_at_once(book: Any, name: str, package: Package | None, scratch: Path) -> Iterator[Iterator[Any]]:
    """The sheet, or the pieces of a large one in their order, each as soon as it is read: calamine lets go of the interpreter."""
    pieces = packages.pieces(package) if package else []
    if not (package and pieces):
        yield iter([book.get_sheet_by_name(name)])
        return

    def read(piece: packages.Piece) -> Any:
        import python_calamine as calamine

        part = packages.write_piece(package, piece, scratch)
        try:
            return calamine.load_workbook(str(part)).get_sheet_by_name(name)
        finally:
            part.unlink()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield pool.map(read, pieces)
        finally:
            pool.shutdown(cancel_futures=True)


# ---------------------------------------------------------------- rows → columns of texts


def _as_texts(sheets: Iterator[Any], feed: Feed, odd: dict[Place, str]) -> tuple[Sheet, list[Any]]:
    """Where the header stands, and the columns of the sheet (pyarrow) from its first filled row and column on.

    Args:
        sheets: the sheet, or its pieces; the header and all merged areas are in the first.
        feed: says what a header is.
        odd: text of cells that is not that of their value, as (row, column) from 0.
    """
    sheet = next(sheets)
    ranges, block = sheet.merged_cell_ranges or [], _block(sheet)
    instead: Instead = defaultdict(dict)
    for (row, column), text in odd.items():
        instead[column][row] = text
    top_rows = Block(block.top, block.left, block.rows[: HEADER_WITHIN + 2])
    texts = [_texts(cells, top_rows.top, instead.get(column, {})) for column, cells in _columns(top_rows)]
    filled = fill_merged([list(row) for row in zip(*texts, strict=True)], ranges, block.top, block.left)
    at, headers = find_header([[c.strip() for c in row] for row in filled], feed, bool(ranges))
    first = block.top + at + feed.header_rows  # row of data, from 0
    _mark_merged(instead, block, ranges, first, headers, feed)
    parts = [(block.left, _arrays(block, instead, above=HEADER_WITHIN))]
    below = block.top + len(block.rows)
    for block in map(_block, sheets):
        if not block.rows:
            continue
        if block.top < below:
            raise UnreadableError("F02", "工作表的行没有按行号排列，无法可靠读取", "请在Excel中另存为xlsx后重新报送")
        parts += [(block.left, [_array([""] * (block.top - below))])] * (block.top > below)
        parts.append((block.left, _arrays(block, instead, above=0)))
        below = block.top + len(block.rows)
    left, columns = _joined(parts)
    headers = [""] * (parts[0][0] - left) + headers
    headers += [""] * (len(columns) - len(headers))
    top = first - at - feed.header_rows
    return Sheet(tuple(headers), first + 1, at, offset=top), columns


def _block(sheet: Any) -> Block:
    top, left = sheet.start or (0, 0)
    return Block(top, left, sheet.to_python(skip_empty_area=True))


def _columns(block: Block) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Number of each column in the sheet, from 0, and its cells."""
    return enumerate(zip(*block.rows, strict=True), start=block.left)


def _arrays(block: Block, instead: Instead, above: int) -> list[Any]:
    """The columns of a block as pyarrow arrays of texts; the first `above` rows may be of another kind than the others."""
    return [
        _array(_texts(cells, block.top, instead[column]))
        if column in instead or (plain := _plain_cells(cells, above)) is None
        else plain
        for column, cells in _columns(block)
    ]


def _joined(parts: Sequence[tuple[int, list[Any]]]) -> tuple[int, list[Any]]:
    """Blocks one below the other, which may not begin in the same column: the first column of all, and all columns."""
    import pyarrow as pa

    left = min(first for first, _ in parts)
    width = max(first + len(arrays) for first, arrays in parts) - left
    columns: list[list[Any]] = [[] for _ in range(width)]
    for first, arrays in parts:
        nothing = _array([""] * len(arrays[0])) if len(arrays) < width else None
        for number in range(width):
            array = arrays[number + left - first] if 0 <= number + left - first < len(arrays) else nothing
            columns[number] += array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return left, [pa.chunked_array(chunks, pa.string()) for chunks in columns]


def _keep_cells(con: duckdb.DuckDBPyConnection, columns: list[Any], path: Path) -> None:
    """Make `cells` from columns of texts, handed over as a file so that pandas, a second to import, is not needed."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_arrays(columns, names=[f"c{i}" for i in range(len(columns))])
    parquet.write_table(table, path, compression="none", row_group_size=20_000)
    con.execute(f"create temp view cells as select * from read_parquet('{path}')")


def _array(texts: Sequence[str]) -> Any:
    """Texts as a pyarrow array. They are put together and cut apart again, which is faster than handing them over one by one."""
    import numpy as np
    import pyarrow as pa

    content = BETWEEN.join(texts).encode()
    cuts = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord(BETWEEN))
    if len(cuts) != len(texts) - 1:  # an xls file may hold it
        builder = pa.lib.StringBuilder()  # pa.array would import pandas
        builder.append_values(texts)
        return builder.finish()
    ends = np.append(cuts, len(content)) - np.arange(len(texts))
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content.replace(BETWEEN.encode(), b""))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _plain_cells(column: tuple[Any, ...], above: int) -> Any | None:
    """The texts of a column of texts, or of whole numbers with empty cells, below `above` rows of any kind; None for any other.

    Numbers are written out by pyarrow, all at once.
    """
    head, body = list(map(cell_text, column[:above])), column[above:]
    kinds = set(map(type, body))
    if kinds <= {str}:
        return _array([*head, *body])
    if not kinds <= {float, str} or (str in kinds and any(type(cell) is str and cell for cell in body)):
        return None
    return _whole_numbers(head, body)


def _whole_numbers(head: list[str], body: tuple[float | str, ...]) -> Any | None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    values = np.array([np.nan if cell == "" else cell for cell in body], dtype=np.float64)
    missing = np.isnan(values)
    whole = np.where(missing, 0, values)
    if not (np.all(np.floor(whole) == whole) and np.all(np.abs(whole) <= LONGEST_WHOLE)):
        return None
    buffer = pa.py_buffer(whole.astype(np.int64))
    texts = pa.Array.from_buffers(pa.int64(), len(whole), [None, buffer]).cast(pa.string())
    if missing.any():
        mask = pa.Array.from_buffers(
            pa.bool_(), len(whole), [None, pa.py_buffer(np.packbits(missing, bitorder="little"))]
        )
        texts = compute.if_else(mask, "", texts)
    return pa.chunked_array([*([_array(head)] if head else []), texts], pa.string())


def _texts(column: tuple[Any, ...], top: int, instead: dict[int, str]) -> list[str]:
    """The cells of a column as text."""
    texts = _plain_texts(column)
    for row, text in instead.items():
        at = row - top
        if 0 <= at < len(texts):
            texts[at] = text if text.startswith("#") else _as_shown(column[at], text, texts[at])
    return texts


def _as_shown(cell: Any, kind: str, text: str) -> str:
    """The text of a cell as its format shows it, where that changes what it means.

    A date whose format shows a time of day is midnight of that day, one without is the day; one that shows no day is the month or
    the year. Zeros before a number are part of an identifier.
    """
    if isinstance(cell, dt.date):
        if kind == formats.MONTH:
            return f"{cell:%Y-%m}"
        if kind == formats.YEAR:
            return f"{cell:%Y}年"
        return f"{text} 00:00:00" if kind == formats.WITH_TIME and not isinstance(cell, dt.datetime) else text
    is_padded = kind.startswith(formats.ZEROS) and text.isdigit() and not isinstance(cell, str)
    return text.zfill(len(kind)) if is_padded else text


def _plain_texts(column: tuple[Any, ...]) -> list[str]:
    """The cells of a column as text. Values come again and again, so each is written out once."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(column)
    if bool in kinds or {int, float} <= kinds:  # to a dictionary TRUE and 1 are the same
        return list(map(cell_text, column))
    texts = {cell: cell_text(cell) for cell in set(column)}
    return [texts[cell] for cell in column]


def _mark_merged(
    instead: Instead, block: Block, ranges: list[Any], first_row: int, headers: list[str], feed: Feed
) -> None:
    """In the data area a value merged over several cells belongs to none of them for certain: mark every cell of it.

    Columns without a header do not count, and a footnote may be as wide as it likes.
    """
    for (row_from, column), (row_to, last) in ranges:
        row, cell = row_from - block.top, column - block.left
        if row_from < first_row or row >= len(block.rows) or not 0 <= cell < len(block.rows[row]):
            continue
        named = [
            other for other in range(column + 1, last + 1) if any(headers[other - block.left : other - block.left + 1])
        ]
        own = instead[column].get(row_from, "")
        text = own if own.startswith("#") else cell_text(block.rows[row][cell])
        if not text or text.strip().startswith(feed.footer_starts_with) or (row_to == row_from and not named):
            continue
        for marked in (column, *named):
            instead[marked] |= dict.fromkeys(range(row_from, row_to + 1), MERGED)


# ---------------------------------------------------------------- other sheets, merged headers


def _top_of(sheet: Any) -> list[list[str]]:
    """The first rows of a sheet as text, merged areas filled."""
    (top, left), ranges = sheet.start or (0, 0), sheet.merged_cell_ranges or []
    rows = [list(map(cell_text, row)) for row in sheet.to_python(skip_empty_area=True, nrows=HEADER_WITHIN + 2)]
    return [[cell.strip() for cell in row] for row in fill_merged(rows, ranges, top, left)]


def _other_sheets(others: dict[str, list[list[str]]], feed: Feed) -> tuple[str, ...]:
    """Names of further sheets that hold anything; one that has the feed's header must not go unread.

    Raises:
        UnreadableError: F14, another sheet holds rows of this feed.
    """
    needed = sum(1 for column in feed.columns.values() if column.source and not column.optional)
    full = {name: rows for name, rows in others.items() if any(cell for row in rows for cell in row)}
    for name, rows in full.items():
        known, _, _ = best_header(rows, feed, merged=True)
        if known and known * 2 >= needed:
            message = f"还有一个工作表“{name}”也有本数据的表头，只读一个会漏报"
            raise UnreadableError("F14", message, "请把数据合并到一个工作表后重新报送")
    return tuple(full)


def fill_merged(rows: list[list[str]], ranges: list[Any], top: int, left: int) -> list[list[str]]:
    """Write the text of each merged area into all its cells, so that a header over several columns names each of them."""
    for (row_from, col_from), (row_to, col_to) in ranges:
        if not (0 <= row_from - top < len(rows) and 0 <= col_from - left < len(rows[0])):
            continue  # its text would stand in its first cell
        text = rows[row_from - top][col_from - left]
        for r in range(row_from - top, min(row_to - top + 1, len(rows))):
            for c in range(col_from - left, min(col_to - left + 1, len(rows[r]))):
                rows[r][c] = text
    return rows
