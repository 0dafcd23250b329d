"""Cells of a sheet's XML whose text must not be taken from the value alone, and the last cell that holds anything. Pure: no I/O.

ECMA-376 part 1, 18.3. What is looked for is written as Excel writes it; `as_excel_writes` makes it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jingjinji.landing import scanning

NO_RESULT = "#公式没有计算结果"
CELLS_AT_MOST = 1 << 25  # of the rectangle around all values: no workbook of XLSX_LIMIT bytes fills as many
ROOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<(?:([\w.-]+):)?[\w.-]+", re.DOTALL)
SINGLE_QUOTED = re.compile(rb"""(\s[\w:.-]+\s*=\s*)'([^'"<>]*)'(?=[^<>]*>)""")
CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
ROW_OR_CELL = re.compile(rb"<row\b([^>]*)>|" + CELL.pattern, re.DOTALL)
ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
VALUE = re.compile(rb"<v\b[^>]*?(?:/>|>(.*?)</v>)", re.DOTALL)
ERROR = re.compile(rb"#[A-Z/0!?]+")
WIDE = re.compile(rb' r="([A-Z]{2,3})\d')  # columns behind Z

Place = tuple[int, int]  # (row, column) from 0


def as_excel_writes(content: bytes) -> bytes:
    """XML without a prefix before its tags (.NET libraries write one) and with double quotes around its attributes."""
    root = ROOT.match(content)
    if root and root.group(1):
        content = re.sub(rb"<(/?)" + re.escape(root.group(1)) + rb":", rb"<\1", content)
    behind_declaration = max(content.rfind(b"<", 0, root.end()), 0) if root else 0
    has_single = scanning.holds(content, b"'") and content.find(b"='", behind_declaration) >= 0
    return SINGLE_QUOTED.sub(rb'\1"\2"', content) if has_single else content


def find(content: bytes, kinds: dict[int, str]) -> dict[Place, str]:
    """The text to use instead: an error's own text, `NO_RESULT` for a formula without a stored result, or a kind of format.

    Args:
        content: XML of the sheet.
        kinds: what the format of a style shows (formats.py), by the number of the style.
    """
    if not (kinds or scanning.holds(content, b"<f", b't="e"')):
        return {}
    found = {}
    for attributes, inner in CELL.findall(content):
        facts = dict(ATTRIBUTE.findall(attributes))
        if text := _instead(facts, inner, kinds):
            if b"r" not in facts:
                return dict(_counted(content, kinds))
            found[_place(facts[b"r"])] = text
    return found


def _instead(facts: dict[bytes, bytes], inner: bytes, kinds: dict[int, str]) -> str | None:
    kind = facts.get(b"t", b"n")
    if b"<f" in inner and b"<is>" not in inner:
        value = VALUE.search(inner)
        is_empty_text = kind == b"str" and value is not None
        if not (value and value.group(1)) and not is_empty_text:
            return NO_RESULT
    if kind == b"e":
        value = VALUE.search(inner)
        text = (value.group(1) if value else None) or b""
        return text.decode() if ERROR.fullmatch(text) else "#ERROR"
    return kinds.get(int(facts.get(b"s", b"0"))) if inner and kind in (b"n", b"d") else None


def _counted(content: bytes, kinds: dict[int, str]) -> Iterator[tuple[Place, str]]:
    """The same where cells or rows do not say where they stand: each follows the one before."""
    row, column = -1, -1
    for match in ROW_OR_CELL.finditer(content):
        of_row, attributes, inner = match.groups()
        facts = dict(ATTRIBUTE.findall(of_row if of_row is not None else attributes))
        if of_row is not None:
            row, column = int(facts[b"r"]) - 1 if b"r" in facts else row + 1, -1
            continue
        row, column = _place(facts[b"r"]) if b"r" in facts else (row, column + 1)
        if text := _instead(facts, inner or b"", kinds):
            yield (row, column), text


def far_corner(content: bytes) -> str | None:
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


def _place(reference: bytes) -> Place:
    """`C12` → (11, 2)."""
    letters = reference.rstrip(b"0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return int(reference[len(letters) :]) - 1, column - 1
