"""`jjj explain` of derived marts: what is said to be behind a number adds up to it, on a release of all of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows

from jingjinji import build as builds
from jingjinji import explaining, query, release
from jingjinji.dictionary.collecting import collect
from jingjinji.explaining import showing
from jingjinji.explaining.lineage import upstream
from jingjinji.explaining.made_from import MADE_FROM
from jingjinji.explaining.rows import Meant, contributions
from jingjinji.landing import land
from jingjinji.paths import PROJECT, home

Row = dict[str, Any]
Parts = dict[str, list[Row]]
BUILT = {*MADE_FROM, *(source.mart for sources in MADE_FROM.values() for source in sources), "fct_disaster_losses"}
SELECT = " ".join(f"+{mart},resource_type:{kind}" for mart in sorted(BUILT) for kind in ("model", "seed"))
STATISTICS = ("hebei/2026-06_yearly.xlsx", "tianjin/2026-06_gdp_population.csv", "tianjin/2026-06_disasters.csv")


def loss(unit: str, day: int, affected: int, stage: str = "续报", event: str = "树", year: int = 2024) -> Row:
    return {
        "region_code": "130000", "event_id": event, "unit_code": unit, "report_stage": stage, "disaster_kind": "洪涝",
        "occurred_at": f"{year}-07-01 01:00:00", "as_of_at": f"{year}-07-{day:02} 08:00:00", "reported_at": f"{year}-07-{day:02} 09:00:00",
        "reported_county_at": f"{year}-07-{day:02} 08:30:00", "affected_persons": affected,
    }  # fmt: skip


def moved(movement: str, region: str, warehouse: str, kind: str, quantity: int, day: int, **more: Any) -> Row:
    return {
        "region_code": region, "movement_id": movement, "warehouse_id": warehouse, "item_code": "1010201", "lot_number": "A",
        "storage_kind": "实物", "movement_kind": kind, "quantity": quantity, "quantity_unit": "床",
        "moved_at": f"2026-04-{day} 10:00:00", "reported_at": f"2026-04-{day} 11:00:00", **more,
    }  # fmt: skip


def stock(day: int, quantity: int) -> Row:
    return {
        "region_code": "120000", "warehouse_id": "津-1", "item_code": "1010201", "item_name": "棉被", "lot_number": "A",
        "storage_kind": "实物", "quantity_unit": "床", "on_hand_quantity": quantity, "as_of_at": f"2026-04-{day} 00:00:00",
        "reported_at": f"2026-04-{day} 12:00:00", "warehouse_division_code": "120116",
    }  # fmt: skip


def accident(region: str, name: str, stage: str, deaths: int, day: int, **more: Any) -> Row:
    """One on the border of Beijing and Hebei, where `more` says nothing else."""
    return {
        "region_code": region, "accident_id": name, "report_stage": stage, "occurred_at": "2024-03-01 09:30:00",
        "as_of_at": f"2024-03-{day:02} 10:00:00", "reported_at": f"2024-03-{day:02} 11:00:00", "deaths_persons": deaths,
        "serious_injuries_persons": 0, "direct_loss_cny": 2_000_000, "place_code": "131082", "place_datum": "WGS84", "place_lon": 116.7,
        "place_lat": 39.9, "reported_county_at": f"2024-03-{day:02} 10:30:00", **more,
    }  # fmt: skip


def _land() -> None:
    for file in STATISTICS:
        land(f"statistics/{file.split('/')[0]}", PROJECT / "demo" / "inbox" / "statistics" / file)
    # 130600 reports beside two of its counties, one of which is superseded; 130725 lies under another prefecture that is silent
    land_rows(
        "disaster_losses/hebei",
        "loss1",
        [loss("130602", 1, 30, "初报"), loss("130606", 1, 40, "初报"), loss("130725", 1, 7, "初报")],
    )
    land_rows(
        "disaster_losses/hebei",
        "loss2",
        [loss("130602", 2, 35), loss("130600", 2, 100, "初报"), loss("130000", 3, 120, "初报")],
    )
    # 130629 was below 130600 until the spring of 2017
    for year in (2016, 2024):
        below = [loss(unit, 1, 10, "初报", f"雄{year}", year) for unit in ("130629", "130602", "130600")]
        land_rows("disaster_losses/hebei", f"雄{year}", below)
    to_beijing = {"counterpart_region_code": "110000", "counterpart_warehouse_id": "京-1"}
    to_another = to_beijing | {"counterpart_warehouse_id": "京-2"}
    land_rows("supply_movements/tianjin", "out", [
        moved("2", "120000", "津-1", "调拨", 6, 11, **to_beijing), moved("3", "120000", "津-1", "出库", 5, 13),
        moved("2", "120000", "津-2", "调拨", 1, 12, **to_another),
    ])  # fmt: skip
    from_tianjin = {"counterpart_region_code": "120000", "related_movement_id": "2"}
    land_rows("supply_movements/beijing", "in", [
        moved("b1", "110000", "京-1", "入库", 2, 14, **from_tianjin), moved("b2", "110000", "京-1", "入库", 4, 15, **from_tianjin),
        moved("b3", "110000", "京-2", "入库", 1, 15, **from_tianjin),
    ])  # fmt: skip
    land_rows("supplies/tianjin", "stock", [stock(10, 20), stock(20, 9)])
    land_rows(
        "accidents/hebei", "冀", [accident("130000", "冀1", "初报", 2, 1), accident("130000", "冀1", "续报", 3, 5)]
    )
    in_former_county = {"place_code": "110228", "place_lon": 116.8, "place_lat": 40.4}
    land_rows(
        "accidents/beijing",
        "京",
        [accident("110000", "京1", "初报", 2, 1), accident("110000", "京2", "初报", 1, 1, **in_former_county)],
    )


@pytest.fixture(scope="module", autouse=True)
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[release.Release]:
    """A release of every derived mart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        _land()
        candidate = builds.prepare_candidate("derived", full=True)
        assert candidate
        builds.load_deliveries(candidate)
        patch.setenv("DBT_INDIRECT_SELECTION", "empty")  # the models, not their tests
        builds.run_dbt(candidate, SELECT)
        builds.finish_build(candidate)
        verdict = json.dumps({"passed": True, "failed": []})
        (candidate.parent / "quality.json").write_text(verdict, encoding="utf-8")
        release.create_release(candidate)
        current = release.current_release()
        assert current
        yield current


