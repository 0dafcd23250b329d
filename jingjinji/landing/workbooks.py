"""Workbooks: the rows of one sheet as text, and what cells are beyond their values.

python-calamine gives values only, and gives nothing for a formula without a stored result: that must not become "not reported".
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb

from jingjinji.contracts import Feed
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.sheets import HEADER_WITHIN, Sheet, best_header, find_header

NO_RESULT = "#公式没有计算结果"
MERGED = "#数据区合并单元格"
MARKERS = (NO_RESULT, MERGED)  # an error cell keeps its own text, such as #DIV/0!
LONGEST_WHOLE = 1e15  # a whole number from here on is shown as Python shows it
CELLS_AT_MOST = 1 << 25  # of the rectangle around all values: no workbook of XLSX_LIMIT bytes fills as many
CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
WIDE = re.compile(rb' r="([A-Z]{2,3})\d')  # columns behind Z
BUILT_IN_DATE_TIMES = {18, 19, 20, 21, 22, 45, 46, 47}  # ECMA-376 part 1, 18.8.30: formats with a time of day
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < LONGEST_WHOLE else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def read_workbook(con: duckdb.DuckDBPyConnection, path: Path, feed: Feed, scratch: Path) -> Sheet:
    import python_calamine as calamine

    try:
        contents = read_sheets(path, feed.sheet)
        book = calamine.load_workbook(str(path))
        name = feed.sheet or book.sheet_names[0]
        if name not in book.sheet_names:
            message = f"没有名为“{name}”的工作表；文件里有：{'、'.join(book.sheet_names)}"
            raise UnreadableError("F04", message, "请核对是否报错了文件")
        sheet = book.get_sheet_by_name(name)
        (top, left), ranges = sheet.start or (0, 0), sheet.merged_cell_ranges or []
        rows = sheet.to_python(skip_empty_area=True)
        odd = odd_cells(path, name, contents)
        others = {other: _top_of(book.get_sheet_by_name(other)) for other in book.sheet_names if other != name}
    except calamine.PasswordError as error:
        raise UnreadableError("F02", "工作簿有密码，无法打开", "请去掉密码后重新报送") from error
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, zipfile.BadZipFile, OSError) as error:
        message = "工作簿不完整或已损坏，无法打开"
        raise UnreadableError("F02", message, "请在Excel中确认能打开，另存为xlsx后重新报送") from error
    first_rows = _column_texts(rows[: HEADER_WITHIN + 2], odd, top, left)
    filled = fill_merged([list(row) for row in zip(*first_rows, strict=True)], ranges, top, left)
    at, headers = find_header([[c.strip() for c in row] for row in filled], feed, bool(ranges))
    notes = _other_sheets(others, feed)
    marked = _marked(odd, ranges, top, left)
    columns = [
        None if number in marked else _plain_cells(column) for number, column in enumerate(zip(*rows, strict=True))
    ]
    if any(column is None for column in columns):
        texts = _column_texts(rows, odd, top, left)
        mark_merged(texts, ranges, top, left, at + feed.header_rows)
        columns = [_array(text) if column is None else column for column, text in zip(columns, texts, strict=True)]
    _keep_cells(con, columns, scratch / "cells.parquet")
    headers = headers + [""] * (len(columns) - len(headers))
    first = top + at + feed.header_rows + 1
    return Sheet(tuple(headers), first, at, epoch_1904=epoch_1904(path), notes=notes)


# ---------------------------------------------------------------- values → texts


def _keep_cells(con: duckdb.DuckDBPyConnection, columns: list[Any], path: Path) -> None:
    """Make `cells` from the texts of the columns (pyarrow), handed over as a file so that pandas, a second to import, is not needed."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_arrays(columns, names=[f"c{i}" for i in range(len(columns))])
    parquet.write_table(table, path, compression="none", row_group_size=20_000)
    con.execute(f"create temp view cells as select * from read_parquet('{path}')")


def _array(texts: Sequence[str]) -> Any:
    import pyarrow as pa

    builder = pa.lib.StringBuilder()  # pa.array would import pandas
    builder.append_values(texts)
    return builder.finish()


def _marked(odd: dict[tuple[int, int], str], ranges: list[Any], top: int, left: int) -> set[int]:
    """Columns in which some cell's text is not that of its value."""
    return {column - left for _, column in odd} | {column - left for (_, column), _ in ranges}


