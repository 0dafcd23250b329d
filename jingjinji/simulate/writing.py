"""Native cells → bytes. The same cells give the same bytes: no clock, no locale, no library that stamps its files."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from jingjinji.contracts import Feed
from jingjinji.landing.origins import NOTE
from jingjinji.simulate.rendering import Cell

NUMBERED = "序号"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment a zip archive can hold; a real one would differ from run to run
CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>"
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
WORKBOOK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


@dataclass
class Table:
    """One file before it is bytes: native headers and rows of cells, in the order they are sent.

    `lead` are lines above the header (a workbook's or a marking's), `extra` cells beyond the header by row index,
    `cut` rows that end before their last cell.
    """

    headers: list[str]
    rows: list[list[Cell]]
    lead: list[str] = field(default_factory=list)
    extra: dict[int, str] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)


def first_row(feed: Feed, table: Table) -> int:
    """The number that landing gives to the first row of data: lines of text and workbooks count from 1, records too."""
    return 1 if feed.format == "json" else len(table.lead) + feed.header_rows + 1


def content(feed: Feed, table: Table) -> bytes:
    """The bytes of one delivery in the feed's format and encoding."""
    if feed.format == "json":
        return _document(feed, table)
    if NUMBERED in feed.ignore:
        table = _numbered(table)
    lines: list[list[Cell]] = [[text] for text in table.lead]
    lines += _header_lines(feed, table.headers)
    for index, row in enumerate(table.rows):
        cells = row[:-1] if index in table.cut else row
        lines.append([*cells, table.extra[index]] if index in table.extra else list(cells))
    if "注" in feed.footer_starts_with:
        lines.append([NOTE])
    return _workbook(feed, lines) if feed.format == "xlsx" else _delimited(feed, lines)


def _numbered(table: Table) -> Table:
    rows: list[list[Cell]] = [[index, *row] for index, row in enumerate(table.rows, 1)]
    return Table([NUMBERED, *table.headers], rows, table.lead, table.extra, table.cut)


def _header_lines(feed: Feed, headers: Sequence[str]) -> list[list[Cell]]:
    """One header row, or two: what stands before the slash above what stands after it."""
    if feed.header_rows == 1:
        return [list(headers)]
    parts = [header.partition("/") for header in headers]
    return [[upper for upper, _, _ in parts], [lower for _, _, lower in parts]]


def _delimited(feed: Feed, lines: list[list[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=feed.delimiter, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode(feed.encoding)


def _document(feed: Feed, table: Table) -> bytes:
    records: list[Any] = []
    paths = [header.split(".") for header in table.headers]
    for row in table.rows:
        record: dict[str, Any] = {}
        for path, cell in zip(paths, row, strict=True):
            if cell is not None:
                _put(record, path, None if cell == "" else cell)
        records.append(record)
    keys = [key for key in re.sub(r"\[\*\]$", "", feed.records).lstrip("$").split(".") if key]
    document: Any = records
    for key in reversed(keys):
        document = {key: document}
    if keys:
        document = {"note": NOTE} | {text.partition("：")[0]: text.partition("：")[2] for text in table.lead} | document
    return (json.dumps(document, ensure_ascii=False, indent=1 if len(records) < 1000 else None) + "\n").encode()


def _put(record: dict[str, Any], path: list[str], cell: Cell) -> None:
    for key in path[:-1]:
        record = record.setdefault(key, {})
    record[path[-1]] = cell


# ---------------------------------------------------------------- workbooks


def _workbook(feed: Feed, lines: list[list[Cell]]) -> bytes:
    rows = "".join(f'<row r="{r}">{_row_cells(r, line)}</row>' for r, line in enumerate(lines, 1))
    sheet = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"),
        "xl/workbook.xml": WORKBOOK.format(sheet=escape(feed.sheet or "Sheet1")),
        "xl/_rels/workbook.xml.rels": RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, part.encode())
    return out.getvalue()


def _row_cells(row: int, line: list[Cell]) -> str:
    return "".join(_cell(f"{_letters(i)}{row}", cell) for i, cell in enumerate(line) if cell not in (None, ""))


def _cell(place: str, cell: Cell) -> str:
    text = str(cell)
    if re.fullmatch(r"-?(0|[1-9]\d{0,9})(\.\d{1,12})?", text):
        return f'<c r="{place}"><v>{text}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
