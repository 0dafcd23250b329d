"""The published border on a real build of the published figures: sound as it is, and stopping a release when broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from jingjinji import build, quality
from jingjinji.cli import app
from jingjinji.landing import land_inbox
from jingjinji.operate.demo import fill_inbox
from jingjinji.operate.orchestration import feed_ids
from jingjinji.paths import home
from jingjinji.release import create_release
from jingjinji.release.store import ReleaseError, current_release

# What is done to a sound candidate, and the rule that has to notice: table, expectation, SQL.
FAULTS = [
    (
        "fct_disaster_losses",
        "joint_unit_is_never_counted",
        "update marts.fct_disaster_losses set is_counted = true, not_counted_reason = null where unit_code = 'JJJ'",
    ),
    (
        "fct_disaster_losses",
        "affected_are_not_more_than_live_there",
        "update marts.fct_disaster_losses set affected_persons = affected_persons * 10000 where region_code = '130000'",
    ),
    (
        "fct_disaster_losses",
        "loss_per_affected_person_is_plausible",
        "update marts.fct_disaster_losses set direct_loss_cny = 1 where region_code = '130000'",
    ),
    (
        "fct_disaster_loss_reports",
        "known_to_is_not_before_known_from",
        "update marts.fct_disaster_loss_reports set known_to = known_from - interval 1 day where region_code = '110000'",
    ),
    (
        "fct_disaster_loss_reports",
        "promised_columns",
        "alter table marts.fct_disaster_loss_reports drop relocated_persons",
    ),
    ("agg_loss_changes", "reported_is_there_or_not", "insert into marts.agg_loss_changes from marts.agg_loss_changes"),
    ("agg_loss_changes", "joint_unit_is_not_additive", "update marts.agg_loss_changes set is_additive = true"),
    (
        "fct_accidents",
        "grade_is_at_least_what_deaths_give",
        "update marts.fct_accidents set grade_code = 3 where region_code = '120000'",
    ),
    (
        "fct_accidents",
        "counted_deaths_are_part_of_deaths_and_missing",
        "update marts.fct_accidents set deaths_counted_persons = deaths_persons + 1 where region_code = '130000'",
    ),
    ("fct_accidents", "key_is_unique", "insert into marts.fct_accidents from marts.fct_accidents"),
    (
        "agg_indicators_by_region_year",
        "null_is_not_zero",
        "update marts.agg_indicators_by_region_year set value = 0, null_reason = null where numerator is null",
    ),
    (
        "agg_indicators_by_region_year",
        "value_is_numerator_over_denominator",
        "update marts.agg_indicators_by_region_year set value = value * 1.001 where year = 2023 and indicator_id = 3",
    ),
    (
        "agg_indicators_by_region_year",
        "null_has_a_reason",
        "update marts.agg_indicators_by_region_year set null_reason = null where year = 2010",
    ),
    (
        "agg_indicators_by_region_year",
        "grid_is_complete",
        "delete from marts.agg_indicators_by_region_year where year = 2015",
    ),
    (
        "agg_indicators_by_region_period",
        "average_needs_every_year",
        "update marts.agg_indicators_by_region_period set value = 1 where reported_years < expected_years",
    ),
    (
        "fct_statistics",
        "denominator_is_positive",
        "update marts.fct_statistics set value = 0 where statistic_code = 'gdp'",
    ),
    (
        "published_vs_computed",
        "every_figure_is_compared",
        "delete from marts.published_vs_computed where figure_id = 'G01'",
    ),
    (
        "fct_deliveries",
        "every_row_is_accounted_for",
        "update marts.fct_deliveries set rows_accepted = rows_accepted - 1",
    ),
    (
        "fct_deliveries",
        "real_and_simulated_do_not_meet",
        "update marts.fct_deliveries set data_origin = 'simulated' where region = 'tianjin'",
    ),
    (
        "agg_feed_freshness",
        "every_registered_feed_appears",
        "delete from marts.agg_feed_freshness where feed_id = 'disaster_losses/tianjin'",
    ),
    ("agg_feed_freshness", "reported_means_delivered", "update marts.agg_feed_freshness set is_reported = true"),
    (
        "fct_statistics",
        "denominator_vintage_is_ranked",
        "update marts.fct_statistics set vintage = 'revised_again' where year = 2015 and statistic_code = 'gdp'",
    ),
    (
        "fct_supply_stock",
        "expired_stock_is_not_available",
        "insert into marts.fct_supply_stock by name select '虚构' as warehouse_id, true as is_on_hand, '实物' as storage_kind, 5 as"
        " on_hand_quantity, 5 as available_quantity, date '2026-01-01' as expiry_date, date '2026-01-02' as as_of_day",
    ),
    (
        "fct_supply_stock",
        "only_goods_in_store_are_on_hand",
        "insert into marts.fct_supply_stock by name select '虚构' as warehouse_id, false as is_on_hand, '产能' as storage_kind, 5 as on_hand_quantity",
    ),
    (
        "agg_supply_by_region_item",
        "stock_adds_up",
        "insert into marts.agg_supply_by_region_item by name select '110000' as region_code, '1010201' as item_code, '床' as unit, 5 as on_hand_quantity",
    ),
    (
        "fct_supply_balance",
        "balance_says_what_it_is",
        "insert into marts.fct_supply_balance by name select '虚构' as warehouse_id, 'balanced' as balance_status, 1 as balance_difference",
    ),
    ("dim_events", "no_mobile_number", "update marts.dim_events set event_name = '联系人13800138000'"),
    (
        "dim_reporting_units",
        "no_identity_number",
        "update marts.dim_reporting_units set source = '证件11010519491231002X' where unit_code = '110000'",
    ),
    ("*", "no_personal_column_name", "alter table marts.dim_divisions add column contact_phone varchar"),
    ("fct_accident_reports", "expect_table_to_exist", "drop table marts.fct_accident_reports"),
]


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checked and released build of all published figures, in a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        fill_inbox(home())
        for feed_id in feed_ids():
            land_inbox(feed_id)
        path = build.build("sound").path
        assert quality.check_published(path).passed
        create_release(path)
        yield path


@pytest.fixture(scope="module")
def broken(candidate: Path) -> tuple[Path, quality.Verdict]:
    """A later build with every fault planted, checked."""
    path = candidate.parent.with_name("broken") / candidate.name
    shutil.copytree(candidate.parent, path.parent)
    with duckdb.connect(str(path)) as connection:
        for _, _, sql in FAULTS:
            connection.execute(sql)
    facts = json.loads((path.parent / "build.json").read_text(encoding="utf-8"))
    facts |= {"run_id": "broken", "parent_release_id": current_release().release_id}
    (path.parent / "build.json").write_text(json.dumps(facts), encoding="utf-8")
    return path, quality.check_published(path)


def test_sound_build_passes_with_known_differences_as_warnings(candidate: Path) -> None:
    content = json.loads((candidate.parent / "quality.json").read_text(encoding="utf-8"))
    assert content["passed"] and content["failed"] == [] and content["expectations"] > 120
    assert [warning["expectation"] for warning in content["warnings"]] == ["figures_agree_with_what_was_published"]


@pytest.mark.parametrize(("table", "expectation"), [fault[:2] for fault in FAULTS])
def test_planted_fault_is_noticed(broken: tuple[Path, quality.Verdict], table: str, expectation: str) -> None:
    told = [result for result in broken[1].results if not result.success]
    assert (table, expectation) in {(result.table_name, result.expectation) for result in told}


def test_only_planted_faults_are_noticed(broken: tuple[Path, quality.Verdict]) -> None:
    """Rules of other tables, and of the same tables where nothing was planted, still hold."""
    planted = {fault[0] for fault in FAULTS}
    elsewhere = [r for r in broken[1].failed if r.table_name not in planted and not r.could_not_run]
    assert elsewhere == []


def test_doubtful_figures_of_one_region_are_warnings_only(broken: tuple[Path, quality.Verdict]) -> None:
    doubtful = {"affected_are_not_more_than_live_there", "denominator_vintage_is_ranked"}
    assert doubtful <= {result.expectation for result in broken[1].warnings}
    assert not doubtful & {result.expectation for result in broken[1].failed}


def test_failing_candidate_is_not_released_and_everybody_stays(broken: tuple[Path, quality.Verdict]) -> None:
    before = current_release()
    with pytest.raises(ReleaseError, match="joint_unit_is_never_counted"):
        create_release(broken[0])
    assert current_release() == before and before is not None and before.run_id == "sound"


def test_values_found_by_a_rule_never_reach_what_is_written(broken: tuple[Path, quality.Verdict]) -> None:
    path, _ = broken
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = str(connection.execute("select * from marts.fct_quality_results").fetchall())
    page = (home().quality / "broken" / "index.html").read_text(encoding="utf-8")
    written = rows + page + (path.parent / "quality.json").read_text(encoding="utf-8")
    assert "no_mobile_number" in written
    assert "13800138000" not in written and "11010519491231002X" not in written


def test_results_keep_the_history_and_every_rule_says_why(broken: tuple[Path, quality.Verdict]) -> None:
    with duckdb.connect(str(broken[0]), read_only=True) as connection:
        runs = connection.execute(
            "select run_id, suite, bool_or(is_latest) from marts.fct_quality_results group by all order by all"
        ).fetchall()
        silent = connection.execute(
            "select count(*) from marts.fct_quality_results where coalesce(why_zh, '') = '' or coalesce(why, '') = ''"
            " or coalesce(source, '') = ''"
        ).fetchone()
    assert runs == [("broken", "published", True), ("sound", "incoming", True), ("sound", "published", False)]
    assert silent == (0,)


def test_check_command_exits_1_on_a_broken_build_and_2_without_one(broken: tuple[Path, quality.Verdict]) -> None:
    failed = CliRunner().invoke(app, ["check", "broken", "--format", "json"])
    assert failed.exit_code == 1 and json.loads(failed.stdout)["passed"] is False
    absent = CliRunner().invoke(app, ["check", "no-such-build"])
    assert absent.exit_code == 2 and "jjj build" in absent.output


def test_page_needs_no_network(broken: tuple[Path, quality.Verdict]) -> None:
    page = (home().quality / "index.html").read_text(encoding="utf-8")
    assert "broken" in page and "src=" not in page and "http" not in page.split("<body>")[0]
    assert "未通过" in page and "三地合计口径不计入合计" in page


def test_check_that_dies_leaves_no_verdict_behind(candidate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = candidate.parent.with_name("dying") / candidate.name
    shutil.copytree(candidate.parent, path.parent)
    assert (path.parent / "quality.json").exists()
    monkeypatch.setattr(quality, "load_contracts", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quality.check_published(path)
    assert not (path.parent / "quality.json").exists()
