"""What a delivery says without saying it: cut-off rows, formulas without a result, dates with and without a time.

Each of these was once taken in silence as "not reported" or as another number.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import native_files as files
import openpyxl
import pytest

from jingjinji import landing
from jingjinji.landing import Outcome
from jingjinji.paths import home

TIANJIN, HEBEI, BEIJING = "disaster_losses/tianjin", "disaster_losses/hebei", "disaster_losses/beijing"
MOBILE, IDENTITY = "13800001234", "110101199001011237"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))


def land(feed: str, path: Path) -> Outcome:
    return landing.land(feed, path, data_origin="simulated")


def codes(outcome: Outcome) -> set[str]:
    """Reason codes of all rows and of the delivery."""
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    return {f["code"] for f in receipt["row_faults"]} | {m["code"] for m in receipt["messages"]}


def values(outcome: Outcome, column: str) -> list[Any]:
    found = f"select {column} from '{outcome.receipt.parent}/accepted.parquet' order by row_number"
    return [value for (value,) in duckdb.sql(found).fetchall()]


def hebei(path: Path, change: Any, reports: list[dict[str, Any]] | None = None) -> Path:
    """Hebei's workbook, changed by `change(sheet, row_of_first_report, column_by_header)` before it is saved."""
    files.hebei_workbook(path, reports or [files.report(n, unit_code="130100") for n in range(1, 12)])
    book = openpyxl.load_workbook(path)
    sheet = book.active
    first = next(cell.row for cell in sheet["A"] if str(cell.value).startswith("测试-"))
    headers = list(files.hebei_headers())
    change(sheet, first, {name: at + 1 for at, name in enumerate(headers)})
    book.save(path)
    return path


def test_row_cut_off_half_way_is_quarantined(tmp_path: Path) -> None:
    whole = files.tianjin_csv(tmp_path, files.ten_reports())
    lines = whole.read_bytes().rstrip(b"\r\n").split(b"\r\n")
    assert lines[-1].startswith("注".encode("gb18030"))
    cut = lines[:-1]
    up_to_affected = list(files.tianjin_headers()).index("affected_persons") + 2  # the running number stands first
    cut[-1] = b",".join(cut[-1].split(b",")[:up_to_affected])
    whole.write_bytes(b"\r\n".join(cut))
    outcome = land(TIANJIN, whole)
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], codes(outcome)) == (9, 1, {"R10"})


def test_formula_without_a_result_is_not_an_empty_cell(tmp_path: Path) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        sheet.cell(first, column["deaths_persons"], "=1+2")

    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change))
    assert (outcome.rows["quarantined"], codes(outcome)) == (1, {"R11"})


def test_error_cell_is_not_an_empty_cell(tmp_path: Path) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        cell = sheet.cell(first, column["event_name"])
        cell.value, cell.data_type = "#DIV/0!", "e"

    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change))
    assert (outcome.rows["quarantined"], codes(outcome)) == (1, {"R11"})


@pytest.mark.parametrize(
    ("number_format", "expected"),
    [("yyyy-mm-dd hh:mm", dt.datetime(2023, 8, 2)), ("yyyy-mm-dd", dt.datetime(2023, 8, 2, 23, 59, 59))],
)
def test_midnight_of_a_date_cell_follows_its_format(tmp_path: Path, number_format: str, expected: dt.datetime) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        sheet.cell(first, column["as_of_at"], dt.datetime(2023, 8, 2)).number_format = number_format

    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change))
    assert values(outcome, "as_of_at")[0] == expected


def test_value_merged_over_rows_of_data_belongs_to_none(tmp_path: Path) -> None:
    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        at = column["deaths_persons"]
        sheet.cell(first, at, 9)
        sheet.merge_cells(start_row=first, end_row=first + 1, start_column=at, end_column=at)

    reports = [files.report(n, unit_code="130100") for n in range(1, 25)]
    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change, reports))
    assert (outcome.rows["quarantined"], codes(outcome)) == (2, {"R11"})


