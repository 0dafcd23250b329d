"""Flags as a build leaves them: what landing warned of, what deliveries contradict each other in, what was held."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build.dbt_run import PROJECT_DIR, _environment, run_dbt
from jingjinji.build.loading import load_deliveries
from jingjinji.personal import holds_mobile_sql
from jingjinji.quality import _expectations as expectations
from jingjinji.quality.report import write_report
from jingjinji.quality.results import Result, append

FEED = "disaster_losses/hebei"
ROW = {
    "region_code": "130000", "event_id": "e1", "unit_code": "130000", "report_stage": "续报", "occurred_at": "2023-07-29 00:00",
    "as_of_at": "2023-08-01 12:00", "reported_at": "2023-08-01 13:00", "deaths_persons": 9, "direct_loss_cny": 16_600_000_000,
}  # fmt: skip
FIRST, SECOND, LATER, SAME, HELD = (f"{letter * 15}1" for letter in "abcde")
NEXT_DAY = {"as_of_at": "2023-08-02 12:00", "reported_at": "2023-08-02 13:00"}


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A built warehouse, and what dbt said of the unit tests of timeliness, which share its parsed project."""
    folder = tmp_path_factory.mktemp("flags")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder / "home"))
        land_rows(FEED, FIRST, [ROW])
        # the missing persons that only one of the two reports contradict nothing
        land_rows(
            FEED, SECOND, [ROW | {"deaths_persons": 10, "direct_loss_cny": "16600000000.5", "missing_persons": 2}]
        )
        land_rows(FEED, SAME, [ROW | {"event_id": "e2"}])
        land_rows(FEED, SAME[:-1] + "2", [ROW | {"event_id": "e2"}])
        land_rows(
            FEED, LATER, [ROW | NEXT_DAY | {"deaths_persons": 12}], warnings=[(1, "D06", "relocated_persons", "8；1")]
        )
        land_rows(FEED, HELD, [ROW | {"event_id": "e3"}], warnings=[(1, "D06", "relocated_persons", "8；1")])
        path = folder / "warehouse.duckdb"
        load_deliveries(path)
        _hold(path, HELD)
        units = _unit_tests(path, "agg_reporting_timeliness,test_type:unit")
        patch.setenv("DBT_INDIRECT_SELECTION", "cautious")  # tests that need more than what is built here are not run
        run_dbt(path, "+agg_flags_by_feed +agg_reporting_timeliness")
    return path, units


