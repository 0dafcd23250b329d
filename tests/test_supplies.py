"""Supplies: stock and ledger from three shapes of file each, what can be used on a day, and whether the ledger balances."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import as_of
from resource_files import built, codes, landed

from jingjinji.codes import SEEDS, rows_of
from jingjinji.paths import Home

STOCK: dict[str, dict[str, Any]] = {
    "supplies/beijing": {
        "warehouse_id": "京库1", "warehouse_division_code": "110112", "item_code": "1010201", "item_name": "棉被", "lot_number": "2020-1",
        "storage_kind": "1", "quantity_unit": "万床", "on_hand_quantity": "1.5", "reserved_quantity": "0", "produced_date": "2020年3月",
        "expiry_date": "2030年3月", "as_of_at": "2026年4月30日", "warehouse_lon": "116.65", "warehouse_lat": "39.9",
    },
    "supplies/tianjin": {
        "warehouse_id": "TJ-W-1", "warehouse_division_code": "120116", "item_code": "1010201", "item_name": "棉被", "lot_number": "2020-1",
        "storage_kind": "实物储备", "quantity_unit": "万床", "on_hand_quantity": 1.5, "reserved_quantity": 0, "produced_date": "2020-03-01",
        "expiry_date": "2030-03-31", "as_of_at": "2026年4月30日", "warehouse_lon": 117.7, "warehouse_lat": 39.0,
    },
    "supplies/hebei": {
        "warehouse_id": "HB0001", "warehouse_division_code": "130204", "item_code": "1010201", "item_name": "棉被", "lot_number": "2020-1",
        "storage_kind": "SW", "quantity_unit": "万床", "on_hand_quantity": 1.5, "reserved_quantity": 0, "produced_date": "2020-03-01",
        "expiry_date": "2030-03-31", "as_of_at": "2026-04-30",
    },
}  # fmt: skip
MOVED: dict[str, dict[str, Any]] = {
    "supply_movements/beijing": {
        "movement_id": "京出1", "warehouse_id": "京库1", "item_code": "1010201", "lot_number": "2020-1", "storage_kind": "1",
        "movement_kind": "transfer", "quantity": 20, "quantity_unit": "床", "counterpart_region_code": "130000",
        "counterpart_warehouse_id": "HB0001", "settlement_status": "open", "moved_at": "2026-04-30T09:00", "reported_at": "2026-04-30T10:00",
    },
    "supply_movements/tianjin": {
        "movement_id": "DB1", "warehouse_id": "TJ-W-1", "item_code": "1010201", "lot_number": "2020-1", "storage_kind": "实物储备",
        "movement_kind": "DB", "quantity": "20", "quantity_unit": "床", "counterpart_region_code": "河北", "counterpart_warehouse_id": "HB0001",
        "settlement_status": "未结算", "moved_at": "202604300900", "reported_at": "202604301000",
    },
    "supply_movements/hebei": {
        "movement_id": "冀调1", "warehouse_id": "HB0001", "item_code": "1010201", "lot_number": "2020-1", "storage_kind": "SW",
        "movement_kind": "调出", "quantity": 20, "quantity_unit": "床", "counterpart_region_code": "天津市",
        "counterpart_warehouse_id": "TJ-W-1", "settlement_status": "未结", "moved_at": "2026-04-30 09:00", "reported_at": "2026年4月30日10时",
    },
}  # fmt: skip


@pytest.mark.parametrize("feed_id", STOCK)
def test_each_region_states_its_stock_in_its_own_words(home: Home, tmp_path: Path, feed_id: str) -> None:
    outcome, (row,) = landed(tmp_path, feed_id, [STOCK[feed_id]])
    assert (row["storage_kind"], row["quantity_unit"], row["on_hand_quantity"]) == ("实物", "万床", Decimal("1.5"))
    dates = tuple(str(row[name]) for name in ("produced_date", "expiry_date", "as_of_at"))
    assert dates == ("2020-03-01", "2030-03-31", "2026-04-30 23:59:59")
    assert row["warehouse_datum"] == {"beijing": "WGS84", "tianjin": "GCJ02", "hebei": None}[
        feed_id.split("/")[1]
    ] and (outcome.rows["quarantined"] == 0)


@pytest.mark.parametrize("written", ["公斤（kg）", "公斤(kg)"])
def test_native_code_is_understood_in_wide_and_in_half_width_form(home: Home, tmp_path: Path, written: str) -> None:
    sent = STOCK["supplies/tianjin"] | {"item_code": "1020101", "quantity_unit": written}
    _, (row,) = landed(tmp_path, "supplies/tianjin", [sent])
    assert row["quantity_unit"] == "公斤"


@pytest.mark.parametrize("feed_id", MOVED)
def test_each_region_states_its_movements_in_its_own_words(home: Home, tmp_path: Path, feed_id: str) -> None:
    _, (row,) = landed(tmp_path, feed_id, [MOVED[feed_id]])
    said = (row["movement_kind"], row["storage_kind"], row["settlement_status"], str(row["moved_at"]))
    assert said == ("调拨", "实物", "未结算", "2026-04-30 09:00:00")
    assert row["counterpart_region_code"] == ("120000" if feed_id.endswith("hebei") else "130000")


@pytest.mark.parametrize(
    ("feed_id", "sent", "refused", "warned"),
    [
        ("supplies/hebei", {"item_code": "101020"}, {"S01"}, set()),
        ("supplies/hebei", {"item_code": "4010201"}, {"S01"}, set()),
        ("supplies/hebei", {"item_code": "1000201"}, {"S01"}, set()),
        ("supplies/hebei", {"item_code": "1999999"}, set(), set()),
        ("supplies/hebei", {"item_code": "1010200"}, set(), {"S02"}),
        ("supplies/hebei", {"item_code": "1000000"}, set(), {"S02"}),
        ("supplies/hebei", {"on_hand_quantity": -1}, {"S03"}, {"S05"}),
        ("supplies/hebei", {"reserved_quantity": 1.5}, set(), set()),
        ("supplies/hebei", {"reserved_quantity": 1.6}, set(), {"S05"}),
        ("supplies/hebei", {"reserved_quantity": None}, set(), set()),
        ("supplies/hebei", {"expiry_date": "2020-03-01"}, set(), set()),
        ("supplies/hebei", {"expiry_date": "2020-02-29"}, {"S06"}, set()),
        ("supplies/hebei", {"produced_date": "2026-05-01"}, {"S11"}, set()),
        ("supplies/hebei", {"quantity_unit": "桶"}, {"R05"}, set()),
        ("supplies/hebei", {"lot_number": "未分批"}, {"S12"}, set()),
        ("supplies/hebei", {"lot_number": None}, set(), set()),
        ("supply_movements/beijing", {"lot_number": "未分批"}, {"M08"}, set()),
        ("supply_movements/beijing", {"quantity": 0}, {"M01"}, set()),
        ("supply_movements/beijing", {"item_code": "1"}, {"M02"}, set()),
        ("supply_movements/beijing", {"counterpart_warehouse_id": None}, {"M03"}, set()),
        ("supply_movements/beijing", {"counterpart_region_code": "110000", "counterpart_warehouse_id": "京库1"}, {"M04"}, set()),
        ("supply_movements/beijing", {"moved_at": "2026-05-02"}, {"M05"}, set()),
        ("supply_movements/beijing", {"settlement_status": None}, set(), {"M06"}),
        ("supply_movements/beijing", {"related_movement_id": "x"}, set(), {"M07"}),
    ],
)  # fmt: skip
def test_row_is_judged_at_landing(
    home: Home, tmp_path: Path, feed_id: str, sent: dict[str, Any], refused: set[str], warned: set[str]
) -> None:
    key = "movement_id" if feed_id.startswith("supply_m") else "lot_number"
    one = {**STOCK, **MOVED}[feed_id]
    others = [one | {key: f"其他{number}"} for number in range(10)]
    outcome, rows = landed(tmp_path, feed_id, [one | sent, *others])
    assert len(rows) == (10 if refused else 11)
    found_refused, found_warned = codes(outcome)
    assert (found_refused, found_warned) == (refused, set() if refused else warned)


OWN_LISTS = ("ref_team*", "ref_equipment*", "ref_suppl*", "ref_storage*", "ref_movement*", "ref_expert_spec*")


def test_every_code_and_rule_says_where_it_comes_from_and_how_sure_it_is() -> None:
    lists = [path.stem for pattern in OWN_LISTS for path in SEEDS.glob(f"{pattern}.csv")]
    assert len(lists) == 15
    for name in lists:
        for row in rows_of(name):
            assert row["source"] and row["certainty"] in ("verified", "one_source", "unverified"), (name, row)


def test_items_stand_below_their_class() -> None:
    """GB/T 38565-2020 chapter 5: seven digits, 1+2+2+2, upper layers padded with 00."""
    lengths = {"1": 1, "2": 3, "3": 5, "4": 7}
    for row in rows_of("ref_supply_items"):
        code, own = row["item_code"], lengths[row["layer"]]
        assert code[own:] == "0" * (7 - own) and "00" not in (code[1:3], code[3:5], code[5:7])[: int(row["layer"]) - 1]
        assert row["parent_code"] == (code[: own - 2].ljust(7, "0") if own > 1 else "")
        assert bool(row["unit"]) == (row["layer"] == "4")


TIANJIN = "region_code = '120000'"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(tmp_path_factory) as connection:
        yield connection


@pytest.mark.parametrize(
    ("known_by", "expected"),
    [
        ("2026-04-01", [("A", 100, 90, 90), ("B", 50, 50, 50), ("C", 7, 7, 7)]),
        ("2026-05-01", [("A", 90, 80, 80), ("B", 49, None, 49), ("C", 7, 7, 7), ("D", None, None, None), ("未分批", 3, 3, 3)]),
        ("2026-05-02", [("A", 90, 0, 0), ("B", 49, None, 49), ("C", 7, 7, 7), ("D", None, None, None), ("未分批", 3, 3, 3)]),
    ],
)  # fmt: skip
def test_stock_as_known_on_a_day_is_what_can_be_used_on_it(
    con: duckdb.DuckDBPyConnection, known_by: str, expected: list[tuple[Any, ...]]
) -> None:
    """Lot A may be used until 30 April; of lot B nobody says how much is reserved; lot D is production capacity."""
    columns = "lot_number, on_hand_quantity, available_quantity, available_at_most_quantity"
    assert sorted(as_of(con, "fct_supply_stock", known_by, columns, TIANJIN)) == expected


def test_stock_of_a_region_keeps_units_and_capacity_apart(con: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "unit, stock_status, on_hand_quantity, available_quantity, available_at_most_quantity, capacity_quantity, "
    )
    columns += "lot_count, available_known_count, not_restated_count"
    assert sorted(as_of(con, "agg_supply_by_region_item", "2026-05-01", columns, TIANJIN)) == [
        ("床", "in_stock", 146, 87, 136, 500, 3, 2, 1),
        ("箱", "in_stock", 3, 3, 3, None, 1, 1, 0),
    ]


def test_ledger_uses_the_corrected_movement_once_it_is_known(con: duckdb.DuckDBPyConnection) -> None:
    """100 − 4 − 6 = 90 balances; before the correction of the first 出库 was known it was 100 − 5."""
    lot_a = f"{TIANJIN} and lot_number = 'A' and opening_as_of_at is not null"
    now = as_of(con, "fct_supply_balance", "2026-06-01", "balance_status, out_quantity, balance_difference", lot_a)
    assert now == [("balanced", 10, 0)]
    quantity = "select sum(quantity) from marts.fct_supply_movements_as_of(timestamp '{}') where movement_id = '1'"
    assert con.execute(quantity.format("2026-04-12")).fetchone() == (5,)
    assert con.execute(quantity.format("2026-04-13")).fetchone() == (4,)


def test_two_warehouses_may_use_the_same_document_number(con: duckdb.DuckDBPyConnection) -> None:
    movements = con.execute(
        "select warehouse_id, quantity from marts.fct_supply_movements where movement_id = 'CK-1' order by all"
    )
    assert movements.fetchall() == [("冀-1", 5), ("冀-2", 7)]
    balances = con.execute("""
        select warehouse_id, balance_status from marts.fct_supply_balance
        where warehouse_id in ('冀-1', '冀-2') and opening_as_of_at is not null order by all""")
    assert balances.fetchall() == [("冀-1", "balanced"), ("冀-2", "balanced")]


def test_lot_counts_as_long_as_nothing_newer_explains_it_away(con: duckdb.DuckDBPyConnection) -> None:
    """K became 代储 in April, A was issued to the last piece, of C nobody says anything more."""
    columns = "warehouse_id, lot_number, storage_kind, listing_status, on_hand_quantity"
    seen = {
        "2026-04-01": [("冀-3", "K", "实物", "listed", 100), ("冀-4", "A", "实物", "used_up", 0), ("冀-4", "B", "实物", "listed", 1),
                       ("冀-4", "C", "实物", "not_restated", 10)],
        "2026-05-01": [("冀-3", "K", "代储", "listed", None), ("冀-3", "K", "实物", "other_kind", None), ("冀-4", "A", "实物", "used_up", 0),
                       ("冀-4", "B", "实物", "listed", 1), ("冀-4", "C", "实物", "not_restated", 10)],
    }  # fmt: skip
    for known_by, expected in seen.items():
        rows = as_of(con, "fct_supply_stock", known_by, columns, "warehouse_id in ('冀-3', '冀-4')")
        assert sorted(rows, key=lambda row: row[:3]) == expected
    totals = "on_hand_quantity, contracted_quantity, not_restated_count, other_kind_count"
    region = "region_code = '130000'"
    assert as_of(con, "agg_supply_by_region_item", "2026-04-01", totals, region) == [
        (95 + 93 + 100 + 1 + 10 + 10, None, 1, 0)
    ]
    assert as_of(con, "agg_supply_by_region_item", "2026-05-01", totals, region) == [(95 + 93 + 1 + 10 + 10, 100, 1, 1)]


def test_lot_is_missed_since_the_first_statement_without_it(con: duckdb.DuckDBPyConnection) -> None:
    since = con.execute("""
        select rule_id, cast(min(known_from) as varchar), count(cleared_at) = count(*) from intermediate.int_supply_lots_flagged
        where delivery_id = 'h1' group by rule_id, row_number order by all""").fetchall()
    assert since == [("S-GONE", "2026-03-31 18:00:00", False), ("S-KIND", "2026-04-30 18:00:00", False)]


def test_sender_is_told_what_a_late_statement_shows_of_a_newer_one(con: duckdb.DuckDBPyConnection) -> None:
    since = con.execute(
        "select row_number, cast(known_from as varchar) from intermediate.int_supplies_flagged where rule_id = 'S-EXP'"
    )
    assert since.fetchall() == [(11, "2026-04-20 08:00:00")]


def test_transfer_is_in_transit_then_received_or_overdue(con: duckdb.DuckDBPyConnection) -> None:
    columns = "movement_id, transfer_status, quantity_difference, settlement_status"
    assert sorted(as_of(con, "fct_supply_transfers", "2026-04-12", columns, TIANJIN)) == [
        ("2", "in_transit", None, "未结算")
    ]
    assert sorted(as_of(con, "fct_supply_transfers", "2026-04-28", columns, TIANJIN)) == [
        ("2", "differs", -1, "未结算"), ("3", "in_transit", None, "未结算"),
    ]  # fmt: skip
    # 5 of 6 arrived on April 14, and the days agreed end with the 18th
    status = "transfer_status, quantity_difference"
    assert as_of(con, "fct_supply_transfers", "2026-04-19", status, "movement_id = '2'") == [("in_transit", -1)]
    assert as_of(con, "fct_supply_transfers", "2026-04-20", status, "movement_id = '2'") == [("differs", -1)]
    assert as_of(con, "fct_supply_transfers", "2026-04-29", columns, "movement_id = '3'") == [
        ("3", "overdue", None, "未结算")
    ]


def test_sender_is_told_what_history_and_the_other_side_show(con: duckdb.DuckDBPyConnection) -> None:
    models = ("supplies", "supply_lots", "supply_movements", "supply_documents")
    told = "select distinct rule_id, delivery_id, row_number, value_text, compared_text from intermediate.int_{}_flagged where cleared_at is null"
    found = con.execute(f"{' union all '.join(map(told.format, models))} order by all").fetchall()
    assert found == [
        ("S-AMBIG", "m3", 1, "DB-1", "冀-x、冀-y"),
        ("S-EXP", "h1", 11, "2026-03-15", "2026-03-31"),
        ("S-EXPOUT", "m1", 5, "A", "2026-04-30"),
        ("S-GONE", "h1", 8, "C", "2026-02-28"),
        ("S-GONE", "s1", 3, "C", "2026-03-31"),
        ("S-KIND", "h1", 5, "实物", "代储"),
        ("S-MATCH", "m1", 3, "6床", "5床"),
        ("S-ORPHAN", "m2", 2, "77", "120000"),
        ("S-TRANSIT", "m1", 4, "2026-04-20", "2026-04-27"),
        ("S-TWICE", "hm1", 5, "冀-y", "冀-x"),
        ("S-UNIT", "s2", 3, "箱", None),
    ]  # fmt: skip
    since = con.execute(
        "select known_from from intermediate.int_supply_movements_flagged where rule_id = 'S-MATCH'"
    ).fetchall()
    assert since == [(datetime(2026, 4, 19),)], "too little has arrived is known once the rest is overdue"
