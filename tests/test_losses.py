"""Losses: what was known of each metric when, from reports to change rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.codes import rows_of
from jingjinji.contracts import load_contracts

SELECT = "+fct_disaster_losses +agg_loss_changes +fct_disaster_loss_metric_versions +dim_divisions +dim_reporting_units +dim_reporting_unit_divisions +int_divisions_resolved"
FLOOD = {"event_id": "20230727-暴雨洪涝", "region_code": "130000", "unit_code": "130000"}


def _report(event_id: str, as_of_at: str, **values: Any) -> dict[str, Any]:
    """A report of 天津 about an invented event."""
    given = {"region_code": "120000", "unit_code": "120000", "report_stage": "续报", "as_of_at": as_of_at}
    return {**given, "event_id": event_id, **values}


def _published() -> None:
    """The flood of 2023 as published: Hebei, Beijing, and the joint final figure."""
    land_rows("disaster_losses/hebei", "hb1", [{
        **FLOOD, "report_stage": "初报", "as_of_at": "2023-08-01 12:00", "affected_persons": 540703, "deaths_persons": 9,
        "missing_persons": 6, "relocated_persons": 847400}])  # fmt: skip
    land_rows("disaster_losses/hebei", "hb2", [{
        **FLOOD, "report_stage": "续报", "as_of_at": "2023-08-11 00:00", "affected_persons": 3888600, "deaths_persons": 29,
        "missing_persons": 16, "crop_affected_ha": 319700, "direct_loss_cny": 95811000000}])  # fmt: skip
    land_rows("disaster_losses/hebei", "hb3", [{
        **FLOOD, "report_stage": "续报", "as_of_at": "2023-08-11 00:00", "relocated_persons": 1757400}])  # fmt: skip
    beijing = {"event_id": "20230729-暴雨洪涝", "region_code": "110000", "unit_code": "110000"}
    land_rows("disaster_losses/beijing", "bj1", [{
        **beijing, "report_stage": "初报", "as_of_at": "2023-08-01 06:00", "affected_persons": 44673, "deaths_persons": 11,
        "missing_persons": 27}])  # fmt: skip
    land_rows("disaster_losses/beijing", "bj2", [{
        **beijing, "report_stage": "续报", "as_of_at": "2023-08-09 00:00", "affected_persons": 1290000, "deaths_persons": 33,
        "missing_persons": 18, "crop_affected_ha": 15000}])  # fmt: skip
    land_rows("disaster_losses/national", "jjj", [{
        "event_id": "2023-京津冀暴雨洪涝", "region_code": "JJJ", "unit_code": "JJJ", "report_stage": "核报",
        "as_of_at": "2024-01-20 23:59:59", "affected_persons": 5512000, "deaths_missing_persons": 107}])  # fmt: skip


def _invented() -> None:
    """Events of 天津 that no one reported, each about one rule."""
    day = "2024-07-{:02d} 00:00".format
    land_rows("disaster_losses/tianjin", "d01", [
        _report("late", day(5), deaths_persons=5, reported_at=day(5)),
        _report("late", day(3), deaths_persons=3, missing_persons=1, reported_at=day(6)),
        _report("zero", day(1), deaths_persons=0),
        _report("zero", day(2), affected_persons=10),
        _report("retracted", day(1), deaths_persons=2, affected_persons=100),
        _report("retracted", day(2), report_stage="更正", retracted_metrics="deaths_persons"),
        _report("retracted", day(3), deaths_persons=0),
        _report("final", day(1), deaths_persons=4),
        _report("final", day(2), report_stage="核报", deaths_persons=6, reported_at=day(4)),
        _report("final", day(3), deaths_persons=9, reported_at=day(5)),
        _report("final", day(6), report_stage="更正", deaths_persons=7),
        _report("early_correction", day(1), report_stage="更正", deaths_persons=8),
        _report("early_correction", day(2), deaths_persons=9),
        _report("sum", day(1), deaths_missing_persons=12),
        _report("sum", day(2), deaths_persons=7),
        _report("sum", day(3), missing_persons=8),
        _report("sum", day(4), deaths_missing_persons=20),
    ])  # fmt: skip
    land_rows("disaster_losses/tianjin", "d02", [
        _report("parts", day(1), unit_code="120114", affected_persons=10, deaths_persons=1),
        _report("parts", day(1), unit_code="120115", affected_persons=20),
        _report("parts", day(3), affected_persons=35),
        _report("parts", day(4), unit_code="120114", affected_persons=12),
        _report("one_metric", day(1), unit_code="120114", affected_persons=1000, deaths_persons=7),
        _report("one_metric", day(2), unit_code="120115", affected_persons=2000, deaths_persons=3),
        _report("one_metric", day(3), relocated_persons=50),
        _report("one_metric", day(4), deaths_persons=11),
        _report("one_metric", day(5), report_stage="更正", retracted_metrics="deaths_persons"),
    ])  # fmt: skip
    land_rows("disaster_losses/tianjin", "d03", [
        _report("late_first_report", day(10), report_stage="核报", deaths_persons=8),
        _report("late_first_report", day(1), report_stage="初报", deaths_persons=5, missing_persons=2, reported_at=day(12)),
        _report("late_first_report", day(2), deaths_persons=6, reported_at=day(13)),
        _report("old_correction", day(5), deaths_persons=5),
        _report("old_correction", day(3), report_stage="更正", retracted_metrics="deaths_persons", reported_at=day(6)),
        _report("no_retraction", day(1), deaths_persons=5),
        _report("no_retraction", day(2), affected_persons=9, retracted_metrics="deaths_persons"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("losses")))
        _published()
        _invented()
        candidate = prepare_candidate("losses")
        assert candidate is not None
        load_deliveries(candidate)
        run_dbt(candidate, SELECT)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        yield connection


METRICS = "affected_persons, deaths_persons, missing_persons, crop_affected_ha, direct_loss_cny, relocated_persons"


@pytest.mark.parametrize(
    ("region", "known_by", "expected"),
    [
        ("130000", "2023-08-03", (540703, 9, 6, None, None, 847400)),
        ("130000", "2023-08-13", (3888600, 29, 16, 319700, 95811000000, 1757400)),
        ("110000", "2023-08-03", (44673, 11, 27, None, None, None)),
        ("110000", "2023-08-13", (1290000, 33, 18, 15000, None, None)),
    ],
)
def test_losses_as_known_on_a_day_are_the_published_figures(
    con: duckdb.DuckDBPyConnection, region: str, known_by: str, expected: tuple[Any, ...]
) -> None:
    assert as_of(con, "fct_disaster_losses", known_by, METRICS, f"region_code = '{region}'") == [expected]


def test_losses_of_an_event_are_unknown_before_its_first_report(con: duckdb.DuckDBPyConnection) -> None:
    assert as_of(con, "fct_disaster_losses", "2023-08-01 06:00", METRICS, "true") == []


def test_joint_figure_is_kept_and_never_added(con: duckdb.DuckDBPyConnection) -> None:
    joint = con.execute("""
        select deaths_missing_persons, deaths_persons, is_counted, not_counted_reason, process_id
        from marts.fct_disaster_losses where region_code = 'JJJ'""").fetchall()
    assert joint == [(107, None, False, "三地合计数，不与各地数字相加", "2023-07-海河流域洪涝")]
    assert con.execute(
        "select distinct is_additive from marts.agg_loss_changes where region_code = 'JJJ'"
    ).fetchall() == [(False,)]


def _versions(con: duckdb.DuckDBPyConnection, event: str, metric: str) -> list[Any]:
    rows = con.execute(
        f"select {metric} from marts.fct_disaster_loss_reports where event_id = $1 order by unit_code, report_number",
        [event],
    )
    return [row[0] for row in rows.fetchall()]


@pytest.mark.parametrize(
    ("event", "metric", "expected"),
    [
        ("late", "deaths_persons", [5, 5]),
        ("late", "missing_persons", [None, 1]),
        ("zero", "deaths_persons", [0, 0]),
        ("zero", "missing_persons", [None, None]),
        ("retracted", "deaths_persons", [2, None, 0]),
        ("retracted", "affected_persons", [100, 100, 100]),
        ("final", "deaths_persons", [4, 6, 6, 7]),
        ("early_correction", "deaths_persons", [8, 9]),
        ("sum", "deaths_missing_persons", [12, 12, 15, 20]),
    ],
)
def test_versions_carry_the_last_stated_value_of_each_metric(
    con: duckdb.DuckDBPyConnection, event: str, metric: str, expected: list[Any]
) -> None:
    assert _versions(con, event, metric) == expected


def test_sum_of_deaths_and_missing_is_as_old_as_its_older_part(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select value, as_of_at::date::varchar from marts.fct_disaster_loss_metric_versions
        where event_id = 'sum' and metric = 'deaths_missing_persons' order by report_number""").fetchall()
    assert rows == [(12, "2024-07-01"), (15, "2024-07-02"), (20, "2024-07-04")]


