"""Where the header of a foreign table stands: pure, from the shape of the first rows and from the names that are agreed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jingjinji.inspecting.kinds import half_width, kind_of, without_unit
from jingjinji.inspecting.opening import RawTable
from jingjinji.inspecting.persons import has_number, without_labelled
from jingjinji.landing.sheets import HEADER_WITHIN, join_header

LONGEST_HEADER = 40  # characters; a longer text is a title or a note
LONGEST_GROUP = 20
NEARLY_BEST = 0.8  # the first row that scores this share of the best one is the header: data repeat its shape below it
FOOTER_WORDS = ("注", "备注", "说明", "数据来源", "资料来源", "来源", "填报单位", "填报人", "填表", "制表", "审核", "复核", "经办", "联系人", "联系电话", "负责人", "单位负责人", "统计负责人", "报送单位", "签发", "截至")  # fmt: skip
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
    scores = [
        score if _may_be_header(rows, at, known) else 0
        for at, score in enumerate(_score(r, known) for r in rows[:HEADER_WITHIN])
    ]
    best = max(scores, default=0)
    if best <= 0:
        width = max((len(row) for row in table.rows), default=0)
        return Header(None, 0, [""] * width)
    at = next(i for i, score in enumerate(scores) if score >= best * NEARLY_BEST)
    at, count = _extent(table, rows, at)
    cells = [[c.strip() for c in row] for row in table.rows[at : at + count]]
    return Header(
        at, count, _join_three(cells, bool(table.merged)) if count == 3 else join_header(cells, bool(table.merged))
    )


def _extent(table: RawTable, rows: list[list[str]], at: int) -> tuple[int, int]:
    """First row and number of rows of the header that row `at` belongs to."""
    for first in range(max(0, at - 2), at + 1):
        if _is_triple(table, rows, first):
            return first, 3
    if at > 0 and _is_pair(table, rows, at - 1):
        return at - 1, 2
    return at, 2 if _is_pair(table, rows, at) else 1


def _join_three(rows: list[list[str]], merged: bool) -> list[str]:
    """Texts of three header rows, column by column; an empty cell continues the one to its left within the same group."""
    width = max(map(len, rows))
    top, middle, lower = (row + [""] * (width - len(row)) for row in rows)
    if not merged:
        for j in range(1, width):
            is_inside = not top[j]
            top[j] = top[j] or top[j - 1]
            middle[j] = middle[j] or (middle[j - 1] if is_inside and lower[j] else "")
    return ["/".join(dict.fromkeys(filter(None, parts))) for parts in zip(top, middle, lower, strict=True)]


def _may_be_header(rows: list[list[str]], at: int, known: Collection[str]) -> bool:
    """Whether a row is not plainly data: two agreed names speak for it, a person's number in it or in a row above against it,
    and so does a neighbour whose numbers, dates and codes stand in the same cells."""
    if sum(without_unit(cell) in known for cell in set(rows[at])) >= 2:
        return True
    if any(_holds_person(row) for row in rows[: at + 1]):
        return False
    own = _shape(rows[at])
    return not own or all(_shape(rows[i]) != own for i in (at - 1, at + 1) if 0 <= i < len(rows))


def _holds_person(row: list[str]) -> bool:
    """Whether a row of several cells holds a person's number; behind a colon it may stand in a title."""
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and any(has_number(cell) for cell in filled if not set(cell) & {"：", ":"})


def _shape(row: list[str]) -> dict[int, str]:
    """Where a row holds what is no name, and of which kind."""
    return {j: kind_of(cell) for j, cell in enumerate(row) if cell and not _is_name(cell)}


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


def _is_triple(table: RawTable, rows: list[list[str]], at: int) -> bool:
    """Whether rows `at` to `at + 2` are a header of three rows: all words, and two of them leave columns without a name."""
    if at + 2 >= len(rows):
        return False
    upper, middle, lower = rows[at : at + 3]
    words = [[c for c in row if c] for row in (upper, middle, lower)]
    if len(words[0]) < 2 or not all(words) or not all(_is_name(c) for row in words for c in row):
        return False
    if table.merged:
        row, width = at + table.first_row - 1, len(upper)
        areas = [(a, b) for a, b in table.merged if a[0] >= row and b[0] <= row + 2 and b[1] - a[1] < width - 1]
        is_grouped = [any(a[0] == b[0] == r and b[1] > a[1] for a, b in areas) for r in (row, row + 1)]
        return all(is_grouped) or any(a[0] == row and b[0] == row + 2 for a, b in areas)
    width = max(map(len, (upper, middle, lower)))
    filled = [[j < len(r) and bool(r[j]) for r in (upper, middle, lower)] for j in range(width)]
    open_in_two = any(not top and not mid and low for top, mid, low in filled)
    return open_in_two and all(map(any, filled)) and _is_group_row(upper)


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
        rows.append((number, without_labelled(row)))
    return Body(rows, ghosts, footers, list(dict.fromkeys(words)), totals)
