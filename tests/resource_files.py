"""Rows of teams, supplies, movements and experts in the file of their region, and what became of them; everything is invented."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows
from openpyxl import Workbook

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.contracts import Feed, load_contracts
from jingjinji.landing import Outcome, land

ENDINGS = {"csv": "csv", "json": "json", "xlsx": "xlsx"}


def native_file(folder: Path, feed_id: str, rows: list[dict[str, Any]], day: str = "2026-05-01") -> Path:
    """The file of a feed, from rows given by agreed column with the sender's own values."""
    feed = load_contracts().feed(feed_id)
    path = folder / f"{day}.{ENDINGS[feed.format]}"
    if feed.format == "json":
        path.write_text(json.dumps(_document(feed, rows), ensure_ascii=False), encoding="utf-8")
    elif feed.format == "csv":
        path.write_bytes(_delimited(feed, rows).encode(feed.encoding))
    else:
        _workbook(feed, rows).save(path)
    return path


def _sources(feed: Feed) -> dict[str, str]:
    return {name: column.source for name, column in feed.columns.items() if column.source}


def _document(feed: Feed, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Dotted paths become nested objects; a row leaves out what it has no value for."""
    records = []
    for row in rows:
        record: dict[str, Any] = {}
        for name, path in _sources(feed).items():
            if row.get(name) is not None:
                *outer, last = path.split(".")
                place = record
                for key in outer:
                    place = place.setdefault(key, {})
                place[last] = row[name]
        records.append(record)
    return {feed.records.removeprefix("$.").removesuffix("[*]"): records}


def _delimited(feed: Feed, rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    out = csv.writer(text, delimiter=feed.delimiter, lineterminator="\r\n")
    out.writerow(_sources(feed).values())
    for row in rows:
        out.writerow(["" if (value := row.get(name)) is None else value for name in _sources(feed)])
    return text.getvalue()


def _workbook(feed: Feed, rows: list[dict[str, Any]]) -> Workbook:
    """A title, two header rows with merged groups (neighbours of one group only), the rows, a footnote."""
    headers = _sources(feed)
    ordered = sorted(
        headers, key=lambda name: [h.split("/")[0] for h in headers.values()].index(headers[name].split("/")[0])
    )
    book = Workbook()
    sheet = book.active
    sheet.append(["虚构数据，仅用于测试"])
    groups = [headers[name].split("/")[0] for name in ordered]
    sheet.append([group if at == 0 or groups[at - 1] != group else None for at, group in enumerate(groups)])
    sheet.append([headers[name].split("/")[1] for name in ordered])
    for group in dict.fromkeys(groups):
        first = groups.index(group) + 1
        if groups.count(group) > 1:
            sheet.merge_cells(start_row=2, end_row=2, start_column=first, end_column=first + groups.count(group) - 1)
    for row in rows:
        sheet.append([row.get(name) for name in ordered])
    sheet.append(["注：虚构数据"])
    return book


def landed(folder: Path, feed_id: str, rows: list[dict[str, Any]]) -> tuple[Outcome, list[dict[str, Any]]]:
    """Land the rows as their region sends them: the outcome and the accepted rows in the sender's order."""
    outcome = land(feed_id, native_file(folder, feed_id, rows))
    assert outcome.receipt is not None, outcome
    file = outcome.receipt.parent / "accepted.parquet"
    if not file.exists():
        return outcome, []
    found = duckdb.sql(f"select * from '{file}' order by row_number")
    return outcome, [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def receipt(outcome: Outcome) -> dict[str, Any]:
    """What the sender is told."""
    assert outcome.receipt is not None
    said: dict[str, Any] = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    return said


def codes(outcome: Outcome) -> tuple[set[str], set[str]]:
    """Rules that rows broke: of those not taken, and of those taken with a warning."""
    said = receipt(outcome)
    return {fault["code"] for fault in said["row_faults"]}, {fault["code"] for fault in said.get("row_warnings", [])}


# ---------------------------------------------------------------- one build for all tests of these marts

SELECT = (
    "+fct_teams +fct_team_capabilities +fct_team_equipment +int_teams_flagged +fct_supply_stock +agg_supply_by_region_item "
    "+fct_supply_movements +fct_supply_balance +fct_supply_transfers +int_supplies_flagged +int_supply_movements_flagged "
    "+int_supply_documents_flagged +int_supply_lots_flagged "
    "+dim_supply_items +fct_expert_reports"
)


@contextmanager
def built(factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The candidate with the invented rows below, made once for all files that read it, whichever worker they run in."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "resources"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        patch.setenv("JJJ_HOME", str(folder / "home"))
        patch.setenv("DBT_INDIRECT_SELECTION", "cautious")
        if not (made := folder / "made").exists():
            made.write_text(str(_make()), encoding="utf-8")
    with duckdb.connect(made.read_text(encoding="utf-8"), read_only=True) as connection:
        yield connection


def _make() -> Path:
    _teams()
    _stock()
    _movements()
    _stock_of_hebei()
    land_rows("experts/beijing", "e1", [
        _expert("2026-01-01", specialty="气象", is_available="是", valid_until="2026-12-31"),
        _expert("2026-04-01", specialty="气象", is_available="否"),
    ])  # fmt: skip
    land_rows("experts/hebei", "e2", [_expert("2026-02-01", region_code="130000", specialty="消防")])
    candidate = prepare_candidate("resources")
    assert candidate is not None
    load_deliveries(candidate)
    run_dbt(candidate, SELECT)
    return candidate


def _expert(as_of_at: str, **values: Any) -> dict[str, Any]:
    return {"region_code": "110000", "expert_id": "虚构-1", "as_of_at": as_of_at, **values}


def _team(team_id: str, as_of_at: str, **values: Any) -> dict[str, Any]:
    return {"region_code": "120000", "team_id": team_id, "as_of_at": as_of_at, **values}


def _teams() -> None:
    water = {"team_type": "水上搜救", "team_level": "2", "base_lon": 117.2, "base_lat": 39.1, "base_datum": "GCJ02"}
    land_rows("teams/tianjin", "t1", [
        _team("boats", "2026-01-31 23:59:59", **water, members_count=20, members_available_count=12, readiness="待命",
              self_sufficiency_hours=24, response_minutes=240, equipment="assault_boat:2;life_jacket:20;life_jacket:19",
              tasks="water_rescue;evacuation_boats;water_rescue", certificate_valid_until="2026-03-31", verified_at="2026-01-31 00:00:00"),
        _team("boats", "2026-05-31 23:59:59", readiness="休整", base_datum="WGS84"),  # a system without a point
        _team("late", "2026-03-31 00:00:00", team_level="1", readiness="待命"),
        _team("late", "2026-02-28 00:00:00", reported_at="2026-04-30 00:00:00", team_level="3", readiness="停用",
              members_count=60, certificate_valid_until="2026-03-15"),
        _team("odd", "2026-05-31 23:59:59", tasks="water_rescue;no_such_task", equipment="no_such_thing:1",
              base_division_code="120116", base_lon=114.5, base_lat=38.0, base_datum="WGS84"),
    ])  # fmt: skip


def _lot(lot: str | None, as_of_at: str, quantity: Any, **values: Any) -> dict[str, Any]:
    given = {"region_code": "120000", "warehouse_id": "津-1", "item_code": "1010201", "storage_kind": "实物"}
    return {
        **given,
        "lot_number": lot,
        "as_of_at": as_of_at,
        "on_hand_quantity": quantity,
        "quantity_unit": "床",
        **values,
    }


def _stock() -> None:
    march, april = "2026-03-31 23:59:59", "2026-04-30 23:59:59"
    land_rows("supplies/tianjin", "s1", [
        _lot("A", march, 100, reserved_quantity=10, expiry_date="2026-04-30"),
        _lot("B", march, 50, reserved_quantity=0, expiry_date="2026-12-31"),
        _lot("C", march, 7, reserved_quantity=0),
    ])  # fmt: skip
    land_rows("supplies/tianjin", "s2", [
        _lot("A", april, 90, reserved_quantity=10),
        _lot("B", april, "0.0049", quantity_unit="万床"),
        _lot(None, april, 3, quantity_unit="箱", reserved_quantity=0),
        _lot("D", april, 500, storage_kind="产能"),
    ])  # fmt: skip


def _movement(movement_id: str, kind: str, quantity: Any, moved_at: str, **values: Any) -> dict[str, Any]:
    given = {
        "region_code": "120000",
        "warehouse_id": "津-1",
        "item_code": "1010201",
        "lot_number": "A",
        "storage_kind": "实物",
    }
    moved = {
        "movement_kind": kind,
        "quantity": quantity,
        "quantity_unit": "床",
        "moved_at": moved_at,
        "reported_at": moved_at,
    }
    return {**given, "movement_id": movement_id, **moved, **values}


def _movements() -> None:
    to_beijing = {
        "counterpart_region_code": "110000",
        "counterpart_warehouse_id": "京-1",
        "settlement_status": "未结算",
    }
    land_rows("supply_movements/tianjin", "m1", [
        _movement("1", "出库", 5, "2026-04-10 10:00:00"),
        _movement("1", "出库", 4, "2026-04-10 10:00:00", reported_at="2026-04-12 10:00:00"),
        _movement("2", "调拨", 6, "2026-04-11 10:00:00", **to_beijing),
        _movement("3", "调拨", 1, "2026-04-20 10:00:00", lot_number="B", **to_beijing),
        _movement("4", "出库", 1, "2026-05-01 00:00:01"),
    ])  # fmt: skip
    received = {"region_code": "110000", "warehouse_id": "京-1", "counterpart_region_code": "120000", "lot_number": "A"}
    land_rows("supply_movements/beijing", "m2", [
        _movement("b1", "入库", 5, "2026-04-14 10:00:00", **received, related_movement_id="2"),
        _movement("b2", "入库", 5, "2026-04-14 10:00:00", **received, related_movement_id="77"),
    ])  # fmt: skip


def _stock_of_hebei() -> None:
    """Statements at 18:00; two warehouses use the same document numbers."""
    hebei = {"region_code": "130000", "reserved_quantity": 0}
    february, march, april = (f"2026-{day} 18:00:00" for day in ("02-28", "03-31", "04-30"))

    def lot(warehouse: str, number: str | None, as_of_at: str, quantity: int, **values: Any) -> dict[str, Any]:
        return _lot(number, as_of_at, quantity, **(hebei | {"warehouse_id": warehouse} | values))

    land_rows("supplies/hebei", "h1", [
        lot("冀-1", "A", february, 100), lot("冀-1", "A", march, 95),
        lot("冀-2", "A", february, 100), lot("冀-2", "A", march, 93),
        lot("冀-3", "K", march, 100), lot("冀-3", "K", april, 100, storage_kind="代储"),
        lot("冀-4", "A", february, 100), lot("冀-4", "C", february, 10), lot("冀-4", "B", march, 1), lot("冀-4", "B", april, 1),
        lot("冀-5", "X", march, 10), lot("冀-5", "X", february, 10, reported_at="2026-04-20 08:00:00", expiry_date="2026-03-15"),
    ])  # fmt: skip

    def moved(number: str, warehouse: str, quantity: int, moved_at: str, **values: Any) -> dict[str, Any]:
        return _movement(number, "出库", quantity, moved_at, region_code="130000", warehouse_id=warehouse, **values)

    land_rows("supply_movements/hebei", "hm1", [
        moved("CK-1", "冀-1", 5, "2026-03-10 10:00:00"),
        moved("CK-1", "冀-2", 7, "2026-03-12 10:00:00"),
        moved("CK-3", "冀-4", 100, "2026-03-15 10:00:00"),
        moved("CK-2", "冀-x", 3, "2026-03-13 10:00:00"),
        moved("CK-2", "冀-y", 3, "2026-03-13 10:00:00", reported_at="2026-03-14 10:00:00"),
        *(
            moved("DB-1", sender, 2, f"2026-03-{day} 10:00:00", movement_kind="调拨", lot_number="Z",
                  counterpart_region_code="110000", counterpart_warehouse_id="京-1", settlement_status="未结算")
            for sender, day in (("冀-x", 14), ("冀-y", 15))
        ),
    ])  # fmt: skip
    received = {"region_code": "110000", "warehouse_id": "京-1", "counterpart_region_code": "130000", "lot_number": "Z"}
    land_rows("supply_movements/beijing", "m3", [
        _movement("b3", "入库", 2, "2026-03-16 10:00:00", **received, related_movement_id="DB-1"),
    ])  # fmt: skip
