"""Accidents: grade, statistical window, cancellation, as known at each date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.build.dbt_run import ModelResult

SHENGHUA, RUIHAI = "20181128-盛华化工爆燃", "20150812-瑞海公司爆炸"


def _report(accident_id: str, stage: str, as_of_at: str, **values: Any) -> dict[str, Any]:
    """A report of 天津 about an invented accident of 2024-03-01."""
    given = {"region_code": "120000", "occurred_at": "2024-03-01 10:00", "report_stage": stage, "as_of_at": as_of_at}
    return {**given, "accident_id": accident_id, **values}


def _published() -> None:
    """盛华 2018 and 瑞海 2015 with their successive figures."""
    shenghua = {"region_code": "130000", "accident_id": SHENGHUA, "occurred_at": "2018-11-28"}
    land_rows("accidents/hebei", "sh", [
        {**shenghua, "report_stage": "初报", "as_of_at": "2018-11-28 23:59:59", "deaths_persons": 22, "injured_persons": 22},
        {**shenghua, "report_stage": "调查报告", "as_of_at": "2018-12-24 23:59:59", "direct_loss_cny": 41488606},
        {**shenghua, "report_stage": "调查报告", "as_of_at": "2019-02-03 23:59:59", "deaths_persons": 24, "injured_persons": 21},
    ])  # fmt: skip
    ruihai = {"region_code": "120000", "accident_id": RUIHAI, "occurred_at": "2015-08-12", "report_stage": "调查报告"}
    land_rows("accidents/tianjin", "rh", [
        {**ruihai, "as_of_at": "2015-12-10 23:59:59", "direct_loss_cny": 6866000000},
        {**ruihai, "as_of_at": "2016-02-29 23:59:59", "deaths_persons": 165, "missing_persons": 8,
         "serious_injuries_persons": 58, "injured_persons": 798},
    ])  # fmt: skip


def _invented() -> None:
    """Accidents that never happened, each about one rule. The windows of 2024-03-01 end on 03-31 and 03-08."""
    copies: dict[str, list[dict[str, Any]]] = {"copy_a": [], "copy_b": []}
    land_rows("accidents/tianjin", "made_up", [
        _report("in_window", "初报", "2024-03-02", deaths_persons=2),
        _report("in_window", "补报", "2024-03-31 23:59:59", deaths_persons=3),
        _report("after_window", "初报", "2024-03-02", deaths_persons=2),
        _report("after_window", "补报", "2024-04-01 00:00:01", deaths_persons=3),
        _report("last_midnight", "初报", "2024-03-02", deaths_persons=2),
        _report("last_midnight", "补报", "2024-04-01 00:00", deaths_persons=3),
        _report("traffic", "初报", "2024-03-02", deaths_persons=2, accident_kind="道路交通"),
        _report("traffic", "续报", "2024-03-09 00:00:01", deaths_persons=3),
        _report("traffic_midnight", "初报", "2024-03-02", deaths_persons=2, accident_kind="火灾"),
        _report("traffic_midnight", "续报", "2024-03-09 00:00", deaths_persons=3),
        _report("investigated", "初报", "2024-03-02", deaths_persons=2),
        _report("investigated", "补报", "2024-04-05", deaths_persons=4),
        _report("investigated", "调查报告", "2024-05-01", deaths_persons=4, late_deaths_persons=1),
        _report("late_reported", "初报", "2024-03-02", deaths_persons=9),
        _report("late_reported", "补报", "2024-03-20", deaths_persons=10, late_deaths_persons=1),
        _report("late_alone", "初报", "2024-03-02", deaths_persons=12),
        _report("late_alone", "补报", "2024-04-20", late_deaths_persons=10),
        _report("late_risen", "初报", "2024-03-02", deaths_persons=12),
        _report("late_risen", "补报", "2024-04-20", deaths_persons=15, late_deaths_persons=3),
        _report("late_and_corrected", "初报", "2024-03-02", deaths_persons=12),
        _report("late_and_corrected", "补报", "2024-04-20", late_deaths_persons=10),
        _report("late_and_corrected", "调查报告", "2024-05-20", deaths_persons=9),
        _report("kind_late", "初报", "2024-03-02", deaths_persons=9),
        _report("kind_late", "补报", "2024-03-20", deaths_persons=10),
        _report("kind_late", "续报", "2024-03-25", accident_kind="道路交通"),
        _report("before_order", "初报", "2024-03-02", deaths_persons=9) | {"occurred_at": "2007-05-31 10:00"},
        _report("before_order", "补报", "2024-03-20", deaths_persons=30) | {"occurred_at": "2007-05-31 10:00"},
        _report("late_first_report", "调查报告", "2024-05-01", deaths_persons=4),
        _report("late_first_report", "初报", "2024-03-02", deaths_persons=2, missing_persons=1, reported_at="2024-06-01"),
        _report("falls", "初报", "2024-03-02", deaths_persons=5),
        _report("falls", "续报", "2024-04-20", deaths_persons=4),
        _report("known_late", "续报", "2024-05-01", deaths_persons=6),
        _report("serious_after_window", "初报", "2024-03-02", deaths_persons=1, serious_injuries_persons=9),
        _report("serious_after_window", "补报", "2024-04-10", serious_injuries_persons=10),
        _report("serious_at_midnight", "初报", "2024-03-02", deaths_persons=1, serious_injuries_persons=9),
        _report("serious_at_midnight", "补报", "2024-04-01 00:00", serious_injuries_persons=10),
        _report("none_late", "初报", "2024-03-02", deaths_persons=2),
        _report("none_late", "补报", "2024-04-02", deaths_persons=3, late_deaths_persons=0),
        _report("one_late_of_four", "初报", "2024-03-02", deaths_persons=2),
        _report("one_late_of_four", "补报", "2024-04-02", deaths_persons=4, late_deaths_persons=1),
        _report("one_late_of_four", "补报", "2024-04-05", deaths_persons=5),
        _report("explained_later", "初报", "2024-03-02", deaths_persons=2),
        _report("explained_later", "补报", "2024-04-02", deaths_persons=4),
        _report("explained_later", "补报", "2024-04-05", late_deaths_persons=1),
        _report("down_and_up", "初报", "2024-03-02", deaths_persons=3),
        _report("down_and_up", "续报", "2024-04-10", deaths_persons=2),
        _report("down_and_up", "续报", "2024-04-12", deaths_persons=3),
        _report("found_dead", "初报", "2024-03-02", deaths_persons=2, missing_persons=3),
        _report("found_dead", "续报", "2024-03-31 23:59:59", deaths_persons=2, missing_persons=3),
        _report("found_dead", "补报", "2024-04-15", deaths_persons=5, missing_persons=0),
        _report("found_dead", "补报", "2024-04-20", deaths_persons=6, missing_persons=0),
        _report("stay_missing", "初报", "2024-03-02", deaths_persons=2, missing_persons=3),
        _report("stay_missing", "续报", "2024-04-01 00:00", deaths_persons=2, missing_persons=3),
        _report("stay_missing", "续报", "2024-04-01 00:00:01", deaths_persons=2, missing_persons=3),
        _report("found_alive", "初报", "2024-03-02", deaths_persons=2, missing_persons=3),
        _report("found_alive", "补报", "2024-04-15", deaths_persons=2, missing_persons=1),
        _report("found_alive", "调查报告", "2024-05-15", deaths_persons=2),
        _report("dead_of_the_missing", "初报", "2024-03-02", deaths_persons=2, missing_persons=3),
        _report("dead_of_the_missing", "续报", "2024-03-09", deaths_persons=4),
        _report("dead_of_the_missing", "补报", "2024-04-15", deaths_persons=4),
        _report("dead_outside", "初报", "2024-03-02", deaths_persons=2, missing_persons=3),
        _report("dead_outside", "补报", "2024-04-15", deaths_persons=5, missing_persons=0, late_deaths_persons=1),
        _report("missing_in_traffic", "初报", "2024-03-02", deaths_persons=2, missing_persons=1, accident_kind="道路交通"),
        _report("missing_in_traffic", "续报", "2024-03-09 00:00:01", deaths_persons=2, missing_persons=1),
        _report("missing_before_the_rule", "初报", "2016-07-27", deaths_persons=2, missing_persons=1) | {"occurred_at": "2016-07-26 23:59"},
        _report("missing_before_the_rule", "续报", "2016-09-09", deaths_persons=2, missing_persons=1) | {"occurred_at": "2016-07-26 23:59"},
        _report("cancelled", "初报", "2024-03-02", deaths_persons=3),
        _report("cancelled", "核销", "2024-03-20", deaths_persons=0),
        _report("restored", "初报", "2024-03-02", deaths_persons=3),
        _report("restored", "核销", "2024-03-10"),
        _report("restored", "恢复", "2024-03-20"),
        _report("restored", "调查报告", "2024-04-20", deaths_persons=4),
        _report("cancelled_again", "初报", "2024-03-02", deaths_persons=3),
        _report("cancelled_again", "核销", "2024-03-10"),
        _report("cancelled_again", "恢复", "2024-03-20", deaths_persons=2),
        _report("cancelled_again", "核销", "2024-03-30"),
        _report("supplemented", "初报", "2024-03-02", deaths_persons=2),
        _report("supplemented", "调查报告", "2024-03-15", deaths_persons=2, direct_loss_cny=500),
        _report("supplemented", "续报", "2024-03-18", deaths_persons=9),
        _report("supplemented", "补报", "2024-03-31 23:59:59", deaths_persons=3, direct_loss_cny=600),
        _report("supplemented", "补报", "2024-04-01 00:00:01", deaths_persons=4),
        _report("supplemented", "补报", "2024-03-14", deaths_persons=5, reported_at="2024-05-01"),
        _report("supplemented", "调查报告", "2024-06-01", deaths_persons=2),
        _report("final_known_after", "初报", "2024-03-02", deaths_persons=2),
        _report("final_known_after", "补报", "2024-03-20", deaths_persons=4),
        _report("final_known_after", "调查报告", "2024-03-15", deaths_persons=3, reported_at="2024-04-20"),
        _report("small", "初报", "2024-03-02", deaths_persons=0, injured_persons=0, direct_loss_cny=999999),
        _report("small", "续报", "2024-03-03", direct_loss_cny=1000000),
        _report("unknown", "初报", "2024-03-02", missing_persons=4),
        _report("wider_window", "初报", "2024-03-02", deaths_persons=2, accident_kind="道路交通"),
        _report("wider_window", "调查报告", "2024-03-05", deaths_persons=2, light_injuries_persons=1),
        _report("wider_window", "补报", "2024-03-20", deaths_persons=3, light_injuries_persons=4),
        _report("wider_window", "续报", "2024-04-25", accident_kind="工矿商贸"),
        _report("narrower_window", "初报", "2024-03-02", deaths_persons=2, accident_kind="工矿商贸"),
        _report("narrower_window", "调查报告", "2024-03-05", deaths_persons=2),
        _report("narrower_window", "补报", "2024-03-20", deaths_persons=3),
        _report("narrower_window", "续报", "2024-03-25", accident_kind="道路交通"),
        _report("narrower_to_more", "初报", "2024-03-02", deaths_persons=3, accident_kind="工矿商贸"),
        _report("narrower_to_more", "调查报告", "2024-03-05", deaths_persons=3),
        _report("narrower_to_more", "补报", "2024-03-20", deaths_persons=2),
        _report("narrower_to_more", "续报", "2024-03-25", accident_kind="道路交通"),
        _report("first_told_after", "初报", "2024-03-02", serious_injuries_persons=1),
        _report("first_told_after", "续报", "2024-04-10", deaths_persons=1),
        _report("first_told_after", "续报", "2024-04-20", deaths_persons=3),
        _report("first_told_in_it_known_last", "初报", "2024-03-02", serious_injuries_persons=1),
        _report("first_told_in_it_known_last", "续报", "2024-04-10", deaths_persons=1),
        _report("first_told_in_it_known_last", "续报", "2024-03-31 23:59:59", deaths_persons=0, reported_at="2024-05-01"),
        _report("serious_first_after", "初报", "2024-03-02", deaths_persons=1),
        _report("serious_first_after", "续报", "2024-04-10", serious_injuries_persons=2),
        _report("serious_first_after", "续报", "2024-04-20", serious_injuries_persons=10),
        _report("missing_first_after", "初报", "2024-03-02", serious_injuries_persons=1),
        _report("missing_first_after", "续报", "2024-04-10", missing_persons=2),
        _report("missing_first_after", "续报", "2024-04-20", missing_persons=3),
        _report("both_first_after", "初报", "2024-03-02", serious_injuries_persons=1),
        _report("both_first_after", "续报", "2024-04-10", deaths_persons=1, missing_persons=2),
        _report("both_first_after", "续报", "2024-04-20", deaths_persons=1, missing_persons=3),
        _report("missing_only", "初报", "2024-03-02", missing_persons=12, serious_injuries_persons=0, direct_loss_cny=100),
        _report("missing_only", "续报", "2024-04-01 00:00:01", missing_persons=12),
        _report("missing_only", "续报", "2024-04-10", deaths_persons=13),
        _report("missing_and_found", "初报", "2024-03-02", missing_persons=12),
        _report("missing_and_found", "续报", "2024-04-10", missing_persons=0),
    ])  # fmt: skip
    # one report in two files: which of them sorts first decides nothing
    for missing_in, deaths_in in (("copy_a", "copy_b"), ("copy_b", "copy_a")):
        name = f"missing_in_{missing_in}"
        copies[missing_in].append(_report(name, "初报", "2024-03-02", missing_persons=2))
        copies[deaths_in].append(_report(name, "初报", "2024-03-02", deaths_persons=1))
        copies["copy_b"].append(_report(name, "续报", "2024-04-10", serious_injuries_persons=0))
    for delivery_id, rows in copies.items():
        land_rows("accidents/tianjin", delivery_id, rows)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[ModelResult, ...]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("accidents")))
        # tests of seeds that others read as well belong to those models
        patch.setenv("DBT_INDIRECT_SELECTION", "buildable")
        _published()
        _invented()
        candidate = prepare_candidate("accidents")
        assert candidate is not None
        load_deliveries(candidate)
        results = run_dbt(candidate, "+fct_accidents +int_accidents_flagged", unit_tests=True)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        yield connection, results


@pytest.fixture
def con(built: tuple[duckdb.DuckDBPyConnection, tuple[ModelResult, ...]]) -> duckdb.DuckDBPyConnection:
    return built[0]


def test_grade_bounds_and_counting_floor_are_tested_in_dbt(built: tuple[Any, tuple[ModelResult, ...]]) -> None:
    passed = {
        result.name.rpartition(".")[2] for result in built[1] if result.kind == "unit_test" and result.status == "pass"
    }
    assert passed >= {
        "test_grade_at_the_bounds_of_deaths",
        "test_grade_at_the_bounds_of_serious_injuries",
        "test_grade_at_the_bounds_of_loss",
        "test_grade_is_the_most_severe_of_the_known_criteria",
        "test_no_casualty_and_a_loss_below_the_floor_does_not_count",
    }


@pytest.mark.parametrize(
    ("accident", "known_by", "expected"),
    [
        (SHENGHUA, "2018-11-28", []),
        (SHENGHUA, "2018-11-29", [(2, "重大", 22, 22, None, True)]),
        (SHENGHUA, "2018-12-25", [(2, "重大", 22, 22, 41488606, True)]),
        (SHENGHUA, "2019-02-04", [(2, "重大", 24, 24, 41488606, True)]),
        (RUIHAI, "2015-12-11", [(1, "特别重大", None, None, 6866000000, True)]),
        (RUIHAI, "2016-03-01", [(1, "特别重大", 165, 165, 6866000000, False)]),
    ],
)
def test_accident_as_known_on_a_day_is_what_was_published(
    con: duckdb.DuckDBPyConnection, accident: str, known_by: str, expected: list[tuple[Any, ...]]
) -> None:
    columns = "grade_code, grade_name, deaths_persons, deaths_counted_persons, direct_loss_cny, is_grade_provisional"
    assert as_of(con, "fct_accidents", known_by, columns, f"accident_id = '{accident}'") == expected


def _versions(con: duckdb.DuckDBPyConnection, accident: str, columns: str) -> list[tuple[Any, ...]]:
    return con.execute(
        f"select {columns} from marts.fct_accident_reports where accident_id = $1 order by report_number", [accident]
    ).fetchall()


@pytest.mark.parametrize(
    ("accident", "deaths", "counted", "grades"),
    [
        ("in_window", [2, 3], [2, 3], [4, 3]),
        ("after_window", [2, 3], [2, 2], [4, 4]),
        ("last_midnight", [2, 3], [2, 3], [4, 3]),
        ("traffic", [2, 3], [2, 2], [4, 4]),
        ("traffic_midnight", [2, 3], [2, 3], [4, 3]),
        ("late_alone", [12, 12], [12, 2], [2, 4]),
        ("late_risen", [12, 15], [12, 12], [2, 2]),
        ("late_and_corrected", [12, 12, 9], [12, 2, 9], [2, 4, 3]),
        ("kind_late", [9, 10, 10], [9, 10, 9], [3, 2, 3]),
        ("before_order", [9, 30], [9, 30], [None, None]),
        ("investigated", [2, 4, 4], [2, 2, 3], [4, 4, 3]),
        ("late_reported", [9, 10], [9, 9], [3, 3]),
        ("falls", [5, 4], [5, 4], [3, 3]),
        ("supplemented", [2, 2, 2, 3, 3, 3, 2], [2, 2, 2, 3, 3, 3, 2], [4, 4, 4, 3, 3, 3, 4]),
        ("final_known_after", [2, 4, 3], [2, 4, 3], [4, 3, 3]),
        ("serious_after_window", [1, 1], [1, 1], [4, 4]),
        ("serious_at_midnight", [1, 1], [1, 1], [4, 3]),
        ("none_late", [2, 3], [2, 3], [4, 3]),
        ("one_late_of_four", [2, 4, 5], [2, 3, 3], [4, 3, 3]),
        ("explained_later", [2, 4, 4], [2, 2, 3], [4, 4, 3]),
        ("down_and_up", [3, 2, 3], [3, 2, 3], [3, 4, 3]),
        ("found_dead", [2, 2, 5, 6], [2, 2, 5, 5], [4, 4, 3, 3]),
        ("stay_missing", [2, 2, 2], [2, 2, 5], [4, 4, 3]),
        ("found_alive", [2, 2, 2], [2, 3, 2], [4, 3, 4]),
        ("dead_of_the_missing", [2, 4, 4], [2, 4, 5], [4, 3, 3]),
        ("dead_outside", [2, 5], [2, 4], [4, 3]),
        ("missing_in_traffic", [2, 2], [2, 3], [4, 3]),
        ("missing_before_the_rule", [2, 2], [2, 2], [4, 4]),
        ("known_late", [6], [6], [3]),
        ("unknown", [None], [None], [None]),
        ("wider_window", [2, 2, 2, 3], [2, 2, 2, 3], [4, 4, 4, 3]),
        ("narrower_window", [2, 2, 3, 2], [2, 2, 3, 2], [4, 4, 3, 4]),
        ("narrower_to_more", [3, 3, 2, 3], [3, 3, 2, 3], [3, 3, 4, 3]),
        ("first_told_after", [None, 1, 3], [None, 1, 1], [4, 4, 4]),
        ("first_told_in_it_known_last", [None, 1, 1], [None, 1, 0], [4, 4, 4]),
        ("missing_first_after", [None, None, None], [None, 2, 2], [4, 4, 4]),
        ("both_first_after", [None, 1, 1], [None, 3, 3], [4, 3, 3]),
        ("missing_only", [None, None, 13], [None, 12, 13], [4, 2, 2]),
        ("missing_and_found", [None, None], [None, None], [None, None]),
        ("missing_in_copy_a", [None, 1, 1], [None, 1, 3], [None, 4, 3]),
        ("missing_in_copy_b", [1, 1, 1], [1, 1, 3], [4, 4, 3]),
    ],
)
def test_deaths_after_the_statistical_window_are_kept_and_not_counted(
    con: duckdb.DuckDBPyConnection, accident: str, deaths: list[int], counted: list[int], grades: list[int]
) -> None:
    versions = _versions(con, accident, "deaths_persons, deaths_counted_persons, grade_code")
    assert versions == list(zip(deaths, counted, grades, strict=True))


def test_serious_injuries_after_the_window_are_kept_and_not_counted(con: duckdb.DuckDBPyConnection) -> None:
    columns = "serious_injuries_persons, serious_injuries_counted_persons"
    assert _versions(con, "serious_after_window", columns) == [(9, 9), (10, 9)]
    assert _versions(con, "serious_at_midnight", columns) == [(9, 9), (10, 10)]
    assert _versions(con, "serious_first_after", columns) == [(None, None), (2, 2), (10, 2)]


def test_missing_who_count_as_dead_leave_the_grade_provisional_while_deaths_are_not_told(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert _versions(con, "missing_only", "is_grade_provisional") == [(True,), (True,), (False,)]


def test_only_a_rise_that_nothing_explains_is_told(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select accident_id, as_of_at::date::varchar, column_name, value_text, compared_text
        from intermediate.int_accidents_flagged as flags inner join marts.fct_accident_reports using (region_code, accident_id, delivery_id, row_number)
        where rule_id = 'W-ACC-30D' and accident_id in ('serious_after_window', 'serious_at_midnight', 'none_late', 'one_late_of_four',
            'wider_window', 'narrower_window', 'narrower_to_more', 'first_told_after', 'serious_first_after', 'explained_later', 'down_and_up', 'kind_late', 'found_dead', 'stay_missing', 'dead_outside')
        order by all""").fetchall()
    assert rows == [
        ("explained_later", "2024-04-02", "deaths_persons", "4", "2"),
        ("first_told_after", "2024-04-20", "deaths_persons", "3", "1"),
        ("found_dead", "2024-04-20", "deaths_persons", "6", "5"),
        ("kind_late", "2024-03-25", "accident_kind", "道路交通", "统计期为7日，计入统计的死亡人数由10人减为9人"),
        ("narrower_window", "2024-03-25", "accident_kind", "道路交通", "统计期为7日，计入统计的死亡人数由3人减为2人"),
        ("one_late_of_four", "2024-04-05", "deaths_persons", "5", "4"),
        ("serious_after_window", "2024-04-10", "serious_injuries_persons", "10", "9"),
        ("serious_first_after", "2024-04-20", "serious_injuries_persons", "10", "2"),
    ]


