"""Where the header of a foreign table stands: pure, from the shape of the first rows and from the names that are agreed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jingjinji.inspecting.kinds import half_width, kind_of, without_unit
from jingjinji.inspecting.opening import RawTable
from jingjinji.landing.sheets import HEADER_WITHIN, join_header

LONGEST_HEADER = 40  # characters; a longer text is a title or a note
LONGEST_GROUP = 20
NEARLY_BEST = 0.8  # the first row that scores this share of the best one is the header: data repeat its shape below it
FOOTER_WORDS = ("注", "备注", "说明", "数据来源", "资料来源", "来源", "填报单位", "填表", "制表", "审核", "单位负责人", "统计负责人", "报送单位", "签发", "截至")  # fmt: skip
TOTAL_WORDS = ("合计", "总计", "小计", "共计", "累计", "total", "Total", "TOTAL")
FOOTER_CELLS = 2


@dataclass(frozen=True)
class Header:
    """Index of the first header row in the kept rows (None: none was found), how many rows it has, the joined headers."""

    at: int | None
    rows: int
    headers: list[str]


def find_header(table: RawTable, known: Collection[str]) -> Header:
    """The header of a table.

    Args:
        table: as opened; a JSON table brings its headers along.
        known: agreed names without units, normalised; a row that holds some is more likely to be the header.
    """
    if table.headers is not None:
        return Header(None, 0, table.headers)
    rows = [[half_width(cell) for cell in row] for row in table.rows[: HEADER_WITHIN + 1]]
    scores = [_score(row, known) for row in rows[:HEADER_WITHIN]]
    best = max(scores, default=0)
    if best <= 0:
        width = max((len(row) for row in table.rows), default=0)
        return Header(None, 0, [""] * width)
    at = next(i for i, score in enumerate(scores) if score >= best * NEARLY_BEST)
    count = 1
    if at > 0 and _is_pair(table, rows, at - 1):
        at, count = at - 1, 2
    elif _is_pair(table, rows, at):
        count = 2
    joined = join_header([[c.strip() for c in row] for row in table.rows[at : at + count]], bool(table.merged))
    return Header(at, count, joined)


def _score(row: list[str], known: Collection[str]) -> float:
    texts = {cell for cell in row if cell and len(cell) <= LONGEST_HEADER and _is_name(cell)}
    others = sum(1 for cell in row if cell and not _is_name(cell))
    agreed = sum(1 for cell in texts if without_unit(cell) in known)
    return len(texts) + 2 * agreed - others if len(texts) > 1 or len(row) == 1 else 0


def _is_name(cell: str) -> bool:
    """A header is a word; `2023年` and `c1` may head a column too, a bare number or a date may not."""
    kind = kind_of(cell)
    return kind in ("text", "boolean") or (kind == "code" and cell[0].isalpha()) or (kind == "year" and "年" in cell)


def _is_pair(table: RawTable, rows: list[list[str]], at: int) -> bool:
    """Whether rows `at` and `at + 1` are a header of two rows."""
    if at + 1 >= len(rows):
        return False
    upper, lower = rows[at], rows[at + 1]
    names_below = [c for c in lower if c]
    if sum(1 for c in upper if c) < 2 or not names_below or not all(_is_name(c) for c in names_below):
        return False
    if table.merged:
        row, width = at + table.first_row - 1, len(upper)
        across = any(a[0] == b[0] == row and 0 < b[1] - a[1] < width - 1 for a, b in table.merged)
        return across or any(a[0] == row and b[0] == row + 1 for a, b in table.merged)
    gaps = [j for j, cell in enumerate(upper) if not cell and j < len(lower) and lower[j]]
    covered = all(cell or (j < len(lower) and lower[j]) for j, cell in enumerate(upper))
    same = [j for j in range(1, min(len(upper), len(lower))) if upper[j] and upper[j] == upper[j - 1] and lower[j]]
    return bool(gaps or same) and covered and _is_group_row(upper)


def _is_group_row(cells: list[str]) -> bool:
    """Whether a row without merged areas could name groups of columns; a line such as 填报单位：某局 …… 单位：万元 does not."""
    filled = [cell for cell in cells if cell]
    return bool(cells[0]) and all(
        _is_name(cell) and len(cell) <= LONGEST_GROUP and not set(cell) & {"：", ":"} for cell in filled
    )


# ---------------------------------------------------------------- below the header


@dataclass(frozen=True)
class Body:
    """Rows of data with their row numbers, and what stands among them that is none."""

    rows: list[tuple[int, list[str]]]
    ghosts: int
    footers: list[int]
    footer_words: list[str]
    totals: list[int]


def split_body(table: RawTable, header: Header) -> Body:
    """Separate the rows below the header into data, empty rows, footers and rows that look like totals.

    A total is data for landing and would be counted twice: it is told, and left among the rows.
    """
    start = 0 if header.at is None else header.at + header.rows
    numbered = list(enumerate(table.rows[start:], table.first_row + start)) + table.tail
    rows, footers, words, totals, ghosts = [], [], [], [], 0
    for number, row in numbered:
        filled = [half_width(cell) for cell in row if cell.strip()]
        if not filled:
            ghosts += 1
            continue
        word = next((w for w in FOOTER_WORDS if filled[0].startswith(w)), None)
        is_short = len(filled) <= FOOTER_CELLS < len(header.headers)
        if is_short and (word or len(filled[0]) > LONGEST_HEADER):
            footers.append(number)
            words.append(word or filled[0][:4])
            continue
        if any(cell in TOTAL_WORDS for cell in filled[:2]):
            totals.append(number)
        rows.append((number, row))
    return Body(rows, ghosts, footers, list(dict.fromkeys(words)), totals)
