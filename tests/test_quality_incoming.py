"""The incoming border: what is held out, what goes on, and what is written about it. GX is imported once per process."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from quality_candidates import LOSS, deliver, raw_candidate

from jingjinji.quality import check_incoming
from jingjinji.quality.results import HELD_REASONS


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    return raw_candidate(tmp_path)


def rows(candidate: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(candidate), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_good_deliveries_enter_and_are_not_checked_twice(candidate: Path) -> None:
    deliver(candidate, "d1", [{}])
    first = check_incoming(candidate)
    assert first.passed and not first.held
    assert len(first.results) > 20 and all(result.success for result in first.results)
    assert check_incoming(candidate).results == ()


@pytest.mark.parametrize(
    ("fault", "expectation"),
    [
        ({"affected_persons": -1, "deaths_persons": None}, "is_not_negative"),
        ({"report_stage": "速报"}, "code_is_in_its_list"),
        ({"event_id": None}, "required_is_given"),
        ({"crop_affected_ha": 10, "crop_failed_ha": 11}, "rule_D01"),
        ({"region_code": "110000", "unit_code": "110000"}, "region_is_the_senders"),
        ({"known_from": "2023-08-05 00:00:00"}, "known_from_is_not_after_arrival"),
        ({"as_of_at": "1900-01-01 00:00:00"}, "moments_are_of_this_age"),
        ({"affected_persons": None, "deaths_persons": None}, "rule_D00"),
        ({"unit_code": "110101"}, "unit_belongs_to_region"),
        ({"event_name": "联系人13800138000"}, "no_mobile_number"),
        ({"event_name": "证件11010519491231002X"}, "no_identity_number"),
        ({"event_id": "13800138000"}, "no_mobile_number"),
    ],
)
def test_a_faulty_delivery_is_held_out_and_the_others_go_on(candidate: Path, fault: dict, expectation: str) -> None:
    for number in range(1, 6):
        deliver(candidate, f"good{number}", [{"event_id": f"e{number}"}])
    deliver(candidate, "faulty", [{"event_id": "e8"}, {"event_id": "e9"} | fault])
    verdict = check_incoming(candidate)
    assert verdict.passed
    assert [held.delivery_id for held in verdict.held] == ["faulty"]
    assert expectation in {reason.expectation for reason in verdict.held[0].reasons}
    loaded = rows(candidate, "select distinct delivery_id from raw.disaster_losses order by 1")
    assert loaded == [(f"good{number}",) for number in range(1, 6)]
    assert rows(candidate, "select delivery_id from raw.deliveries where status = 'held'") == [("faulty",)]


def test_why_a_delivery_was_held_stays_in_the_candidate_and_an_earlier_reason_goes(candidate: Path) -> None:
    deliver(candidate, "faulty", [{"event_id": "e9", "crop_affected_ha": 10, "crop_failed_ha": 11}])
    with duckdb.connect(str(candidate)) as con:
        con.execute(HELD_REASONS)
        con.execute("insert into raw.held_reasons values ('faulty', '0', 'x', 'rule_X', '早先的理由', 's')")
    assert check_incoming(candidate).held
    reasons = rows(candidate, "select delivery_id, column_name, expectation, why_zh from raw.held_reasons")
    assert reasons == [("faulty", "crop_failed_ha, crop_affected_ha", "rule_D01", "农作物绝收面积大于受灾面积")]


def test_a_number_that_only_looks_personal_holds_nothing(candidate: Path) -> None:
    ids = ["13010020231", "HB15012023001", "1380013800013800138000", "20230727-130100-0001"]
    names = ["a13800138000b5f6", "文号213800138000", "110105194912310021", "直接损失13800138000000元"]
    deliver(candidate, "good", [{"event_id": e, "event_name": n} for e, n in zip(ids, names, strict=True)])
    assert not check_incoming(candidate).held


@pytest.mark.parametrize(
    ("fault", "expectation"),
    [
        ({"value_unit": "万人"}, "unit_has_the_dimension_of_the_statistic"),
        ({"value": 0}, "denominator_is_positive"),
        ({"year": 2024}, "published_after_the_year_began"),
    ],
)
def test_a_statistic_that_cannot_be_is_held(candidate: Path, fault: dict, expectation: str) -> None:
    row = {
        "region_code": "130000", "year": 2023, "statistic_name": "地区生产总值", "value": 1, "value_unit": "亿元",
        "vintage": "v", "published_at": LOSS["known_from"],
    }  # fmt: skip
    statistics("good", candidate, row)
    statistics("faulty", candidate, row | fault)
    verdict = check_incoming(candidate)
    assert [held.delivery_id for held in verdict.held] == ["faulty"]
    assert {reason.expectation for reason in verdict.held[0].reasons} == {expectation}


def statistics(delivery_id: str, candidate: Path, row: dict) -> None:
    """One delivery of one statistic."""
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(
            "insert into raw.deliveries (delivery_id, conform_version, feed_id, dataset, region, status)"
            " values (?, 1, 'statistics/hebei', 'statistics', 'hebei', 'accepted')",
            [delivery_id],
        )
        full = {"delivery_id": delivery_id, "row_number": 1} | {k: LOSS[k] for k in ("known_from", "landed_at")} | row
        marks = ", ".join("?" for _ in full)
        connection.execute(f"insert into raw.statistics ({', '.join(full)}) values ({marks})", list(full.values()))


def test_the_same_key_twice_in_one_delivery_is_held_but_in_two_deliveries_is_not(candidate: Path) -> None:
    deliver(candidate, "first", [{}])
    deliver(candidate, "again", [{}])
    deliver(candidate, "twice", [{}, {}])
    assert [held.delivery_id for held in check_incoming(candidate).held] == ["twice"]


def test_what_was_held_is_told_in_the_verdict_file_the_rows_and_the_page(candidate: Path, tmp_path: Path) -> None:
    deliver(candidate, "faulty", [{"deaths_persons": 13800138000, "affected_persons": 1}])
    check_incoming(candidate)
    content = json.loads((candidate.parent / "incoming.json").read_text(encoding="utf-8"))
    assert content["passed"] and content["held"][0]["feed_id"] == "disaster_losses/hebei"
    assert "死亡与失踪人口之和大于受灾人口" in content["held"][0]["why"]
    told = rows(
        candidate,
        "select severity, unexpected_count, observed from marts.fct_quality_results where not success and is_latest",
    )
    assert told[0][:2] == ("held", 1) and "delivery_id=faulty, row_number=1" in told[0][2]
    page = (tmp_path / "quality" / "index.html").read_text(encoding="utf-8")
    assert "死亡与失踪人口之和大于受灾人口" in page
    assert "13800138000" not in page + json.dumps(content) + str(told), "values never reach a report"


def test_a_missing_column_stops_the_build_and_blames_no_delivery(candidate: Path) -> None:
    deliver(candidate, "good", [{}])
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("alter table raw.disaster_losses drop column unit_code")
    verdict = check_incoming(candidate)
    assert not verdict.passed and not verdict.held
    assert "columns_as_agreed" in {result.expectation for result in verdict.failed}
    assert rows(candidate, "select count(*) from raw.disaster_losses") == [(1,)]


def test_a_check_with_nothing_new_leaves_the_results_table_there(candidate: Path) -> None:
    assert check_incoming(candidate).passed
    assert rows(candidate, "select count(*) from marts.fct_quality_results") == [(0,)]


def test_however_many_deliveries_fail_the_rules_are_evaluated_once(
    candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jingjinji.quality import gx

    calls: list[str] = []
    evaluate = gx.evaluate
    monkeypatch.setattr(gx, "evaluate", lambda source, suite: (calls.append(suite.table), evaluate(source, suite))[1])
    for number in range(20):
        wrong = {
            "crop_affected_ha": 10,
            "crop_failed_ha": 11,
            "report_stage": "速'报",
            "deaths_persons": None,
            "affected_persons": -number,
        }
        deliver(candidate, f"d{number:02}", [{"event_id": f"e{number}"} | wrong, {"event_id": "good"}])
    verdict = check_incoming(candidate)
    assert calls == ["disaster_losses"]
    assert [held.delivery_id for held in verdict.held] == [f"d{number:02}" for number in range(20)]
    reasons = {reason.expectation: reason for reason in verdict.held[7].reasons}
    assert reasons.keys() == {"rule_D01", "rule_D03", "code_is_in_its_list", "is_not_negative"}
    assert reasons["rule_D01"].observed == "1 行不符；例如 delivery_id=d07, row_number=1"
    assert {reason.expectation for reason in verdict.held[0].reasons} == {"rule_D01", "code_is_in_its_list"}  # -0 is 0


def test_other_columns_than_agreed_stop_the_build_and_blame_no_delivery(candidate: Path) -> None:
    deliver(candidate, "d1", [{}])
    with duckdb.connect(str(candidate)) as con:
        con.execute("alter table raw.disaster_losses add column surplus varchar")
    verdict = check_incoming(candidate)
    assert not verdict.passed and not verdict.held
    assert [result.expectation for result in verdict.failed] == ["columns_as_agreed"]
