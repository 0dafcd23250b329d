"""What one report of losses shows by itself, judged at landing at the bounds of each rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from native_files import hebei_workbook, report, tianjin_csv

from jingjinji.contracts import METRIC_TYPES, load_contracts
from jingjinji.landing import land

QUIET = {
    "missing_persons": "",
    "deaths_persons": "",
    "crop_affected_ha": "",
    "crop_failed_ha": "",
    "direct_loss_cny": "",
}
PARTS = ("housing", "agriculture", "industry", "infrastructure", "public_service", "other")


def _losses(total: str, *parts: str, **more: str) -> dict[str, str]:
    """Direct loss and its components in 万元, as Tianjin sends them."""
    return (
        {"direct_loss_cny": total} | {f"loss_{name}_cny": part for name, part in zip(PARTS, parts, strict=False)} | more
    )


def _moved(total: str, central: str, scattered: str, stage: str) -> dict[str, str]:
    people = {
        "resettled_persons": total,
        "resettled_central_persons": central,
        "resettled_scattered_persons": scattered,
    }
    return {"report_stage": stage, **people}


# what is sent instead of a sound report → the rules that set the row aside, and those that only warn
CASES: list[tuple[dict[str, str], list[str], list[str]]] = [
    ({"crop_affected_ha": "300", "crop_damaged_ha": "200", "crop_failed_ha": "200"}, [], []),
    ({"crop_affected_ha": "300", "crop_damaged_ha": "200", "crop_failed_ha": "201"}, ["D01A"], []),
    ({"crop_affected_ha": "300", "crop_damaged_ha": "301"}, ["D01B"], []),
    ({"crop_affected_ha": "300", "crop_damaged_ha": "", "crop_failed_ha": "301"}, ["D01"], []),
    ({"deaths_persons": "60", "missing_persons": "60"}, [], []),
    ({"deaths_persons": "60", "missing_persons": "61"}, ["D03"], []),
    (_moved("100", "60", "40", "核报"), [], []),
    (_moved("100", "60", "39", "核报"), ["D04"], []),
    (_moved("100", "60", "", "核报"), [], []),
    (_moved("100", "101", "", "核报"), ["D04"], []),
    (_moved("100", "60", "39", "初报"), [], ["D04W"]),
    ({"relief_needed_persons": "120"}, [], []),
    ({"relief_needed_persons": "121"}, ["D05"], []),
    ({"relocated_persons": "120"}, [], []),
    ({"relocated_persons": "121"}, [], ["D06"]),
    ({"evacuated_persons": "121"}, [], ["D06"]),
    ({"houses_collapsed_households": "5", "houses_collapsed_count": "5"}, [], []),
    ({"houses_collapsed_households": "6", "houses_collapsed_count": "5"}, ["D08"], []),
    ({"houses_slightly_damaged_households": "6", "houses_slightly_damaged_count": "5"}, ["D08"], []),
    (_losses("100", "50", "40", "0", "0", "0", "9", report_stage="核报"), [], []),
    (_losses("100", "50", "40", "0", "0", "0", "8.99", report_stage="核报"), ["D09"], []),
    (_losses("100", "50", "40", "0", "0", "0", "8.99"), [], []),
    (_losses("100", "50", "51"), [], []),
    (_losses("100", "50", "51.01"), ["D09"], []),
    (_losses("100", "50", report_stage="核报"), [], []),
    ({"ended_at": "2023年7月29日"}, ["D15"], []),
    ({"ended_at": "2023年7月30日"}, [], []),
    ({"as_of_at": "2023年7月30日0时"}, [], []),
    ({"as_of_at": "2023年7月29日23时"}, ["D15"], []),
    ({**QUIET, "affected_persons": "0", "direct_loss_cny": "0"}, [], []),
    ({**QUIET, "affected_persons": "0", "direct_loss_cny": "1"}, [], ["D16"]),
    ({**QUIET, "affected_persons": "0", "houses_collapsed_count": "1"}, [], ["D16"]),
    ({**QUIET, "affected_persons": "", "direct_loss_cny": "1"}, [], []),
    ({"reported_county_at": "2023年7月30日0时"}, [], []),
    ({"reported_county_at": "2023年7月29日23时"}, ["D22"], []),
    ({"unit_code": "110101"}, ["D23"], []),
    ({"unit_code": "120225"}, [], []),
    ({"unit_code": "120107"}, [], []),
    ({"unit_code": "120100"}, ["R05"], []),
    ({**QUIET, "affected_persons": "", "event_name": "只有名称"}, ["D00"], []),
    ({"report_stage": "更正", "retracted_metrics": "houses_slightly_damaged_count"}, [], []),
    ({"report_stage": "更正", "retracted_metrics": "houses"}, ["D20"], []),
    ({"report_stage": "更正", "retracted_metrics": "relocated_persons; evacuated_persons"}, [], []),
    ({"report_stage": "更正", "retracted_metrics": "relocated_persons；evacuated_persons；"}, [], []),
    ({"report_stage": "更正", "retracted_metrics": "；"}, ["D20"], []),
    ({"report_stage": "更正", "retracted_metrics": "relocated_persons； affected_persons"}, ["D21"], []),
    ({"report_stage": "续报", "retracted_metrics": "houses_slightly_damaged_count"}, ["D20"], []),
    ({"report_stage": "更正", "retracted_metrics": "affected_persons"}, ["D21"], []),
    ({"disaster_kind": "010200", "explanation_code": "找到生还"}, [], []),
    ({"explanation_code": "不知道"}, ["R05"], []),
]


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[set[str], set[str]]]:
    """One delivery with every case and as many sound reports as keep it below the share that refuses it whole."""
    folder = tmp_path_factory.mktemp("rules")
    sent: list[dict[str, Any]] = [report(number, **values) for number, (values, _, _) in enumerate(CASES, 1)]
    sent += [report(number) for number in range(1000, 1300)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder / "home"))
        outcome = land("disaster_losses/tianjin", tianjin_csv(folder, sent))
    assert outcome.status == "accepted" and outcome.receipt
    told = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    found: dict[int, tuple[set[str], set[str]]] = {}
    for which, faults in enumerate((told["row_faults"], told["row_warnings"])):
        for fault in faults:
            found.setdefault(fault["row"], (set(), set()))[which].add(fault["code"])
    return found


@pytest.mark.parametrize("number", range(len(CASES)))
def test_report_at_the_bounds_of_a_rule(receipt: dict[int, tuple[set[str], set[str]]], number: int) -> None:
    values, errors, warnings = CASES[number]
    first_row = 3  # title and header before it
    assert receipt.get(number + first_row, (set(), set())) == (set(errors), set(warnings)), values


def test_sound_reports_are_taken_without_a_word(receipt: dict[int, tuple[set[str], set[str]]]) -> None:
    assert max(receipt) < 3 + len(CASES)


def test_hebei_sends_units_by_statistical_codes_and_households_under_two_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    sent = [
        report(1, unit_code="133100", houses_collapsed_households=3, houses_collapsed_count=5),
        report(2, unit_code="139001", affected_persons=120),
    ]
    outcome = land("disaster_losses/hebei", hebei_workbook(tmp_path / "2023-08-01.xlsx", sent))
    assert outcome.receipt
    rows = duckdb.execute(
        "select unit_code, houses_collapsed_households from read_parquet($1) order by row_number",
        [str(outcome.receipt.parent / "accepted.parquet")],
    ).fetchall()
    assert rows == [("130000-XA", 3), ("130682", None)]


@pytest.mark.parametrize(("stated", "holds"), [("120", True), ("121", False), ("null", True)])
def test_sum_of_deaths_and_missing_that_is_stated_alone_is_no_more_than_the_affected(stated: str, holds: bool) -> None:
    check = load_contracts().standards["disaster_losses"].rules["D03"].check
    row = f"null as deaths_persons, 1 as missing_persons, {stated} as deaths_missing_persons, 120 as affected_persons"
    assert duckdb.sql(f"select {check} from (select {row})").fetchall() == [(holds,)]


def test_rules_that_speak_of_all_metrics_name_each_metric_of_the_standard() -> None:
    standard = load_contracts().standards["disaster_losses"]
    metrics = [name for name, column in standard.columns.items() if column.type in METRIC_TYPES]
    assert list(standard.rules["D00"].columns) == metrics
    for rule in ("D00", "D20", "D21"):
        assert all(name in standard.rules[rule].check for name in metrics)
    assert "{" not in "".join(rule.check for rule in standard.rules.values())
