"""Finding the row that is meant, and the rows that it is made from, in a release. SQL only reads marts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from jingjinji.errors import UserError
from jingjinji.explaining.facts import Contribution
from jingjinji.release.copying import quoted
from jingjinji.release.marts import MartFacts
from jingjinji.release.store import Release

CANDIDATES = 10
# What a derived figure is made from where a shared key alone would find too much: role, mart, condition, words for it.
LINKED = "from dim_published_figures as f where f.figure_id = $figure_id)"
MADE_FROM: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "agg_indicators_by_region_year": (
        (
            "分子",
            "fct_statistics",
            "region_code = $region_code and year = $year and delivery_id = $numerator_delivery_id and statistic_code = "
            "(select numerator_statistic from dim_indicator_grid as g where g.region_code = $region_code and g.year = $year "
            "and g.indicator_id = $indicator_id and g.denominator_vintage = $denominator_vintage)",
            "同一地区、年份和该指标的分子统计项",
        ),
        (
            "分母（版本见 vintage）",
            "fct_statistics",
            "region_code = $region_code and year = $year and delivery_id = $denominator_delivery_id and "
            "vintage = $denominator_vintage and statistic_code = "
            "(select denominator_statistic from dim_indicator_grid as g where g.region_code = $region_code and g.year = $year "
            "and g.indicator_id = $indicator_id and g.denominator_vintage = $denominator_vintage)",
            "同一地区、年份、版本和该指标的分母统计项",
        ),
    ),
    "agg_indicators_by_region_period": (
        (
            "逐年指标",
            "agg_indicators_by_region_year",
            "region_code = $region_code and period_id = $period_id and indicator_id = $indicator_id and "
            "denominator_vintage = $denominator_vintage",
            "同一地区、规划期、指标和分母版本",
        ),
    ),
    "agg_loss_changes": (
        (
            "引起变动的指标值",
            "fct_disaster_loss_metric_versions",
            "region_code = $region_code and event_id = $event_id and metric = $metric and known_from <= $known_from and "
            "unit_code = $unit_code",
            "同一事件、单位和指标，到该时刻为止",
        ),
    ),
    "agg_supply_by_region_item": (
        (
            "各批次库存",
            "fct_supply_stock",
            "region_code = $region_code and item_code = $item_code and unit = $unit",
            "同一地区、物资和单位",
        ),
    ),
    "published_vs_computed": tuple(
        (
            "可与公布数对照的数",
            mart,
            condition.format(link="(select ", of=LINKED),
            "dim_published_figures 的 link_… 各列",
        )
        for mart, condition in (
            (
                "fct_disaster_loss_metric_versions",
                "region_code = {link}link_region_code {of} and event_id = {link}link_key {of} and metric = {link}link_metric {of}",
            ),
            ("fct_accident_reports", "region_code = {link}link_region_code {of} and accident_id = {link}link_key {of}"),
            (
                "fct_statistics",
                "region_code = {link}link_region_code {of} and year::varchar = {link}link_key {of} and statistic_code = {link}link_metric {of}",
            ),
        )
    ),
}


class ExplainError(UserError):
    """No row can be explained; the message names the marts, keys or rows there are."""

    exit_code = 2


@dataclass(frozen=True)
class Meant:
    """The row that is meant: its mart's facts and its values by column."""

    mart: str
    facts: MartFacts
    row: dict[str, Any]