def _rows(con: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
    found = con.execute(f"select * from marts.{mart} order by hash({mart}::varchar) limit 80")
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, values, strict=True)) for values in found.fetchall()]


def total(rows: list[Row], column: str = "value") -> Any:
    return sum(row[column] or 0 for row in rows)


def _changed(row: Row, parts: Parts) -> bool:
    before, after = parts.get("变动前的数", []), parts["变动后的数"]
    return (len(after), len(before)) == (1, 1 - row["reported_change"]) and total(after) - total(before) == row[
        "value_change"
    ]


def _loss_changed(row: Row, parts: Parts) -> bool:
    """The value moves from one version to the next, or the whole of it leaves or joins a sum because of a unit above."""
    before, after = parts.get("变动前的指标值", []), parts.get("变动后的指标值", [])
    wholes = (total(before), total(after)) if "使其是否计入合计改变的上级指标值" in parts else ()
    told = (abs(total(after) - total(before)), *wholes)
    return len(after) <= 1 and len(before) <= 1 and abs(row["value_change"]) in told


def _yearly(row: Row, parts: Parts) -> bool:
    return all(
        len(found := parts.get(role, [])) == (row[f"{part}_delivery_id"] is not None)
        and total(found) == (row[part] or 0)
        for role, part in (("分子", "numerator"), ("分母（版本见 vintage）", "denominator"))
    )


