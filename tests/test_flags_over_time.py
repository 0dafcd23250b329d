"""What clears a flag later takes it away from no earlier day: a build of what was known by a day has the flags that were open then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji import build

Row = dict[str, Any]


def _day(day: int, time: str = "12:00:00") -> str:
    return f"2026-03-{day:02d} {time}"


def _lot(
    number: str, day: int, quantity: int, *, known: int | None = None, warehouse: str = "冀-1", **values: Any
) -> Row:
    """A statement about the noon of a day of March, known at once or at the noon of a later day."""
    return {
        "region_code": "130000", "warehouse_id": warehouse, "item_code": "1010201", "lot_number": number, "storage_kind": "实物",
        "quantity_unit": "床", "on_hand_quantity": quantity, "as_of_at": _day(day), "reported_at": _day(known or day), **values,
    }  # fmt: skip


def _moved(number: str, kind: str, quantity: int, day: int, *, known: int | None = None, **values: Any) -> Row:
    return {
        "region_code": "130000", "movement_id": number, "warehouse_id": "冀-1", "item_code": "1010201", "lot_number": "Z",
        "storage_kind": "实物", "movement_kind": kind, "quantity": quantity, "quantity_unit": "床", "moved_at": _day(day, "08:00:00"),
        "reported_at": _day(known or day), **values,
    }  # fmt: skip


def _sent(number: str, quantity: int, day: int, **values: Any) -> Row:
    to = {"counterpart_region_code": "120000", "counterpart_warehouse_id": "津-1"}
    return _moved(number, "调拨", quantity, day, **(to | values))


def _received(number: str, quantity: int, day: int, transfer: str, **values: Any) -> Row:
    of = {
        "region_code": "120000",
        "warehouse_id": "津-1",
        "counterpart_region_code": "130000",
        "related_movement_id": transfer,
    }
    return _moved(number, "入库", quantity, day, **(of | values))


def _loss(event_id: str, day: int, unit_code: str, affected: int, stage: str = "续报") -> Row:
    return {
        "region_code": unit_code[:2] + "0000", "event_id": event_id, "unit_code": unit_code, "report_stage": stage, "disaster_kind": "洪涝",
        "occurred_at": _day(1), "as_of_at": _day(day), "reported_at": _day(day), "affected_persons": affected,
    }  # fmt: skip


def _past(event_id: str, day: int, affected: int, stage: str = "初报") -> Row:
    """A flood of one district that others of it are compared with."""
    return _loss(event_id, day, "120115", affected, stage)


STOCK = [
    _lot("late", 1, 100), _lot("late", 5, 90),
    _lot("twice", 1, 100), _lot("twice", 5, 90),
    _lot("between", 1, 100), _lot("between", 6, 80), _lot("between", 4, 80, known=11),
    _lot("restated", 1, 100), _lot("restated", 5, 90), _lot("restated", 5, 100, known=11),
    _lot("used", 1, 10), _lot("listed", 1, 10), _lot("listed", 12, 10), _lot("gone", 1, 10),
    _lot("kind", 1, 10), _lot("kind", 5, 10, storage_kind="代储"), _lot("kind", 12, 10),
    _lot("dated", 1, 5, known=1, expiry_date="2026-03-03"), _lot("dated", 5, 5),
    _lot("dated", 2, 5, known=11, expiry_date="2026-12-31"),
    _lot("F", 2, 50, expiry_date="2026-03-02"), _lot("F", 6, 50, expiry_date="2027-03-01"),
    # 24:00 is of the day that ends, and "5 March" is 5 March 24:00
    _lot("gone", 2, 10, warehouse="冀-3", as_of_at=_day(2, "00:00:00")), _lot("there", 2, 1, warehouse="冀-3"),
    _lot("kind", 6, 10, warehouse="冀-4", as_of_at=_day(5, "23:59:59")),
    _lot("kind", 6, 10, warehouse="冀-4", as_of_at=_day(6, "00:00:00"), storage_kind="代储"),
    _lot("key", 6, 10, warehouse="冀-5", as_of_at=_day(5, "23:59:59")), _lot("key", 6, 20, warehouse="冀-5", as_of_at=_day(6, "00:00:00")),
    _lot("sold", 1, 10, warehouse="冀-6"), _lot("boxed", 1, 10, warehouse="冀-6"), _lot("there", 2, 1, warehouse="冀-6"),
    _lot("end", 2, 100, warehouse="冀-7", as_of_at=_day(1, "23:59:59")), _lot("end", 3, 60, warehouse="冀-7", as_of_at=_day(2, "23:59:59")),
    _lot("day", 2, 100, warehouse="冀-7", as_of_at=_day(2, "00:00:00")), _lot("day", 4, 60, warehouse="冀-7", as_of_at=_day(4, "00:00:00")),
    _lot("F", 2, 1, warehouse="冀-7", as_of_at=_day(1, "23:59:59"), expiry_date="2026-03-01"),
]  # fmt: skip
LEDGER = [
    _moved("1", "出库", 10, 3, known=10, lot_number="late"),
    _moved("2", "出库", 10, 3, known=10, lot_number="twice"), _moved("2", "出库", 5, 3, known=15, lot_number="twice"),
    _moved("3", "出库", 20, 2, lot_number="between"),
    _moved("4", "出库", 10, 4, known=8, lot_number="used"),
    _moved("5", "出库", 1, 4, lot_number="F"),
    _moved("6", "报废", 3, 4, lot_number="Y"), _moved("6", "报废", 3, 4, known=6, lot_number="Y", warehouse_id="冀-2"),
    _moved("6", "报废", 4, 4, known=12, lot_number="Y", warehouse_id="冀-2"),
    _sent("overdue", 10, 1), _sent("short", 10, 1), _sent("known late", 7, 2, known=12),
    _sent("same", 5, 2), _sent("same", 5, 2, warehouse_id="冀-2"),
    _moved("7", "出库", 10, 2, lot_number="sold", warehouse_id="冀-6"),
    _moved("8", "入库", 4, 2, known=5, lot_number="sold", warehouse_id="冀-6", moved_at=_day(2, "20:00:00")),
    _moved("9", "出库", 10, 2, lot_number="boxed", warehouse_id="冀-6"),
    _moved("10", "入库", 2, 5, lot_number="boxed", warehouse_id="冀-6", quantity_unit="箱"),
    _moved("11", "出库", 40, 3, lot_number="end", warehouse_id="冀-7", moved_at=_day(3, "00:00:00")),
    _moved("12", "出库", 30, 3, lot_number="day", warehouse_id="冀-7", moved_at=_day(2, "23:59:59")),
    _moved("13", "出库", 1, 2, warehouse_id="冀-7", lot_number="F", moved_at=_day(2, "00:00:00")),
    _moved("14", "出库", 1, 2, warehouse_id="冀-7", lot_number="F", moved_at=_day(2, "00:00:01")),
    # known late and of no effect: the balance is looked at again
    _moved("15", "出库", 5, 3, known=10, warehouse_id="冀-7", lot_number="day"), _moved("16", "入库", 5, 3, known=10, warehouse_id="冀-7", lot_number="day"),
]  # fmt: skip
RECEIPTS = [
    _received("r1", 10, 20, "overdue"),
    _received("r2", 8, 3, "short"), _received("r3", 2, 4, "short", known=18),
    _received("r4", 7, 5, "known late"),
    _received("r5", 5, 5, "same"), _received("r5", 5, 5, "same", known=12, counterpart_warehouse_id="冀-1"),
    _received("last", 1, 28, "nothing"),
]  # fmt: skip
LOSSES_HEBEI = [
    _loss("over", 2, "130602", 11, "初报"), _loss("over", 2, "130600", 10, "初报"), _loss("over", 8, "130600", 11), _loss("over", 9, "130602", 12),
    _loss("over", 9, "130600", 11),
]  # fmt: skip
LOSSES_TIANJIN = [
    *(_past(f"past{n}", 1, 1000 + 10 * n) for n in range(1, 9)), _past("past1", 9, 900_000, "续报"), _past("now", 6, 5000), _past("then", 12, 6000),
]  # fmt: skip
TEAMS = [
    {"region_code": "130000", "team_id": "t", "as_of_at": _day(1), "reported_at": _day(1), "certificate_valid_until": "2026-03-03"},
    {"region_code": "130000", "team_id": "t", "as_of_at": _day(5), "reported_at": _day(5)},
    {"region_code": "130000", "team_id": "t", "as_of_at": _day(2), "reported_at": _day(11), "certificate_valid_until": "2026-12-31"},
]  # fmt: skip
CROWDED = [_loss("crowded", 3, "110000", 1201, "初报")]


def _residents(vintage: str, day: int, value: int) -> Row:
    return {
        "region_code": "110000", "year": 2025, "statistic_name": "年末常住人口", "value": value, "value_unit": "人", "vintage": vintage,
        "published_at": _day(day),
    }  # fmt: skip


DELIVERIES: dict[str, tuple[str, list[Row]]] = {
    "stock": ("supplies/hebei", STOCK), "ledger": ("supply_movements/hebei", LEDGER), "receipts": ("supply_movements/tianjin", RECEIPTS),
    "parts": ("disaster_losses/hebei", LOSSES_HEBEI), "history": ("disaster_losses/tianjin", LOSSES_TIANJIN),
    "crowd": ("disaster_losses/beijing", CROWDED), "residents": ("statistics/beijing", [_residents("初步", 1, 1000), _residents("修订", 10, 1100)]),
    "teams": ("teams/hebei", TEAMS),
}  # fmt: skip
Built = Callable[[int | None], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The candidate of what was known before the 0:00 of a day of March, or of all."""
    made: dict[int | None, duckdb.DuckDBPyConnection] = {}

    def candidate(before: int | None) -> duckdb.DuckDBPyConnection:
        if before not in made:
            with _home(tmp_path_factory.mktemp("known")):
                _land(lambda known: before is None or known < _day(before, "00:00:00"))
                made[before] = duckdb.connect(str(_build("known")), read_only=True)
        return made[before]

    yield candidate
    for con in made.values():
        con.close()


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder))
        patch.setenv("DBT_INDIRECT_SELECTION", "cautious")
        patch.setattr(build, "rules_hash", lambda: "these rules")
        yield


