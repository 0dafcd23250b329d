"""Landed deliveries into schema `raw` of a candidate: incremental by delivery, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.build import compacting
from jingjinji.build.finding import Changes, changes_since
from jingjinji.build.tables import (
    DELIVERIES,
    LINEAGE,
    OF_DELIVERIES,
    ROW_COUNTS,
    describe,
    insert_rows,
    loaded_columns,
    make_tables,
)
from jingjinji.contracts import Contracts, Standard, load_contracts

__all__ = ["LINEAGE", "ROW_COUNTS", "Loaded", "forget_touched", "load_deliveries"]

# DuckDB opens every file of a list before it reads the first; ten thousands at once are memory for nothing.
FILES_AT_ONCE = 2000


@dataclass(frozen=True)
class Loaded:
    """How many deliveries a candidate has that the build it was copied from had not, or had otherwise."""

    n_new: int
    n_replaced: int
    n_withdrawn: int


def load_deliveries(path: Path) -> Loaded:
    """Bring schema `raw` of the candidate up to what the landing zone holds now.

    New versions are inserted, replaced and withdrawn ones deleted; what has not changed is not touched, so that a
    delivery held out by a check stays held. Either all of it happens or nothing. What is deleted is kept in schema
    `removed` and every delivery that changed is named in `raw.touched_deliveries` until the build is finished, so that
    models work out anew what these rows spoke of, and nothing else.

    Args:
        path: `builds/<run_id>/warehouse.duckdb`; nobody else may have it open.
    """
    contracts = load_contracts()
    with duckdb.connect(str(path)) as con:
        # each delivery is read once; kept, the pages of 65,000 small files would fill 13 GB
        con.execute("set enable_external_file_cache = false")
        con.begin()
        make_tables(con, contracts)
        con.execute("drop table if exists raw.dbt_results")  # what the models gave no longer is what they would give
        before = _versions(con)
        if not before:
            compacting.restore(con, contracts)
        known = _versions(con)
        changes = changes_since(known)
        _take_out(con, contracts, [*changes.landed, *changes.gone])
        _put_in(con, contracts, changes)
        fresh = [*changes.landed, *changes.gone, *(known.keys() - before.keys())]
        con.execute("insert into raw.touched_deliveries select distinct unnest($1)", [fresh])
        describe(con, contracts)
        loaded = _account(con, changes, before)
        con.commit()
    return loaded


def forget_touched(con: duckdb.DuckDBPyConnection) -> None:
    """The models have seen every change: what the next build copies has nothing left to work out."""
    con.execute("delete from raw.touched_deliveries")
    for (table,) in con.execute("select table_name from duckdb_tables() where schema_name = 'removed'").fetchall():
        con.execute(f'delete from removed."{table}"')


def _versions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(con.execute("select delivery_id, conform_version from raw.deliveries").fetchall())


def _account(con: duckdb.DuckDBPyConnection, changes: Changes, before: dict[str, int]) -> Loaded:
    if before:
        status = {key: manifest["status"] for key, (_, manifest) in changes.landed.items()}
    else:
        status = dict(con.execute("select delivery_id, status from raw.deliveries").fetchall())
    withdrawn = sum(1 for found in status.values() if found == "withdrawn")
    new = sum(1 for key, found in status.items() if key not in before and found != "withdrawn")
    return Loaded(new, len(status) - new - withdrawn, withdrawn)


def _take_out(con: duckdb.DuckDBPyConnection, contracts: Contracts, delivery_ids: list[str]) -> None:
    if not delivery_ids:
        return
    con.execute("create or replace temp table outgoing as select distinct unnest($1) as delivery_id", [delivery_ids])
    going = "where delivery_id in (select delivery_id from outgoing)"
    for dataset in contracts.standards:
        con.execute(f"insert into removed.{dataset} by name select * from raw.{dataset} {going}")
    for table in (*OF_DELIVERIES, *contracts.standards):
        con.execute(f"delete from raw.{table} {going}")


def _put_in(con: duckdb.DuckDBPyConnection, contracts: Contracts, changes: Changes) -> None:
    insert_rows(con, "deliveries", DELIVERIES, [_delivery(manifest) for _, manifest in changes.landed.values()])
    for dataset, standard in contracts.standards.items():
        found = [
            (folder, manifest)
            for folder, manifest in changes.landed.values()
            if manifest["dataset"] == dataset and manifest["status"] == "accepted"
        ]
        _in_batches(_insert_accepted, con, standard, [f"{folder}/accepted.parquet" for folder, _ in found])
        warned = [f"{folder}/warnings.parquet" for folder, manifest in found if manifest["rows"].get("warned")]
        _in_batches(_insert_warnings, con, standard, warned)
        _count_loaded(con, dataset, [manifest["delivery_id"] for _, manifest in found])


Insert = Callable[[duckdb.DuckDBPyConnection, Standard, list[str]], None]


def _in_batches(insert: Insert, con: duckdb.DuckDBPyConnection, standard: Standard, files: list[str]) -> None:
    for start in range(0, len(files), FILES_AT_ONCE):
        insert(con, standard, files[start : start + FILES_AT_ONCE])


def _insert_accepted(con: duckdb.DuckDBPyConnection, standard: Standard, files: list[str]) -> None:
    """Rows of accepted.parquet files; a column that a file conformed earlier does not have stays NULL."""
    scan = "read_parquet($1, union_by_name = true)"
    found = {row[0] for row in con.execute(f"describe select * from {scan}", [files]).fetchall()}
    kept = ", ".join(name for name in loaded_columns(standard) if name in found)
    con.execute(f"insert into raw.{standard.dataset} by name select {kept} from {scan}", [files])


def _insert_warnings(con: duckdb.DuckDBPyConnection, standard: Standard, files: list[str]) -> None:
    """Rows of warnings.parquet files, after the rows they speak of; a line that landed as several rows has one moment."""
    con.execute(
        f"""
        insert into raw.row_warnings by name
        with warnings as (
            -- …/<delivery_id>/v<NNNN>/warnings.parquet
            select string_split(filename, '/')[-3] as delivery_id, row_number, rule_id, column_name, value
            from read_parquet($1, filename = true)
        ),
        taken as (
            select delivery_id, row_number, max(region_code) as region_code, max(known_from) as known_from
            from raw.{standard.dataset}
            where delivery_id in (select delivery_id from warnings)
            group by delivery_id, row_number
        )
        select warnings.*, taken.region_code, taken.known_from, '{standard.dataset}' as dataset
        from warnings
        inner join taken on warnings.delivery_id = taken.delivery_id and warnings.row_number = taken.row_number""",
        [files],
    )


def _count_loaded(con: duckdb.DuckDBPyConnection, dataset: str, delivery_ids: list[str]) -> None:
    """Count what these deliveries brought into `raw.<dataset>`; one without a row has no line."""
    con.execute(
        f"""insert into raw.loaded_rows by name
        select delivery_id, '{dataset}' as dataset, count(*) as loaded_rows, max(known_from) as last_known_from
        from raw.{dataset} where delivery_id in (select unnest($1)) group by delivery_id""",
        [delivery_ids],
    )


def _delivery(manifest: dict[str, Any]) -> dict[str, Any]:
    counts = {f"rows_{name}": manifest["rows"].get(name, 0) for name in ROW_COUNTS}
    return {**manifest, "conform_version": manifest["version"], **counts}
