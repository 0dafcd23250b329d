"""The indicators on a warehouse made of few published statistics: values, reasons, versions and as-known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from indicator_rows import BEIJING, DISASTER_VINTAGE, HEBEI, NEW, OLD, TIANJIN, statistics_rows

from jingjinji.build.dbt_run import PROJECT_DIR, run_dbt
from jingjinji.build.loading import load_deliveries

LATER = datetime(2026, 9, 1, 12)
# A corrected loss changes what is known; a cell that comes again empty does not.
CORRECTIONS = [
    (HEBEI, 2020, "自然灾害直接经济损失", 39.9, "亿元", DISASTER_VINTAGE, LATER),
    (BEIJING, 2012, "自然灾害直接经济损失", 171.0, "亿元", DISASTER_VINTAGE, LATER),
    (HEBEI, 2024, "自然灾害受灾死亡人口", None, "人", DISASTER_VINTAGE, LATER),
]
REPORTS = [("2023-08-01 06:00", 11), ("2023-08-09 00:00", 33)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("indicators")
    path = folder / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder / "home"))
        load_deliveries(path)
        _fill(path)
        run_dbt(path)
    return path


@pytest.fixture(scope="module")
def warehouse(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built), read_only=True) as con:
        yield con


def _fill(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        for number, row in enumerate(statistics_rows() + CORRECTIONS):
            delivery = "s2" if row[-1] == LATER else "s1"
            con.execute(
                "insert into raw.statistics values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $3)",
                [delivery, number, row[6], *row[:6]],
            )
        for number, (moment, deaths) in enumerate(REPORTS):
            con.execute(
                """insert into raw.disaster_losses by name select 'l' as delivery_id, $1 as row_number, $2::timestamp as known_from,
                $2::timestamp as landed_at, '110000' as region_code, '20230729-暴雨洪涝' as event_id, '110000' as unit_code,
                '续报' as report_stage, timestamp '2023-07-29' as occurred_at, $2::timestamp as as_of_at, $3 as deaths_persons""",
                [number, moment, deaths],
            )
        con.execute("insert into raw.touched_deliveries values ('s1'), ('s2'), ('l')")
        for delivery, dataset in (("s1", "statistics"), ("s2", "statistics"), ("l", "disaster_losses")):
            con.execute(
                f"""insert into raw.loaded_rows select $1, '{dataset}', count(*), max(known_from)
                from raw.{dataset} where delivery_id = $1""",
                [delivery],
            )
            con.execute(
                f"""insert into raw.deliveries by name select $1 as delivery_id, 1 as conform_version,
                $2 || '/beijing' as feed_id, $2 as dataset, 'beijing' as region, 'accepted' as status,
                'real' as data_origin, timestamp '2026-09-01 20:00' as landed_at, count(*) as rows_received,
                count(*) as rows_accepted, 0 as rows_quarantined, 0 as rows_duplicate, 0 as rows_ignored,
                0 as rows_refused from raw.{dataset} where delivery_id = $1""",
                [delivery, dataset],
            )


def _one(con: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> tuple[Any, ...]:
    rows = con.execute(sql, list(values)).fetchall()
    assert len(rows) == 1, f"{len(rows)} rows for {values}: {sql}"
    return rows[0]


def _year(con: duckdb.DuckDBPyConnection, what: str, region: str, year: int, indicator: int, vintage: str) -> Any:
    return _one(
        con,
        f"select {what} from marts.agg_indicators_by_region_year "
        "where region_code = $1 and year = $2 and indicator_id = $3 and denominator_vintage = $4",
        region, year, indicator, vintage,
    )  # fmt: skip


def _period(con: duckdb.DuckDBPyConnection, what: str, region: str, indicator: int, method: str) -> tuple[Any, ...]:
    return _one(
        con,
        f"select {what} from marts.agg_indicators_by_region_period where region_code = $1 and indicator_id = $2 "
        "and method = $3 and period_id = '2021-2025' and is_newest_vintage",
        region, indicator, method,
    )  # fmt: skip


@pytest.mark.parametrize(("vintage", "percent"), [(NEW, 1.35), (OLD, 1.46)])
def test_loss_to_gdp_is_computed_on_each_gdp_vintage(
    warehouse: duckdb.DuckDBPyConnection, vintage: str, percent: float
) -> None:
    value, unit, is_newest = _year(warehouse, "value, unit, is_newest_vintage", BEIJING, 2023, 3, vintage)
    assert (round(value, 2), unit, is_newest) == (percent, "%", vintage == NEW)


@pytest.mark.parametrize(
    ("indicator", "method", "expected", "is_as_published"),
    [(3, "mean_of_ratios", 0.6207, True), (3, "ratio_of_sums", 0.6325, False), (4, "mean_of_ratios", 0.2736, True)],
)
def test_yearly_average_of_hebei_says_which_method_is_the_published_one(
    warehouse: duckdb.DuckDBPyConnection, indicator: int, method: str, expected: float, is_as_published: bool
) -> None:
    value, status, as_published = _period(warehouse, "value, status, is_as_published", HEBEI, indicator, method)
    assert round(value, 4) == expected
    assert (status, as_published) == ("已达成", is_as_published)


def test_average_with_a_year_not_published_is_no_value_but_two_bounds(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "value, status, value_over_reported_years, value_if_null_were_zero, reported_years, expected_years"
    value, status, over_reported, null_as_zero, reported, expected = _period(
        warehouse, columns, BEIJING, 4, "mean_of_ratios"
    )
    assert (value, status) == (None, "数据不足")
    assert (round(over_reported, 3), round(null_as_zero, 3)) == (1.006, 0.755)
    assert (reported, expected) == (3, 4)
    assert _period(warehouse, "do_bounds_agree", BEIJING, 4, "mean_of_ratios") == (False,)


def test_value_not_published_is_null_with_its_reason(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "value, numerator, null_reason, status, numerator_reported_count, definition_status"
    found = _year(warehouse, columns, TIANJIN, 2023, 4, "after_2020_census")
    assert found == (None, None, "numerator_not_published", "数据不足", 0, "unverified")


def test_published_zero_is_zero(warehouse: duckdb.DuckDBPyConnection) -> None:
    value, numerator, reason = _year(warehouse, "value, numerator, null_reason", TIANJIN, 2017, 3, NEW)
    assert (value, numerator, reason) == (0, 0, None)


def test_year_without_denominator_keeps_its_numerator(warehouse: duckdb.DuckDBPyConnection) -> None:
    value, numerator, reason = _year(warehouse, "value, numerator, null_reason", BEIJING, 2012, 3, NEW)
    assert (value, numerator, reason) == (None, 17_100_000_000, "denominator_not_delivered")


def test_grid_is_complete_whatever_was_delivered(warehouse: duckdb.DuckDBPyConnection) -> None:
    by_indicator = warehouse.execute(
        "select indicator_id, count(*), count(distinct (region_code, year, denominator_vintage)) "
        "from marts.agg_indicators_by_region_year where year between 2010 and 2024 group by 1 order by 1"
    ).fetchall()
    assert by_indicator == [(3, 3 * 15 * 3, 3 * 15 * 3), (4, 3 * 15, 3 * 15), (5, 3 * 15, 3 * 15)]


def test_facts_stand_beside_the_official_figure_and_do_not_replace_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "numerator, numerator_source, fact_numerator, fact_reported_count, fact_event_count"
    assert _year(warehouse, columns, BEIJING, 2023, 4, "after_2020_census") == (
        61,
        "official_yearly_statistic",
        33,
        1,
        1,
    )


@pytest.mark.parametrize(
    ("before", "deaths", "events"), [("2023-08-01", None, 0), ("2023-08-02", 11, 1), ("2023-08-10", 33, 1)]
)
def test_facts_beside_it_are_those_known_by_then(
    warehouse: duckdb.DuckDBPyConnection, before: str, deaths: int | None, events: int
) -> None:
    found = _one(
        warehouse,
        "select fact_numerator, fact_event_count from marts.agg_indicators_by_region_year_as_of($1::timestamp) "
        "where region_code = '110000' and year = 2023 and indicator_id = 4",
        before,
    )
    assert found == (deaths, events)


def test_later_empty_value_takes_nothing_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    versions = warehouse.execute(
        "select value_published, value, known_to is null from marts.fct_statistics "
        "where region_code = '130000' and year = 2024 and statistic_code = 'disaster_deaths' order by known_from"
    ).fetchall()
    assert versions == [(7, 7, False), (None, 7, True)]
    assert _year(warehouse, "numerator", HEBEI, 2024, 4, "after_2020_census") == (7,)


@pytest.mark.parametrize(
    "day", ["2023-08-02", "2024-03-20", "2024-03-21", "2025-12-05", "2026-06-29", "2026-06-30", "2026-09-01"]
)
def test_changes_add_up_to_the_table_as_known_on_any_day(warehouse: duckdb.DuckDBPyConnection, day: str) -> None:
    differing = warehouse.execute(
        """
        with summed as (
            select region_code, year, indicator_id, denominator_vintage, part,
                case when sum(reported_change) > 0 then sum(value_change) end as amount
            from marts.agg_indicator_changes where known_on_date <= $1::date group by all
        )
        select table_.* from marts.agg_indicators_by_region_year_as_of($1::date + interval 1 day) as table_
        left join summed as n on n.part = 'numerator' and (n.region_code, n.year, n.indicator_id, n.denominator_vintage)
            = (table_.region_code, table_.year, table_.indicator_id, table_.denominator_vintage)
        left join summed as d on d.part = 'denominator' and (d.region_code, d.year, d.indicator_id, d.denominator_vintage)
            = (table_.region_code, table_.year, table_.indicator_id, table_.denominator_vintage)
        where table_.numerator is distinct from n.amount or table_.denominator is distinct from d.amount
        """,
        [day],
    ).fetchall()
    assert differing == []


@pytest.mark.parametrize(
    ("day", "vintage", "value", "reason"),
    [
        ("2024-03-20", OLD, None, "denominator_not_yet_known"),
        ("2026-06-29", OLD, None, "numerator_not_yet_known"),
        ("2026-06-30", OLD, 1.46, None),
    ],
)
def test_year_as_known_says_what_was_not_known_yet(
    warehouse: duckdb.DuckDBPyConnection, day: str, vintage: str, value: float | None, reason: str | None
) -> None:
    found = _one(
        warehouse,
        "select round(value, 2), null_reason from marts.agg_indicators_by_region_year_as_of($1::date + interval 1 day) "
        "where region_code = '110000' and year = 2023 and indicator_id = 3 and denominator_vintage = $2",
        day, vintage,
    )  # fmt: skip
    assert found == (value, reason)


def test_correction_is_seen_from_its_day_on(warehouse: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select numerator from marts.agg_indicators_by_region_year_as_of($1::timestamp) "
        "where region_code = '110000' and year = 2012 and indicator_id = 3 and denominator_vintage = $2"
    )
    assert _one(warehouse, sql, "2026-09-01", NEW) == (17_190_000_000,)
    assert _one(warehouse, sql, "2026-09-02", NEW) == (17_100_000_000,)


@pytest.mark.parametrize(
    ("figure", "computed", "difference", "status"),
    [
        ("G02", 11, 0, "match"),
        ("G05", 33, 0, "match"),
        ("G81", 0.6207, 0.0007, "match"),
        ("G80", 0.2736, 0.0036, "match"),
        ("G90", 43760.7, 0, "match"),
        ("G91", 2186, 0.2, "differs"),
        ("G92", 49670.2, -172.9, "differs"),
        ("G13", None, None, "no_input"),
        ("G52", None, None, "not_comparable"),
        ("G70", None, None, "no_input"),
    ],
)
def test_published_figure_stands_beside_what_the_marts_give(
    warehouse: duckdb.DuckDBPyConnection, figure: str, computed: float | None, difference: float | None, status: str
) -> None:
    found = _one(
        warehouse,
        "select round(computed_value, 4), round(difference, 4), status, reason_zh is not null "
        "from marts.published_vs_computed where figure_id = $1",
        figure,
    )
    assert found == (computed, difference, status, True)


def test_every_published_figure_has_one_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert _one(warehouse, "select count(*), count(distinct figure_id) from marts.published_vs_computed") == (68, 68)


def test_feed_that_never_delivered_is_not_reported(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "select is_reported, freshness_status, delivery_count, last_known_from is null from marts.agg_feed_freshness where feed_id = $1"
    assert _one(warehouse, columns, "disaster_losses/tianjin") == (False, "未报告", 0, True)
    assert _one(warehouse, columns, "statistics/beijing") == (True, "已报告", 2, False)


def test_published_figure_is_compared_as_known_on_the_day_asked(warehouse: duckdb.DuckDBPyConnection) -> None:
    """G80 is a period as known now, G91 has no day: neither had an input when nothing was known; G02 is of 1 August 2023."""
    asked = "select computed_value, status from marts.published_vs_computed_as_of($1::timestamp) where figure_id = $2"
    for figure in ("G02", "G80", "G91"):
        value, status = warehouse.execute(asked, ["2000-01-01", figure]).fetchone() or ()
        assert value is None and status != "match", figure
    assert _one(warehouse, asked, "2023-08-02", "G02") == (11, "match")
    assert _one(warehouse, "select count(*) from marts.published_vs_computed_as_of(timestamp '2000-01-01')") == (68,)


def test_feed_is_as_fresh_as_what_had_arrived_by_the_day(warehouse: duckdb.DuckDBPyConnection) -> None:
    asked = (
        "select count(*), count(last_landed_at), sum(delivery_count) from marts.agg_feed_freshness_as_of($1::timestamp)"
    )
    feeds, arrived, _ = warehouse.execute(asked, ["9999-12-31"]).fetchone() or ()
    assert arrived > 0
    assert _one(warehouse, asked, "2000-01-01") == (feeds, 0, 0)
    now = warehouse.execute("select reference_at from marts.agg_feed_freshness limit 1").fetchone()
    assert now and _one(warehouse, asked, str(now[0]))[1] <= arrived


def test_all_models_pass_their_unit_tests(built: Path, tmp_path: Path) -> None:
    candidate = shutil.copyfile(built, tmp_path / "warehouse.duckdb")
    declared = sum(
        len((yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("unit_tests", []))
        for path in (PROJECT_DIR / "models").rglob("*.yml")
    )
    command = [sys.executable, "-m", "dbt.cli.main", "test", "--select", "test_type:unit"]
    command += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    own = {"JJJ_CANDIDATE": str(candidate), "DBT_TARGET_PATH": str(tmp_path / "t"), "DBT_LOG_PATH": str(tmp_path / "t")}
    told = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert declared > 40 and f"{declared} unit tests" in told.stdout, told.stdout
