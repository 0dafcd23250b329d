"""History is never lost: whatever way the deliveries came in, the marts are the same row for row."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows

from jingjinji import build
from jingjinji.build import finish_build, load_deliveries, prepare_candidate, run_dbt
from jingjinji.codes import code_list
from jingjinji.paths import PROJECT
from jingjinji.release.copying import content, open_read_only

REGIONS = {"beijing": "110000", "tianjin": "120000", "hebei": "130000"}
DAYS = [date(2025, 3, 1) + timedelta(days=n) for n in range(8)]
# Domains whose versions are made in different ways; the whole project is in the long variant.
MARTS = (
    "fct_disaster_losses",
    "agg_loss_changes",
    "fct_disaster_loss_metric_versions",
    "fct_supply_stock",
    "fct_supply_balance",
    "fct_expert_reports",
)
SELECT = " ".join(f"+{mart},resource_type:{kind}" for mart in MARTS for kind in ("model", "seed"))
# What tells of the run or of the arrival and not of the data: these tables are not compared.
OF_THE_RUN = {"fct_quality_results", "fct_deliveries", "agg_feed_freshness"}

Delivery = tuple[str, str, list[dict[str, Any]]]


def _deliveries() -> list[Delivery]:
    """Eight days of three regions: reports that go on for days, with gaps, corrections, and a report known before its day."""
    found: list[Delivery] = []
    for region, code in REGIONS.items():
        for number, day in enumerate(DAYS):
            for dataset, rows in _rows(code, day, number).items():
                found.append((f"{dataset}/{region}", f"{dataset[:6]}{region[:3]}{number}", rows))
    return [*found, *_movement_corrected()]


def _movement_corrected() -> list[Delivery]:
    """A late correction says that another item was moved, so that the item it named first is what it was between two statements."""

    def lot(item_code: str, day: date) -> dict[str, Any]:
        return {"region_code": "130000", "warehouse_id": "w9", "item_code": item_code, "lot_number": "l9", "storage_kind": "实物",
                "quantity_unit": "件", "reported_at": datetime(day.year, day.month, day.day, 20)}  # fmt: skip

    def moved(item_code: str, day: date) -> list[dict[str, Any]]:
        return [
            lot(item_code, day) | {"movement_id": "m9", "movement_kind": "入库", "quantity": 1, "moved_at": DAYS[3]}
        ]

    stated = [lot("1010101", day) | {"on_hand_quantity": 10, "as_of_at": day} for day in (DAYS[2], DAYS[5])]
    return [
        ("supplies/hebei", "stated", stated),
        ("supply_movements/hebei", "moved", moved("1010101", DAYS[3])),
        ("supply_movements/hebei", "corrected1", moved("1010102", DAYS[6])),
    ]


def _rows(code: str, day: date, number: int) -> dict[str, list[dict[str, Any]]]:
    noon = datetime(day.year, day.month, day.day, 12)
    told = {"region_code": code, "as_of_at": noon, "reported_at": noon + timedelta(hours=6 if number % 3 else 60)}
    lot = {
        "warehouse_id": f"w{number % 2}",
        "item_code": "1010101",
        "lot_number": f"l{number % 2}",
        "storage_kind": "实物",
    }
    return {
        "accidents": [
            told | {"accident_id": f"a{number // 3}", "report_stage": "续报" if number % 3 else "初报", "occurred_at": DAYS[number // 3 * 3],
                    "deaths_persons": number, "injured_persons": 9 - number, "accident_kind": "道路交通"},
            told | {"accident_id": f"b{number}", "report_stage": "初报", "occurred_at": day, "deaths_persons": 1},
        ],
        "disaster_losses": [
            told | {"event_id": f"e{number // 3}", "unit_code": code, "report_stage": "续报", "deaths_persons": number,
                    "missing_persons": None if number % 2 else 2, "affected_persons": 100 * number, "direct_loss_cny": 10 * number},
        ],
        "teams": [told | {"team_id": f"t{number % 3}", "team_name": f"虚构队{number}", "members_available_count": number}],
        "supplies": [told | lot | {"quantity_unit": "件", "on_hand_quantity": 10 + number, "reserved_quantity": 0}],
        "supply_movements": [
            lot | {"region_code": code, "movement_id": f"m{number // 2}", "movement_kind": "入库", "quantity": 1 + number,
                   "quantity_unit": "件", "moved_at": noon, "reported_at": told["reported_at"]},
        ],
        "experts": [told | {"expert_id": f"x{number % 2}", "specialty": code_list("ref_expert_specialties.specialty_code")[0], "is_available": "是"}],
    }  # fmt: skip


@pytest.fixture
def in_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setenv("DBT_INDIRECT_SELECTION", "cautious")  # tests that need more than what is built here are not run
    monkeypatch.setattr(
        build, "rules_hash", lambda: "these rules"
    )  # somebody editing a model meanwhile changes nothing here
    return lambda name: monkeypatch.setenv("JJJ_HOME", str(tmp_path / name))


def _land(deliveries: list[Delivery]) -> None:
    for feed_id, delivery_id, rows in deliveries:
        land_rows(feed_id, delivery_id, rows)


def _correct(deliveries: list[Delivery]) -> None:
    """All that Hebei sent on the sixth day is withdrawn (the only report of one accident, one in the middle of an event and of
    a movement), and all that Tianjin sent on the fifth is conformed again with other figures."""
    for feed_id, delivery_id, rows in deliveries:
        if delivery_id.endswith("heb5"):
            land_rows(feed_id, delivery_id, rows, version=2, status="withdrawn")
        if delivery_id.endswith("tia4"):
            land_rows(feed_id, delivery_id, [row | _other_figures(row) for row in rows], version=2)


def _other_figures(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] + 5 for name in ("deaths_persons", "on_hand_quantity", "quantity") if row.get(name) is not None
    }


def _build(run_id: str, select: str | None, *, full: bool = False) -> Path:
    candidate = prepare_candidate(run_id, full=full)
    assert candidate is not None
    load_deliveries(candidate)
    run_dbt(candidate, select)
    finish_build(candidate)
    return candidate


def _marts(candidate: Path) -> dict[str, tuple[int, str]]:
    """Rows and hash of every mart, and of every as-of macro at the end of time."""
    with open_read_only(candidate) as con:
        found = content(con)
    return {
        name: (c.rows, c.content_hash) for name, c in found.items() if name.removesuffix("_as_of()") not in OF_THE_RUN
    }


def _is_the_same_whatever_way(in_home: Callable[[str], None], seed: int, select: str | None) -> None:
    deliveries = [
        d for d in _deliveries() if select is None or d[0].startswith(("disaster_losses", "suppl", "experts"))
    ]
    late = [d for d in deliveries if d[1].endswith(("1", "7"))]

    in_home("day by day")
    _land([d for d in deliveries if d not in late])
    _build("first", select)
    _land(late)
    _correct(deliveries)
    incremental = _build("second", select)
    entities = "count(distinct region_code || event_id)"
    with duckdb.connect(str(incremental), read_only=True) as con:
        query = f"select {entities} from intermediate.int_disaster_losses_ordered union all select {entities} from marts.dim_events"
        (worked_out,), (known,) = con.execute(query).fetchall()
    assert 0 < worked_out < known  # or it was no incremental build

    in_home(f"shuffled {seed}")
    random.Random(seed).shuffle(deliveries)
    _land(deliveries)
    _correct(deliveries)
    rebuilt = _build("only", select, full=True)

    one, other = _marts(incremental), _marts(rebuilt)
    assert {name: rows for name, (rows, _) in one.items()} == {name: rows for name, (rows, _) in other.items()}
    assert one == other
    assert min(one[mart][0] for mart in MARTS) > 0


def test_day_by_day_with_late_and_corrected_deliveries_is_what_a_rebuild_from_a_shuffled_landing_zone_gives(
    in_home: Callable[[str], None],
) -> None:
    _is_the_same_whatever_way(in_home, 7, SELECT)


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 23])
def test_the_whole_project_is_the_same_whatever_way(in_home: Callable[[str], None], seed: int) -> None:
    _is_the_same_whatever_way(in_home, seed, None)


def test_what_holds_touched_entities_only_is_read_only_by_what_is_worked_out_by_touched_entity() -> None:
    """Otherwise a mart would be made of today's entities alone, and still look right."""
    sql = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "dbt_project" / "models").rglob("*.sql")}
    reads = {name: set(re.findall(r"ref\('(\w+)'\)", text)) for name, text in sql.items()}
    by_entity = {name for name, text in sql.items() if "incremental_strategy='touched'" in text}
    partial = {name for name, text in sql.items() if "is_touched(" in text}
    assert len(partial) > 4
    assert len(by_entity) > 4
    marts = {path.stem for path in (PROJECT / "dbt_project" / "models" / "marts").rglob("*.sql")}
    while found := {n for n in sql.keys() - partial - by_entity - marts if reads[n] & partial}:
        partial |= found
    assert {name: reads[name] & partial for name in marts - by_entity if reads[name] & partial} == {}
    tests = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "dbt_project" / "tests").glob("*.sql")}
    mixed = {name for name, text in tests.items() if set(re.findall(r"ref\('(\w+)'\)", text)) & partial}
    assert mixed == set()