def _plain_cells(column: tuple[Any, ...]) -> Any | None:
    """The texts of a column of texts, or of whole numbers below a header and with empty cells; None for any other.

    Numbers are written out by pyarrow, all at once.
    """
    kinds = set(map(type, column))
    if kinds == {str}:
        return _array(column)
    body = column[HEADER_WITHIN:]
    if not set(map(type, body)) <= {float, str} or {cell for cell in body if type(cell) is str} - {""}:
        return None
    return _whole_numbers(list(map(cell_text, column[:HEADER_WITHIN])), body)


def _whole_numbers(head: list[str], body: tuple[float | str, ...]) -> Any | None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    values = np.array([np.nan if cell == "" else cell for cell in body], dtype=np.float64)
    missing = np.isnan(values)
    whole = np.where(missing, 0, values)
    if not (np.all(np.floor(whole) == whole) and np.all(np.abs(whole) < LONGEST_WHOLE)):
        return None
    buffer = pa.py_buffer(whole.astype(np.int64))
    texts = pa.Array.from_buffers(pa.int64(), len(whole), [None, buffer]).cast(pa.string())
    if missing.any():
        mask = pa.Array.from_buffers(
            pa.bool_(), len(whole), [None, pa.py_buffer(np.packbits(missing, bitorder="little"))]
        )
        texts = compute.if_else(mask, "", texts)
    return pa.chunked_array([_array(head), texts], pa.string())


def _column_texts(rows: list[list[Any]], odd: dict[tuple[int, int], str], top: int, left: int) -> list[list[str]]:
    """Columns of cells as text. A date whose format shows a time of day is midnight of that day; one without is the day."""
    columns = [_plain_texts(column) for column in zip(*rows, strict=True)]
    for (row, column), text in odd.items():
        r, c = row - top, column - left
        if 0 <= r < len(rows) and 0 <= c < len(columns):
            if text != "T":
                columns[c][r] = text
            elif isinstance(rows[r][c], dt.date) and not isinstance(rows[r][c], dt.datetime):
                columns[c][r] += " 00:00:00"
    return columns


