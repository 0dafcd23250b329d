"""Landed deliveries into schema `raw` of a candidate: incremental by delivery, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Contracts, Standard, load_contracts
from jingjinji.landing import current_deliveries

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
# What landing says of rows it took; region and moment are those of the row, so that nothing has to look it up again.
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


@dataclass(frozen=True)
class Loaded:
    """How many deliveries a candidate has that the build it was copied from had not, or had otherwise."""

    n_new: int
    n_replaced: int
    n_withdrawn: int


def load_deliveries(path: Path) -> Loaded:
    """Bring schema `raw` of the candidate up to what the landing zone holds now.

    New versions are inserted, replaced and withdrawn ones deleted; what has not changed is not touched, so that a
    delivery held out by a check stays held. Either all of it happens or nothing.

    Args:
        path: `builds/<run_id>/warehouse.duckdb`; nobody else may have it open.
    """
    contracts = load_contracts()
    landed = {manifest["delivery_id"]: (folder, manifest) for folder, manifest in current_deliveries()}
    with duckdb.connect(str(path)) as con:
        con.begin()
        _make_tables(con, contracts)
        con.execute("drop table if exists raw.dbt_results")  # what the models gave no longer is what they would give
        known = dict(con.execute("select delivery_id, conform_version from raw.deliveries").fetchall())
        changed = [key for key, (_, manifest) in landed.items() if known.get(key) != manifest["version"]]
        _delete(con, contracts, [*changed, *(known.keys() - landed.keys())])
        _insert_rows(con, "deliveries", DELIVERIES, [_delivery(landed[key][1]) for key in changed])
        for dataset, standard in contracts.standards.items():
            bringing = [landed[key] for key in changed if _brings_rows(landed[key][1], dataset)]
            _insert_accepted(con, standard, [folder / "accepted.parquet" for folder, _ in bringing])
            warned = [folder / "warnings.parquet" for folder, manifest in bringing if manifest["rows"].get("warned")]
            _insert_warnings(con, standard, warned)
        _describe(con, contracts)
        con.commit()
    return _account(changed, known, landed)


def _account(changed: list[str], known: dict[str, int], landed: dict[str, tuple[Path, dict[str, Any]]]) -> Loaded:
    withdrawn = [key for key in changed if landed[key][1]["status"] == "withdrawn"]
    new = [key for key in changed if key not in known and key not in withdrawn]
    return Loaded(len(new), len(changed) - len(new) - len(withdrawn), len(withdrawn))


def _brings_rows(manifest: dict[str, Any], dataset: str) -> bool:
    return bool(manifest["dataset"] == dataset and manifest["status"] == "accepted")


def _make_tables(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    con.execute("create schema if not exists raw")
    _create(con, "deliveries", DELIVERIES)
    _create(con, "row_warnings", ROW_WARNINGS)
    for dataset, standard in contracts.standards.items():
        _create(con, dataset, _landed_columns(standard))


def _create(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]) -> None:
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    con.execute(f"create table if not exists raw.{table} ({listed})")


def _landed_columns(standard: Standard) -> dict[str, str]:
    return LINEAGE | {name: column.sql_type for name, column in standard.columns.items()}


def _delete(con: duckdb.DuckDBPyConnection, contracts: Contracts, delivery_ids: list[str]) -> None:
    for table in ("deliveries", "row_warnings", *contracts.standards):
        con.execute(f"delete from raw.{table} where list_contains($1, delivery_id)", [delivery_ids])


def _insert_accepted(con: duckdb.DuckDBPyConnection, standard: Standard, files: list[Path]) -> None:
    """Rows of accepted.parquet files; a column that a file conformed earlier does not have stays NULL."""
    if not files:
        return
    names = [str(file) for file in files]
    scan = "read_parquet($1, union_by_name = true)"
    found = {row[0] for row in con.execute(f"describe select * from {scan}", [names]).fetchall()}
    kept = ", ".join(name for name in _landed_columns(standard) if name in found)
    con.execute(f"insert into raw.{standard.dataset} by name select {kept} from {scan}", [names])


def _insert_warnings(con: duckdb.DuckDBPyConnection, standard: Standard, files: list[Path]) -> None:
    """Rows of warnings.parquet files, after the rows they speak of; a line that landed as several rows has one moment."""
    if not files:
        return
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
        [[str(file) for file in files]],
    )


def _delivery(manifest: dict[str, Any]) -> dict[str, Any]:
    counts = {f"rows_{name}": manifest["rows"].get(name, 0) for name in ROW_COUNTS}
    return {**manifest, "conform_version": manifest["version"], **counts}


def _describe(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    """What the contracts say of feeds and columns, so that no model writes a name or unit a second time."""
    feeds = [
        {**feed.model_dump(), "title_zh": feed.title.zh, "title_en": feed.title.en} for feed in contracts.feeds.values()
    ]
    columns = [
        {**column.model_dump(), "dataset": standard.dataset, "column_name": name, "title_zh": column.zh,
         "title_en": column.en, "is_personal": column.personal,
         "key_position": standard.key.index(name) + 1 if name in standard.key else None}
        for standard in contracts.standards.values()
        for name, column in standard.columns.items()
    ]  # fmt: skip
    rules = [
        {**rule.model_dump(), "dataset": standard.dataset, "rule_id": rule_id, "title_zh": rule.zh, "title_en": rule.en,
         "fix_zh": rule.fix}
        for standard in contracts.standards.values()
        for rule_id, rule in standard.rules.items()
    ]  # fmt: skip
    described = (("feeds", FEEDS, feeds), ("columns", COLUMNS, columns), ("row_rules", RULES, rules))
    for table, shape, rows in described:
        con.execute(f"drop table if exists raw.{table}")
        _create(con, table, shape)
        _insert_rows(con, table, shape, rows)


def _insert_rows(con: duckdb.DuckDBPyConnection, table: str, shape: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Rows given as dicts, as one statement; keys that the table has no column for are left out."""
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
