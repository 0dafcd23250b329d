"""The tables of schema `raw` and `removed` of a candidate: their columns, and how rows given in Python get into them."""

from __future__ import annotations

from typing import Any

import duckdb

from jingjinji.contracts import Contracts, Standard
from jingjinji.quality.results import HELD_REASONS

LINEAGE = {"delivery_id": "VARCHAR", "row_number": "BIGINT", "known_from": "TIMESTAMP", "landed_at": "TIMESTAMP"}
ROW_COUNTS = ("received", "accepted", "quarantined", "duplicate", "ignored", "refused", "warned")
DELIVERIES = {
    "delivery_id": "VARCHAR",
    "conform_version": "INTEGER",
    "feed_id": "VARCHAR",
    "dataset": "VARCHAR",
    "region": "VARCHAR",
    "file_name": "VARCHAR",
    "file_sha256": "VARCHAR",
    "period": "VARCHAR",
    "landed_at": "TIMESTAMP",
    "rule_set_version": "VARCHAR",
    "status": "VARCHAR",
    **{f"rows_{name}": "BIGINT" for name in ROW_COUNTS},
    "data_origin": "VARCHAR",
}
# What was loaded of each delivery, counted over the rows themselves, so that no model has to go through all datasets.
LOADED_ROWS = {"delivery_id": "VARCHAR", "dataset": "VARCHAR", "loaded_rows": "BIGINT", "last_known_from": "TIMESTAMP"}
# Deliveries that came, changed or went since the build this one was copied from; all of them in a build from nothing.
TOUCHED = {"delivery_id": "VARCHAR"}
# What landing says of rows it took; region and moment are those of the row, so that nothing has to look them up again.
ROW_WARNINGS = {
    "delivery_id": "VARCHAR",
    "dataset": "VARCHAR",
    "region_code": "VARCHAR",
    "row_number": "BIGINT",
    "rule_id": "VARCHAR",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "known_from": "TIMESTAMP",
}
# Tables in which a delivery has rows, beside the one of its dataset.
OF_DELIVERIES = {"deliveries": DELIVERIES, "loaded_rows": LOADED_ROWS, "row_warnings": ROW_WARNINGS}
FEEDS = {
    "feed_id": "VARCHAR",
    "dataset": "VARCHAR",
    "region": "VARCHAR",
    "region_code": "VARCHAR",
    "title_zh": "VARCHAR",
    "title_en": "VARCHAR",
    "sender": "VARCHAR",
    "expected_every_days": "INTEGER",
}
COLUMNS = {
    "dataset": "VARCHAR",
    "column_name": "VARCHAR",
    "type": "VARCHAR",
    "unit": "VARCHAR",
    "title_zh": "VARCHAR",
    "title_en": "VARCHAR",
    "definition": "VARCHAR",
    "is_personal": "BOOLEAN",
    "key_position": "INTEGER",
}
RULES = {
    "dataset": "VARCHAR",
    "rule_id": "VARCHAR",
    "severity": "VARCHAR",
    "title_zh": "VARCHAR",
    "title_en": "VARCHAR",
    "fix_zh": "VARCHAR",
    "source": "VARCHAR",
}


def loaded_columns(standard: Standard) -> dict[str, str]:
    """Columns and types of `raw.<dataset>`: lineage, then the agreed columns. Personal data stays in the landing zone."""
    agreed = {name: column.sql_type for name, column in standard.columns.items() if not column.personal}
    return LINEAGE | agreed


def make_tables(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    """All tables that loading fills, where they are not there yet.

    `removed.<dataset>` keeps the rows that the last build had and this one has not: what they spoke of is worked out again.
    """
    con.execute("create schema if not exists raw; create schema if not exists removed")
    for table, shape in OF_DELIVERIES.items():
        create(con, f"raw.{table}", shape)
    con.execute(HELD_REASONS)
    create(con, "raw.touched_deliveries", TOUCHED)
    for dataset, standard in contracts.standards.items():
        create(con, f"raw.{dataset}", loaded_columns(standard))
        create(con, f"removed.{dataset}", loaded_columns(standard))


def create(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]) -> None:
    """`table` (schema.name) with these columns, unless it is there already."""
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    con.execute(f"create table if not exists {table} ({listed})")


def describe(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    """What the contracts say of feeds, columns and row rules, so that no model writes a name or unit a second time."""
    standards = contracts.standards.values()
    feeds = [
        {**feed.model_dump(), "title_zh": feed.title.zh, "title_en": feed.title.en} for feed in contracts.feeds.values()
    ]
    columns = [row for standard in standards for row in _columns(standard)]
    rules = [
        {**rule.model_dump(), "dataset": standard.dataset, "rule_id": rule_id, "title_zh": rule.zh, "title_en": rule.en,
         "fix_zh": rule.fix}
        for standard in standards
        for rule_id, rule in standard.rules.items()
    ]  # fmt: skip
    described = (("feeds", FEEDS, feeds), ("columns", COLUMNS, columns), ("row_rules", RULES, rules))
    for table, shape, rows in described:
        con.execute(f"drop table if exists raw.{table}")
        create(con, f"raw.{table}", shape)
        insert_rows(con, table, shape, rows)


def _columns(standard: Standard) -> list[dict[str, Any]]:
    return [
        {**column.model_dump(), "dataset": standard.dataset, "column_name": name, "title_zh": column.zh,
         "title_en": column.en, "is_personal": column.personal,
         "key_position": standard.key.index(name) + 1 if name in standard.key else None}
        for name, column in standard.columns.items()
    ]  # fmt: skip


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, shape: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Rows given as dicts into `raw.<table>`, as one statement; keys that the table has no column for are left out."""
    import pyarrow as pa

    if not rows:
        return
    given = pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in shape})
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in shape.items())
    con.register("given_rows", given)
    con.execute(f"insert into raw.{table} by name select {casts} from given_rows")
    con.unregister("given_rows")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
