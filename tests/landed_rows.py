"""Deliveries as landing leaves them, written directly: for tests of what comes after landing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.build.loading import LINEAGE, ROW_COUNTS
from jingjinji.contracts import load_contracts
from jingjinji.paths import home

LANDED_AT = "2026-11-23T22:00:00"


def land_rows(
    feed_id: str,
    delivery_id: str,
    rows: list[dict[str, Any]],
    *,
    version: int = 1,
    status: str = "accepted",
    warnings: Sequence[tuple[int, str, str, str]] = (),
) -> Path:
    """One version of one delivery with the given rows; `known_from` is the first given of the standard's columns.

    `warnings` are row number, rule, column and value as landing shows it.
    """
    contracts = load_contracts()
    feed = contracts.feed(feed_id)
    standard = contracts.standard_of(feed)
    folder = home().deliveries / feed_id / delivery_id / f"v{version:04d}"
    folder.mkdir(parents=True)
    if status == "accepted":
        shape = LINEAGE | {name: column.sql_type for name, column in standard.columns.items()}
        values = [_row(row, number, delivery_id, standard.known_from) for number, row in enumerate(rows, start=1)]
        _write_parquet(folder / "accepted.parquet", shape, values)
    if warnings:
        shape = {"row_number": "bigint", "rule_id": "varchar", "column_name": "varchar", "value": "varchar"}
        _write_parquet(folder / "warnings.parquet", shape, [dict(zip(shape, found, strict=True)) for found in warnings])
    warned = len({number for number, *_ in warnings})
    counts = dict.fromkeys(ROW_COUNTS, 0) | {"received": len(rows), "accepted": len(rows), "warned": warned}
    manifest = {
        "delivery_id": delivery_id, "version": version, "feed_id": feed_id, "dataset": feed.dataset, "region": feed.region,
        "file_name": f"{delivery_id}.csv", "file_sha256": "0" * 64, "file_bytes": 1, "period": None, "landed_at": LANDED_AT,
        "rule_set_version": "test", "status": status, "rows": counts, "data_origin": "simulated",
    }  # fmt: skip
    (folder / "delivery.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _row(row: dict[str, Any], number: int, delivery_id: str, known_from: tuple[str, ...]) -> dict[str, Any]:
    known = next(row[name] for name in known_from if row.get(name) is not None)
    return {"delivery_id": delivery_id, "row_number": number, "known_from": known, "landed_at": LANDED_AT, **row}


def _write_parquet(file: Path, shape: dict[str, str], rows: list[dict[str, Any]]) -> None:
    listed = ", ".join(f"{name} {kind}" for name, kind in shape.items())
    with duckdb.connect() as con:
        con.execute(f"create table landed ({listed})")
        marks = ", ".join("?" for _ in shape)
        for row in rows:
            assert row.keys() <= shape.keys(), row.keys() - shape.keys()
            con.execute(f"insert into landed values ({marks})", [row.get(name) for name in shape])
        con.execute(f"copy landed to '{file}' (format parquet)")


def as_of(con: duckdb.DuckDBPyConnection, mart: str, known_by: str, columns: str, where: str) -> list[tuple[Any, ...]]:
    """Rows of a mart as known before a moment (exclusive)."""
    moment = datetime.fromisoformat(known_by)
    return con.execute(f"select {columns} from marts.{mart}_as_of($1) where {where}", [moment]).fetchall()
