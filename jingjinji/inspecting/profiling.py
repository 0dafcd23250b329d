"""The columns of a foreign table: suspected type, unit, date style, personal data. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from jingjinji.inspecting.facts import ColumnFacts
from jingjinji.inspecting.kinds import (
    MOMENTS,
    NULL_WORDS,
    NUMBERS,
    half_width,
    has_wide_digits,
    is_serial,
    kind_of,
    unit_in,
    without_unit,
)
from jingjinji.inspecting.persons import names_person, without_names
from jingjinji.personal import MASKED, masked, personal_numbers

MOSTLY = 0.9  # share of the filled cells that makes a column one of a kind
DISTINCT_SHOWN = 12
DISTINCT_COUNTED = 50_000
ODD_ROWS = 5
TEXT_SHOWN = 40
KINDS = {
    "count": "整数", "decimal": "小数", "percent": "百分数", "number_with_unit": "数字带单位（须拆开）", "date": "日期",
    "timestamp": "日期时间", "excel_serial": "Excel日期序号", "other_date": "日期（写法无法可靠识别）", "year": "年份",
    "boolean": "是否", "code": "代码", "text": "文字", "mixed": "混合", "error": "公式错误", "empty": "空列",
}  # fmt: skip
GROUPS = {"integer": "count", "thousands": "decimal"} | dict.fromkeys(MOMENTS, "date")
DATE_WORDS = ("时间", "日期", "date", "Date", "_at", "time")
CODE_WORDS = ("编号", "代码", "编码", "code", "id", "ID", "号", "序号")


@dataclass
class _Seen:
    """Counters of one column while rows go by."""

    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    rows_by_kind: dict[str, list[int]] = field(default_factory=dict)
    nulls: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)
    overflow: bool = False
    filled: int = 0
    full_width: int = 0
    serials: int = 0
    with_time: int = 0


def profile(
    headers: list[str], rows: list[tuple[int, list[str]]], first_column: int, is_sheet: bool
) -> list[ColumnFacts]:
    """Facts of every column; a column without header and without any cell is left out.

    Args:
        headers: native headers, joined where there are two rows.
        rows: row number as the sender counts, and cells.
        first_column: columns left of the table.
        is_sheet: positions are named by letters as in a spreadsheet, else by number.
    """
    width = max([len(headers), *(len(row) for _, row in rows)], default=0)
    found = []
    for at in range(width):
        header = headers[at] if at < len(headers) else ""
        seen = _see(((number, row[at]) for number, row in rows if at < len(row) and row[at].strip()), header)
        if header or seen.filled:
            position = letters(at + first_column) if is_sheet else str(at + 1)
            found.append(_facts(position, header, seen, len(rows)))
    return found


def letters(index: int) -> str:
    """Name of a spreadsheet column, from 0: A, B, …, Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _see(cells: object, header: str) -> _Seen:
    seen, is_id, unit = _Seen(), any(word in header for word in (*CODE_WORDS, "number")), unit_in(header)
    for number, raw in cells:  # type: ignore[attr-defined]
        text = half_width(raw)
        seen.filled += 1
        seen.full_width += not raw.isascii() and has_wide_digits(raw)
        if text in NULL_WORDS:
            seen.nulls[text] += 1
            continue
        kind = kind_of(text)
        is_quantity = unit and kind in NUMBERS  # 13912345678 元 is a loss
        for personal in personal_numbers(text, is_id=is_id) if len(text) >= 11 and not is_quantity else ():
            seen.personal[personal] += 1
        seen.kinds[kind] += 1
        seen.serials += kind in ("integer", "decimal") and is_serial(text)
        seen.with_time += kind in MOMENTS and (":" in text or "时" in text or (kind == "compact" and len(text) > 8))
        where = seen.rows_by_kind.setdefault(GROUPS.get(kind, kind), [])
        if len(where) < ODD_ROWS:
            where.append(number)
        if text in seen.values or len(seen.values) < DISTINCT_COUNTED:
            seen.values[text] += 1
        else:
            seen.overflow = True
    return seen


def _facts(position: str, header: str, seen: _Seen, rows: int) -> ColumnFacts:
    kind = _kind(header, seen)
    personal = (*sorted(seen.personal), *(["header"] if header and names_person(header, kind) else []))
    typed = sum(seen.kinds.values())
    nulls = seen.nulls if kind not in ("text", "code", "boolean") or not typed else _sure_nulls(seen.nulls)
    return ColumnFacts(
        position=position, header=header, kind=kind, kinds=dict(seen.kinds.most_common()), filled=seen.filled,
        empty_share=round(1 - seen.filled / rows, 4) if rows else 0, distinct=len(seen.values),
        is_distinct_exact=not seen.overflow, examples=() if personal else _examples(seen), unit=unit_in(header),
        date_styles=_date_styles(header, kind, seen),
        null_words=dict(nulls), full_width=seen.full_width, personal=personal,
        odd_rows=_odd_rows(kind, seen), repeated=0 if seen.overflow else sum(c for c in seen.values.values() if c > 1),
        **({} if personal else _extent(kind, seen)),
    )  # fmt: skip