def test_window_is_that_of_the_field(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select distinct accident_id, window_days from marts.fct_accidents where accident_id in ('traffic', 'falls')"
    )
    assert dict(rows.fetchall()) == {"traffic": 7, "falls": 30}


def test_cancelled_accident_counts_until_the_cancellation_is_known(con: duckdb.DuckDBPyConnection) -> None:
    columns, mine = "is_counted, not_counted_reason, deaths_persons", "accident_id = 'cancelled'"
    assert as_of(con, "fct_accidents", "2024-03-20", columns, mine) == [(True, None, 3)]
    assert as_of(con, "fct_accidents", "2024-03-21", columns, mine) == [(False, "已核销", 3)]


def test_cancellation_is_taken_back_by_a_restoration_and_earlier_days_stay(con: duckdb.DuckDBPyConnection) -> None:
    columns = "report_stage, is_counted, not_counted_reason, deaths_persons"
    for known_by, expected in {
        "2024-03-11": ("初报", False, "已核销", 3),
        "2024-03-21": ("初报", True, None, 3),
        "2024-04-21": ("调查报告", True, None, 4),
    }.items():
        assert as_of(con, "fct_accidents", known_by, columns, "accident_id = 'restored'") == [expected]
    assert _versions(con, "cancelled_again", "is_counted, deaths_persons") == [
        (True, 3),
        (False, 3),
        (True, 2),
        (False, 2),
    ]


