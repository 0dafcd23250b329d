"""Which standard a foreign table is nearest to, column by column: pure, from names, units, kinds and codes.

A header is compared with what is agreed: Chinese, English and column names of the standard, and the headers that existing
feeds of the dataset declare. Units, kinds and code lists then take away what cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jingjinji.codes import code_list, units
from jingjinji.contracts import Column, Contracts, Standard, normal_header
from jingjinji.inspecting.facts import ColumnFacts, ColumnMatch, DatasetMatch
from jingjinji.inspecting.kinds import unit_in, without_unit

# Least score of a pair: 一般损坏房屋间数 and 严重损坏房屋间数 share 0.71 of their pairs of characters and are not the same.
MATCHED = 0.75
CLOSE_ENOUGH = 0.3  # least score of a dataset that is chosen without being asked for
SAME, INSIDE, IMPOSSIBLE = 1.0, 0.8, 0.3
# A header that a feed declares is a little less sure than the standard's own name; one that two feeds read differently, much.
OF_A_FEED, AMBIGUOUS = 0.99, 0.94
YEAR_HEADER = re.compile(r"(19|20)\d\d年")
SERIAL_HEADERS = ("序号", "行号", "no", "no.")
FITTING_KINDS = {
    "count": ("count", "decimal", "number_with_unit"), "money": ("count", "decimal", "number_with_unit"),
    "area": ("count", "decimal", "number_with_unit"), "number": ("count", "decimal", "percent", "number_with_unit"),
    "year": ("year", "count"), "date": ("date", "timestamp", "excel_serial", "other_date", "year"),
    "timestamp": ("date", "timestamp", "excel_serial", "other_date", "year"),
    "code": ("code", "text", "boolean", "count", "year"), "text": ("text", "code", "count", "boolean", "year", "date", "decimal"),
}  # fmt: skip


OWN_NAMES = 3  # the first of the names of a column are the standard's


class _Pair(NamedTuple):
    score: float
    header: str
    column: str
    reason: str


def closest(columns: list[ColumnFacts], contracts: Contracts, names: Names) -> list[DatasetMatch]:
    """Every standard with its score and its matched columns, the nearest first."""
    found = [match(columns, contracts, names, dataset) for dataset in contracts.standards]
    return sorted(found, key=lambda m: (-m.score, m.dataset))


def match(columns: list[ColumnFacts], contracts: Contracts, names: Names, dataset: str) -> DatasetMatch:
    """How the columns of a file fill the columns of one standard, each used at most once."""
    standard = contracts.standards[dataset]
    unpivoted = year_columns(columns, standard)
    above = {c.header for c in columns if unpivoted and YEAR_HEADER.fullmatch(normal_header(c.header))}
    skipped = {c.header for c in columns if normal_header(c.header).lower() in SERIAL_HEADERS}
    named = [c for c in columns if c.header and c.header not in above | skipped]
    found = [_pair(c, name, names, standard, contracts) for c in named for name in standard.columns]
    pairs = [pair for pair in found if pair]
    taken: dict[str, _Pair] = {}
    for pair in sorted(pairs, key=lambda p: (-p.score, p.column, p.header)):
        if pair.column not in {p.column for p in taken.values()} and pair.header not in taken:
            taken[pair.header] = pair
    filled = {p.column for p in taken.values()} | set(unpivoted)
    # The region is who sends, not what is sent: it is written into the feed and need not stand in the file.
    needed = [n for n, c in standard.columns.items() if c.required and n != "region_code"]
    missing = tuple(n for n in needed if n not in filled)
    share = sum(p.score for p in taken.values()) / len(named) if named else 0.0
    score = 0.6 * share + 0.4 * (1 - len(missing) / len(needed) if needed and taken else 0)
    return DatasetMatch(
        dataset=dataset,
        title=standard.title.zh,
        score=round(score, 3),
        matched=tuple(_told(taken[c.header], standard) for c in named if c.header in taken),
        unmatched=tuple(c.header for c in named if c.header not in taken),
        missing_required=missing,
    )


def year_columns(columns: Sequence[ColumnFacts], standard: Standard) -> tuple[str, ...]:
    """Columns of the standard for year and value, where the file has a column for each year; else empty."""
    years = [c for c in columns if YEAR_HEADER.fullmatch(normal_header(c.header))]
    year = next((name for name, column in standard.columns.items() if column.type == "year"), None)
    value = next(
        (name for name, column in standard.columns.items() if column.type == "number" and not column.unit), None
    )
    return (year, value) if len(years) > 1 and year and value else ()


Names = dict[tuple[str, str], tuple[str, ...]]


def agreed_names(contracts: Contracts) -> Names:
    """(dataset, column) → what it is called: Chinese, English, column name, headers of its feeds; without units."""
    return {
        (dataset, name): _names(contracts, dataset, name)
        for dataset, standard in contracts.standards.items()
        for name in standard.columns
    }


def _names(contracts: Contracts, dataset: str, name: str) -> tuple[str, ...]:
    agreed = contracts.standards[dataset].columns[name]
    of_dataset = [f for f in contracts.feeds.values() if f.dataset == dataset and name in f.columns]
    declared = [s.replace("({unit})", "").replace("{unit}", "") for f in of_dataset if (s := f.columns[name].source)]
    return (*map(without_unit, (agreed.zh, name, agreed.en)), *dict.fromkeys(map(without_unit, declared)))


def agreed_code(contracts: Contracts, dataset: str, column: str, value: str) -> str | None:
    """The code that `value` stands for: itself, or what a feed of the dataset maps it to; None when unknown."""
    reference = contracts.standards[dataset].columns[column].codes
    if reference is None or value in code_list(reference):
        return value
    maps = [f.columns[column].map for f in contracts.feeds.values() if f.dataset == dataset and column in f.columns]
    return next((m[value] for m in maps if value in m), None)


def similarity(header: str, name: str) -> float:
    """0 to 1 between two normalised names: equal, all characters of one in the other, else shared pairs of characters (Dice)."""
    if header == name:
        return SAME
    short, long = sorted((header, name), key=len)
    dice = _dice(header, name)
    if re.split(r"[./_]", header)[-1] == re.split(r"[./_]", name)[-1]:
        return max(0.9 if len(short) > 1 else 0, dice)
    characters, others = ({*re.sub(r"\W", "", text)} for text in (short, long))
    # 房屋/倒塌间数 is 倒塌房屋间数: the same characters in another order.
    is_inside = len(characters) >= 2 and characters <= others and len(characters) * 2 >= len(others)
    return max(dice, INSIDE) if is_inside else dice


def _dice(one: str, other: str) -> float:
    first, second = ({t[i : i + 2] for i in range(len(t) - 1)} or {t} for t in (one.lower(), other.lower()))
    return 2 * len(first & second) / (len(first) + len(second))


def _pair(facts: ColumnFacts, name: str, names: Names, standard: Standard, contracts: Contracts) -> _Pair | None:
    column, known = standard.columns[name], names[standard.dataset, name]
    if _is_personal_for(facts, column):
        return None
    header = without_unit(facts.header)
    score, agreed = max((similarity(header, text), text) for text in known)
    if score < MATCHED:
        return None
    reason = "名称一致" if score == SAME else f"与“{agreed}”相近"
    if score == SAME:
        score *= SAME if header in known[:OWN_NAMES] else OF_A_FEED
        others = [c for c in standard.columns if c != name and header in names[standard.dataset, c]]
        if others:  # 市级收到时间 is the province's in Tianjin and the city's in Hebei
            score, reason = score * AMBIGUOUS, f"有的来源把它读作{'、'.join(standard.columns[c].zh for c in others)}"
    for factor, why in _evidence(facts, name, column, standard.dataset, contracts):
        score, reason = score * factor, f"{reason}；{why}"
    return _Pair(round(score, 3), facts.header, name, reason) if score >= MATCHED else None


def _is_personal_for(facts: ColumnFacts, column: Column) -> bool:
    """Whether persons would come into a column that is not for them: by its header, or in words, which are taken as they are.

    A number of a person in a cell of a count, a date or a code is set aside at landing; it costs a row and not the column.
    """
    return bool(facts.personal) and not column.personal and ("header" in facts.personal or column.type == "text")


def _evidence(
    facts: ColumnFacts, name: str, column: Column, dataset: str, contracts: Contracts
) -> Iterable[tuple[float, str]]:
    unit = unit_in(facts.header)
    if unit and (column.unit is None or units()[unit].dimension != units()[column.unit].dimension):
        yield IMPOSSIBLE, f"单位{unit}不能换算为{column.unit or '该列'}"
    if facts.kind not in ("empty", "mixed", "error", *FITTING_KINDS[column.type]):
        yield IMPOSSIBLE, f"内容是{facts.kind}，约定是{column.type}"
    if column.codes and facts.examples:
        known = sum(agreed_code(contracts, dataset, name, value) is not None for value in facts.examples)
        share = known / len(facts.examples)
        yield 0.7 + 0.3 * share, f"{known}/{len(facts.examples)}个取值在代码表中"


def _told(pair: _Pair, standard: Standard) -> ColumnMatch:
    zh = standard.columns[pair.column].zh
    return ColumnMatch(header=pair.header, column=pair.column, zh=zh, score=pair.score, reason=pair.reason)
