"""`jjj query`: read-only, one meaning for a bare and a qualified name, and what was known on a day."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from synthetic_build import later_reports, make_build
from typer.testing import CliRunner

from jingjinji.cli import app
from jingjinji.query import Answer, QueryError, parse_day, query, rendered
from jingjinji.release import create_release

runner = CliRunner()


@pytest.fixture(scope="module", autouse=True)
def released(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        yield create_release(make_build("run1", reports=later_reports()))


@pytest.mark.parametrize("name", ["fct_disaster_losses", "marts.fct_disaster_losses"])
@pytest.mark.parametrize(
    ("day", "affected"),
    [("2023-08-01", None), ("2023-08-02", 540703), ("2023-08-11", 540703), ("2023-08-12", 3888600), (None, 3888600)],
)
def test_as_of_shows_what_was_known_at_the_end_of_the_day(name: str, day: str | None, affected: int | None) -> None:
    answer = query(f"select affected_persons from {name} where region_code = '130000'", parse_day(day))
    assert answer.rows == (((affected,),) if affected else ())


def test_as_of_limits_versions_and_forgets_when_they_ended() -> None:
    sql = (
        "select report_stage, known_to from fct_disaster_loss_reports where region_code = '130000' order by known_from"
    )
    assert query(sql, date(2023, 8, 11)).rows == (("续报", None),)
    assert query(sql, date(2023, 8, 12)).rows == (("续报", datetime(2023, 8, 12, 9)), ("核报", None))


def test_as_of_limits_change_rows() -> None:
    sql = "select sum(value_change) from marts.agg_loss_changes"
    assert query(sql, date(2023, 8, 2)).rows == ((Decimal("585376.00"),),)
    assert query(sql).rows == ((Decimal("4473976.00"),),)


def test_as_of_names_the_marts_a_day_does_not_change() -> None:
    sql = "select * from dim_regions join fct_disaster_losses using (region_code)"
    assert query(sql, date(2023, 8, 2)).ageless == ("dim_regions",)
    assert query(sql).ageless == ()
    result = runner.invoke(app, ["query", sql, "--as-of", "2023-08-02"])
    assert "dim_regions" in result.stderr and "dim_regions" not in result.stdout


def test_as_of_macro_can_be_called_by_name() -> None:
    assert query("select count(*) from fct_disaster_losses_as_of(timestamp '2023-08-03')").rows == ((2,),)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "copy (select 1) to '{tmp}/out.csv'",
        "attach '{tmp}/x.duckdb' as x",
        "insert into warehouse.marts.dim_regions values ('1', '2')",
        "drop table warehouse.marts.dim_regions",
        "set enable_external_access = true",
        "install httpfs",
        "selec 1",
        "select * from nowhere",
    ],
)
def test_sql_that_reaches_out_writes_or_is_wrong_ends_with_2(sql: str, tmp_path: Path) -> None:
    result = runner.invoke(app, ["query", sql.format(tmp=tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.strip() and "Traceback" not in result.output and "LINE 1" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_as_of_refuses_the_qualified_name_that_is_not_as_of() -> None:
    with pytest.raises(QueryError, match=r"marts\.<name>"):
        query("select * from warehouse.marts.fct_disaster_losses", date(2023, 8, 2))


@pytest.mark.parametrize("text", ["2023-13-01", "02/08/2023", "2023", "9999-12-31"])
def test_day_that_is_none_is_told(text: str) -> None:
    result = runner.invoke(app, ["query", "select 1", "--as-of", text])
    assert result.exit_code == 2 and f"--as-of {text}" in result.stderr


def test_formats_keep_null_dates_and_decimals() -> None:
    sql = (
        "select null as nothing, date '2023-08-02' as day, timestamp '2023-08-02 09:00:00' as moment, "
        "95811000000.00::decimal(20,2) as loss, 0.6207::decimal(24,6) as share, 0 as zero, '河北' as region, true as yes, "
        "123456789012345678.9::decimal(24,6) as exact"
    )
    row = json.loads(rendered(query(sql), "json"))[0]
    assert row == {
        "nothing": None,
        "day": "2023-08-02",
        "moment": "2023-08-02T09:00:00",
        "loss": 95811000000,
        "share": 0.6207,
        "zero": 0,
        "region": "河北",
        "yes": True,
        "exact": "123456789012345678.900000",
    }
    header, values = list(csv.reader(io.StringIO(rendered(query(sql), "csv"))))
    assert dict(zip(header, values, strict=True)) | {
        "nothing": "",
        "zero": "0",
        "moment": "2023-08-02 09:00:00",
    } == dict(zip(header, values, strict=True))


def test_json_keeps_both_columns_of_one_name() -> None:
    assert json.loads(rendered(query("select 1 as a, 2 as a"), "json")) == [{"a": 1, "a_2": 2}]


def test_table_aligns_wide_characters_and_is_never_cut() -> None:
    from rich.cells import cell_len

    answer = Answer(("name", "n"), (("北京市", 1), ("x" * 300, None)), "r")
    lines = rendered(answer, "table").splitlines()
    assert len({cell_len(line) for line in lines[2:4]}) == 1
    assert "x" * 300 in lines[3] and lines[3].endswith("NULL")


def test_home_without_release_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    result = runner.invoke(app, ["query", "select 1"])
    assert result.exit_code == 2 and "no release" in result.stderr


def test_release_commands_list_and_diff() -> None:
    listed = runner.invoke(app, ["release", "list"])
    assert listed.exit_code == 0 and "→ 当前" in listed.stdout
    told = runner.invoke(app, ["release", "diff"])
    assert told.exit_code == 0 and "首次发布" in told.stdout
    refused = runner.invoke(app, ["release", "rollback"])
    assert refused.exit_code == 1 and "no earlier release" in refused.stderr


@pytest.mark.parametrize("sql", ["select 1; select 2", "", "  ;"])
def test_query_takes_exactly_one_statement(sql: str) -> None:
    with pytest.raises(QueryError, match="statement"):
        query(sql)
    assert runner.invoke(app, ["query", sql]).exit_code == 2


@pytest.mark.parametrize("sql", ["drop table fct_accidents", "insert into dim_regions values (1)", "checkpoint"])
def test_query_says_that_it_takes_a_select(sql: str) -> None:
    with pytest.raises(QueryError, match="write one SELECT") as told:
        query(sql)
    assert "Did you mean" not in str(told.value)


def test_query_takes_what_describes_a_mart() -> None:
    assert query("describe dim_regions").rows and query("explain select 1").rows


def test_query_takes_a_semicolon_at_the_end_and_in_a_text() -> None:
    assert query("select 'a;b' as x;").rows == (("a;b",),)
