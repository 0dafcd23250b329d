"""What stands where nobody looks: above a header, beside it, under it again, in a second list. None of it goes without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import native_files as files
import pytest
from test_silent_losses import BEIJING, HEBEI, TIANJIN, beijing, codes, hebei, land, own_home, values

from jingjinji.landing import Outcome
from jingjinji.paths import PROJECT

STATISTICS = "statistics/tianjin"
__all__ = ["own_home"]  # a fixture


@pytest.fixture(params=["small", "large"], autouse=True)
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is judged as a small and as a large one."""
    if request.param == "large":
        monkeypatch.setattr("jingjinji.landing.detect.LARGE", 0)


def lines_of(reports: list[dict[str, Any]]) -> list[str]:
    """Title, header, rows, footer of a Tianjin text."""
    return files.tianjin_text(reports).splitlines()


def land_lines(folder: Path, lines: list[str]) -> Outcome:
    path = folder / "2023-08-01.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return land(TIANJIN, path)


def reports(count: int = 24) -> list[dict[str, Any]]:
    return [files.report(number) for number in range(1, count + 1)]


# ---------------------------------------------------------------- headers


def test_rows_between_a_header_with_a_typing_error_and_a_right_one_are_not_skipped(tmp_path: Path) -> None:
    _, header, *rows, _ = lines_of(reports())
    outcome = land_lines(tmp_path, [header.replace("灾害事件编号", "灾害事件号"), *rows[:12], header, *rows[12:]])
    assert (outcome.status, codes(outcome) - {"N02"}) == ("refused", {"F05"})
    assert "灾害事件号" in outcome.messages[0]["message"]


def test_header_of_each_printed_page_is_no_row(tmp_path: Path) -> None:
    title, header, *rows, footer = lines_of(reports())
    outcome = land_lines(tmp_path, [title, header, *rows[:12], "\ufeff" + header, *rows[12:], footer])
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], outcome.rows["ignored"]) == (24, 0, 2)


def test_second_table_in_another_order_is_refused(tmp_path: Path) -> None:
    title, header, *rows, footer = lines_of(reports())
    names = header.split(",")
    dead, missing = names.index("因灾死亡人口(人)"), names.index("因灾失踪人口(人)")
    names[dead], names[missing] = names[missing], names[dead]
    outcome = land_lines(tmp_path, [title, header, *rows[:12], ",".join(names), *rows[12:], footer])
    assert outcome.status == "refused" and {"F17", "R13"} <= codes(outcome)
    assert "第15行又是一行表头" in next(m["message"] for m in outcome.messages if m["code"] == "F17")


def test_second_table_below_a_header_of_two_rows_is_refused_as_well(tmp_path: Path) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        lower = {cell.column: cell.value for cell in sheet[first - 1] if cell.value}
        two = list(lower)[:2]
        assert len(lower) > 4
        for at, name in lower.items():
            sheet.cell(first + 24, at, lower[two[1 - two.index(at)]] if at in two else name)

    path = hebei(tmp_path / "2023-08-01.xlsx", change, [files.report(n, unit_code="130100") for n in range(1, 25)])
    outcome = land(HEBEI, path)
    assert outcome.status == "refused" and "F17" in codes(outcome)


def test_year_that_stands_twice_is_refused(tmp_path: Path) -> None:
    source = PROJECT / "demo" / "inbox" / "statistics" / "tianjin" / "2026-06_disasters.csv"
    lines = source.read_text(encoding="gb18030").splitlines()
    at = next(number for number, line in enumerate(lines) if "2023年," in line)
    doubled = [*lines[:at], *(f"{line},{line.split(',')[5]}" for line in lines[at:])]
    path = tmp_path / source.name
    path.write_text("\n".join(doubled), encoding="utf-8")
    outcome = land(STATISTICS, path)
    assert (outcome.status, codes(outcome) - {"N02"}) == ("refused", {"F05"})
    assert "2023" in outcome.messages[0]["message"]


# ---------------------------------------------------------------- columns without a header


def test_shifted_row_is_seen_where_the_header_ends_with_a_delimiter(tmp_path: Path) -> None:
    title, *table, footer = lines_of(reports())
    end = table[0].split(",").index("直接经济损失(万元)") + 1
    names, *rows = (line.split(",")[:end] for line in table)
    at = names.index("倒塌房屋间数(间)")
    rows[0][at : at + 1] = ["1", "234"]
    rows[0][-1] = "5"
    outcome = land_lines(tmp_path, [title, ",".join(names) + ",", *(",".join(row) for row in rows), footer])
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (23, 1)
    assert "R12" in codes(outcome)


