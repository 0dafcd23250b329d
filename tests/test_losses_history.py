"""Losses against their history: flags that need other reports, the reporting tree added up and reconciled, clocks of each hop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.codes import rows_of

SELECT = (
    "+int_disaster_losses_flagged +int_loss_outliers_flagged +int_loss_crowds_flagged +int_loss_imbalances_flagged"
    " +fct_loss_report_hops +fct_disaster_losses +fct_loss_reconciliation +agg_loss_changes +dim_reporting_unit_divisions"
)
AFFECTED, DEAD, CROP, LOSS = "affected_persons", "deaths_persons", "crop_affected_ha", "direct_loss_cny"


def _report(event_id: str, day: int, stage: str = "续报", unit_code: str = "120114", **values: Any) -> dict[str, Any]:
    """A report about an invented flood, as of midnight of a day of July 2024 and known a quarter of an hour later."""
    return {
        "region_code": unit_code[:2] + "0000", "event_id": event_id, "unit_code": unit_code, "report_stage": stage,
        "disaster_kind": "洪涝", "occurred_at": "2024-06-30 23:00", "as_of_at": f"2024-07-{day:02d} 00:00",
        "reported_at": f"2024-07-{day:02d} 00:15", **values,
    }  # fmt: skip


def _series(event_id: str, *values: dict[str, Any]) -> list[dict[str, Any]]:
    """初报, then 续报 on the days after it."""
    return [_report(event_id, day, "初报" if day == 1 else "续报", **given) for day, given in enumerate(values, 1)]


def _toll(deaths: int, missing: int, **more: Any) -> dict[str, Any]:
    return {DEAD: deaths, "missing_persons": missing, **more}


def _falls() -> list[dict[str, Any]]:
    return [
        *_series("fall", {AFFECTED: 500}, {AFFECTED: 499}),
        *_series("no_fall", {AFFECTED: 500}, {AFFECTED: 500}),
        *_series("explained_fall", {AFFECTED: 500}, {AFFECTED: 499, "explanation": "重复统计"}),
        *_series("found_alive", _toll(3, 5), _toll(3, 2, explanation_code="找到生还")),
        *_series("not_accepted", _toll(3, 5), _toll(3, 4, explanation_code="其他")),
        *_series("deaths_alone", {DEAD: 3}, {DEAD: 1}),
        *_series("deaths_alone_accepted", {DEAD: 3}, {DEAD: 1, "explanation_code": "非因灾核减"}),
        *_series("missing_said_later", {DEAD: 3}, {DEAD: 1, "missing_persons": 2}),
        *_series("found_dead", _toll(9, 6), _toll(15, 0)),
        *_series("nothing_new", _toll(9, 6), _toll(9, 6)),
    ]


def _stages() -> list[dict[str, Any]]:
    one: dict[str, Any] = {AFFECTED: 1}
    return [
        *_series("sound", one, one), _report("sound", 3, "核报", **one), _report("sound", 4, "更正", **one),
        _report("two_files", 1, "初报", **one), _report("two_files", 1, "初报", reported_at="2024-07-01 00:20", deaths_persons=0),
        _report("two_first", 1, "初报", **one), _report("two_first", 2, "初报", **one),
        _report("no_first", 1, **one), _report("no_first", 2, **one),
        _report("late_first", 1, **one), _report("late_first", 2, "初报", **one),
        *_series("after_final", one), _report("after_final", 2, "核报", **one), _report("after_final", 3, **one),
    ]  # fmt: skip


def _multiples() -> list[dict[str, Any]]:
    return [
        *_series("mu", {CROP: 100}, {CROP: 1500}),
        *_series("mu_near", {CROP: 100}, {CROP: 1800}),
        *_series("mu_beyond", {CROP: 100}, {CROP: 1801}),
        *_series("mu_corrected", {CROP: 100}, {CROP: 1500}, {CROP: 110}),
        *_series("mu_small", {CROP: 1500}, {CROP: 100}),
        *_series("wan", {LOSS: 5000}, {LOSS: 50_000_000}),
        *_series("jump", {AFFECTED: 100}, {AFFECTED: 1001}),
        *_series("tenfold", {AFFECTED: 100}, {AFFECTED: 1000}),
        *_series("small_jump", {AFFECTED: 99}, {AFFECTED: 1500}),
        *_series("explained_jump", {AFFECTED: 100}, {AFFECTED: 1500, "explanation": "属实"}),
    ]


def _history() -> list[dict[str, Any]]:
    """Past floods of a district with 1,010, 1,020 … people affected, then one on the 20th that is compared with them."""
    past = {"120115": 9, "120116": 9, "120117": 7, "120118": 8, "120119": 9}
    now = {"120115": 1160, "120116": 1161, "120117": 5000, "120118": 5000, "120119": 10_500_000}
    return [
        *(_report(f"past{n}", n, "初报", unit, affected_persons=1000 + 10 * n) for unit, count in past.items() for n in range(1, count + 1)),
        *(_report("now", 20, "初报", unit, affected_persons=affected) for unit, affected in now.items()),
    ]  # fmt: skip


def _tree() -> list[dict[str, Any]]:
    """Counties of 保定, one of 雄安 and 定州, then 保定 itself, then the province."""
    return [
        _report("tree", 1, "初报", "130602", affected_persons=40, deaths_persons=2),
        _report("tree", 1, "初报", "130629", affected_persons=7),
        _report("tree", 1, "初报", "130682", affected_persons=5),
        _report("tree", 2, "初报", "130606", affected_persons=50),
        _report("tree", 3, "初报", "130600", affected_persons=100),
        _report("tree", 5, "初报", "130000", affected_persons=120, deaths_persons=3),
        _report("over", 1, "初报", "130602", affected_persons=11, reported_at="2024-07-04 00:15"), _report("over", 1, "初报", "130600", affected_persons=10),
        _report("even", 1, "初报", "130602", affected_persons=5), _report("even", 1, "初报", "130600", affected_persons=5),
        _report("older", 2, "初报", "130602", affected_persons=11), _report("older", 1, "初报", "130600", affected_persons=10),
    ]  # fmt: skip


def _arrived(event: str, stage: str, unit: str, city: str | None, province: str | None, **more: Any) -> dict[str, Any]:
    """A report about an event of 30 June 23:00; arrivals on the day given in `more`, times of day."""
    day, as_of_day = more.pop("day", 1), more.pop("as_of_day", 1)
    times = {"reported_city_at": city, "reported_province_at": province}
    moments = {name: f"2024-07-{day:02d} {time}" for name, time in times.items() if time}
    return _report(event, as_of_day, stage, unit, **moments, **more)


def _clocks() -> list[dict[str, Any]]:
    return [
        _arrived("c_in_time", "初报", "130602", "01:00:00", "03:00:00", **_toll(5, 4)),
        _arrived("c_late", "初报", "130602", "01:00:01", "03:01:01", **_toll(5, 5)),
        _arrived("c_direct", "初报", "130682", None, "01:30:00", affected_persons=1),
        _arrived("c_silent", "初报", "130602", None, None, affected_persons=1),
        _arrived("c_daily", "续报", "130602", "09:00:00", "10:00:01", day=2, as_of_day=2, affected_persons=1),
        _arrived("c_final", "核报", "130602", "00:00:01", None, day=10, as_of_day=9, ended_at="2024-07-05 00:00", affected_persons=1),
        _arrived("c_drought", "续报", "130602", "00:00:00", None, day=12, as_of_day=2, disaster_kind="干旱", affected_persons=1),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("history")))
        land_rows("disaster_losses/tianjin", "one", [*_falls(), *_stages(), *_multiples()])
        land_rows("disaster_losses/tianjin", "many", _history())
        land_rows("disaster_losses/hebei", "tree", _tree())
        land_rows("disaster_losses/hebei", "clocks", _clocks())
        land_rows("disaster_losses/beijing", "people", [
            _report("full", 1, "初报", "110000", affected_persons=1200), _report("crowded", 1, "初报", "110000", affected_persons=1201)])  # fmt: skip
        land_rows("statistics/beijing", "residents", [{
            "region_code": "110000", "year": 2023, "statistic_name": "年末常住人口", "value": 1000, "value_unit": "人",
            "vintage": "虚构", "published_at": "2024-01-01 00:00"}])  # fmt: skip
        patch.setenv("DBT_INDIRECT_SELECTION", "cautious")  # no test of a model that is not built here
        candidate = prepare_candidate("history")
        assert candidate is not None
        load_deliveries(candidate)
        run_dbt(candidate, SELECT)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        yield connection


def _flags(con: duckdb.DuckDBPyConnection, event: str, model: str = "int_disaster_losses_flagged") -> list[Any]:
    """Rule, column, value, compared value, factor of what is flagged about an event, lateness aside."""
    return con.execute(
        f"""select rule_id, column_name, value_text, compared_text, round(suggested_factor, 6)
        from intermediate.{model} where event_id = $1 and rule_id <> 'D-LATE' order by all""",
        [event],
    ).fetchall()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("fall", [("D11", AFFECTED, "499", "500", None)]),
        ("no_fall", []),
        ("explained_fall", []),
        ("found_alive", []),
        ("not_accepted", [("D12", "deaths_missing_persons", "7", "8", None)]),
        ("deaths_alone", [("D11", DEAD, "1", "3", None), ("D12", DEAD, "1", "3", None)]),
        ("deaths_alone_accepted", []),
        ("missing_said_later", [("D11", DEAD, "1", "3", None)]),
        ("found_dead", [("D13", "missing_persons", "0", "6", None)]),
        ("nothing_new", []),
        ("sound", []),
        ("two_files", []),
        ("two_first", [("D14", "report_stage", "初报", "已有初报", None)]),
        ("no_first", [("D14", "report_stage", "续报", "没有初报", None)]),
        (
            "late_first",
            [("D14", "report_stage", "初报", "初报晚于其他报告", None), ("D14", "report_stage", "续报", "没有初报", None)],
        ),
        ("after_final", [("D14", "report_stage", "续报", "核报之后", None)]),
        ("mu", [("D18", CROP, "1500", "100", 15.0)]),
        ("mu_near", [("D18", CROP, "1800", "100", 15.0)]),
        ("mu_beyond", [("D17", CROP, "1801", "100", None)]),
        ("mu_corrected", [("D11", CROP, "110", "1500", None), ("D18", CROP, "1500", "100", 15.0)]),
        ("mu_small", [("D11", CROP, "100", "1500", None), ("D18", CROP, "100", "1500", 0.066667)]),
        ("wan", [("D18", LOSS, "50000000", "5000", 10000.0)]),
        ("jump", [("D17", AFFECTED, "1001", "100", None)]),
        ("tenfold", []),
        ("small_jump", []),
        ("explained_jump", []),
    ],
)  # fmt: skip
def test_report_is_flagged_against_those_before_it(
    con: duckdb.DuckDBPyConnection, event: str, expected: list[Any]
) -> None:
    assert _flags(con, event) == expected


def test_value_is_flagged_against_past_events_of_the_unit_and_kind(con: duckdb.DuckDBPyConnection) -> None:
    """Robust z of 1,160 and 1,161 is 3.49 and 3.52; seven past events are too few; ten thousandfold is a unit mistake."""
    assert _flags(con, "now", "int_loss_outliers_flagged") == [
        ("D17", AFFECTED, "1161", "1050", None),
        ("D17", AFFECTED, "5000", "1045", None),
        ("D18", AFFECTED, "10500000", "1050", 10000.0),
    ]


def test_more_affected_than_one_and_a_fifth_of_the_residents_is_flagged(con: duckdb.DuckDBPyConnection) -> None:
    assert _flags(con, "full", "int_loss_crowds_flagged") == []
    assert _flags(con, "crowded", "int_loss_crowds_flagged") == [("D07", AFFECTED, "1201", "1000", None)]


@pytest.mark.parametrize(
    ("known_by", "affected", "deaths"),
    [("2024-07-02", 52, 2), ("2024-07-03", 102, 2), ("2024-07-04", 112, 2), ("2024-07-06", 120, 3)],
)
def test_part_is_added_up_until_any_unit_above_reports_the_metric(
    con: duckdb.DuckDBPyConnection, known_by: str, affected: int, deaths: int
) -> None:
    changes = con.execute(
        """select metric, sum(value_change)::bigint from marts.agg_loss_changes
        where event_id = 'tree' and is_additive and metric in ($1, $2) and known_from < $3::timestamp group by 1 order by 1""",
        [AFFECTED, DEAD, known_by],
    ).fetchall()
    uncovered = (
        "sum({0}) filter (where coalesce(';' || covered_metrics || ';' not like '%;{0};%', true))::bigint".format
    )
    columns = f"{uncovered(AFFECTED)}, {uncovered(DEAD)}"
    counted = as_of(con, "fct_disaster_losses", known_by, columns, "event_id = 'tree' and is_counted")
    assert changes == [(AFFECTED, affected), (DEAD, deaths)]
    assert counted == [(affected, deaths)]


RECONCILED = "unit_code, unit_value::int, parts_value::int, difference::int, part_count, reported_count, status"


def test_reconciliation_shows_each_unit_beside_the_nearest_that_report_below_it(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        f"select {RECONCILED}, expected_count from marts.fct_loss_reconciliation"
        f" where event_id = 'tree' and metric = '{AFFECTED}' order by 1"
    ).fetchall()
    assert rows == [
        ("130000", 120, 112, 8, 3, 2, "下级未报齐", 14),
        ("130000-XA", None, 7, None, 1, 1, "本级未报", 3),
        ("130600", 100, 90, 10, 2, 2, "下级未报齐", 20),
    ]


def test_reconciliation_can_be_asked_as_of_a_day(con: duckdb.DuckDBPyConnection) -> None:
    where = f"event_id = 'tree' and metric = '{AFFECTED}' and unit_code = '130000'"
    assert as_of(con, "fct_loss_reconciliation", "2024-07-03", RECONCILED, where) == [
        ("130000", None, 102, None, 4, 1, "本级未报")
    ]


@pytest.mark.parametrize(
    ("event", "status", "flags"),
    [
        ("over", "下级合计大于本级", [("D10", AFFECTED, "10", "11", None)]),
        ("even", "一致", []),
        ("older", "本级数据较旧", []),
    ],
)
def test_sum_above_its_whole_is_told_and_rejects_nothing(
    con: duckdb.DuckDBPyConnection, event: str, status: str, flags: list[Any]
) -> None:
    found = con.execute(
        "select status from marts.fct_loss_reconciliation where event_id = $1 and unit_code = '130600'", [event]
    )
    assert found.fetchall() == [(status,)]
    assert _flags(con, event, "int_loss_imbalances_flagged") == flags
    assert con.execute("select count(*) from raw.disaster_losses where event_id = $1", [event]).fetchall() == [(2,)]


def test_sum_above_its_whole_is_known_once_both_sides_are(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("select known_from from intermediate.int_loss_imbalances_flagged where event_id = 'over'")
    assert found.fetchall() == [(datetime(2024, 7, 4, 0, 15),)]


HOPS = {
    ("c_in_time", "FIRST-COUNTY-CITY"): (0, None),
    ("c_in_time", "FIRST-CITY-PROVINCE"): (0, None),
    ("c_in_time", "FIRST-PROVINCE-MINISTRY"): (None, "未填报到达时间"),
    ("c_in_time", "HEAVY-COUNTY-PROVINCE"): (None, "不属于须直报的重大灾情"),
    ("c_late", "FIRST-COUNTY-CITY"): (1, None),
    ("c_late", "FIRST-CITY-PROVINCE"): (1, None),
    ("c_late", "HEAVY-COUNTY-PROVINCE"): (122, None),
    ("c_direct", "FIRST-COUNTY-PROVINCE"): (30, None),
    ("c_silent", "FIRST-COUNTY-CITY"): (None, "未填报到达时间"),
    ("c_silent", "FIRST-CITY-PROVINCE"): (None, "未填报起算时间"),
    ("c_silent", "HEAVY-COUNTY-PROVINCE"): (None, "死亡失踪人数未报，是否属于须直报的重大灾情尚不清楚"),
    ("c_daily", "FOLLOW-COUNTY-CITY"): (0, None),
    ("c_daily", "FOLLOW-CITY-PROVINCE"): (1, None),
    ("c_final", "FINAL-COUNTY-CITY"): (1, None),
    ("c_drought", "DROUGHT-COUNTY-CITY"): (None, "之前没有报告，无从起算"),
}


def test_each_hop_is_judged_by_its_clock(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select event_id, clock_id, minutes_late, not_judged_reason from marts.fct_loss_report_hops
        where event_id like 'c%' and event_id <> 'crowded'""").fetchall()
    found = {(event, clock): (late, reason) for event, clock, late, reason in rows}
    assert {key: found.get(key) for key in HOPS} == HOPS
    assert not [key for key in found if key[0] == "c_direct" and "CITY" in key[1]]
    assert not [key for key in found if key[0] == "c_drought" and key[1].startswith("FOLLOW")]
    assert not [key for key in found if key[1].startswith("OLD")]


