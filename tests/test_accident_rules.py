"""Accidents over time and across borders: clocks, editions, order of reports, grade changes, one accident reported by two regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt

MODELS = (
    "+fct_accidents +fct_accident_report_hops +agg_reporting_timeliness +agg_accident_grade_watch +dim_accident_types"
    " +int_accidents_flagged +int_accident_duplicates_flagged"
)
SANHE = "131082"


def _report(region: str, accident_id: str, stage: str, as_of_at: str, **values: Any) -> dict[str, Any]:
    """A report about an invented accident of 2024-03-01 10:00 unless told otherwise."""
    given = {"region_code": region, "accident_id": accident_id, "report_stage": stage, "as_of_at": as_of_at}
    return {"occurred_at": "2024-03-01 10:00", **given, **values}


def _listed(deaths: int) -> list[dict[str, Any]]:
    """A first report that stands in every list its region sends."""
    clock = {"known_at": "2024-03-01 10:10", "reported_county_at": "2024-03-01 12:00"}
    return [_report("120000", "listed", "初报", "2024-03-02", deaths_persons=deaths, **clock)]


def _tianjin() -> list[dict[str, Any]]:
    fire = {"occurred_at": "2024-06-01 10:20", "accident_kind": "火灾", "place_code": SANHE}
    point = {"place_lon": 117.0, "place_lat": 39.98, "place_datum": "WGS84"}
    late = {
        "known_at": "2024-03-01 10:05",
        "reported_county_at": "2024-03-01 11:05:01",
        "reported_province_at": "2024-03-01 13:05:01",
    }
    return [
        _report("120000", "fire", "初报", "2024-06-02 12:00", deaths_persons=1, **fire, **point),
        _report("120000", "each_its_own", "初报", "2024-07-01 12:00", deaths_persons=1,
                **fire | {"occurred_at": "2024-07-01 10:00", "place_code": "120119"}, **point),
        _report("120000", "risen", "初报", "2024-03-02", deaths_persons=2, **late),
        _report("120000", "risen", "补报", "2024-04-01 00:00", deaths_persons=3),
        _report("120000", "risen", "补报", "2024-04-01 00:00:01", deaths_persons=4),
        _report("120000", "risen", "补报", "2024-05-01", deaths_persons=4, injured_persons=1),
        _report("120000", "fallen", "初报", "2024-03-02", deaths_persons=5, missing_persons=2, injured_persons=1),
        _report("120000", "fallen", "续报", "2024-03-03", deaths_persons=4, missing_persons=0, injured_persons=1),
        _report("120000", "came_late", "调查报告", "2024-05-01", deaths_persons=4),
        _report("120000", "came_late", "初报", "2024-03-02", deaths_persons=2, reported_at="2024-06-01"),
        _report("120000", "old_code", "初报", "2026-07-02", deaths_persons=0, accident_type_code="02") | {"occurred_at": "2026-07-01 08:00"},
        _report("120000", "old_code", "续报", "2026-07-03", deaths_persons=0) | {"occurred_at": "2026-07-01 08:00"},
        # known to the day only and newest row first: the moment it speaks of says which report is older
        _report("120000", "newest_first", "续报", "2024-03-01 20:00", deaths_persons=12, accident_kind="火灾", reported_at="2024-03-01 23:59:59"),
        _report("120000", "newest_first", "初报", "2024-03-01 12:00", deaths_persons=2, accident_kind="工矿商贸", reported_at="2024-03-01 23:59:59",
                reported_province_at="2024-03-01 11:00", reported_ministry_at="2024-03-01 20:30"),
        _report("120000", "known_after", "续报", "2024-03-01 20:00", deaths_persons=12),
        _report("120000", "known_after", "初报", "2024-03-01 12:00", deaths_persons=2, reported_at="2024-03-03",
                reported_province_at="2024-03-01 11:00", reported_ministry_at="2024-03-01 20:30"),
        _report("120000", "injured_died", "初报", "2024-03-02", deaths_persons=1, serious_injuries_persons=4, light_injuries_persons=2, injured_persons=6),
        _report("120000", "injured_died", "续报", "2024-03-05", deaths_persons=2, serious_injuries_persons=3, light_injuries_persons=2, injured_persons=5),
        _report("120000", "injured_died", "续报", "2024-03-06", deaths_persons=2, serious_injuries_persons=4, light_injuries_persons=1, injured_persons=5),
        _report("120000", "injured_gone", "初报", "2024-03-02", deaths_persons=1, serious_injuries_persons=4, injured_persons=6),
        _report("120000", "injured_gone", "续报", "2024-03-05", deaths_persons=2, serious_injuries_persons=2, injured_persons=5),
        _report("120000", "former_code", "初报", "2015-05-02", deaths_persons=1, place_code="120225", known_at="2015-05-01 11:00",
                reported_county_at="2015-05-01 11:30") | {"occurred_at": "2015-05-01 10:00"},
        _report("120000", "code_in_force", "初报", "2015-05-02", deaths_persons=1, place_code="120119", known_at="2015-05-01 11:00",
                reported_county_at="2015-05-01 12:00:01") | {"occurred_at": "2015-05-01 10:00"},
        *_listed(1),
        _report("120000", "far_away", "初报", "2024-03-02", deaths_persons=0, place_code="120116", place_lon=114.5, place_lat=38.0, place_datum="WGS84"),
        _report("120000", "no_datum", "初报", "2024-03-02", deaths_persons=0, place_code="120116", place_lon=114.5, place_lat=38.0),
    ]  # fmt: skip


def _hebei() -> list[dict[str, Any]]:
    fire = {"occurred_at": "2024-06-01 10:00", "accident_kind": "火灾", "place_code": SANHE}
    point = {"place_lon": 117.0, "place_lat": 39.98, "place_datum": "GCJ02"}
    clock = {
        "known_at": "2024-06-01 10:00",
        "reported_county_at": "2024-06-01 11:00",
        "reported_city_at": "2024-06-01 13:00:01",
    }
    return [
        _report("130000", "fire", "初报", "2024-06-01 12:00", deaths_persons=1, **fire, **point, **clock),
        _report("130000", "fire", "核销", "2024-06-10 12:00", **fire),
        _report("130000", "each_its_own", "初报", "2024-07-01 12:00", deaths_persons=1, **fire | {"occurred_at": "2024-07-01 10:00"}, **point),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("rules")))
        # tests of seeds that others read as well belong to those models
        patch.setenv("DBT_INDIRECT_SELECTION", "buildable")
        land_rows("accidents/tianjin", "tj", _tianjin())
        land_rows("accidents/tianjin", "tj2", _listed(1))
        land_rows(
            "accidents/tianjin",
            "tj3",
            [*_listed(3), _report("120000", "listed", "续报", "2024-03-03", deaths_persons=3)],
        )
        land_rows("accidents/hebei", "hb", _hebei())
        candidate = prepare_candidate("rules")
        assert candidate is not None
        load_deliveries(candidate)
        run_dbt(candidate, MODELS)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("known_by", "expected"),
    [
        ("2024-06-02", [("130000", True, None, None)]),
        ("2024-06-03", [("120000", False, "与相邻地区报告的是同一起，由事发地统计", "130000 fire"), ("130000", True, None, None)]),
        # once the region of the place says that it was none of its accidents, the other one counts again
        ("2024-06-11", [("120000", True, None, None), ("130000", False, "已核销", None)]),
    ],
)  # fmt: skip
def test_accident_on_a_border_counts_once_as_known_on_a_day(
    con: duckdb.DuckDBPyConnection, known_by: str, expected: list[tuple[Any, ...]]
) -> None:
    columns = "region_code, is_counted, not_counted_reason, counted_as"
    assert sorted(as_of(con, "fct_accidents", known_by, columns, "accident_id = 'fire'")) == expected


def test_accident_that_each_region_places_in_itself_counts_twice_until_people_decide(
    con: duckdb.DuckDBPyConnection,
) -> None:
    pairs = con.execute("""
        select judgement, judged_by, counted_region_code, minutes_apart, km_apart between 0.2 and 0.9
        from marts.fct_accident_border_duplicates where accident_id = 'each_its_own'""").fetchall()
    assert pairs == [("undecided", "both_points", None, 0.0, True)]
    counted = con.execute("select is_counted from marts.fct_accidents where accident_id = 'each_its_own'").fetchall()
    assert counted == [(True,), (True,)]


def test_what_only_history_shows_is_flagged_and_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    flags = con.execute("""
        select flags.rule_id, reports.accident_id, reports.report_number, flags.column_name, flags.value_text, flags.compared_text
        from (select * exclude (accident_id) from intermediate.int_accidents_flagged
              union all by name select * from intermediate.int_accident_duplicates_flagged) as flags
        inner join marts.fct_accident_reports as reports using (delivery_id, row_number)
        order by all""").fetchall()
    assert flags == [
        ("A-DUP", "each_its_own", 1, "accident_id", "each_its_own", "120000 each_its_own"),
        ("A-DUP", "each_its_own", 1, "accident_id", "each_its_own", "130000 each_its_own"),
        ("A-DUP", "fire", 1, "accident_id", "fire", "120000 fire"),
        ("A-DUP", "fire", 1, "accident_id", "fire", "130000 fire"),
        ("A-FALL", "fallen", 2, "deaths_persons", "4", "5"),
        ("A-FALL", "injured_gone", 2, "serious_injuries_persons", "2", "4"),
        ("A-LATE", "code_in_force", 1, "reported_county_at", "2015-05-01 12:00:01", "2015-05-01 12:00:00"),
        ("A-LATE", "fire", 1, "reported_city_at", "2024-06-01 13:00:01", "2024-06-01 13:00:00"),
        ("A-LATE", "listed", 3, "reported_county_at", "2024-03-01 12:00:00", "2024-03-01 11:10:00"),
        ("A-LATE", "risen", 1, "reported_county_at", "2024-03-01 11:05:01", "2024-03-01 11:05:00"),
        ("A-POINT", "far_away", 1, "place_lon", "114.500000, 38.000000", "滨海新区，相距285千米"),
        ("A-SEQ", "came_late", 1, "report_stage", "调查报告", "没有初报"),
        ("A-SEQ", "came_late", 2, "report_stage", "初报", "调查报告"),
        ("A-SEQ", "known_after", 1, "report_stage", "续报", "没有初报"),
        ("A-SEQ", "known_after", 2, "report_stage", "初报", "续报"),
        ("W-ACC-30D", "risen", 3, "deaths_persons", "4", "3"),
        ("W-CODE-EDITION", "old_code", 1, "accident_type_code", "02", "GB6441-2025"),
    ]


def test_hops_of_a_first_report_are_judged_by_its_own_line(con: duckdb.DuckDBPyConnection) -> None:
    hops = con.execute("""
        select region_code, hop, is_required, is_late, minutes_late, not_judged_reason
        from marts.fct_accident_report_hops where accident_id in ('fire', 'risen') and departed_at is not null
        order by region_code, hop_order""").fetchall()
    assert hops == [
        ("120000", "unit_to_county", True, True, 1, None),
        ("120000", "county_to_province", True, False, 0, None),
        ("120000", "province_to_ministry", False, None, None, "按等级无需报到这一级"),
        ("130000", "unit_to_county", True, False, 0, None),
        ("130000", "county_to_city", True, True, 1, None),
        ("130000", "city_to_province", False, None, None, "按等级无需报到这一级"),
    ]


def test_reports_of_one_moment_go_by_what_they_speak_of(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select report_number, report_stage, accident_kind, window_days, grade_code
        from marts.fct_accident_reports where accident_id = 'newest_first' order by 1""").fetchall()
    assert rows == [(1, "初报", "工矿商贸", 30, 4), (2, "续报", "火灾", 7, 2)]


