"""What a workbook's cells are beyond their values: formulas never calculated, errors, merged areas, dates with or without a time.

python-calamine gives values only, and gives nothing for a formula without a stored result: that must not become "not reported".
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

NO_RESULT = "#公式没有计算结果"
MERGED = "#数据区合并单元格"
MARKERS = (NO_RESULT, MERGED)  # an error cell keeps its own text, such as #DIV/0!
CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
BUILT_IN_DATE_TIMES = {18, 19, 20, 21, 22, 45, 46, 47}  # ECMA-376 part 1, 18.8.30: formats with a time of day
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def odd_cells(path: Path, sheet_name: str) -> dict[tuple[int, int], str]:
    """Cells of a sheet whose text must not be taken from the value alone, as (row, column) from 0.

    Returns:
        The text to use instead: an error's own text, `NO_RESULT` for a formula without a stored result, and `T` for a
        date that has a time of day in its format (calamine gives midnight as a mere date).
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        content = archive.read(_part_of(archive, sheet_name))
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


def _part_of(archive: zipfile.ZipFile, sheet_name: str) -> str:
    """The file inside the workbook that holds a sheet."""
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    wanted = next(s.attrib[relation] for s in book.iterfind(".//m:sheet", NS) if s.attrib["name"] == sheet_name)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = next(r.attrib["Target"] for r in relations if r.attrib["Id"] == wanted)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


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


def mark_merged(rows: list[list[str]], ranges: list[Any], top: int, left: int, first_row: int) -> None:
    """In the data area a value merged over several rows belongs to none of them for certain: mark every row of it."""
    for (row_from, col_from), (row_to, _) in ranges:
        if row_from - top >= first_row and row_to > row_from and rows[row_from - top][col_from - left]:
            for r in range(row_from - top, min(row_to - top + 1, len(rows))):
                rows[r][col_from - left] = MERGED