def _plain_texts(column: tuple[Any, ...]) -> list[str]:
    """The cells of a column as text. Values come again and again, so each is written out once."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(column)
    if bool in kinds or {int, float} <= kinds:  # to a dictionary TRUE and 1 are the same
        return list(map(cell_text, column))
    texts = {cell: cell_text(cell) for cell in set(column)}
    return [texts[cell] for cell in column]


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
    full = {name: rows for name, rows in others.items() if any(cell for row in rows for cell in row)}
    for name, rows in full.items():
        known, _, _ = best_header(rows, feed, merged=True)
        if known * 2 > len(feed.columns):
            message = f"还有一个工作表“{name}”也有本数据的表头，只读一个会漏报"
            raise UnreadableError("F14", message, "请把数据合并到一个工作表后重新报送")
    return tuple(full)


def fill_merged(rows: list[list[str]], ranges: list[Any], top: int, left: int) -> list[list[str]]:
    """Write the text of each merged area into all its cells, so that a header over several columns names each of them."""
    for (row_from, col_from), (row_to, col_to) in ranges:
        if row_from - top >= len(rows):
            continue
        text = rows[row_from - top][col_from - left]
        for r in range(row_from - top, min(row_to - top + 1, len(rows))):
            for c in range(col_from - left, min(col_to - left + 1, len(rows[r]))):
                rows[r][c] = text
    return rows


def read_sheets(path: Path, wanted: str | None) -> dict[str, bytes]:
    """The XML of the sheet wanted, by default the first, by name; all sheets are looked at.

    A stray cell may lie so far from the others that no reader of rectangles can hold what is between: calamine asks for
    that much memory, and the program ends where it is not given, so a blank typed into XFD1048576 would stop every feed.
    Cells without a value, which hold a format only, do not count.

    Raises:
        UnreadableError: F15, naming sheet and cell.
    """
    if not zipfile.is_zipfile(path):
        return {}
    kept = dict[str, bytes]()
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise UnreadableError("F02", "不是xlsx工作簿（可能是xlsb）", "请在Excel中另存为xlsx后重新报送")
        for name, part in _parts(archive).items():
            content = archive.read(part)
            if corner := _far_corner(content):
                message = f"工作表“{name}”里有远离表格的单元格，内容一直延伸到{corner}"
                raise UnreadableError("F15", message, "请删除表格以外的零散内容（常为误按的空格），另存后重新报送")
            if name == wanted or not (wanted or kept):
                kept[name] = content
    return kept


def _far_corner(content: bytes) -> str | None:
    """The last cell of the rectangle around all values of a sheet, such as `XFD1048576`, where it holds more than CELLS_AT_MOST."""
    row, wide = _last_row(content), WIDE.findall(content)
    columns = max((_place(reference + b"1")[1] + 1 for reference in set(wide)), default=26)
    if row * columns <= CELLS_AT_MOST:
        return None
    held = [
        _place(dict(ATTRIBUTE.findall(attributes)).get(b"r", b"A1"))
        for attributes, inner in CELL.findall(content)
        if b"<v" in inner or b"<is" in inner
    ]
    if not held:
        return None
    (top, bottom), (left, right) = ((min(at), max(at)) for at in zip(*held, strict=True))
    is_scattered = (bottom - top + 1) * (right - left + 1) > CELLS_AT_MOST
    return f"{_letters(right)}{bottom + 1}" if is_scattered else None


def _last_row(content: bytes) -> int:
    """Number of the last row that says one; rows that do not are real and follow each other."""
    found = re.search(rb'\br="(\d+)"', content[max(content.rfind(b"<row "), 0) :])
    return int(found.group(1)) if found else content.count(b"<row")


def _letters(column: int) -> str:
    """2 → `C`."""
    text = ""
    while column >= 0:
        text, column = chr(65 + column % 26) + text, column // 26 - 1
    return text


def epoch_1904(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist() and b'date1904="1"' in archive.read("xl/workbook.xml")


def odd_cells(path: Path, sheet_name: str, contents: dict[str, bytes] | None = None) -> dict[tuple[int, int], str]:
    """Cells of a sheet whose text must not be taken from the value alone, as (row, column) from 0.

    Args:
        path: the workbook.
        sheet_name: which of its sheets.
        contents: XML of sheets that have been read already, by name.

    Returns:
        The text to use instead: an error's own text, `NO_RESULT` for a formula without a stored result, and `T` for a
        date that has a time of day in its format (calamine gives midnight as a mere date).
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        content = (contents or {}).get(sheet_name) or archive.read(_parts(archive)[sheet_name])
        with_time = _styles_with_time(archive)
    if not (with_time or b"<f" in content or b't="e"' in content):
        return {}
    found = {}
    for attributes, inner in CELL.findall(content):
        facts = dict(ATTRIBUTE.findall(attributes))
        if b"<v>" not in inner and b"<f" in inner and b"<is>" not in inner:
            found[_place(facts[b"r"])] = NO_RESULT
        elif facts.get(b"t") == b"e":
            text = re.search(rb"<v>(.*?)</v>", inner)
            found[_place(facts[b"r"])] = text.group(1).decode() if text else "#ERROR"
        elif int(facts.get(b"s", b"0")) in with_time and facts.get(b"t", b"n") == b"n":
            found[_place(facts[b"r"])] = "T"
    return found


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The file inside the workbook that holds each sheet, by the name of the sheet."""
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.attrib["Id"]: r.attrib["Target"] for r in relations}
    found = {s.attrib["name"]: targets[s.attrib[relation]] for s in book.iterfind(".//m:sheet", NS)}
    return {name: target.lstrip("/") if target.startswith("/") else f"xl/{target}" for name, target in found.items()}


def _styles_with_time(archive: zipfile.ZipFile) -> set[int]:
    """Indexes of the cell styles whose number format shows a date with a time of day."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))
    own = {int(f.attrib["numFmtId"]): f.attrib["formatCode"] for f in root.iterfind("m:numFmts/m:numFmt", NS)}
    timed = BUILT_IN_DATE_TIMES | {
        i for i, code in own.items() if re.search(r"[hH]|[时時]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", code))
    }
    return {i for i, x in enumerate(root.iterfind("m:cellXfs/m:xf", NS)) if int(x.attrib.get("numFmtId", 0)) in timed}


def _place(reference: bytes) -> tuple[int, int]:
    """`C12` → (11, 2)."""
    letters = reference.rstrip(b"0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return int(reference[len(letters) :]) - 1, column - 1


def mark_merged(columns: list[list[str]], ranges: list[Any], top: int, left: int, first_row: int) -> None:
    """In the data area a value merged over several rows belongs to none of them for certain: mark every row of it."""
    for (row_from, col_from), (row_to, _) in ranges:
        column = columns[col_from - left]
        if row_from - top >= first_row and row_to > row_from and column[row_from - top]:
            for r in range(row_from - top, min(row_to - top + 1, len(column))):
                column[r] = MERGED
