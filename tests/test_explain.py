"""`jjj explain`: from a number of the demo's release to the file, line and rules it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from native_files import report, tianjin_csv
from resource_files import native_file
from typer.testing import CliRunner

from jingjinji import build as builds
from jingjinji import explaining, release
from jingjinji.cli import app
from jingjinji.contracts import load_contracts
from jingjinji.explaining import showing
from jingjinji.explaining.facts import Explanation
from jingjinji.explaining.landed import native_cells
from jingjinji.explaining.lineage import parent_marts, upstream
from jingjinji.landing import land
from jingjinji.paths import PROJECT, home

DEMO = PROJECT / "demo" / "inbox"
HEBEI_FLOOD = ("130000", "20230727-暴雨洪涝", "130000")
SENT = (
    "disaster_losses/hebei/2023-08-01_losses.xlsx", "disaster_losses/hebei/2023-08-10_losses.xlsx",
    "disaster_losses/hebei/2023-08-10_relocated.xlsx", "disaster_losses/beijing/2023-08-01.json",
    "accidents/hebei/2018-11-28_first.xlsx", "accidents/hebei/2018-12-24_loss.xlsx",
    "accidents/hebei/2019-02-03_investigation.xlsx", "statistics/tianjin/2026-06_gdp_population.csv",
    "statistics/tianjin/2026-06_gdp_before_4th_census.csv", "statistics/tianjin/2026-06_disasters.csv",
)  # fmt: skip
EXPLAINED = ("fct_teams", "fct_disaster_losses", "fct_disaster_loss_metric_versions", "fct_accidents", "agg_indicators_by_region_year", "fct_deliveries", "dim_divisions")  # fmt: skip
SELECT = " ".join(f"+{mart},resource_type:{kind}" for mart in EXPLAINED for kind in ("model", "seed"))


# Invented: what April knew is told again once a late report of February says how many members there are.
TEAM: tuple[dict[str, object], ...] = tuple(
    {"team_id": "虚构队", "as_of_at": as_of, "reported_at": reported, **said}
    for as_of, reported, said in (
        ("2026年1月31日24时", "2026年2月1日8时", {"members_count": 50, "response_minutes": 30}),
        ("2026年3月31日24时", "2026年4月1日8时", {"members_available_count": 7}),
        ("2026年2月28日24时", "2026年4月5日8时", {"members_count": 60, "members_available_count": 1}),
    )
)


@pytest.fixture(scope="module", autouse=True)
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A release of part of the demo, built by the real chain; file → delivery id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        ids = {file: land("/".join(file.split("/")[:2]), DEMO / file).delivery_id for file in SENT}
        warned = tianjin_csv(tmp_path_factory.mktemp("sent"), [report(1, relocated_persons="130")])
        ids["warned"] = land("disaster_losses/tianjin", warned).delivery_id
        for arrival, team in enumerate(TEAM):
            file = native_file(tmp_path_factory.mktemp("team"), "teams/beijing", [team])
            ids[f"team {arrival}"] = land("teams/beijing", file).delivery_id
        candidate = builds.prepare_candidate("explained", full=True)
        assert candidate
        builds.load_deliveries(candidate)
        patch.setenv("DBT_INDIRECT_SELECTION", "empty")  # the models, not their tests
        builds.run_dbt(candidate, SELECT)
        builds.finish_build(candidate)
        verdict = json.dumps({"passed": True, "failed": []})
        (candidate.parent / "quality.json").write_text(verdict, encoding="utf-8")
        release.create_release(candidate)
        yield ids


def values(found: Explanation) -> dict[str, object]:
    return {column.name: column.value for column in found.columns}


# ---------------------------------------------------------------- facts


def test_what_a_late_report_added_is_traced_to_it_and_the_rest_to_where_it_stands(deliveries: dict[str, str]) -> None:
    found = explaining.explain("fct_teams", ("110000", "虚构队"))
    told = {m.metric: (m.value, m.delivery_id, m.is_verified) for m in found.metrics}
    assert told == {
        "members_count": (60, deliveries["team 2"], True),
        "response_minutes": (30, deliveries["team 0"], True),
        "members_available_count": (7, deliveries["team 1"], True),
    }


def test_each_metric_names_the_report_and_line_that_stated_it(deliveries: dict[str, str]) -> None:
    found = explaining.explain("fct_disaster_losses", HEBEI_FLOOD)
    by_metric = {m.metric: m for m in found.metrics}
    later, relocated = (deliveries[f"disaster_losses/hebei/2023-08-10_{n}.xlsx"] for n in ("losses", "relocated"))
    assert values(found)["delivery_id"] == relocated  # the label of the row, and yet:
    assert (by_metric["deaths_persons"].delivery_id, by_metric["deaths_persons"].row_number) == (later, 4)
    assert by_metric["relocated_persons"].delivery_id == relocated
    assert by_metric["affected_persons"].landed_value == 3_888_600
    assert by_metric["affected_persons"].native == "人口/受灾人口(人/万人)"
    stated = [m for m in found.metrics if m.metric != "deaths_missing_persons"]
    assert len(stated) >= 8 and all(m.is_verified for m in stated)
    assert by_metric["deaths_missing_persons"].is_verified is None  # derived: no line states it


def test_the_same_number_as_of_a_day_rests_on_the_report_known_then(deliveries: dict[str, str]) -> None:
    found = explaining.explain("fct_disaster_losses", HEBEI_FLOOD, as_of=date(2023, 8, 2))
    assert values(found)["deaths_persons"] == 9
    assert {m.delivery_id for m in found.metrics} == {deliveries["disaster_losses/hebei/2023-08-01_losses.xlsx"]}
    assert not found.is_ageless


def test_a_delivery_tells_file_hash_rules_sender_and_release(deliveries: dict[str, str]) -> None:
    found = explaining.explain("fct_disaster_loss_reports", [*HEBEI_FLOOD, "1"])
    (facts,) = [
        d for d in found.deliveries if d.delivery_id == deliveries["disaster_losses/hebei/2023-08-01_losses.xlsx"]
    ]
    assert facts.file_name == "2023-08-01_losses.xlsx" and len(facts.file_sha256) == 64
    assert (facts.sender, facts.conform_version, facts.format) == ("河北省应急管理厅", 1, "xlsx")
    assert facts.rule_set_version == facts.rules_today
    assert facts.is_archived and facts.is_manifest and facts.first_release == found.release_id


def test_a_metric_carried_from_an_earlier_report_is_traced_without_a_mart_of_versions(
    deliveries: dict[str, str],
) -> None:
    found = explaining.explain("fct_accidents", ["region_code=130000", "accident_id=20181128-盛华化工爆燃"])
    by_metric = {m.metric: m for m in found.metrics}
    assert by_metric["deaths_persons"].delivery_id == deliveries["accidents/hebei/2019-02-03_investigation.xlsx"]
    loss = by_metric["direct_loss_cny"]
    assert loss.delivery_id == deliveries["accidents/hebei/2018-12-24_loss.xlsx"]
    assert loss.value == loss.landed_value == Decimal("41488606.00")


def test_an_indicator_names_numerator_and_denominator_with_their_vintages(deliveries: dict[str, str]) -> None:
    vintage = "revised_after_5th_econ_census(2023)"
    found = explaining.explain("agg_indicators_by_region_year", ["120000", "2023", "3", vintage])
    parts = {c.role[:2]: dict(zip(c.columns, c.rows[0], strict=True)) for c in found.contributions}
    assert (parts["分子"]["statistic_code"], parts["分母"]["statistic_code"]) == ("disaster_direct_loss", "gdp")
    assert parts["分母"]["vintage"] == vintage
    assert parts["分母"]["delivery_id"] == deliveries["statistics/tianjin/2026-06_gdp_population.csv"]
    shown = values(found)["value"]
    assert isinstance(shown, float)
    assert abs(shown - 100 * float(parts["分子"]["value"]) / float(parts["分母"]["value"])) < 1e-9
    assert {(o.delivery_id, o.place) for o in found.origins} == {
        (parts["分子"]["delivery_id"], f"第{parts['分子']['row_number']}行"),
        (parts["分母"]["delivery_id"], f"第{parts['分母']['row_number']}行"),
    }


def test_contributing_rows_are_counted_and_only_the_first_are_shown() -> None:
    found = explaining.explain("fct_accidents", ["130000", "20181128-盛华化工爆燃"], top=2)
    (reports,) = [c for c in found.contributions if c.mart == "fct_accident_reports"]
    assert (reports.rows_total, len(reports.rows)) == (3, 2)


def test_a_row_of_a_code_list_says_that_no_delivery_is_behind_it() -> None:
    found = explaining.explain("dim_divisions", ["130102", "true"])
    assert found.deliveries == () and "不来自任何报送" in found.notes[0]
    assert "divisions" in {ref.name for ref in found.lineage if ref.layer == "seeds"}


def test_lineage_reaches_the_landed_rows_through_macros() -> None:
    names = {ref.name for ref in upstream("fct_disaster_losses")}
    assert {"raw.disaster_losses", "stg_disaster_losses", "ref_report_stages"} <= names
    assert "fct_accident_reports" in parent_marts("fct_accidents")


def test_what_was_said_about_a_line_stands_beside_it(deliveries: dict[str, str]) -> None:
    found = explaining.explain("fct_disaster_losses", ["120000", "测试-1", "120101"])
    (origin,) = [o for o in found.origins if o.delivery_id == deliveries["warned"]]
    (warned,) = [w for w in origin.warnings if w.rule_id == "D06"]  # more people relocated than affected
    assert (warned.severity, warned.found_by) == ("warning", "landing")
    assert "D06" in showing.text(found)


def test_flags_of_a_release_say_more_than_landing_did() -> None:
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("""create view marts.fct_report_flags as select 'd1' as delivery_id, 4 as row_number, 'D17' as rule_id,
            '数值骤增' as title_zh, 'affected_persons' as column_name, 'warning' as severity, 'history' as found_by,
            '13912345678' as value_text, '依据' as rule_source, cast(null as timestamp) as cleared_at
            union all select 'd1', 4, 'S-BAL', '账实不符', 'on_hand_quantity', 'error', 'history', '1', '依据', timestamp '2024-01-01'""")
        (flag,) = explaining._flags(con, "d1", 4)
        assert explaining._flags(con, "d1", 5) == []
    assert (flag.rule_id, flag.found_by, flag.value) == ("D17", "history", "***")


# ---------------------------------------------------------------- what is shown


def test_native_cells_are_shown_only_when_asked_for() -> None:
    key = [*HEBEI_FLOOD, "1"]
    assert all(o.native_cells is None for o in explaining.explain("fct_disaster_loss_reports", key).origins)
    cells = explaining.explain("fct_disaster_loss_reports", key, show_source=True).origins[0].native_cells
    assert cells and cells["人口/受灾人口(人)"] == "540,703"


def test_personal_cells_of_the_source_are_masked(tmp_path: Path) -> None:
    contracts = load_contracts()
    feed = contracts.feeds["accidents/tianjin"]
    standard = contracts.standard_of(feed)
    masked = standard.columns["accident_name"].model_copy(update={"personal": True})
    standard = standard.model_copy(update={"columns": standard.columns | {"accident_name": masked}})
    text = (DEMO / "accidents/tianjin/2016-02_casualties.csv").read_text(encoding="gb18030")
    path = tmp_path / "2016-03_x.csv"
    path.write_text(text.replace("20150812-瑞海公司爆炸", "13912345678"), encoding="gb18030")
    outcome = land("accidents/tianjin", path, period="masked")
    row = {
        "delivery_id": outcome.delivery_id, "feed_id": feed.feed_id, "dataset": feed.dataset, "conform_version": 1,
        "file_sha256": json.loads((outcome.receipt.parent / "delivery.json").read_text())["file_sha256"],
        "file_name": path.name, "period": None, "status": "accepted", "landed_at": None, "rule_set_version": "x",
    }  # fmt: skip
    current = release.current_release()
    assert current
    facts = explaining.landed.delivery_facts(home(), current, row, contracts)
    cells = native_cells(home(), facts, 3, feed, standard)
    assert cells["事故名称"] == "***" and cells["事故编号"] == "***" and cells["受伤人数(人)"] == "798"


def test_text_and_json_say_the_same_and_hide_nothing_but_persons() -> None:
    found = explaining.explain("fct_disaster_losses", HEBEI_FLOOD)
    text, data = showing.text(found), json.loads(showing.as_json(found))
    assert data["key"]["event_id"] == HEBEI_FLOOD[1]
    for facts in data["deliveries"]:
        assert facts["file_sha256"] in text and facts["rule_set_version"] in text
    assert "未报或不适用（NULL，不是0）" in text


# ---------------------------------------------------------------- what cannot be explained


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing", "1"], "fct_disaster_losses"),
        (["fct_accidents", "139999"], "130000"),
        (["fct_accidents", "colour=red"], "accident_id"),
        (["fct_disaster_loss_reports", "130000"], "补足主键"),
        (["fct_accidents", "130000", "a", "b"], "多出来了"),
        (["fct_accidents", "130000", "20181128-盛华化工爆燃", "--format", "xml"], "write one of text, json"),
    ],
)
def test_a_wrong_question_is_answered_with_what_there_is(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["explain", *arguments])
    assert result.exit_code == 2
    assert told in result.output


def test_without_a_release_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    with pytest.raises(explaining.ExplainError, match="jjj run"):
        explaining.explain("fct_accidents", ["130000"])