def test_year_without_its_header_is_refused(tmp_path: Path) -> None:
    source = PROJECT / "demo" / "inbox" / "statistics" / "tianjin" / "2026-06_disasters.csv"
    path = tmp_path / source.name
    path.write_text(source.read_text(encoding="gb18030").replace("2023年,", ",", 1), encoding="utf-8")
    outcome = land(STATISTICS, path)
    assert outcome.status == "refused" and "R12" in codes(outcome)


@pytest.mark.parametrize("right", [1, 3])
def test_remark_beside_a_row_of_a_workbook_is_told(tmp_path: Path, right: int) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        sheet.cell(first + 3, max(column.values()) + right, "作废")

    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], codes(outcome)) == (10, 1, {"R12"})


def test_empty_columns_without_a_header_are_nothing(tmp_path: Path) -> None:
    title, header, *rows, footer = lines_of(reports())
    outcome = land_lines(tmp_path, [title, header + ",,", *(row + ",, " for row in rows), footer])
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (24, 0)


# ---------------------------------------------------------------- identifiers


@pytest.mark.parametrize("number", ["2.02308E+17", "1E+05", "'20230801", '="20230801"', '["20230801"]', "\x0c2023"])
def test_identifier_that_a_program_has_changed_is_quarantined(tmp_path: Path, number: str) -> None:
    outcome = land(TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(event_id=number)))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (9, 1) and "R14" in codes(outcome)


@pytest.mark.parametrize("number", ["20230801", "1E5", "2E10-7", "测试=1", "007", "12-34"])
def test_other_identifiers_are_taken_as_they_are(tmp_path: Path, number: str) -> None:
    outcome = land(TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(event_id=number)))
    assert outcome.rows["accepted"] == 10 and number in values(outcome, "event_id")


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize("element", [[{"event": 1}], "{}", 7], ids=["list", "text", "number"])
def test_element_that_is_no_record_is_refused(tmp_path: Path, element: Any) -> None:
    path = beijing(tmp_path / "2023-08-01.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["reports"].append(element)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    outcome = land(BEIJING, path)
    assert (outcome.status, codes(outcome)) == ("refused", {"F11"})


@pytest.mark.parametrize("place", ["supplement", "meta.reports"])
def test_second_list_of_records_is_refused(tmp_path: Path, place: str) -> None:
    path = beijing(tmp_path / "2023-08-01.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    *above, name = place.split(".")
    target = document.setdefault(above[0], {}) if above else document
    target[name] = document["reports"]
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    outcome = land(BEIJING, path)
    assert (outcome.status, codes(outcome)) == ("refused", {"F14"})
    assert f"$.{place}[*]" in outcome.messages[0]["message"]


def test_list_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = beijing(tmp_path / "2023-08-01.json")
    document = json.loads(path.read_text(encoding="utf-8")) | {"contacts": [{"office": "虚构"}], "pages": [1, 2]}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    assert land(BEIJING, path).status == "accepted"


def test_field_named_twice_is_refused_beside_a_record_with_an_empty_branch(tmp_path: Path) -> None:
    path = beijing(tmp_path / "2023-08-01.json", houses={})
    document = json.loads(path.read_text(encoding="utf-8"))
    records = [json.dumps(document["reports"][0], ensure_ascii=False)] * 6
    records[5] = records[5].replace('"dead": 1', '"dead": 9, "dead": 1').replace('"houses": {}', '"houses": null')
    path.write_text('{"reports": [' + ", ".join(records) + "]}", encoding="utf-8")
    outcome = land(BEIJING, path)
    assert (outcome.status, codes(outcome)) == ("refused", {"F11"})


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize(("wrong", "told"), [(b"\xff", "0xFF"), (b"\x00", "空字节")])
def test_text_with_a_byte_order_mark_is_checked_like_any_other(tmp_path: Path, wrong: bytes, told: str) -> None:
    path = tmp_path / "2023-08-01.csv"
    text = files.tianjin_text(reports()).encode("utf-8-sig")
    path.write_bytes(text.replace("虚构的洪涝".encode(), "虚构".encode() + wrong, 1))
    outcome = land(TIANJIN, path)
    assert (outcome.status, codes(outcome)) == ("refused", {"F03"}) and told in outcome.messages[0]["message"]
