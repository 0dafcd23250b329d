"""The parts of an xlsx file: what must be known of a sheet beside its values, from its XML, which is unpacked once.

ECMA-376 part 1, 18.3 (sheets) and 18.8 (styles), in the usual and in the strict form. An xls file has no parts: biff.py.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

from jingjinji.landing import biff, formats, odd_cells, scanning, secrecy
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.odd_cells import Place

BOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHEETS = "xl/worksheets/"
USUAL_NAMES = {"sharedStrings": "xl/sharedStrings.xml", "styles": "xl/styles.xml"}  # kind of relation → part
UNREAD = ("xl/media/", "xl/drawings/", "docProps/")  # parts that say nothing of the cells
ROWS = b"<sheetData>"
MERGED_AREA = re.compile(rb'<mergeCell\b[^>]*\bref="[A-Z]+\d+(?::[A-Z]+(\d+))?"')
PLACED_ROW = re.compile(
    rb'<row\b[^>]*\br="(\d+)"[^>]*>\s*<c\b[^>]*\br="[A-Z]'
)  # says where it and its first cell stand

PIECE = 16 << 20  # bytes of XML of one piece, about
TEXTS_AT_MOST = 0.25  # what the shared texts, which are read with each piece, may be of it
TOP_ROWS = 100  # rows that the first piece must hold, so that the header is among them


@dataclass(frozen=True)
class Package:
    """What was unpacked: `content` is the XML of the sheet that is read, as Excel writes it, `part` its place in the file.

    `names`: of all sheets of cells. `shared_bytes`: size of the XML of the texts that cells refer to.
    """

    path: Path
    names: tuple[str, ...]
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
            shared += len(content) if part.lower() == secrecy.SHARED_TEXTS else 0
            if part in names.values():
                content = odd_cells.as_excel_writes(content)
                if corner := odd_cells.far_corner(content):
                    far[part] = corner
                kept = content if part == chosen else kept
    if fault:
        secrecy.refuse_marked(secrecy.texts_of_cells(path))
        raise _damaged(fault)
    for name, part in names.items():
        if part in far:
            message = f"工作表“{name}”里有远离表格的单元格，内容一直延伸到{far[part]}"
            raise UnreadableError("F15", message, "请删除表格以外的零散内容（常为误按的空格），另存后重新报送")
    return Package(path, tuple(names), chosen or "", kept, shared)


def _damaged(fault: Exception) -> UnreadableError:
    if isinstance(fault, UnreadableError):
        return fault
    return UnreadableError("F02", "工作簿的目录不完整或无法理解", "请在Excel中确认能打开，另存为xlsx后重新报送")


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part that holds each sheet of cells, by the name of the sheet, in their order; no sheets of charts or macros.

    Raises:
        UnreadableError: F02, the sheets are not XML.
    """
    real = {name.lower(): name for name in archive.namelist()}
    if BOOK not in real:
        raise UnreadableError("F02", "不是xlsx工作簿（可能是xlsb）", "请在Excel中另存为xlsx后重新报送")
    parts = {name: part for name, (kind, part) in _related(archive).items() if kind == "worksheet"}
    found = {}
    for sheet in ElementTree.fromstring(archive.read(real[BOOK])).iterfind(".//{*}sheet"):
        relation = next(value for name, value in sheet.attrib.items() if name.endswith("}id"))
        if relation in parts:
            found[sheet.attrib["name"]] = parts[relation]
    return found


def _related(archive: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """By the name of a relation of the workbook its kind, such as `worksheet`, and the part."""
    real = {name.lower(): name for name in archive.namelist()}
    found = {}
    for relation in ElementTree.fromstring(archive.read(real[RELATIONS])):
        target = posixpath.normpath(posixpath.join("/xl", relation.attrib["Target"])).lstrip("/")
        kind = relation.attrib["Type"].rpartition("/")[2]
        found[relation.attrib["Id"]] = (kind, real.get(target.lower(), target))
    return found


def with_usual_names(package: Package, folder: Path) -> Package:
    """The same, or a copy of the file in `folder` where texts and styles are parts of the only names that calamine knows."""
    with zipfile.ZipFile(package.path) as archive:
        usual = {part: USUAL_NAMES[kind] for kind, part in _related(archive).values() if kind in USUAL_NAMES}
        names = set(archive.namelist())
        if all(part.lower() == name.lower() or part not in names for part, name in usual.items()):
            return package
        path = folder / "usual_names.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as copy:
            for name in names - set(usual.values()) | set(usual):
                copy.writestr(usual.get(name, name), archive.read(name))
    return replace(package, path=path)


def epoch_1904(path: Path) -> bool:
    """Whether the serial dates of an xlsx file count from 1904."""
    root = _part(path, BOOK)
    return root is not None and any(book.get("date1904") in ("1", "true") for book in root.iterfind(".//{*}workbookPr"))


def _part(path: Path, wanted: str) -> ElementTree.Element | None:
    with zipfile.ZipFile(path) as archive:
        name = next((name for name in archive.namelist() if name.lower() == wanted), None)
        return ElementTree.fromstring(archive.read(name)) if name else None


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
            if name != package.part and not name.startswith((SHEETS, *UNREAD)):
                part.writestr(name, whole.read(name))
        with part.open(package.part, "w") as sheet:
            for content in (piece.before, piece.rows, piece.behind):
                sheet.write(content)
    return path


# ---------------------------------------------------------------- cells


def cells_to_mark(path: Path, sheet_name: str, content: bytes | None = None) -> dict[Place, str]:
    """Cells of a sheet whose text must not be taken from the value alone.

    Args:
        path: the workbook.
        sheet_name: which of its sheets.
        content: its XML, where it has been unpacked already.

    Returns:
        By (row, column) from 0 the text to use instead, which begins with #, or a kind of format (formats.py).
    """
    if not zipfile.is_zipfile(path):
        return biff.read(path).odd.get(sheet_name, {})
    if not content:
        with zipfile.ZipFile(path) as archive:
            part = sheet_parts(archive).get(sheet_name)
            content = odd_cells.as_excel_writes(archive.read(part)) if part else b""
    return odd_cells.find(content, _kinds_of_styles(path))


def _kinds_of_styles(path: Path) -> dict[int, str]:
    """What the number formats of cell styles show, by the number of the style."""
    root = _part(path, "xl/styles.xml")
    if root is None:
        return {}
    own = {int(f.attrib["numFmtId"]): f.attrib["formatCode"] for f in root.iterfind("{*}numFmts/{*}numFmt")}
    of_styles = (int(x.get("numFmtId", 0)) for x in root.iterfind("{*}cellXfs/{*}xf"))
    return {at: kind for at, of in enumerate(of_styles) if (kind := formats.kind_of(of, own.get(of)))}
