"""Candidates for the tests of the checks: raw tables in the shape of the standards, filled with invented rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from jingjinji.build.tables import make_tables
from jingjinji.contracts import load_contracts

# A report that keeps every rule; a test changes what it wants to be wrong.
LOSS = {
    "known_from": "2023-08-02 06:00:00",
    "landed_at": "2023-08-02 08:00:00",
    "region_code": "130000",
    "event_id": "20230727-测试",
    "unit_code": "130000",
    "report_stage": "续报",
    "as_of_at": "2023-08-02 00:00:00",
    "affected_persons": 1000,
    "deaths_persons": 2,
}


def raw_candidate(root: Path, run_id: str = "20230802T080000") -> Path:
    """An empty candidate below `root` with schema raw as `build` makes it."""
    path = root / "builds" / run_id / "warehouse.duckdb"
    path.parent.mkdir(parents=True)
    contracts = load_contracts()
    with duckdb.connect(str(path)) as connection:
        make_tables(connection, contracts)
        connection.execute(
            "create table raw.feeds (feed_id varchar, dataset varchar, region varchar, region_code varchar)"
        )
        for feed in contracts.feeds.values():
            row = [feed.feed_id, feed.dataset, feed.region, feed.region_code]
            connection.execute("insert into raw.feeds values (?, ?, ?, ?)", row)
    return path


def deliver(
    candidate: Path, delivery_id: str, rows: list[dict[str, Any]], feed_id: str = "disaster_losses/hebei"
) -> None:
    """Load one delivery of invented rows, as if landing had accepted all of them."""
    dataset, region = feed_id.split("/")
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(
            "insert into raw.deliveries (delivery_id, conform_version, feed_id, dataset, region, status, rows_received,"
            " rows_accepted) values (?, 1, ?, ?, ?, 'accepted', ?, ?)",
            [delivery_id, feed_id, dataset, region, len(rows), len(rows)],
        )
        for number, row in enumerate(rows, start=1):
            full = {"delivery_id": delivery_id, "row_number": number} | LOSS | row
            marks = ", ".join("?" for _ in full)
            connection.execute(f"insert into raw.{dataset} ({', '.join(full)}) values ({marks})", list(full.values()))