@pytest.mark.parametrize("accident", ["newest_first", "known_after"])
def test_first_report_goes_as_far_as_its_own_figures_say(con: duckdb.DuckDBPyConnection, accident: str) -> None:
    hops = con.execute(
        "select hop, is_required, grade_code from marts.fct_accident_report_hops where accident_id = $1 order by hop_order",
        [accident],
    ).fetchall()
    assert hops == [("unit_to_county", True, 4), ("county_to_province", True, 4), ("province_to_ministry", False, 4)]


def test_report_that_is_sent_again_is_kept_and_judged_once(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select delivery_id, report_number, is_repeated, deaths_persons from marts.fct_accident_reports where accident_id = 'listed' order by 2""").fetchall()
    assert rows == [("tj", 1, True, 1), ("tj2", 2, True, 1), ("tj3", 3, False, 3), ("tj3", 4, False, 3)]
    hops = con.execute("select distinct report_number from marts.fct_accident_report_hops where accident_id = 'listed'")
    assert hops.fetchall() == [(3,)]
    timely = con.execute("""
        select hops_count, late_count from marts.agg_reporting_timeliness
        where dataset = 'accidents' and hop = 'unit_to_county' and month_date = '2024-03-01' and region_code = '120000' and unit_code = '120000'""")
    # came_late is known from June, far_away and no_datum have a place
    assert timely.fetchall() == [(7, 2)]


def test_county_is_one_unit_under_its_former_code_and_the_one_in_force(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select unit_code, hops_count, in_time_count, late_count from marts.agg_reporting_timeliness
        where dataset = 'accidents' and hop = 'unit_to_county' and month_date = '2015-05-01'""").fetchall()
    assert rows == [("120119", 2, 1, 1)]
    codes = con.execute(
        "select place_code, place_current_code from marts.fct_accidents where accident_id = 'former_code'"
    )
    assert codes.fetchall() == [("120225", "120119")]


