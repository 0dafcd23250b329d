"""The parts of an xlsx file: what must be known of a sheet beside its values, from its XML, which is unpacked once.

ECMA-376 part 1, 18.3 (sheets) and 18.8 (styles). An xls file has no parts.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from jingjinji.landing import scanning, secrecy
from jingjinji.landing.detect import UnreadableError

NO_RESULT = "#公式没有计算结果"
WITH_TIME = "T"  # of a date whose format shows a time of day
CELLS_AT_MOST = 1 << 25  # of the rectangle around all values: no workbook of XLSX_LIMIT bytes fills as many
SHEETS = "xl/worksheets/"
UNREAD = ("xl/media/", "xl/drawings/", "docProps/")  # parts that say nothing of the cells
ROWS = b"<sheetData>"
CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
WIDE = re.compile(rb' r="([A-Z]{2,3})\d')  # columns behind Z
MERGED_AREA = re.compile(rb'<mergeCell\b[^>]*\bref="[A-Z]+\d+(?::[A-Z]+(\d+))?"')
PLACED_ROW = re.compile(
    rb'<row\b[^>]*\br="(\d+)"[^>]*>\s*<c\b[^>]*\br="[A-Z]'
)  # says where it and its first cell stand
BUILT_IN_DATE_TIMES = {18, 19, 20, 21, 22, 45, 46, 47}  # ECMA-376 part 1, 18.8.30: formats with a time of day
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}

PIECE = 16 << 20  # bytes of XML of one piece, about
TEXTS_AT_MOST = 0.25  # what the shared texts, which are read with each piece, may be of it
TOP_ROWS = 100  # rows that the first piece must hold, so that the header is among them


@dataclass(frozen=True)
class Package:
    """What was unpacked: `content` is the XML of the sheet that is read, `part` its place in the file.

    `shared_bytes`: size of the XML of the texts that cells refer to.
    """

    path: Path
    part: str
    content: bytes
    shared_bytes: int


def unpack(path: Path, wanted: str | None) -> Package | None:
    """The sheet wanted, by default the first. All sheets and texts are looked at, one after the other.

    A stray cell may lie so far from the others that no reader of rectangles can hold what is between: calamine asks for
    that much memory, and the program ends where it is not given, so a blank typed into XFD1048576 would stop every feed.
    Cells without a value, which hold a format only, do not count.

    Args:
        path: a workbook.
        wanted: name of a sheet.

    Returns:
        None for an xls file; `content` is empty where no sheet has that name.

    Raises:
        UnreadableError: F08, marked as secret; F15, a stray cell, naming sheet and cell; F02, no sheets of XML.
    """
    if not zipfile.is_zipfile(path):
        return None
    names, fault = dict[str, str](), None
    with zipfile.ZipFile(path) as archive:
        try:
            names = sheet_parts(archive)
        except Exception as error:  # told when it is known that nothing in the file is secret
            fault = error
        chosen = names.get(wanted) if wanted else next(iter(names.values()), None)
        kept, shared, far = b"", 0, dict[str, str]()
        for part in archive.namelist():
            if part not in names.values() and not secrecy.is_searched(part):
                continue
            content = archive.read(part)
            secrecy.refuse_marked(secrecy.texts_of_part(content))
            if corner := _far_corner(content) if part in names.values() else None:
                far[part] = corner
            kept = content if part == chosen else kept
            shared += len(content) if part == secrecy.SHARED_TEXTS else 0
    if fault:
        raise fault
    for name, part in names.items():
        if part in far:
            message = f"工作表“{name}”里有远离表格的单元格，内容一直延伸到{far[part]}"
            raise UnreadableError("F15", message, "请删除表格以外的零散内容（常为误按的空格），另存后重新报送")
    return Package(path, chosen or "", kept, shared)


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part that holds each sheet, by the name of the sheet, in their order.

    Raises:
        UnreadableError: F02, the sheets are not XML.
    """
    if "xl/workbook.xml" not in archive.namelist():
        raise UnreadableError("F02", "不是xlsx工作簿（可能是xlsb）", "请在Excel中另存为xlsx后重新报送")
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.attrib["Id"]: r.attrib["Target"] for r in relations}
    found = {s.attrib["name"]: targets[s.attrib[relation]] for s in book.iterfind(".//m:sheet", NS)}
    return {name: target.lstrip("/") if target.startswith("/") else f"xl/{target}" for name, target in found.items()}