def test_second_sheet_with_the_same_header_is_refused_and_another_is_named(tmp_path: Path) -> None:
    path = hebei(tmp_path / "2023-08-01.xlsx", lambda *_: None)
    book = openpyxl.load_workbook(path)
    book.create_sheet("说明").append(["填报说明"])
    book.save(path)
    named = land(HEBEI, path)
    assert (named.status, codes(named)) == ("accepted", {"N03"})
    second = book.copy_worksheet(book.worksheets[0])  # merged cells of the two header rows are copied as well
    second.title = "第二页"
    book.save(path)
    refused = land(HEBEI, path)
    assert (refused.status, codes(refused)) == ("refused", {"F14"})


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"as_of_at": "2099年8月1日"}, "R06"),
        ({"as_of_at": "2023年8月10日", "reported_at": "2023年8月1日"}, "D19"),
        ({"retracted_metrics": "missing", "report_stage": "更正"}, "D20"),
        ({"retracted_metrics": "deaths_persons", "report_stage": "续报", "deaths_persons": ""}, "D20"),
        ({"retracted_metrics": "deaths_persons", "report_stage": "更正"}, "D21"),
    ],
)
def test_report_that_contradicts_itself_is_quarantined(tmp_path: Path, sent: dict[str, str], code: str) -> None:
    reports = [r | {"retracted_metrics": r.get("retracted_metrics", "")} for r in files.ten_reports(**sent)]
    outcome = land(TIANJIN, files.tianjin_csv(tmp_path, reports))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], codes(outcome)) == (9, 1, {code})


def test_correction_that_takes_metrics_back_is_taken(tmp_path: Path) -> None:
    sent = {
        "retracted_metrics": "deaths_persons;missing_persons",
        "report_stage": "更正",
        "deaths_persons": "",
        "missing_persons": "",
    }
    outcome = land(TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(**sent)))
    assert (outcome.rows["accepted"], codes(outcome) - {"N02"}) == (10, set())


def test_unreadable_number_is_named_once(tmp_path: Path) -> None:
    outcome = land(TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(deaths_persons="十人")))
    assert codes(outcome) == {"R02"}
    nothing = dict.fromkeys(
        ("affected_persons", "deaths_persons", "missing_persons", "crop_affected_ha", "crop_failed_ha"), ""
    )
    only = files.tianjin_csv(tmp_path, files.ten_reports(**nothing, direct_loss_cny="很多"))
    assert codes(land(TIANJIN, only)) == {"R02"}
    none = files.tianjin_csv(tmp_path, files.ten_reports(**nothing, direct_loss_cny=""))
    assert codes(land(TIANJIN, none)) == {"D00"}


# ---------------------------------------------------------------- JSON


def beijing(path: Path, **record: Any) -> Path:
    event = {"id": "测试", "name": "虚构", "kind": "暴雨洪涝", "occurred_at": "2023-07-29"}
    sent = {
        "event": event,
        "reporting_unit": "110000",
        "stage": "续报",
        "as_of": "2023-08-01T06:00",
        "people": {"dead": 1},
    }
    path.write_text(json.dumps({"reports": [sent | record]}, ensure_ascii=False), encoding="utf-8")
    return path


def test_key_with_a_dot_is_no_path(tmp_path: Path) -> None:
    outcome = land(BEIJING, beijing(tmp_path / "2023-08-01.json", **{"people.dead": 5}))
    assert (outcome.status, codes(outcome)) == ("refused", {"F05"})