def test_supplement_within_the_window_changes_the_casualties_of_an_earlier_final_report(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = "report_stage, figures_report_number, direct_loss_cny::integer, is_superseded_on_arrival"
    assert _versions(con, "supplemented", columns) == [
        ("初报", 1, None, False),
        ("调查报告", 2, 500, False),
        ("续报", 2, 500, True),
        ("补报", 4, 500, False),
        ("补报", 4, 500, True),
        ("补报", 4, 500, True),
        ("调查报告", 7, 500, False),
    ]
    told = con.execute("""
        select as_of_at::varchar from intermediate.int_accidents_flagged inner join marts.fct_accident_reports using (delivery_id, row_number)
        where rule_id = 'A-SEQ' and column_name = 'report_stage' and marts.fct_accident_reports.accident_id = 'supplemented' order by 1""").fetchall()
    assert told == [("2024-03-14 00:00:00",), ("2024-03-18 00:00:00",), ("2024-04-01 00:00:01",)]


def test_supplement_is_judged_by_the_window_of_the_field_as_known_with_each_report(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = "report_stage, figures_report_number, is_superseded_on_arrival"
    assert _versions(con, "wider_window", columns) == [
        ("初报", 1, False),
        ("调查报告", 2, False),
        ("补报", 2, True),
        ("续报", 3, False),
    ]
    assert [row[1] for row in _versions(con, "narrower_window", columns)] == [1, 2, 3, 2]
    mine = "accident_id = 'wider_window'"
    assert as_of(con, "fct_accidents", "2024-04-25", "report_stage, deaths_persons", mine) == [("调查报告", 2)]
    assert as_of(con, "fct_accidents", "2024-04-26", "report_stage, deaths_persons", mine) == [("补报", 3)]


def test_accident_below_the_statistical_floor_is_kept_with_its_reason(con: duckdb.DuckDBPyConnection) -> None:
    assert _versions(con, "small", "is_counted, not_counted_reason") == [
        (False, "无人员伤亡且直接经济损失低于统计下限"),
        (True, None),
    ]


def test_field_reported_later_changes_the_count_from_then_on(con: duckdb.DuckDBPyConnection) -> None:
    columns, mine = "deaths_counted_persons, grade_name, window_days", "accident_id = 'kind_late'"
    assert as_of(con, "fct_accidents", "2024-03-25", columns, mine) == [(10, "重大", 30)]
    assert as_of(con, "fct_accidents", "2024-03-26", columns, mine) == [(9, "较大", 7)]


def test_accident_without_a_grade_says_why(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select accident_id, window_days, grade_null_reason from marts.fct_accidents
        where grade_code is null or grade_null_reason is not null order by 1""").fetchall()
    assert rows == [
        ("before_order", None, "事故发生时现行分级标准尚未施行"),
        ("missing_and_found", 30, "死亡、重伤、直接经济损失均未填报"),
        ("unknown", 30, "死亡、重伤、直接经济损失均未填报"),
    ]


def test_every_landed_report_is_in_the_mart(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select (select count(*) from raw.accidents), (select count(*) from marts.fct_accident_reports)"
    )
    landed, kept = found.fetchall()[0]
    assert landed == kept > 0


def test_label_of_an_accident_is_that_of_the_report_whose_figures_it_shows(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select report_stage, as_of_at::date::varchar, row_number = max(row_number) over () as is_of_that_row, deaths_persons, missing_persons,
            known_from::date::varchar, last_report_known_from::date::varchar
        from marts.fct_accidents where accident_id = 'late_first_report'""").fetchall()
    assert rows == [("调查报告", "2024-05-01", True, 4, 1, "2024-05-01", "2024-06-01")]
