"""The files that judging leaves of the rows of one delivery: accepted, quarantined, warnings."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from jingjinji.contracts import Standard
from jingjinji.landing.conform import Plan
from jingjinji.landing.receipts import RowFault

PARQUET = "(format parquet, compression zstd)"
# A row of `spelled` of a large delivery with what became of it; that of small ones has it already.
SPELLED = """(spelled join (select of_file, row_number, cell, verdict, is_conflict, other_row from verdicts) as verdicts
    using (of_file, row_number, cell))"""


def sort_out(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, *, is_large: bool) -> None:
    """Make `taken` and `told` from `verdicts`: the rows as they are written, and those whose sender is told something.

    `told` has `shown` (the faults as the receipt may name them), `faults` and `sent` (the texts, as JSON) of a quarantined row, and
    `warnings` of one that was taken. Of small deliveries both are tables, so that what is written file by file is planned quickly.
    """
    kind, spelled = ("view", SPELLED) if is_large else ("table", "verdicts")
    columns = ", ".join(f"{name}::{column.sql_type} as {name}" for name, column in standard.columns.items())
    con.execute(f"""
        create temp {kind} taken as
        select of_file, row_number, known_from, {columns} from verdicts where verdict = 'accepted'""")
    texts = ", ".join(f"'{b.name}': t_{b.name}" for b in todo.bounds)
    con.execute(f"""
        create temp {kind} told as
        select of_file, row_number, cell, verdict, {_errors(standard, "other_row::varchar")} as shown,
            {_errors(standard, "null::varchar")} as faults, to_json({{{texts}}})::varchar as sent, warnings
        from {spelled} where verdict = 'quarantined' or (verdict = 'accepted' and is_warned)""")


def _errors(standard: Standard, value: str) -> str:
    """List of the faults of a quarantined row; a conflict has no other, and `value` is the row it is with."""
    conflict = f"[{{'code': 'R07', 'column': '{standard.key[0]}', 'value': {value}}}]"
    return f"case when is_conflict then {conflict} else errors end"


def write_accepted(
    con: duckdb.DuckDBPyConnection, staged: Path, of_file: int, lineage: tuple[str, dt.datetime], order: str
) -> None:
    """accepted.parquet: delivery, row, known_from, landed_at and the agreed columns; `lineage` is (delivery_id, landed_at)."""
    con.execute(f"""
        copy (
            select '{lineage[0]}' as delivery_id, row_number, known_from, timestamp '{lineage[1]}' as landed_at,
                * exclude (of_file, row_number, known_from)
            from taken where of_file = {of_file} {order})
        to '{staged / "accepted.parquet"}' {PARQUET}""")


def write_quarantined(con: duckdb.DuckDBPyConnection, staged: Path, of_file: int, delivery_id: str, rows: int) -> None:
    """quarantined.parquet: row, cell, faults and the texts as sent, as JSON."""
    path = staged / "quarantined.parquet"
    if not rows:
        path.write_bytes(_nothing_quarantined())
        return
    con.execute(f"""
        copy (
            select '{delivery_id}' as delivery_id, row_number, cell, faults, sent
            from told where of_file = {of_file} and verdict = 'quarantined' order by row_number)
        to '{path}' {PARQUET}""")


@cache
def _nothing_quarantined() -> bytes:
    """quarantined.parquet of a delivery without faults: most deliveries, so it is made once."""
    with TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "quarantined.parquet"
        con.execute(f"""
            copy (
                select ''::varchar as delivery_id, 0::bigint as row_number, ''::varchar as cell,
                    null::struct(code varchar, "column" varchar, "value" varchar)[] as faults, ''::varchar as sent
                limit 0)
            to '{path}' {PARQUET}""")
        return path.read_bytes()


def write_warnings(con: duckdb.DuckDBPyConnection, warnings: list[RowFault], staged: Path) -> None:
    """warnings.parquet: row_number BIGINT, rule_id, column_name (agreed), value (as shown in the receipt) VARCHAR."""
    listed = [{"row_number": w.row, "rule_id": w.code, "column_name": w.name, "value": w.value} for w in warnings]
    text = staged.with_name(
        "warnings.json"
    )  # as a file: lists that are handed over have DuckDB import pandas, a second
    text.write_text(json.dumps(listed), encoding="utf-8")
    types = "{row_number: 'bigint', rule_id: 'varchar', column_name: 'varchar', value: 'varchar'}"
    con.execute(f"""
        copy (select * from read_json('{text}', format = 'array', columns = {types}))
        to '{staged / "warnings.parquet"}' {PARQUET}""")
