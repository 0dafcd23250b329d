"""Workbooks as programs other than Excel and openpyxl write them: parts of an xlsx by hand, and the records of an xls."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter

from jingjinji.contracts import load_contracts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STRICT = {MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main", RELATIONS: "http://purl.oclc.org/ooxml/officeDocument/relationships"}  # fmt: skip
FORMATS = {
    "day": 14, "timed": 22, "month": 57, "month_17": 17, "month_27": 27, "month_36": 36, "month_50": 50,
    "own_month": 'yyyy"年"m"月"', "own_year": 'yyyy"年"', "own_hour": 'yyyy"年"m"月"d"日"h"时"', "zeros": "000000",
    "own_day": 'yyyy"年"m"月"d"日"', "number": "0.00_);[Red]\\(0.00\\)",
}  # fmt: skip
STYLES = ["", *FORMATS]  # number of a style


class Xml(str):
    """A cell as it stands in the sheet; {r} is its place."""

    __slots__ = ()


def styled(style: str, value: Any, more: str = "") -> Xml:
    return Xml(f'<c r="{{r}}" s="{STYLES.index(style)}"{more}><v>{value}</v></c>')


def stock_headers() -> tuple[list[str], list[str]]:
    """Agreed columns of the stock of Tianjin and their headers in two rows joined by a slash, in the order of the groups."""
    sources = {name: c.source for name, c in load_contracts().feed("supplies/tianjin").columns.items() if c.source}
    groups = list(dict.fromkeys(header.split("/")[0] for header in sources.values()))
    names = sorted(sources, key=lambda name: groups.index(sources[name].split("/")[0]))
    return names, [sources[name] for name in names]


def lot(number: int, **sent: Any) -> dict[str, Any]:
    return {
        "warehouse_id": f"津-{number}", "item_code": "1010201", "lot_number": f"L{number}", "storage_kind": "实物储备",
        "quantity_unit": "床", "on_hand_quantity": 100, "reserved_quantity": 0, "expiry_date": "2026-12-31",
        "as_of_at": "2026-03-31 18:00", "reported_at": "2026-03-31 19:00",
    } | sent  # fmt: skip


def stock_rows(lots: list[dict[str, Any]]) -> list[list[Any]]:
    """Two header rows without merged cells, and the lots."""
    names, headers = stock_headers()
    upper, lower = zip(*(header.split("/") for header in headers), strict=True)
    return [list(upper), list(lower), *[[sent.get(name) for name in names] for sent in lots]]


def place(column: str, row: int) -> str:
    """`M4` for a column of the stock."""
    return f"{get_column_letter(stock_headers()[0].index(column) + 1)}{row}"


# ---------------------------------------------------------------- xlsx


def sheet_xml(rows: list[list[Any]], merged: tuple[str, ...] = ()) -> str:
    lines = []
    for r, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{get_column_letter(c)}{r}", value) for c, value in enumerate(row, 1))
        lines.append(f'<row r="{r}">{cells}</row>')
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    areas = f"<mergeCells>{areas}</mergeCells>" if areas else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{areas}</worksheet>'


def _cell(at: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Xml):
        return value.replace("{r}", at)
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def xlsx(sheets: dict[str, str], texts: str = "", texts_part: str = "sharedStrings.xml", properties: str = "", more: dict[str, str | bytes] | None = None) -> bytes:  # fmt: skip
    """The bytes of a workbook.

    Args:
        sheets: XML by name; of a chart where it says so.
        texts: the shared texts, as `<si>…</si>`.
        texts_part: where they stand.
        properties: of the workbook, as `<workbookPr …/>`.
        more: further parts, or others instead.
    """
    parts, listed, related = {}, "", f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    for n, (name, xml) in enumerate(sheets.items(), 1):
        kind = "chartsheet" if "<chartsheet" in xml else "worksheet"
        parts[f"xl/{kind}s/sheet{n}.xml"] = xml
        listed += f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>'
        related += f'<Relationship Id="r{n}" Type="{RELATIONS}/{kind}" Target="{kind}s/sheet{n}.xml"/>'
    if texts:
        parts[f"xl/{texts_part}"] = f'<sst xmlns="{MAIN}">{texts}</sst>'
        related += f'<Relationship Id="t" Type="{RELATIONS}/sharedStrings" Target="{texts_part}"/>'
    own = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>' for n, code in enumerate(FORMATS.values()) if isinstance(code, str))  # fmt: skip
    styles = "".join(f'<xf numFmtId="{code if isinstance(code, int) else 200 + n}"/>' for n, code in enumerate(FORMATS.values()))  # fmt: skip
    parts |= {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="b" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for part, xml in (parts | (more or {})).items():
            archive.writestr(part, xml)
    return content.getvalue()


# ---------------------------------------------------------------- xls


class Record(bytes):
    """What stands in a record of a cell behind its place and style, as `Record(type, bytes)`."""

    kind: int

    def __new__(cls, kind: int, content: bytes) -> Record:
        record = super().__new__(cls, content)
        record.kind = kind
        return record


def error(code: int) -> Record:
    return Record(0x205, bytes([code, 1]))


def formula(result: bytes | float, flags: int = 0) -> Record:
    stored = struct.pack("<d", result) if isinstance(result, float) else result
    return Record(0x06, stored + struct.pack("<HIH", flags, 0, 0))


EMPTY_TEXT = b"\x03" + bytes(5) + b"\xff\xff"


def xls(rows: list[list[Any]], style: str = "", merged: tuple[int, int, int, int] | None = None, epoch_1904: bool = False, header: str = "") -> bytes:  # fmt: skip
    """A workbook of one sheet; numbers are written in `style`, the rest in none. `merged` is (row, row, column, column) from 0."""
    of_sheet = [_record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))]
    if header:
        of_sheet.append(_record(0x14, struct.pack("<HB", len(header), 1) + header.encode("utf-16-le")))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if value is not None:
                of_sheet.append(_old_cell(r, c, value, STYLES.index(style)))
    if merged:
        of_sheet.append(_record(0xE5, struct.pack("<HHHHH", 1, *merged)))
    globals_ = [
        _record(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0)),
        _record(0x22, struct.pack("<H", epoch_1904)),
        *(_record(0x41E, struct.pack("<HHB", 200 + n, len(code), 1) + code.encode("utf-16-le")) for n, code in enumerate(FORMATS.values()) if isinstance(code, str)),
        *(_record(0xE0, struct.pack("<HH16x", 0, code if isinstance(code, int) else 199 + n)) for n, code in enumerate([0, *FORMATS.values()])),
    ]  # fmt: skip
    start = sum(map(len, globals_)) + 4 + 9 + 4
    listed = _record(0x85, struct.pack("<IBBBB", start, 0, 0, 1, 0) + b"S")
    return _old_file(b"".join([*globals_, listed, _record(0x0A, b""), *of_sheet, _record(0x0A, b"")]))


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _old_cell(row: int, column: int, value: Any, style: int) -> bytes:
    is_number = isinstance(value, int | float) or (isinstance(value, Record) and value.kind == 0x06)
    head = struct.pack("<HHH", row, column, style if is_number else 0)
    if isinstance(value, Record):
        return _record(value.kind, head + value)
    if isinstance(value, int | float):
        return _record(0x203, head + struct.pack("<d", value))
    return _record(0x204, head + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))


def _old_file(stream: bytes) -> bytes:
    """[MS-CFB]: a table of sectors, a directory, and the stream `Workbook`, which is long enough to stand in sectors of its own."""
    stream += bytes(max(4096, -(-len(stream) // 512) * 512) - len(stream))
    count = len(stream) // 512
    assert count <= 126
    following = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    table = struct.pack("<128I", *following, *[0xFFFFFFFF] * (128 - len(following)))
    none = 0xFFFFFFFF
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\x00") + struct.pack("<HBBIII36xIQ", 2 * len(name) + 2, kind, 1, none, none, child, start, size)
        for name, kind, child, start, size in (("Root Entry", 5, 1, 0xFFFFFFFE, 0), ("Workbook", 2, none, 2, len(stream)))
    )  # fmt: skip
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + struct.pack(
        "<108I", *[none] * 108
    )
    return head + table + directory.ljust(512, b"\x00") + stream
