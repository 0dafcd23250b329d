"""Marts of a candidate into a file of their own, and the proof that nothing else and nothing less is in it.

A new file is written rather than the other tables dropped: freed pages of a DuckDB file keep what stood in them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jingjinji.release.store import ReleaseError

MARTS = "marts"
RELEASE_INFO = "release_info"  # written by the release itself, never copied
FAR_FUTURE = "timestamp '9999-12-31 00:00:00'"
# Between and in place of values while a row is hashed; neither occurs in text that passed landing.
SEPARATOR, NULL_MARK = "chr(31)", "chr(30)"
Macro = tuple[list[str], str]


@dataclass(frozen=True)
class TableContent:
    """What a table or macro holds: row count, and a hash that depends on columns and rows but not on their order."""

    rows: int
    content_hash: str


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def open_read_only(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """A `warehouse.duckdb` as catalog `warehouse`, read-only."""
    if not warehouse.exists():
        raise ReleaseError(f"{warehouse} does not exist; run `jjj build` first")
    return duckdb.connect(str(warehouse), read_only=True)


def mart_columns(con: duckdb.DuckDBPyConnection, catalog: str = "warehouse") -> dict[str, dict[str, str]]:
    """mart -> column -> type, in the tables' own column order."""
    found: dict[str, dict[str, str]] = {}
    rows = con.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? order by table_name, column_index",
        [catalog, MARTS],
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def as_of_macros(con: duckdb.DuckDBPyConnection, catalog: str = "warehouse") -> dict[str, Macro]:
    """macro -> (parameters, body) of the table macros beside the marts."""
    rows = con.execute(
        "select function_name, parameters, macro_definition from duckdb_functions() where database_name = ? "
        "and schema_name = ? and function_type = 'table_macro' and not internal order by function_name",
        [catalog, MARTS],
    ).fetchall()
    return {name: (parameters, body) for name, parameters, body in rows}


def content(con: duckdb.DuckDBPyConnection) -> dict[str, TableContent]:
    """Full scan of every mart, and of every as-of macro at the end of time, of the catalog `warehouse`."""
    tables = {table: columns for table, columns in mart_columns(con).items() if table != RELEASE_INFO}
    found = {table: _scan(con, f"warehouse.{MARTS}.{quoted(table)}", columns) for table, columns in tables.items()}
    for macro in as_of_macros(con):
        source = f"warehouse.{MARTS}.{quoted(macro)}({FAR_FUTURE})"
        described = con.execute(f"describe select * from {source}").fetchall()
        found[f"{macro}()"] = _scan(con, source, {row[0]: row[1] for row in described})
    return found


def copy_marts(candidate: Path, target: Path) -> None:
    """Write schema `marts` of `candidate` (tables, comments, table macros) into the new file `target`.

    Raises:
        ReleaseError: A mart is a view, which would read what a release does not hold.
    """
    with duckdb.connect(str(target)) as con:
        con.execute(f"attach {literal(str(candidate))} as candidate (read_only)")
        _refuse_views(con)
        con.execute(f"create schema if not exists {MARTS}")
        for table, statement in _create_statements(con):
            con.execute(statement)
            name = quoted(table)
            con.execute(f"insert into warehouse.{MARTS}.{name} select * from candidate.{MARTS}.{name}")
        _copy_comments(con)
        for name, (parameters, body) in _inner_first(as_of_macros(con, "candidate")):
            arguments = ", ".join(quoted(parameter) for parameter in parameters)
            con.execute(f"create macro warehouse.{MARTS}.{quoted(name)}({arguments}) as table {body}")
        con.execute("detach candidate")
        con.execute("checkpoint")


def _inner_first(macros: dict[str, Macro]) -> Iterator[tuple[str, Macro]]:
    """Macros with those that they ask before them, without which they cannot be created."""
    left = dict(macros)
    while left:
        ready = [name for name, (_, body) in left.items() if not any(other in body for other in left if other != name)]
        assert ready, f"as-of macros ask each other in a circle: {sorted(left)}"
        for name in ready:
            yield name, left.pop(name)


def differences(wanted: dict[str, TableContent], got: dict[str, TableContent]) -> list[str]:
    """One line per table or macro of which a copy is not what was copied."""
    names = sorted(wanted.keys() | got.keys())
    return [f"{name}: {wanted.get(name)} became {got.get(name)}" for name in names if wanted.get(name) != got.get(name)]


def _scan(con: duckdb.DuckDBPyConnection, source: str, columns: dict[str, str]) -> TableContent:
    cells = ", ".join(f"coalesce(cast({quoted(column)} as varchar), {NULL_MARK})" for column in columns)
    found = con.execute(
        "select count(*), sum(cast(md5_number_lower(line) as hugeint)), sum(cast(md5_number_upper(line) as hugeint)) "
        f"from (select concat_ws({SEPARATOR}, {cells}) as line from {source})"
    ).fetchone()
    assert found is not None  # an aggregate without GROUP BY always gives a row
    digest = hashlib.sha256(json.dumps([list(columns.items()), [str(part) for part in found]]).encode())
    return TableContent(int(found[0]), digest.hexdigest())


def _refuse_views(con: duckdb.DuckDBPyConnection) -> None:
    views = con.execute(
        "select view_name from duckdb_views() where database_name = 'candidate' and schema_name = ?", [MARTS]
    ).fetchall()
    if views:
        names = ", ".join(name for (name,) in views)
        raise ReleaseError(
            f"schema {MARTS} holds views ({names}); a release holds tables only: materialize them as table"
        )


def _create_statements(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return con.execute(
        "select table_name, sql from duckdb_tables() where database_name = 'candidate' and schema_name = ? "
        "and table_name <> ? order by 1",
        [MARTS, RELEASE_INFO],
    ).fetchall()


def _copy_comments(con: duckdb.DuckDBPyConnection) -> None:
    on_tables = con.execute(
        "select 'table', table_name, null, comment from duckdb_tables() "
        "where database_name = 'candidate' and schema_name = ? and table_name <> ? and comment is not null",
        [MARTS, RELEASE_INFO],
    ).fetchall()
    on_columns = con.execute(
        "select 'column', table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'candidate' and schema_name = ? and table_name <> ? and comment is not null",
        [MARTS, RELEASE_INFO],
    ).fetchall()
    for kind, table, column, comment in on_tables + on_columns:
        name = f"warehouse.{MARTS}.{quoted(table)}" + (f".{quoted(column)}" if column else "")
        con.execute(f"comment on {kind} {name} is {literal(comment)}")
