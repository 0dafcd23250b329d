"""What the number format of a cell shows of its value, where that is not all of it, or more than the value itself holds.

ECMA-376 part 1, 18.8.30 (numFmt) for both kinds of workbook; the built-in formats of Chinese from there.
"""

from __future__ import annotations

import re

WITH_TIME = "T"  # a date with a time of day: calamine gives its midnight as a mere date
MONTH = "M"  # a date of which no day is shown: 2026年8月 is stored as 2026-08-01
YEAR = "Y"
ZEROS = "0"  # so many of them as the format fills up to

BUILT_IN = {
    **dict.fromkeys((18, 19, 20, 21, 22, 32, 33, 34, 35, 45, 46, 47, 55, 56), WITH_TIME),
    **dict.fromkeys((17, 27, 36, 50, 52, 57), MONTH),
}
SAID = re.compile(
    r'"[^"]*"|\\.|[_*].|\[(?![hHmMsS]+\])[^\]]*\]'
)  # shown as it stands, or a colour, a language, a condition


def kind_of(number: int, code: str | None) -> str | None:
    """WITH_TIME, MONTH, YEAR or zeros.

    Args:
        number: of the format.
        code: its text, where the file gives one.
    """
    if code is None:
        return BUILT_IN.get(number)
    shown = SAID.sub("", code).split(";")[0].strip()
    if "general" in shown.lower():
        return None
    if re.fullmatch("0{2,}", shown):
        return None if re.search(r"\[[<>=]", code) else shown
    parts = set(shown.lower())
    if parts & set("h时時") or "s" in parts:
        return WITH_TIME
    if parts & set("d0#?@") or "aaa" in shown.lower():
        return None
    return MONTH if "m" in parts else YEAR if parts & set("ye") else None