def test_supplement_in_the_window_that_makes_it_graver_is_watched(con: duckdb.DuckDBPyConnection) -> None:
    watched = con.execute("""
        select accident_id, report_number, previous_grade_name, grade_name, must_reach, is_within_window, window_ends_at::varchar
        from marts.agg_accident_grade_watch order by 1, 2""").fetchall()
    assert watched == [
        ("newest_first", 2, "一般", "重大", "省级→国务院部门", True, "2024-03-09 00:00:00"),
        ("risen", 2, "一般", "较大", "县级→省级", True, "2024-04-01 00:00:00"),
    ]


def test_point_is_in_wgs84_or_not_used(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select region_code, accident_id, place_datum, round(place_lon_wgs84 - place_lon::double, 3), round(place_lat_wgs84 - place_lat::double, 3)
        from marts.fct_accident_reports where place_lon is not null and report_number = 1 and accident_id in ('fire', 'no_datum')
        order by all""").fetchall()
    assert rows == [
        ("120000", "fire", "WGS84", 0.0, 0.0),
        ("120000", "no_datum", None, None, None),
        ("130000", "fire", "GCJ02", -0.006, -0.001),
    ]


def test_class_that_was_split_has_several_counterparts_and_no_exact_one(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select type_code, counterpart_codes, has_exact_counterpart from marts.dim_accident_types
        where type_code in ('02', '05', '16', 'S06', 'S14') order by 1""").fetchall()
    assert rows == [
        ("02", "S02;S03", False),
        ("05", "S06", True),
        ("16", "S14", False),
        ("S06", "05", True),
        ("S14", "16;17", False),
    ]
