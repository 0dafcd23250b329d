"""May this candidate become what everybody sees?

Derived here: that every mart of the dbt project is there, its key is unique, its metrics are not negative, its validity is in
order, and no personal data is in it. What only people know about the field is written in `losses.py`,
`indicators.py` and `resources.py`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import great_expectations.expectations as gxe

from jingjinji.contracts import Contracts
from jingjinji.paths import PROJECT
from jingjinji.personal import holds_identity_sql, holds_mobile_sql, id_columns
from jingjinji.quality.gx import EVERY_TABLE, TableSuite, because, escaped, no_rows
from jingjinji.quality.rules import Library, Rule
from jingjinji.release.marts import MartFacts, mart_facts

METRIC_TYPES = ("count", "money", "area")
# Values of any column as text (fct_report_flags), natural keys among them.
FLAG_TEXTS = ("value_text", "compared_text")
# Written by the check or by the release itself, after the marts were built.
NOT_BUILT_BY_DBT = ("fct_quality_results", "release_info")


def suites(contracts: Contracts, candidate: Path) -> list[TableSuite]:
    """One suite per mart that the dbt project builds, and one over the list of all columns.

    Args:
        candidate: the built file; only its catalog is read here.
    """
    types = column_types(candidate)
    facts = mart_facts(types)
    knowledge = _beside("losses").RULES | _beside("indicators").RULES | _beside("resources").RULES
    models = {path.stem for path in (PROJECT / "dbt_project" / "models" / "marts").rglob("*.sql")}
    found = [
        TableSuite("published", "marts", mart, tuple(_expectations(mart, types, facts, contracts, knowledge)))
        for mart in sorted(models | types.keys() | knowledge.keys())
        if mart not in NOT_BUILT_BY_DBT
    ]
    return [*found, catalog(contracts)]


def column_types(candidate: Path) -> dict[str, dict[str, str]]:
    """mart -> column -> DuckDB type, in the order of the columns."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'marts' order by table_name, ordinal_position"
        ).fetchall()
    types: dict[str, dict[str, str]] = {}
    for mart, column, type_ in rows:
        types.setdefault(mart, {})[column] = type_
    return types


def _expectations(
    mart: str,
    types: dict[str, dict[str, str]],
    facts: dict[str, MartFacts],
    contracts: Contracts,
    knowledge: dict[str, tuple[Rule | Library, ...]],
) -> Iterator[gxe.Expectation]:
    columns, key = types.get(mart, {}), facts[mart].key if mart in facts else ()
    yield from unique_key(key)
    yield from metrics(columns, contracts)
    yield from validity(columns, key)
    yield from no_personal_values(columns, id_columns(contracts) | set(key))
    yield from (rule.expectation(key) for rule in knowledge.get(mart, ()))


def unique_key(key: tuple[str, ...]) -> Iterator[gxe.Expectation]:
    """The key that the mart's `.yml` declares is complete and unique."""
    if key:
        listed = ", ".join(key)
        yield no_rows(
            "key_is_unique",
            f"select {listed}, count(*) as rows_with_same_key from {{batch}} group by {listed} having count(*) > 1",
            columns=listed,
            why_zh="主键重复会让看板和导出重复计数",
            why="a repeated key would be counted twice by dashboards and partners",
            source="dbt_project/models/marts · key",
        )


def metrics(columns: dict[str, str], contracts: Contracts) -> Iterator[gxe.Expectation]:
    """No negative value in any column that a standard agrees to be a count, an amount of money or an area."""
    agreed = {
        name: column
        for standard in contracts.standards.values()
        for name, column in standard.columns.items()
        if column.type in METRIC_TYPES
    }
    for name in [name for name in columns if name in agreed]:
        meta = because(
            f"{agreed[name].zh}不会是负数",
            "a total is never negative",
            "feeds/*/_standard.yml",
            name="is_not_negative",
        )
        yield gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0, meta=meta)


def validity(columns: dict[str, str], key: tuple[str, ...]) -> Iterator[gxe.Expectation]:
    """A version or code stops being valid not before it began, and everything says since when it is known."""
    for start, end in (("known_from", "known_to"), ("valid_from", "valid_to")):
        if start in columns and end in columns:
            yield no_rows(
                f"{end}_is_not_before_{start}",
                f"select {', '.join(key or (start, end))} from {{batch}} where {end} < {start}",
                columns=f"{start}, {end}",
                why_zh="失效时间早于生效时间的版本在任何日期都查不到",
                why="a version that ends before it begins can be found as of no day",
                source="docs/architecture.md · Time",
            )
    if "known_to" in columns:
        meta = because(
            "没有已知时间的版本无法按“截至某日”查询",
            "without it no question about a day can be answered",
            "docs/architecture.md · Time",
            name="known_from_is_given",
        )
        yield gxe.ExpectColumnValuesToNotBeNull(column="known_from", meta=meta)


def no_personal_values(columns: dict[str, str], ids: frozenset[str]) -> Iterator[gxe.Expectation]:
    """No mobile or identity number in any text column; only the column's name is told, never what stands in it.

    Second line: a delivery that holds one is held out by `incoming.py`, so that it stops nobody else's release.
    """
    texts = [name for name, type_ in columns.items() if type_ == "VARCHAR"]
    conditions = {
        "no_mobile_number": {text: _holds_mobile(text, ids) for text in texts},
        "no_identity_number": {text: holds_identity_sql(text) for text in texts},
    }
    for name, by_column in conditions.items() if texts else ():
        query = " union all ".join(
            f"select '{text}' as column_name, count(*) as rows_found from {{batch}}"
            f" where {escaped(condition)} having count(*) > 0"
            for text, condition in by_column.items()
        )
        yield no_rows(
            name,
            query,
            columns=", ".join(texts),
            why_zh="共享数据集中不得出现手机号、身份证号",
            why="nothing shared may hold a mobile or identity number",
            source="个人信息保护法 第六条、第三十四条（最小必要、履行法定职责范围内）",
        )


def _holds_mobile(text: str, ids: frozenset[str]) -> str:
    """DuckDB condition. The text of a flag may hold several ids, each of them judged as an id is."""
    if text not in FLAG_TEXTS:
        return holds_mobile_sql(text, is_id=text in ids)
    part = f"lambda part : {holds_mobile_sql('part', is_id=True)}"
    return f"coalesce(len(list_filter(regexp_split_to_array({text}, '[ （；，]'), {part})) > 0, false)"


def catalog(contracts: Contracts) -> TableSuite:
    """What may not be a column of a mart at all: whatever a standard marks personal, and names that sound like it."""
    personal = {
        name
        for standard in contracts.standards.values()
        for name, column in standard.columns.items()
        if column.personal
    }
    source = "个人信息保护法 第六条；feeds/*/_standard.yml · personal"
    named = no_rows(
        "no_personal_column_name",
        "select table_name, column_name from {batch} where regexp_matches(column_name,"
        " '(^|_)(mobile|phone|telephone|id_card|id_number|identity|bank|address|contact|person_name|victim)(_|$)')",
        columns="column_name",
        why_zh="个人信息字段不进入共享数据集",
        why="columns of personal data do not belong in what everybody sees",
        source=source,
    )
    marked = gxe.ExpectColumnValuesToNotBeInSet(
        column="column_name",
        value_set=sorted(personal),
        meta=because(
            "标准中标为个人信息的字段不进入共享数据集",
            "marked personal by a standard",
            source,
            name="no_personal_column",
        ),
    )
    query = "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
    return TableSuite("published", "marts", EVERY_TABLE, (named, marked) if personal else (named,), query)


def _beside(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"jingjinji_expectations_{name}", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