def _date_styles(header: str, kind: str, seen: _Seen) -> tuple[str, ...]:
    """Ways dates are written; a single serial number among dates, or under a header that names one, is a date too."""
    styles = tuple(style for style in (*MOMENTS, "other_date") if seen.kinds[style])
    is_date = bool(set(styles) - {"compact"}) or _names_date(header)
    return (*styles, "excel") if kind == "excel_serial" or (seen.serials and is_date) else styles


def _names_date(header: str) -> bool:
    return any(word in header for word in DATE_WORDS)


def _sure_nulls(nulls: Counter[str]) -> Counter[str]:
    """In a column of words, 无 may be a word like others; a dash is not."""
    return Counter({word: count for word, count in nulls.items() if not any("\u4e00" <= c <= "\u9fff" for c in word)})


def _kind(header: str, seen: _Seen) -> str:
    total = sum(seen.kinds.values())
    if not total:
        return "empty"
    names_date = _names_date(header)
    if seen.serials >= total * MOSTLY and names_date:
        return "excel_serial"
    groups: Counter[str] = Counter()
    for kind, count in seen.kinds.items():
        groups[GROUPS.get(kind, kind)] += count
    if groups["year"] and not (names_date or "年" in header or header.lower() == "year") and groups["count"]:
        groups["count"] += groups.pop("year")  # 2016 among other whole numbers is one
    if seen.kinds["compact"] and groups["count"]:
        groups["count"] += seen.kinds["compact"]  # 20230801 among other whole numbers is one
        groups["date"] -= seen.kinds["compact"]
    if groups["decimal"]:
        groups["decimal"] += groups.pop("count", 0)
    if groups["code"]:
        groups["code"] += groups.pop("count", 0)
    if groups["text"]:  # words and codes and numbers together are words, unless the words are few
        groups["text"] += groups.pop("code", 0) + groups.pop("boolean", 0)
    return _dominant(groups, total, header, seen)


def _dominant(groups: Counter[str], total: int, header: str, seen: _Seen) -> str:
    kind, count = groups.most_common(1)[0]
    if count < total * MOSTLY:
        return "mixed"
    if kind == "date" and seen.with_time:
        return "timestamp"
    if kind == "count" and without_unit(header).endswith(CODE_WORDS):
        return "code"
    return kind


def _odd_rows(kind: str, seen: _Seen) -> tuple[int, ...]:
    """Rows of the cells that are not of the column's kind; of a mixed column, of its rarer kinds."""
    counted = {group: len(where) for group, where in seen.rows_by_kind.items()}
    if len(counted) < 2 or kind in ("text", "code"):
        return ()
    own = {"timestamp": {"date"}, "excel_serial": {"count", "decimal"}, "decimal": {"decimal", "count", "year"}, "count": {"count", "year", "date"}}.get(kind, {kind})  # fmt: skip
    if kind == "mixed":
        totals: Counter[str] = Counter()
        for name, count in seen.kinds.items():
            totals[GROUPS.get(name, name)] += count
        most = totals.most_common(1)[0][0]
        own = {"count", "decimal"} if most in ("count", "decimal") else {most}
    odd = sorted(n for group, where in seen.rows_by_kind.items() if group not in own for n in where)
    return tuple(odd[:ODD_ROWS])


def _examples(seen: _Seen) -> tuple[str, ...]:
    if seen.overflow or len(seen.values) > DISTINCT_SHOWN:
        return ()
    return tuple(shown(text) for text, _ in seen.values.most_common())


def shown(text: str) -> str:
    """A cell as it may be shown: `***` where it holds a number of a person, names behind a label masked, long texts cut."""
    text = " ".join(without_names(text).split()) if masked(text) == text else MASKED
    return text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN] + "…"


def _extent(kind: str, seen: _Seen) -> dict[str, str]:
    """Smallest and largest value of a column of numbers or of dates of one style."""
    if kind in ("count", "decimal"):
        numbers = [float(t.replace(",", "")) for t in seen.values if kind_of(t) in NUMBERS and not t.endswith("%")]
        if numbers:
            return {"smallest": masked(f"{min(numbers):.15g}"), "largest": masked(f"{max(numbers):.15g}")}
    if kind in ("date", "timestamp") and len([s for s in MOMENTS if seen.kinds[s]]) == 1 and seen.kinds["iso"]:
        dates = sorted(t for t in seen.values if kind_of(t) == "iso")
        return {"smallest": dates[0], "largest": dates[-1]}
    return {}