def test_every_metric_names_the_row_it_came_from(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select metric, delivery_id, row_number from marts.fct_disaster_loss_metric_versions
        where event_id = '20230727-暴雨洪涝' and known_to is null and metric in ('deaths_persons', 'relocated_persons')
        order by metric""").fetchall()
    assert rows == [("deaths_persons", "hb2", 1), ("relocated_persons", "hb3", 1)]


def test_unit_is_added_up_until_its_parent_reports_the_same_event(con: duckdb.DuckDBPyConnection) -> None:
    counted = "region_code = '120000' and event_id = 'parts' and is_counted"
    uncovered = "sum({0}) filter (where coalesce(covered_metrics not like '%{0}%', true))".format
    sums = f"{uncovered('affected_persons')}, {uncovered('deaths_persons')}"
    before = as_of(con, "fct_disaster_losses", "2024-07-02", sums, counted)
    after = as_of(con, "fct_disaster_losses", "2024-07-10", sums, counted)
    assert (before, after) == ([(30, 1)], [(35, 1)])


@pytest.mark.parametrize(
    ("known_by", "deaths", "affected", "relocated"),
    [
        ("2024-07-02", 7, 1000, None),
        ("2024-07-03", 10, 3000, None),
        ("2024-07-04", 10, 3000, 50),
        ("2024-07-05", 11, 3000, 50),
        ("2024-07-06", 10, 3000, 50),
    ],
)
def test_metric_of_a_part_leaves_the_sum_only_while_the_parent_reports_that_metric(
    con: duckdb.DuckDBPyConnection, known_by: str, deaths: int, affected: int, relocated: int | None
) -> None:
    summed = con.execute(
        """select metric, sum(value_change)::bigint from marts.agg_loss_changes
        where event_id = 'one_metric' and is_additive and known_from < $1::timestamp
        group by metric having sum(reported_change) > 0""",
        [known_by],
    ).fetchall()
    expected = {"deaths_persons": deaths, "affected_persons": affected, "relocated_persons": relocated}
    assert dict(summed) == {metric: value for metric, value in expected.items() if value is not None}


def test_row_names_the_metrics_that_its_parent_covers(con: duckdb.DuckDBPyConnection) -> None:
    columns, part = "is_counted, not_counted_reason, covered_metrics", "unit_code = '120114' and event_id = '{}'".format
    assert as_of(con, "fct_disaster_losses", "2024-07-05", columns, part("one_metric")) == [
        (True, None, "deaths_persons")
    ]
    assert as_of(con, "fct_disaster_losses", "2024-07-06", columns, part("one_metric")) == [(True, None, None)]
    only_affected = "unit_code = '120115' and event_id = 'parts'"
    assert as_of(con, "fct_disaster_losses", "2024-07-10", columns, only_affected) == [
        (False, "上级单位已填报相同指标，避免重复计算", "affected_persons")
    ]


def test_label_of_a_row_is_that_of_the_report_whose_figures_it_shows(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select report_stage, as_of_at::date::varchar, is_final, row_number, known_from::date::varchar,
            last_report_known_from::date::varchar, deaths_persons, missing_persons
        from marts.fct_disaster_losses where event_id = 'late_first_report'""").fetchall()
    assert rows == [("核报", "2024-07-10", True, 1, "2024-07-10", "2024-07-13", 8, 2)]