def epoch_1904(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist() and b'date1904="1"' in archive.read("xl/workbook.xml")


# ---------------------------------------------------------------- a sheet in pieces


@dataclass(frozen=True)
class Piece:
    """Some rows of a sheet: what stands before them in its XML, they themselves, and what stands behind them."""

    number: int
    before: bytes
    rows: memoryview
    behind: bytes


def pieces(package: Package) -> list[Piece]:
    """A large sheet as several that hold some of its rows each, so that they are read at once; none where it is not sure.

    Every row from a cut on says where it stands, and areas merged over several cells lie in the first piece.
    """
    content, size = package.content, max(PIECE, int(package.shared_bytes / TEXTS_AT_MOST))
    start, end = content.find(ROWS), content.rfind(b"</sheetData>")
    if len(content) < 2 * size or min(start, end) < 0 or scanning.holds(content, b"<!"):
        return []
    start += len(ROWS)
    above = max((int(row or 0) for row in MERGED_AREA.findall(content, end)), default=0)
    cuts: list[int] = []
    for near in range(start + size, end - size // 2, size):
        at = content.find(b"<row ", near)
        row = PLACED_ROW.match(content, at) if at >= 0 else None
        if not row or int(row.group(1)) <= above:
            return []
        cuts.append(at)
        above = int(row.group(1))
    if not cuts or content.count(b"<row ", start, cuts[0]) < TOP_ROWS:
        return []
    behind = [content[end:], *[b"</sheetData></worksheet>"] * len(cuts)]
    bounds = zip([start, *cuts], [*cuts, end], behind, strict=True)
    whole = memoryview(content)
    return [Piece(number, content[:start], whole[a:b], tail) for number, (a, b, tail) in enumerate(bounds)]


def write_piece(package: Package, piece: Piece, folder: Path) -> Path:
    """A workbook with the rows of `piece` only; texts and styles are those of the whole."""
    path = folder / f"rows_{piece.number:04d}.xlsx"
    with zipfile.ZipFile(package.path) as whole, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as part:
        for name in whole.namelist():
            if not name.startswith((SHEETS, *UNREAD)):
                part.writestr(name, whole.read(name))
        with part.open(package.part, "w") as sheet:
            for content in (piece.before, piece.rows, piece.behind):
                sheet.write(content)
    return path


# ---------------------------------------------------------------- cells


def odd_cells(path: Path, sheet_name: str, content: bytes | None = None) -> dict[tuple[int, int], str]:
    """Cells of a sheet whose text must not be taken from the value alone, as (row, column) from 0.

    Args:
        path: the workbook.
        sheet_name: which of its sheets.
        content: its XML, where it has been unpacked already.

    Returns:
        The text to use instead: an error's own text, `NO_RESULT` for a formula without a stored result, and WITH_TIME for a
        date that has a time of day in its format (calamine gives midnight as a mere date).
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        content = content or archive.read(sheet_parts(archive)[sheet_name])
        with_time = _styles_with_time(archive)
    if not (with_time or scanning.holds(content, b"<f", b't="e"')):
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
            found[_place(facts[b"r"])] = WITH_TIME
    return found


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


def _place(reference: bytes) -> tuple[int, int]:
    """`C12` → (11, 2)."""
    letters = reference.rstrip(b"0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return int(reference[len(letters) :]) - 1, column - 1