def _land(is_meant: Callable[[str], bool]) -> None:
    """Every row as a delivery of its own."""
    for name, (feed_id, rows) in DELIVERIES.items():
        for number, row in enumerate(rows):
            if is_meant(row.get("reported_at") or row["published_at"]):
                land_rows(feed_id, f"{name}-{number:02d}", [row])


def _build(run_id: str) -> Path:
    candidate = build.prepare_candidate(run_id)
    assert candidate is not None
    build.load_deliveries(candidate)
    build.run_dbt(candidate, "+fct_report_flags +agg_flags_by_feed")
    build.finish_build(candidate)
    return candidate


OPEN = (
    "select delivery_id, rule_id, column_name, value_text, compared_text from marts.fct_report_flags"
    " where known_from < $1 and (known_to is null or known_to >= $1) order by all"
)
SEVENTH, END = datetime(2026, 3, 7), datetime(9999, 1, 1)


def test_flags_open_on_a_day_are_those_of_a_build_of_that_day(built: Built) -> None:
    now = built(None).execute(OPEN, [SEVENTH]).fetchall()
    then = built(7).execute(OPEN, [END]).fetchall()
    assert now == then and len(now) > 20
    columns = "feed_id, rule_id, flags_count, flagged_deliveries_count, open_flags_count"
    of_day = as_of(built(None), "agg_flags_by_feed", str(SEVENTH), columns, "true")
    assert sorted(of_day) == sorted(built(7).execute(f"select {columns} from marts.agg_flags_by_feed").fetchall())