def test_report_keeps_its_own_stage_and_names_whose_figures_it_carries(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select report_stage, is_final, figures_report_number, is_superseded_on_arrival
        from marts.fct_disaster_loss_reports where event_id = 'late_first_report' order by report_number""").fetchall()
    assert rows == [("核报", True, 1, False), ("初报", True, 1, False), ("续报", True, 1, True)]


def test_correction_older_than_what_it_corrects_is_shown_to_have_changed_nothing(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = con.execute("""
        select report_stage, deaths_persons, is_superseded_on_arrival
        from marts.fct_disaster_loss_reports where event_id = 'old_correction' order by report_number""").fetchall()
    assert rows == [("续报", 5, False), ("更正", 5, True)]


def test_only_a_correction_takes_a_figure_back(con: duckdb.DuckDBPyConnection) -> None:
    assert _versions(con, "no_retraction", "deaths_persons") == [5, 5]


@pytest.mark.parametrize("rule", ["parent_and_part_are_not_both_counted", "parent_and_part_are_not_both_added"])
def test_published_rule_finds_a_metric_counted_with_its_parent(con: duckdb.DuckDBPyConnection, rule: str) -> None:
    import sys

    from jingjinji.paths import PROJECT

    sys.path.insert(0, str(PROJECT))
    from expectations.losses import RULES

    mart, where = next(
        (mart, r.where) for mart, rules in RULES.items() for r in rules if getattr(r, "name", "") == rule
    )
    broken = {
        "fct_disaster_losses": "select * replace (null as covered_metrics, true as is_counted) from marts.{}",
        "agg_loss_changes": "select * replace (true as is_additive) from marts.{}",
    }[mart].format(mart)
    assert con.execute(f"select count(*) from marts.{mart} as this where {where}").fetchall() == [(0,)]
    with duckdb.connect() as other:
        for name in (
            "fct_disaster_losses", "agg_loss_changes", "dim_events", "dim_reporting_units", "dim_reporting_unit_ancestors",
        ):  # fmt: skip
            rows = con.execute(broken if name == mart else f"select * from marts.{name}").to_arrow_table()
            other.execute("create schema if not exists marts")
            other.register("rows_in", rows)
            other.execute(f"create table marts.{name} as select * from rows_in")
            other.unregister("rows_in")
        found = other.execute(
            f"select distinct this.event_id from marts.{mart} as this where {where} order by 1"
        ).fetchall()
    assert ("parts",) in found


def _days(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("select distinct known_from::varchar from marts.fct_disaster_loss_reports order by 1").fetchall()
    return [row[0] for row in rows]


def test_additive_changes_are_the_counted_losses_at_every_moment(con: duckdb.DuckDBPyConnection) -> None:
    """Not only at the end of time, which a dbt test proves: between any two moments at which something became known."""
    for _, known_by in pairwise([*_days(con), "9999-01-01 00:00:00"]):
        counted = f"""
            select event_id, sum(affected_persons)::bigint as value from marts.fct_disaster_losses_as_of('{known_by}'::timestamp)
            where is_counted and coalesce(covered_metrics not like '%affected_persons%', true) group by event_id having value is not null"""
        summed = f"""
            select event_id, sum(value_change)::bigint as value from marts.agg_loss_changes
            where is_additive and metric = 'affected_persons' and known_from < '{known_by}'::timestamp
            group by event_id having sum(reported_change) > 0"""
        assert con.execute(f"({counted} except {summed}) union all ({summed} except {counted})").fetchall() == [], (
            known_by
        )


def test_macro_works_in_a_file_that_holds_marts_only(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    from jingjinji.release.copying import copy_marts

    candidate = con.execute("select path from duckdb_databases() where database_name = 'warehouse'").fetchall()[0][0]
    release = tmp_path / "warehouse.duckdb"
    copy_marts(Path(candidate), release)
    with duckdb.connect() as reader:
        reader.execute(f"attach '{release}' as warehouse (read_only)")
        found = reader.execute("""
            select deaths_persons from warehouse.marts.fct_disaster_losses_as_of(timestamp '2023-08-03')
            where region_code = '130000'""").fetchall()
        schemas = reader.execute("select distinct schema_name from duckdb_tables()").fetchall()
    assert (found, schemas) == ([(9,)], [("marts",)])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("110228", [("密云县", "110118", "resolved")]),
        ("130103", [("桥东区", None, "unresolved_split")]),
        ("130502", [("桥东区", "130502", "resolved"), ("襄都区", None, "current")]),
    ],
)
def test_former_division_codes_resolve_or_say_why_not(
    con: duckdb.DuckDBPyConnection, code: str, expected: list[tuple[Any, ...]]
) -> None:
    rows = con.execute(
        "select name, successor_code, successor_status from marts.dim_divisions where code = $1 order by is_current",
        [code],
    ).fetchall()
    assert rows == expected


def test_divisions_are_valid_in_one_form_at_a_time(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select count(*) from marts.dim_divisions where is_current").fetchall() == [(213,)]
    overlapping = con.execute("""
        select a.code from marts.dim_divisions a join marts.dim_divisions b on a.code = b.code and not a.is_current and b.is_current
        where a.valid_to is null or b.valid_from is null or a.valid_to > b.valid_from""").fetchall()
    assert overlapping == []


def test_tianjin_may_write_every_hazard_code_that_has_one_kind() -> None:
    listed = [row for row in rows_of("ref_disaster_kind_crosswalk") if row["relation"] in ("exact", "narrower")]
    understood = load_contracts().feed("disaster_losses/tianjin").columns["disaster_kind"].map
    assert {row["gb_code"]: row["kind_code"] for row in listed}.items() <= understood.items()
    assert "010900" not in understood, "冰雪 is more than 雪灾: a person has to say which it was"