def test_field_named_twice_is_refused(tmp_path: Path) -> None:
    path = beijing(tmp_path / "2023-08-01.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"dead": 1', '"dead": 1, "dead": 7'), encoding="utf-8")
    outcome = land(BEIJING, path)
    assert (outcome.status, codes(outcome)) == ("refused", {"F11"})
    assert "“dead”出现了两次" in outcome.messages[0]["message"]


@pytest.mark.parametrize("nothing", [None, {}])
def test_branch_without_values_is_left_out_and_not_unknown(tmp_path: Path, nothing: Any) -> None:
    outcome = land(BEIJING, beijing(tmp_path / "2023-08-01.json", houses=nothing))
    assert (outcome.status, values(outcome, "houses_collapsed_count")) == ("accepted", [None])


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n", b" \n"])
def test_file_without_text_is_an_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "2023-08-01.json"
    path.write_bytes(content)
    assert codes(land(BEIJING, path)) == {"F01"}


def test_year_with_a_fraction_is_no_year(tmp_path: Path) -> None:
    demo = Path(__file__).parent.parent / "demo" / "inbox" / "statistics" / "beijing" / "2026-06_yearly.json"
    document = demo.read_text(encoding="utf-8")
    sent = tmp_path / "2026-06_yearly.json"
    sent.write_text(document.replace('"2023"', '"2023.7"').replace(": 2023,", ": 2023.7,"), encoding="utf-8")
    assert "R02" in codes(land("statistics/beijing", sent))


# ---------------------------------------------------------------- personal data, secrecy


def test_numbers_of_persons_reach_no_receipt(tmp_path: Path) -> None:
    sent = [
        (TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(), rename={"灾种": f"联系人{MOBILE}"})),
        (TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(deaths_persons="138-0000-1234"))),
        (TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(deaths_persons=IDENTITY))),
        (TIANJIN, files.tianjin_csv(tmp_path, files.ten_reports(deaths_persons="110101 19900101 1237"))),
        (BEIJING, beijing(tmp_path / f"2023-08-01 {MOBILE}.json")),
    ]
    cut = tmp_path / "2023-08-02.json"
    cut.write_text(f'{{"reports":[{{"p":"{MOBILE}","id":"{IDENTITY}', encoding="utf-8")
    for feed, path in [*sent, (BEIJING, cut)]:
        land(feed, path)
    folders = home().deliveries
    texts = [p.read_text(encoding="utf-8") for p in folders.rglob("*") if p.suffix in (".json", ".csv")]
    texts.append(home().audit_log.read_text(encoding="utf-8"))
    assert len(texts) > 10
    for number in (MOBILE, IDENTITY, "138-0000-1234", "19900101"):
        assert not [text for text in texts if number in text]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: files.tianjin_csv(folder, files.ten_reports(event_name="秘密★10年")),
        lambda folder: files.tianjin_workbook(folder / "2023-08-01.xlsx", files.ten_reports(event_name="密级：机密")),
    ],
)
def test_secrecy_marking_anywhere_refuses_and_keeps_nothing(tmp_path: Path, make: Any) -> None:
    outcome = land(TIANJIN, make(tmp_path))
    assert (outcome.status, codes(outcome)) == ("refused", {"F08"})
    assert not home().archive.exists()


def test_secrecy_marking_deep_in_json_refuses(tmp_path: Path) -> None:
    path = beijing(tmp_path / "2023-08-01.json")
    document = json.loads(path.read_text(encoding="utf-8")) | {"meta": {"密级": "机密"}}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert codes(land(BEIJING, path)) == {"F08"}


def test_file_that_breaks_the_program_stops_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(f"could not convert {MOBILE}")

    monkeypatch.setattr("jingjinji.landing.judging.plan", broken)
    outcome = land(BEIJING, beijing(tmp_path / "2023-08-01.json"))
    assert (outcome.status, codes(outcome)) == ("refused", {"F99"})
    assert "RuntimeError" in caplog.text and MOBILE not in caplog.text
    monkeypatch.undo()
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    again = land(BEIJING, tmp_path / "2023-08-01.json")
    assert (again.status, again.version) == ("accepted", 2)


def test_long_workbook_is_read_as_a_short_one(tmp_path: Path) -> None:
    """Columns of whole numbers are written out all at once from some row on: what is no such column must stay what it is."""

    def change(sheet: Any, first: int, column: dict[str, int]) -> None:
        for at in range(60):
            sheet.cell(first + at, column["affected_persons"], 1000 + at)
            sheet.cell(first + at, column["deaths_persons"]).value = None if at % 3 else at // 3
            sheet.cell(first + at, column["crop_affected_ha"], 400 + at / 4)
        sheet.cell(first + 50, column["missing_persons"], "３")
        sheet.cell(first + 51, column["missing_persons"], "不详的文字")

    reports = [files.report(n, unit_code="130100") for n in range(1, 61)]
    outcome = land(HEBEI, hebei(tmp_path / "2023-08-01.xlsx", change, reports))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], codes(outcome)) == (59, 1, {"R02"})
    kept = [at for at in range(60) if at != 51]
    assert values(outcome, "affected_persons") == [1000 + at for at in kept]
    assert values(outcome, "deaths_persons") == [None if at % 3 else at // 3 for at in kept]
    assert [float(value) for value in values(outcome, "crop_affected_ha")] == [400 + at / 4 for at in kept]
    assert values(outcome, "missing_persons")[50] == 3