def test_flags_are_the_same_where_what_was_known_first_comes_last(built: Built, tmp_path: Path) -> None:
    every = "select * exclude (file_name) from marts.fct_report_flags order by all"
    with _home(tmp_path):
        _land(lambda known: known >= str(SEVENTH))
        _build("first")
        _land(lambda known: known < str(SEVENTH))
        with duckdb.connect(str(_build("second")), read_only=True) as con:
            assert con.execute(every).fetchall() == built(None).execute(every).fetchall()


DUE = 9  # of what was sent on the 1st, within seven days
STOOD: dict[tuple[str, str], list[tuple[int, int | None]]] = {
    ("stock-01", "S-BAL"): [(5, 10)],
    ("stock-03", "S-BAL"): [(5, 10), (15, None)],
    ("stock-05", "S-BAL"): [],
    ("stock-08", "S-BAL"): [(5, 11)],
    ("stock-18", "S-EXP"): [(5, 11)],
    ("stock-10", "S-GONE"): [(2, 8)],
    ("stock-11", "S-GONE"): [(2, 12)],
    ("stock-13", "S-GONE"): [(2, None)],
    ("stock-14", "S-KIND"): [(5, 12)],
    ("stock-22", "S-GONE"): [(2, None)],
    ("stock-24", "S-KIND"): [],
    ("stock-26", "X-KEY"): [(6, None)],
    ("stock-27", "X-KEY"): [(6, None)],
    ("stock-28", "S-GONE"): [],
    ("stock-29", "S-GONE"): [],
    ("stock-32", "S-BAL"): [],
    ("stock-34", "S-BAL"): [(4, None)],
    ("stock-35", "S-EXP"): [],
    ("ledger-05", "S-EXPOUT"): [(4, 6)],
    ("ledger-20", "S-EXPOUT"): [],
    ("ledger-21", "S-EXPOUT"): [(2, None)],
    ("ledger-07", "S-TWICE"): [(6, 12)],
    ("ledger-09", "S-TRANSIT"): [(DUE, 20)],
    ("ledger-10", "S-TRANSIT"): [],
    ("ledger-10", "S-MATCH"): [(DUE, 18)],
    ("receipts-03", "S-ORPHAN"): [(5, 12)],
    ("receipts-04", "S-AMBIG"): [(5, 12)],
    ("teams-01", "T-CERT"): [(5, 11)],
    ("crowd-00", "D07"): [(3, 10)],
    ("parts-01", "D10"): [(2, 8)],
    ("history-09", "D17"): [(6, None)],
}


@pytest.mark.parametrize(("delivery", "rule"), STOOD)
def test_flag_stands_from_when_it_could_be_told_until_it_was_cleared(built: Built, delivery: str, rule: str) -> None:
    found = built(None).execute(
        "select day(known_from), day(cleared_at) from marts.fct_report_flags where delivery_id = $1 and rule_id = $2 order by 1",
        [delivery, rule],
    )
    assert found.fetchall() == STOOD[delivery, rule]
