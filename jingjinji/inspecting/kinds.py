"""What one cell looks like: pure, from its text alone."""

from __future__ import annotations

import re
import unicodedata

from jingjinji.codes import units
from jingjinji.contracts import normal_header
from jingjinji.landing.casting import EXCEL_SERIAL, FULL_WIDTH, MOMENT_PATTERNS

# What offices write for "nothing"; 无 and / may also mean none at all, which is a zero and not the same.
NULL_WORDS = frozenset(
    [
        "-",
        "--",
        "—",
        "——",
        "－",
        "…",
        "……",
        "/",
        "\\",
        "无",
        "不详",
        "未知",
        "待核",
        "空",
        "N/A",
        "n/a",
        "NA",
        "#N/A",
        "NULL",
        "null",
        "None",
        "nan",
    ]
)
MAYBE_ZERO = frozenset(["/", "\\", "无", "空"])
UNKNOWN_WORDS = frozenset(["不详", "未知", "待核"])
INTEGER = re.compile(r"[+-]?\d{1,15}")
DECIMAL = re.compile(r"[+-]?(\d+\.\d+|\.\d+|\d+(\.\d+)?[eE][+-]?\d+)")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
PERCENT = re.compile(r"[+-]?\d+(\.\d+)?%")
WITH_UNIT = re.compile(r"约?[+-]?\d[\d,]*(\.\d+)?余?\s*([^\W\d_]{1,4})")
YEAR = re.compile(r"(19|20)\d\d年?")
# Written in a way no declared style reads, or one that two countries read differently.
OTHER_DATES = re.compile(
    r"\d{1,2}/\d{1,2}/(\d{4}|\d{2})( .*)?|\d{4}\.\d{1,2}\.\d{1,2}|\d{1,2}-\d{1,2}-\d{4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}|\d{1,2}月\d{1,2}日.*"
)
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:/-]*\d[0-9A-Za-z_.:/-]*")
BOOLEANS = frozenset(["是", "否", "TRUE", "FALSE", "True", "False", "true", "false", "Y", "N", "有"])
MOMENTS = {style: re.compile(pattern) for style, pattern in MOMENT_PATTERNS.items()}
SERIAL = re.compile(EXCEL_SERIAL)
SERIAL_RANGE = (20_000, 60_000)  # 1954 to 2064
NUMBERS = ("integer", "decimal", "thousands", "percent")
UNIT_IN_HEADER = re.compile(r"[(（\[【/]([^()（）\[\]【】/]+)[)）\]】]?$")
WIDE = frozenset(FULL_WIDTH) - {"（", "）", "：", "　"}


def half_width(text: str) -> str:
    """The text in half-width forms without surrounding blanks."""
    return unicodedata.normalize("NFKC", text).strip(" \t\r\n\ufeff\xa0") if not text.isascii() else text.strip()


def has_wide_digits(text: str) -> bool:
    """Whether digits or number signs of the text are full-width."""
    return any(character in WIDE for character in text)


def kind_of(text: str) -> str:
    """Kind of one filled, half-width text: a moment style (`iso`, `zh`, …), a number kind, `year`, `code`, `text`, …"""
    if text.startswith("#"):
        return "error"
    if not any(character.isdigit() for character in text):
        return "boolean" if text in BOOLEANS else "text"
    if YEAR.fullmatch(text):
        return "year"
    style = next((name for name, pattern in MOMENTS.items() if pattern.fullmatch(text)), None)
    if style and (style != "compact" or _is_day(text)):
        return style
    if INTEGER.fullmatch(text):
        return "code" if len(text) > 1 and text[0] == "0" else "integer"
    for kind, pattern in (("decimal", DECIMAL), ("thousands", THOUSANDS), ("percent", PERCENT)):
        if pattern.fullmatch(text):
            return kind
    if OTHER_DATES.fullmatch(text):
        return "other_date"
    found = WITH_UNIT.fullmatch(text)
    if found and found.group(2) in units():
        return "number_with_unit"
    return "code" if CODE.fullmatch(text) else "text"


def _is_day(text: str) -> bool:
    return "01" <= text[4:6] <= "12" and "01" <= text[6:8] <= "31"


def is_serial(text: str) -> bool:
    """Whether a number could be a serial date of a spreadsheet."""
    return bool(SERIAL.fullmatch(text)) and SERIAL_RANGE[0] <= float(text) <= SERIAL_RANGE[1]


def unit_in(header: str) -> str | None:
    """The unit a header names: `受灾面积(亩)`, `面积/亩`, `受灾人口_万人`; only units of seed ref_units."""
    text = normal_header(header)
    found = UNIT_IN_HEADER.search(text)
    if found and found.group(1) in units():
        return found.group(1)
    last = re.split(r"[_/]", text)[-1]
    return last if last in units() and last != text else None


def without_unit(header: str) -> str:
    """The normalised header without the unit it names."""
    text, unit = normal_header(header), unit_in(header)
    if unit is None:
        return text
    return re.sub(rf"[(\[【/_]?{re.escape(unit)}[)\]】]?$", "", text)