@pytest.fixture(scope="module")
def built(candidate: tuple[Path, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(candidate[0]), read_only=True) as con:
        yield con


def _unit_tests(path: Path, select: str) -> str:
    command = [sys.executable, "-m", "dbt.cli.main", "test", "--select", select]
    command += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    own = _environment(path, path.parent / "dbt")
    return subprocess.run(command, check=False, env=own, cwd=PROJECT_DIR, capture_output=True, text=True).stdout


def _hold(path: Path, delivery_id: str) -> None:
    """What the incoming check leaves of a delivery that fails two rules on one column."""
    with duckdb.connect(str(path)) as con:
        con.execute("delete from raw.disaster_losses where delivery_id = $1", [delivery_id])
        con.execute("delete from raw.loaded_rows where delivery_id = $1", [delivery_id])
        con.execute("update raw.deliveries set status = 'held' where delivery_id = $1", [delivery_id])
        for why in ("理由甲", "理由乙"):
            con.execute(
                "insert into raw.held_reasons values ($1, '1', 'deaths_persons', 'x', $2, 's')", [delivery_id, why]
            )


def _flags(con: duckdb.DuckDBPyConnection, columns: str, where: str) -> list[tuple[Any, ...]]:
    return con.execute(f"select {columns} from marts.fct_report_flags where {where} order by all").fetchall()


def test_two_deliveries_that_differ_at_one_key_and_moment_are_both_flagged(built: duckdb.DuckDBPyConnection) -> None:
    found = _flags(built, "delivery_id, column_name, value_text, compared_text, unit, severity", "rule_id = 'X-KEY'")
    assert found == [
        (FIRST, "deaths_persons", "9", f"10（{SECOND}.csv，报送 {SECOND}）", "人", "error"),
        (FIRST, "direct_loss_cny", "16,600,000,000", f"16,600,000,000.5（{SECOND}.csv，报送 {SECOND}）", "元", "error"),
        (SECOND, "deaths_persons", "10", f"9（{FIRST}.csv，报送 {FIRST}）", "人", "error"),
        (SECOND, "direct_loss_cny", "16,600,000,000.5", f"16,600,000,000（{FIRST}.csv，报送 {FIRST}）", "元", "error"),
    ]


def test_a_flag_is_known_and_open_as_of_a_day(built: duckdb.DuckDBPyConnection) -> None:
    counts = "flags_count, open_flags_count"
    assert as_of(built, "agg_flags_by_feed", "2023-08-01 13:00", counts, "rule_id = 'X-KEY'") == []
    assert as_of(built, "agg_flags_by_feed", "2023-08-02 00:00", counts, "rule_id = 'X-KEY'")[0] == (4, 2)
    assert as_of(built, "agg_flags_by_feed", "2023-08-03 00:00", counts, "rule_id = 'X-KEY'")[0] == (4, 0)


def test_warnings_of_landing_come_with_the_text_of_the_standard(built: duckdb.DuckDBPyConnection) -> None:
    found = _flags(
        built, "delivery_id, row_number, severity, value_text, title_zh is not null, unit", "found_by = 'landing'"
    )
    assert found == [(LATER, 1, "warning", "8；1", True, None)]


def test_a_held_delivery_is_one_flag_per_column_with_all_reasons(built: duckdb.DuckDBPyConnection) -> None:
    columns = "delivery_id, row_number, column_name, held_because_zh, compared_text, region_code"
    assert _flags(built, columns, "found_by = 'held'") == [
        (HELD, None, "deaths_persons", "理由乙；理由甲", None, "130000")
    ]


def test_every_flag_about_a_row_joins_to_one_that_landed_and_warned_rows_are_accepted(
    built: duckdb.DuckDBPyConnection,
) -> None:
    loose = built.execute(
        "select * from marts.fct_report_flags as flags where found_by <> 'held' and not exists ("
        " select 1 from raw.disaster_losses as landed where landed.delivery_id = flags.delivery_id"
        " and landed.row_number = flags.row_number)"
    ).fetchall()
    assert loose == []
    assert built.execute("select count(*) from marts.fct_deliveries where rows_warned > rows_accepted").fetchone() == (
        0,
    )
    assert built.execute("select sum(rows_warned) from marts.fct_deliveries").fetchone() == (2,)


def test_quality_page_counts_flags_by_feed_and_rule(
    built: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    candidate = tmp_path / "builds" / "run" / "warehouse.duckdb"
    candidate.parent.mkdir(parents=True)
    with duckdb.connect(str(candidate)) as con:
        con.register("flags", built.execute("from marts.agg_flags_by_feed").to_arrow_table())
        con.execute("create schema marts; create table marts.agg_flags_by_feed as from flags")
    result = Result("published", "t", "x", None, True, None, "", "critical", "因为", "because", "s")
    append(candidate, "run", datetime(2026, 11, 24), "published", [result])
    page = write_report(candidate).read_text(encoding="utf-8")
    total, deliveries = built.execute(
        "select sum(flags_count), sum(flagged_deliveries_count) from marts.agg_flags_by_feed"
    ).fetchone()
    assert total >= 6 and f"共 {total} 条，涉及报送 {deliveries} 份次" in page
    line = re.search(r"<tr>(?:(?!</tr>).)*X-KEY.*?</tr>", page)
    assert line and "错误" in line.group() and FEED in line.group()
    assert re.findall(r'number">(\d+)<', line.group()) == ["4", "0", "2"]


def test_timeliness_counts_only_what_was_judged_and_required(candidate: tuple[Path, str]) -> None:
    assert "1 of 1 PASS" in candidate[1], candidate[1]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("13010020231", False), ("130000 13010020231", False), ("13010020231（a.csv，报送 aaaaaaaaaaaaaaa1）", False),
        ("16,600,000,000", False), ("电话13900000000", True), ("甲 13900000000", True), (None, False),
    ],
)  # fmt: skip
def test_ids_in_the_text_of_a_flag_are_no_mobile_numbers_and_mobile_numbers_are(
    text: str | None, is_found: bool
) -> None:
    condition = expectations("published")._holds_mobile("value_text", frozenset())
    with duckdb.connect() as con:
        assert con.execute(f"select {condition} from (select $1::varchar as value_text)", [text]).fetchone() == (
            is_found,
        )
        plain = holds_mobile_sql("value_text", is_id=False)
        assert con.execute(f"select {plain} from (select '13010020231' as value_text)").fetchone() == (True,)