def find(con: duckdb.DuckDBPyConnection, release: Release, mart: str, key: Sequence[str]) -> Meant:
    """The one row of a mart with a key.

    Args:
        con: `query.connect` on the release, as of a day where asked.
        release: whose `release.json` names keys and columns.
        mart: name of a mart.
        key: `column=value`, or values in the order of the mart's key.

    Raises:
        ExplainError: there is no such mart, column or row, or more than one row.
    """
    name = mart.removeprefix("marts.")
    if name not in release.tables:
        marts = "、".join(sorted(t for t in release.tables if not t.endswith(")")))
        raise ExplainError(f"没有叫“{mart}”的数据表（no such mart）；有：{marts}")
    facts = release.tables[name].facts
    wanted = _wanted(name, facts, key)
    types = {column.name: column.type for column in facts.columns}
    conditions = [f"{quoted(c)} is not distinct from try_cast($v{i} as {types[c]})" for i, c in enumerate(wanted)]
    values = {f"v{i}": value for i, value in enumerate(wanted.values())}
    found = con.execute(
        f"select * from marts.{quoted(name)} where {' and '.join(conditions) or 'true'} limit 1000", values
    )
    columns = [column[0] for column in found.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    if len(rows) != 1:
        raise ExplainError(_not_one(con, name, facts, wanted, rows))
    return Meant(name, facts, rows[0])


def _wanted(mart: str, facts: MartFacts, key: Sequence[str]) -> dict[str, str]:
    """column → value as written."""
    names = {column.name for column in facts.columns}
    order = [column for column in facts.key if column not in {k.partition("=")[0] for k in key if "=" in k}]
    wanted: dict[str, str] = {}
    for text in key:
        column, equals, value = text.partition("=")
        if equals and column in names:
            wanted[column] = value
        elif equals and column.isidentifier():
            raise ExplainError(f"{mart} 没有列“{column}”；有：{'、'.join(sorted(names))}")
        elif not order:
            told = "、".join(facts.key) or "（没有主键，请写 列=值）"
            raise ExplainError(f"“{text}”多出来了：{mart} 的主键是 {told}；其他列请写 列=值")
        else:
            wanted[order.pop(0)] = text
    return wanted


def _not_one(
    con: duckdb.DuckDBPyConnection, mart: str, facts: MartFacts, wanted: dict[str, str], rows: list[dict[str, Any]]
) -> str:
    given = "，".join(f"{column}={value}" for column, value in wanted.items()) or "（没有给出主键）"
    key = [column for column in facts.key if column in {c.name for c in facts.columns}]
    if rows:
        total = f"{len(rows)}行" if len(rows) < 1000 else "1000行以上"
        lines = [" ".join(f"{c}={row[c]}" for c in key or row) for row in rows[:CANDIDATES]]
        return f"{mart} 有{total}符合 {given}，请补足主键（{'、'.join(key)}）：\n  " + "\n  ".join(lines)
    listed = ", ".join(map(quoted, key)) or "*"
    some = con.execute(f"select {listed} from marts.{quoted(mart)} order by all limit {CANDIDATES}").fetchall()
    names = key or [column.name for column in facts.columns]
    lines = [" ".join(f"{c}={v}" for c, v in zip(names, row, strict=True)) for row in some]
    return f"{mart} 没有符合 {given} 的行；主键是 {'、'.join(key)}，例如：\n  " + ("\n  ".join(lines) or "（此表为空）")


# ---------------------------------------------------------------- rows it is made from


def contributions(
    con: duckdb.DuckDBPyConnection, meant: Meant, parents: list[str], keys: dict[str, tuple[str, ...]], top: int
) -> list[Contribution]:
    """Rows of other marts that the row is made from, the newest first.

    A mart with rules of its own in MADE_FROM is exact. For others, rows of the nearest upstream marts that agree in all the
    key columns both have are named as such: what contributes is among them.
    """
    if meant.mart in MADE_FROM:
        made = [
            _read(con, role, mart, condition, words, meant.row, top)
            for role, mart, condition, words in MADE_FROM[meant.mart]
        ]
        return [one for one in made if one]
    found = []
    for parent in parents:
        if parent not in keys or (parent.startswith("dim_") and not meant.mart.startswith("dim_")):
            continue  # a dimension gives names; the numbers come from facts
        own = [c for c in meant.facts.key if meant.row[c] is not None]
        shared = [
            c for c in own if c in _columns(con, parent) and c not in ("known_from", "delivery_id", "report_number")
        ]
        if shared:
            condition = " and ".join(f"{quoted(c)} = ${c}" for c in shared)
            one = _read(con, "同主键的上游行", parent, condition, "、".join(shared) + " 相同", meant.row, top)
            found += [one] if one else []
    return found


def _columns(con: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe select * from marts.{quoted(mart)}").fetchall()]


def _read(
    con: duckdb.DuckDBPyConnection, role: str, mart: str, condition: str, words: str, row: dict[str, Any], top: int
) -> Contribution | None:
    values = {name: value for name, value in row.items() if f"${name}" in _tokens(condition)}
    columns = _columns(con, mart)
    order = [f"{c} desc nulls last" for c in ("known_from", "year", "report_number") if c in columns]
    source = f"from marts.{quoted(mart)} where {condition}"
    counted = con.execute(f"select count(*) {source}", values).fetchone()
    if not counted or not counted[0]:
        return None
    rows = con.execute(f"select * {source} order by {', '.join(order) or 'all'} limit {top}", values).fetchall()
    return Contribution(
        role=role, mart=mart, matched_on=words, rows_total=counted[0], columns=tuple(columns), rows=tuple(rows)
    )


def _tokens(condition: str) -> set[str]:
    return set(re.findall(r"\$\w+", condition))