ADDS_UP: dict[str, Callable[[Row, Parts], bool]] = {
    "agg_indicators_by_region_year": _yearly,
    "agg_indicators_by_region_period": lambda row, parts: (
        len(parts["逐年指标"]) == row["expected_years"]
        and {r["year"] for r in parts.get("分子", []) if r["value"] is not None} >= {r["year"] for r in parts["逐年指标"] if r["value"]}
    ),
    "agg_indicator_changes": _changed,
    "agg_loss_changes": _loss_changed,
    "fct_loss_reconciliation": lambda row, parts: (
        total(parts["所辖单位所报"]) == row["parts_value"] and len(parts["所辖单位所报"]) == row["part_count"]
        and [r["value"] for r in parts.get("本单位所报", [])] == [v for v in [row["unit_value"]] if v is not None]
    ),
    "dim_events": lambda row, parts: len(parts["关于此事件的报告"]) == row["report_count"],
    "fct_accident_border_duplicates": lambda row, parts: (len(parts["一方的报告"]), len(parts["另一方的报告"])) == (1, 1),
    "agg_accident_grade_watch": lambda row, parts: (
        {r["grade_code"] for r in parts["使等级改变的报告和上一次报告"]} == {row["grade_code"], row["previous_grade_code"]}
    ),
    "agg_supply_by_region_item": lambda row, parts: (
        total([r for r in parts["计入的各批次库存"] if r["is_on_hand"]], "counted_quantity") == row["on_hand_quantity"]
        and len(parts.get("已改列为其他储备方式、不计入的批次", [])) >= row["other_kind_count"]
    ),
    "fct_supply_balance": lambda row, parts: (
        len(parts["期末和期初的库存报告"]) == 1 + (row["opening_as_of_at"] is not None)
        and len(parts.get("其间的出入库", [])) == row["movement_count"]
    ),
    "fct_supply_transfers": lambda row, parts: (
        len(parts["调出方的记录"]) == 1 and total(parts["接收方的记录"], "quantity") == row["received_quantity"]
    ),
    "agg_reporting_timeliness": lambda row, parts: len(parts["计入的各次上报"]) == row["hops_count"],
    "agg_feed_freshness": lambda row, parts: len(parts.get("已入库的报送", [])) == row["delivery_count"],
    "agg_flags_by_feed": lambda row, parts: len(parts["各条提示"]) == row["flags_count"],
    "dim_known_until": lambda row, parts: bool(parts["最晚得知的报告"]),
    "published_vs_computed": lambda row, parts: (
        len(parts.get("与公布数对照的数", [])) == (row["computed_from"] is not None and row["reason_code"] != "not_in_marts")
    ),
}  # fmt: skip


@pytest.mark.parametrize("mart", MADE_FROM)
def test_what_a_derived_row_is_made_from_adds_up_to_it(released: release.Release, mart: str) -> None:
    """Now and, where the mart differs from day to day, as of a day."""
    for day in (None, date(2024, 7, 1)) if f"{mart}_as_of()" in released.macros else (None,):
        rows = _adding_up(released, mart, day)
        assert rows or day


def _adding_up(released: release.Release, mart: str, day: date | None) -> list[dict[str, Any]]:
    keys = {name: table.facts.key for name, table in released.tables.items()}
    with query.connect(home().current.resolve(), day) as con:
        rows = _rows(con, mart)
        for row in rows:
            parts: Parts = {}
            for part in contributions(con, Meant(mart, released.tables[mart].facts, row), [], keys):
                assert part.is_exact
                parts.setdefault(part.role, []).extend(part.rows)
            assert ADDS_UP[mart](row, parts), (row, {role: len(found) for role, found in parts.items()})
    return rows


def test_every_mart_that_deliveries_reach_names_their_lines() -> None:
    """By lines of its own, or by those of what it is made from; the columns that conditions speak of are there."""
    marts = {name: {column.name for column in mart.facts.columns} for name, mart in collect().marts.items()}
    for name, columns in marts.items():
        from_deliveries = any(ref.layer == "raw" and not ref.name.endswith("feeds") for ref in upstream(name))
        assert not from_deliveries or name in MADE_FROM or "delivery_id" in columns, name
        for source in MADE_FROM.get(name, ()):
            assert set(re.findall(r"\$(\w+)", source.condition)) <= columns, (name, source.role)
            assert set(re.findall(r"\bm\.(\w+)", source.condition)) <= marts[source.mart], (name, source.role)


# ---------------------------------------------------------------- what is told of it


