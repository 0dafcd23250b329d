"""Finding the row that is meant, and the rows that it is made from, in a release. SQL only reads marts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from jingjinji.errors import UserError
from jingjinji.explaining.made_from import MADE_FROM, Source
from jingjinji.release.copying import quoted
from jingjinji.release.marts import MartFacts
from jingjinji.release.store import Release

CANDIDATES = 10
NEWEST = ("known_from", "landed_at", "year", "report_number")  # what rows are ordered by, where they have it


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


@dataclass(frozen=True)
class Part:
    """Rows of another mart the row is made from (`is_exact`), or that only agree with it in what both have in their keys."""

    role: str
    mart: str
    words: str
    is_exact: bool
    rows: tuple[dict[str, Any], ...]


def contributions(
    con: duckdb.DuckDBPyConnection, meant: Meant, parents: list[str], keys: dict[str, tuple[str, ...]]
) -> list[Part]:
    """Rows of other marts that the row is made from, the newest first.

    A mart with sources in MADE_FROM is exact, down to rows that name a line of a delivery. For others, rows of the nearest upstream
    marts that agree in all the key columns both have are named as such: what contributes is among them.
    """
    if meant.mart in MADE_FROM:
        return _made(con, meant.mart, [meant.row], keys)
    found = []
    for parent in parents:
        if parent not in keys or (parent.startswith("dim_") and not meant.mart.startswith("dim_")):
            continue  # a dimension gives names; the numbers come from facts
        own = [c for c in meant.facts.key if meant.row[c] is not None]
        shared = [
            c for c in own if c in _columns(con, parent) and c not in ("known_from", "delivery_id", "report_number")
        ]
        if shared:
            condition = " and ".join(f"m.{quoted(c)} = ${c}" for c in shared)
            source = Source("同主键的上游行", parent, condition, "、".join(shared) + " 相同")
            found += _parts(source, _read(con, source, meant.row), is_exact=False)
    return found


def _made(
    con: duckdb.DuckDBPyConnection, mart: str, rows: Sequence[dict[str, Any]], keys: dict[str, tuple[str, ...]]
) -> list[Part]:
    """What rows of a derived mart are made from; where that is derived itself and names no line, what that is made from too."""
    made: list[Part] = []
    for source in MADE_FROM[mart]:
        if source.mart not in keys:
            continue  # a release of a part of the marts
        unique = {repr(found): found for row in rows for found in _read(con, source, row)}
        parts = _parts(source, list(unique.values()), is_exact=True)
        made += parts
        if parts and source.mart in MADE_FROM and "row_number" not in parts[0].rows[0]:
            made += _made(con, source.mart, parts[0].rows, keys)
    return made


def _parts(source: Source, rows: list[dict[str, Any]], *, is_exact: bool) -> list[Part]:
    return [Part(source.role, source.mart, source.words, is_exact, tuple(rows))] if rows else []


def _columns(con: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe select * from marts.{quoted(mart)}").fetchall()]


def _read(con: duckdb.DuckDBPyConnection, source: Source, row: dict[str, Any]) -> list[dict[str, Any]]:
    values = {name: value for name, value in row.items() if f"${name}" in _tokens(source.condition)}
    columns = _columns(con, source.mart)
    order = [f"m.{c} desc nulls last" for c in NEWEST if c in columns]
    found = con.execute(
        f"select * from marts.{quoted(source.mart)} as m where {source.condition} order by {', '.join(order) or 'all'}",
        values,
    )
    return [dict(zip(columns, values, strict=True)) for values in found.fetchall()]


def _tokens(condition: str) -> set[str]:
    return set(re.findall(r"\$\w+", condition))