def test_late_arrival_is_flagged_with_when_it_was_due(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select column_name, value_text, compared_text from intermediate.int_disaster_losses_flagged
        where rule_id = 'D-LATE' and event_id = 'c_late' order by all""").fetchall()
    assert rows == [
        ("reported_city_at", "2024-07-01 01:00:01", "2024-07-01 01:00:00"),
        ("reported_province_at", "2024-07-01 03:01:01", "2024-07-01 01:00:00"),
    ]


def test_every_county_reports_on_one_line_of_its_region(con: duckdb.DuckDBPyConnection) -> None:
    """定州, 辛集 and 雄安 are not in 保定 and 石家庄; 14 lines of Hebei and 16 districts each of the two cities cover all."""
    lines = con.execute("""
        select unit_code, count(*) from marts.dim_reporting_unit_divisions
        where unit_kind = 'reporting_line' and region_code = '130000' group by 1""").fetchall()
    counts = dict(lines)
    assert (len(counts), sum(counts.values())) == (14, 167)
    assert (counts["130100"], counts["130600"], counts["130000-XA"], counts["130682"]) == (21, 20, 3, 1)
    covered = con.execute("""
        select count(*) from marts.dim_reporting_unit_divisions where unit_kind = 'reporting_line'""").fetchall()
    assert covered == [(199,)]
    units = [row for row in rows_of("ref_reporting_units") if row["parent_unit_code"] == "110000"]
    assert len([row for row in units if row["unit_kind"] != "former"]) == 17