def lines(found: explaining.Explanation) -> Counter[tuple[str, int | None]]:
    return Counter((origin.delivery_id, origin.row_number) for origin in found.origins)


def test_a_reconciliation_rests_on_the_newest_of_its_parts_and_not_on_superseded_reports() -> None:
    found = explaining.explain("fct_loss_reconciliation", ["130000", "树", "130600", "affected_persons"])
    assert set(lines(found)) == {("loss2", 2), ("loss2", 1), ("loss1", 2)}  # its own, 130602 as corrected, 130606


@pytest.mark.parametrize(("year", "parts"), [(2016, {1, 2, 3}), (2024, {2, 3})])
def test_a_reconciliation_rests_on_the_units_that_were_below_on_the_day_of_the_event(
    year: int, parts: set[int]
) -> None:
    found = explaining.explain("fct_loss_reconciliation", ["130000", f"雄{year}", "130600", "affected_persons"])
    assert set(lines(found)) == {(f"雄{year}", row) for row in parts}


def test_a_transfer_rests_on_both_sides() -> None:
    found = explaining.explain("fct_supply_transfers", ["region_code=120000", "movement_id=2", "warehouse_id=津-1"])
    assert set(lines(found)) == {("out", 1), ("in", 1), ("in", 2)}


def test_an_average_over_years_names_the_statistics_of_each_year() -> None:
    key = ["120000", "2016-2020", "3", "revised_after_5th_econ_census(2023)", "ratio_of_sums"]
    found = explaining.explain("agg_indicators_by_region_period", key)
    assert {made.role[:2]: made.rows_total for made in found.contributions} == {"逐年": 5, "分子": 5, "分母": 5}
    assert {origin.roles[0][:2] for origin in found.origins} == {"分子", "分母"}
    assert all(origin.row_number for origin in found.origins)
    assert "不来自任何报送" not in showing.text(found)


@pytest.mark.parametrize(
    ("mart", "key"), [("published_vs_computed", ["G80"]), ("dim_events", ["130000", "树"]), ("dim_known_until", [])]
)
def test_what_comes_from_deliveries_is_not_said_to_come_from_code_lists(mart: str, key: list[str]) -> None:
    found = explaining.explain(mart, key)
    assert found.origins and found.deliveries and not found.notes


def test_a_row_no_delivery_reached_does_not_blame_code_lists() -> None:
    found = explaining.explain("agg_feed_freshness", ["experts/hebei"])
    assert found.origins == () and "没有找到用于这一行的报送" in found.notes[0]


def test_a_mart_written_by_a_step_names_the_step() -> None:
    (own,) = upstream("fct_quality_results")
    assert (own.layer, own.path) == ("marts", "jingjinji/quality/results.py")
    assert (PROJECT / own.path).exists()


def test_a_cut_list_says_how_many_there_are() -> None:
    found = explaining.explain("dim_events", ["130000", "树"], top=2)
    assert (len(found.origins), found.origins_total) == (2, 6)
    assert "来自这些行（共6行，只列2行" in showing.text(found)


def test_rows_that_only_share_a_key_are_not_called_its_origin() -> None:
    found = explaining.explain("fct_disaster_losses", ["130000", "树", "130602"])
    (shared,) = [c for c in found.contributions if c.mart == "fct_disaster_loss_reports"]
    assert not shared.is_exact and shared.rows_total == 2
    assert set(lines(found)) == {("loss2", 1)}


def test_a_mart_with_a_past_but_no_time_of_its_own_is_explained_as_of_the_day() -> None:
    key = ["120000", "2016-2020", "3", "revised_after_5th_econ_census(2023)", "mean_of_ratios"]
    found = explaining.explain("agg_indicators_by_region_period", key, as_of=date(2024, 7, 1))
    assert not found.is_ageless and "与日期无关" not in showing.text(found)
    assert {column.name: column.value for column in found.columns}["reported_years"] == 0  # downloaded in June 2026


def test_a_mart_without_a_past_is_explained_as_it_is_now() -> None:
    found = explaining.explain("dim_known_until", [], as_of=date(2024, 7, 1))
    assert found.is_ageless and found.origins
