"""What a sender reads when a delivery is wrong, and that nothing already accepted is lost or changed by it."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from native_files import hebei_workbook, report, ten_reports, tianjin_csv, tianjin_headers, tianjin_text
from resource_files import native_file

from jingjinji.landing import COUNTS, Outcome, current_deliveries, land
from jingjinji.landing.judging import row_account
from jingjinji.paths import PROJECT, home

INBOX = PROJECT / "demo" / "inbox"
HEBEI_REPORT = INBOX / "disaster_losses" / "hebei" / "2023-08-01_losses.xlsx"
BEIJING_REPORT = INBOX / "disaster_losses" / "beijing" / "2023-08-08.json"


def digests(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def home_with_two_deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landed") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder))
        for feed_id, path in {"disaster_losses/hebei": HEBEI_REPORT, "disaster_losses/beijing": BEIJING_REPORT}.items():
            assert land(feed_id, path).rows["accepted"] == 1
    return folder


@pytest.fixture(autouse=True)
def nothing_accepted_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home_with_two_deliveries: Path
) -> Iterator[None]:
    """A home with two accepted deliveries, which must be there byte for byte after each test, and still be current."""
    shutil.copytree(home_with_two_deliveries, tmp_path / "home")
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    landing = home().root / "landing"
    before, current = digests(landing), {str(folder) for folder, _ in current_deliveries()}
    yield
    after = digests(landing)
    assert {path: after.get(path) for path in before} == before
    assert current <= {str(folder) for folder, _ in current_deliveries()}
    assert not list(landing.glob("tmp/*"))


def receipt_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.receipt is not None
    receipt: dict[str, Any] = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    assert outcome.rows["received"] == sum(outcome.rows[count] for count in COUNTS[1:])
    assert (receipt["rows"], receipt["file_name"]) == (outcome.rows, outcome.file_name)
    return receipt


def read_by_sender(outcome: Outcome) -> list[dict[str, str]]:
    """Rows of receipt.csv, as the sender opens them in Excel."""
    assert outcome.receipt is not None
    with outcome.receipt.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def accepted(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.receipt is not None
    found = duckdb.sql(f"select * from '{outcome.receipt.parent / 'accepted.parquet'}' order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def assert_refused(outcome: Outcome, code: str, *texts: str) -> None:
    """Refused whole, nothing taken, and the first line of the receipt says all of `texts`."""
    receipt, first = receipt_of(outcome), read_by_sender(outcome)[0]
    assert (outcome.status, receipt["status_zh"], outcome.rows["accepted"]) == ("refused", "整批退回", 0)
    assert outcome.receipt is not None and not outcome.receipt.with_name("accepted.parquet").exists()
    assert (first["文件"], first["原因代码"]) == (outcome.file_name, code)
    for text in texts:
        assert text in first["原因"] + first["建议"]


def assert_one_quarantined(outcome: Outcome, column: str, value: str, reason: str, fix: str) -> None:
    """Nine taken, the tenth set aside, and the receipt says where, what and how to put it right."""
    assert outcome.rows == row_account(received=11, accepted=9, quarantined=1, ignored=1), receipt_of(outcome)[
        "row_faults"
    ]
    line = read_by_sender(outcome)[0]
    assert (line["文件"], line["行号"], line["列"], line["值"]) == (outcome.file_name, "12", column, value)
    assert reason in line["原因"]
    assert fix in line["建议"]
    assert len(accepted(outcome)) == 9


# ---------------------------------------------------------------- refused whole


def test_truncated_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.xlsx"
    path.write_bytes(HEBEI_REPORT.read_bytes()[:3000])
    assert_refused(land("disaster_losses/hebei", path), "F02", "工作簿不完整或已损坏", "在Excel中确认能打开")


def test_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.csv"
    path.touch()
    assert_refused(land("disaster_losses/tianjin", path), "F01", "文件是空的（0字节）", "零报告")


@pytest.mark.parametrize(
    ("feed_id", "sent"),
    [
        ("disaster_losses/hebei", INBOX / "statistics/hebei/2026-06_yearly.xlsx"),
        ("disaster_losses/tianjin", INBOX / "accidents/tianjin/2015-12-10_loss.csv"),
        ("disaster_losses/beijing", INBOX / "statistics/beijing/2026-06_yearly.json"),
        ("accidents/tianjin", INBOX / "disaster_losses/hebei/2023-08-10_losses.xlsx"),
    ],
)
def test_file_of_another_feed_is_refused(feed_id: str, sent: Path) -> None:
    assert_refused(land(feed_id, sent), "F04", "请核对是否报错了文件")


@pytest.mark.parametrize("bytes_kept", [120, 680])
def test_truncated_json_is_refused(tmp_path: Path, bytes_kept: int) -> None:
    path = tmp_path / "2023-08-09.json"
    path.write_bytes(BEIJING_REPORT.read_bytes()[:bytes_kept])
    assert_refused(land("disaster_losses/beijing", path), "F11", "不是完整的JSON", "重新生成后报送")


def test_renamed_header_of_a_workbook_is_refused_and_the_line_to_add_is_named(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.xlsx"
    hebei_workbook(path, [report(unit_code="130100")], rename={"人口/因灾死亡人口(人)": "人口/死亡数(人)"})
    outcome = land("disaster_losses/hebei", path)
    assert_refused(
        outcome, "F05", "“人口/死亡数(人)”", "缺少约定的列：“人口/因灾死亡人口", "feeds/disaster_losses/hebei.yml"
    )
    assert "deaths_persons: {from: '人口/死亡数(人)'" in read_by_sender(outcome)[0]["建议"]


def test_renamed_key_of_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-09.json"
    path.write_text(BEIJING_REPORT.read_text(encoding="utf-8").replace('"dead"', '"killed"'), encoding="utf-8")
    assert_refused(land("disaster_losses/beijing", path), "F05", "“people.killed”", "feeds/disaster_losses/beijing.yml")


def test_missing_column_is_refused(tmp_path: Path) -> None:
    text = tianjin_text([report()]).replace(",转移人口(人)", "")
    path = tmp_path / "2023-08-02.csv"
    path.write_bytes(text.encode("gb18030"))
    assert_refused(land("disaster_losses/tianjin", path), "F06", "缺少约定的列：“转移人口(人)”", "请补上该列后重新报送")


def test_unit_that_was_not_agreed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.xlsx"
    hebei_workbook(path, [report(unit_code="130100")], rename={"直接经济损失(万元)": "直接经济损失(美元)"})
    assert_refused(land("disaster_losses/hebei", path), "F05", "“直接经济损失(美元)”", "“直接经济损失(元/万元/亿元)”")


def test_delivery_with_all_rows_broken_is_refused_and_every_row_is_explained(tmp_path: Path) -> None:
    path = tianjin_csv(tmp_path, [report(number, deaths_persons="三人") for number in range(1, 11)])
    outcome = land("disaster_losses/tianjin", path)
    assert_refused(outcome, "F07", "10/10行有错", "10%", "逐行说明")
    explained = [line for line in read_by_sender(outcome) if line["列"] == "因灾死亡人口(人)"]
    assert [line["行号"] for line in explained] == [str(row) for row in range(3, 13)]
    assert {line["原因"] for line in explained} == {"列“因灾死亡人口(人)”的值“三人”无法识别"}
    assert outcome.rows["refused"] == outcome.rows["received"] == 11


def test_two_rows_in_ten_are_above_the_limit(tmp_path: Path) -> None:
    reports = [*ten_reports()[:8], report(9, deaths_persons="-1"), report(10, deaths_persons="-1")]
    assert_refused(land("disaster_losses/tianjin", tianjin_csv(tmp_path, reports)), "F07", "2/10行有错")


def test_text_in_no_known_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.csv"
    path.write_bytes(tianjin_text([report()]).encode("gb18030") + b"\xff\xff\r\n")
    assert_refused(land("disaster_losses/tianjin", path), "F03", "第5行", "0xFF", "UTF-8或GB18030")


@pytest.mark.parametrize(
    ("strays", "row"), [((7,), 9), ((10,), 12), ((3, 8), 5)], ids=["one", "in the last row", "two"]
)
def test_stray_quote_is_refused_because_it_would_swallow_rows(
    tmp_path: Path, strays: tuple[int, ...], row: int
) -> None:
    reports = [report(number, event_name="|" if number in strays else "虚构") for number in range(1, 11)]
    path = tmp_path / "2023-08-02.csv"
    path.write_bytes(tianjin_text(reports).replace("|", '"').encode("gb18030"))
    assert_refused(land("disaster_losses/tianjin", path), "F12", f"第{row}行", "引号", "重新导出")


@pytest.mark.parametrize("marking", ["秘密★1年", "密级：秘密", "机密级"])
def test_secret_delivery_is_refused_and_its_bytes_are_not_kept(tmp_path: Path, marking: str) -> None:
    path = hebei_workbook(tmp_path / "2023-08-02.xlsx", [report(unit_code="130100")], title=marking)
    outcome = land("disaster_losses/hebei", path)
    assert_refused(outcome, "F08", "密级", "未保存内容", "不要通过本平台传输")
    kept = {p.name for p in home().archive.rglob("*") if p.is_file()}
    assert hashlib.sha256(path.read_bytes()).hexdigest() == receipt_of(outcome)["file_sha256"] not in kept


def test_delivery_marked_not_secret_is_taken(tmp_path: Path) -> None:
    path = hebei_workbook(tmp_path / "2023-08-02.xlsx", [report(unit_code="130100")], title="密级：非密")
    assert land("disaster_losses/hebei", path).rows["accepted"] == 1


# ---------------------------------------------------------------- one row in ten


def test_unknown_region_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(unit_code="990000")))
    assert_one_quarantined(outcome, "填报单位代码", "990000", "“990000”不在约定的代码清单内", "改用清单内的代码")


def test_negative_count_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(deaths_persons="-3")))
    assert_one_quarantined(outcome, "因灾死亡人口(人)", "-3", "“-3”为负数", "数量不能为负")


def test_total_failure_above_affected_area_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(crop_failed_ha="301")))
    reason = "农作物绝收面积大于受灾面积（301；300）"
    assert_one_quarantined(outcome, "农作物绝收面积(亩)", "301；300", reason, "1公顷=15亩")


def test_half_a_person_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(missing_persons="1.5")))
    assert_one_quarantined(outcome, "因灾失踪人口(人)", "1.5", "换算后不是整数", "核对数值与计量单位")


@pytest.mark.parametrize("value", ["2023年8月1日25时", "2023年8月1日24时30分", "2023年2月30日", "八月一日", "2023/8/1"])
def test_time_that_is_none_is_quarantined(tmp_path: Path, value: str) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(as_of_at=value)))
    assert_one_quarantined(outcome, "数据截至时间", value, f"“{value}”无法识别", "按约定的格式填写")


def test_empty_required_cell_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(event_id="")))
    assert_one_quarantined(outcome, "灾害事件编号", "", "必填列“灾害事件编号”为空", "请补填该列")


def test_shifted_row_is_quarantined(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(beyond=["340"])))
    assert outcome.rows["quarantined"] == 1
    assert "多出“340”" in read_by_sender(outcome)[0]["原因"]


def test_receipt_hides_what_looks_like_a_telephone_number(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(affected_persons="电13800138000")))
    assert_one_quarantined(outcome, "受灾人口(人)", "电***", "无法识别", "数字")
    assert outcome.receipt is not None
    assert "13800138000" not in outcome.receipt.read_text(encoding="utf-8")


def test_same_row_twice_is_a_duplicate_and_another_value_for_it_a_conflict(tmp_path: Path) -> None:
    twice = land("disaster_losses/tianjin", tianjin_csv(tmp_path, [*ten_reports(), report(10)]))
    assert twice.rows == row_account(received=12, accepted=10, duplicate=1, ignored=1)
    reports = [report(number) for number in range(1, 20)]
    conflict = land("disaster_losses/tianjin", tianjin_csv(tmp_path, [*reports, report(19, deaths_persons="1")]))
    assert conflict.rows == row_account(received=21, accepted=18, quarantined=2, ignored=1)
    assert "主键相同而内容不同" in read_by_sender(conflict)[0]["原因"]


def test_corrected_delivery_after_a_refused_one_is_taken(tmp_path: Path) -> None:
    assert land("disaster_losses/tianjin", tianjin_csv(tmp_path, [report(deaths_persons="-1")])).status == "refused"
    assert land("disaster_losses/tianjin", tianjin_csv(tmp_path, [report(deaths_persons="1")])).rows["accepted"] == 1


# ---------------------------------------------------------------- one file must not stop the others


@pytest.mark.parametrize("is_other_sheet", [False, True])
def test_cell_far_from_the_table_refuses_its_file_and_no_other(tmp_path: Path, is_other_sheet: bool) -> None:
    path = tmp_path / "2023-08-01.xlsx"
    hebei_workbook(path, [report(unit_code="130100")])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("附表") if is_other_sheet else book.active
    sheet["A1"], sheet["XFD1048576"] = "说明", " "
    book.save(path)
    outcome = land("disaster_losses/hebei", path)
    assert_refused(outcome, "F15", f"“{sheet.title}”", "XFD1048576", "请删除表格以外的零散内容")
    assert land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports())).status == "accepted"


def test_cells_that_only_hold_a_format_are_no_content(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-01.xlsx"
    hebei_workbook(path, [report(unit_code="130100")])
    book = openpyxl.load_workbook(path)
    book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    book.save(path)
    assert land("disaster_losses/hebei", path).rows["accepted"] == 1


# ---------------------------------------------------------------- what the sender is told of rows


def test_rows_of_a_refused_file_are_its_rows_of_data(tmp_path: Path) -> None:
    path = tianjin_csv(tmp_path, [report(1), report(2)], rename={tianjin_headers()["affected_persons"]: "没见过的列"})
    outcome = land("disaster_losses/tianjin", path)
    assert [m["code"] for m in outcome.messages] == ["F05"]
    assert outcome.rows == row_account(received=3, refused=3)  # two reports and a footnote; neither title nor header


def test_copies_and_contradictions_name_the_other_row_and_no_column_that_is_not_there(tmp_path: Path) -> None:
    rows = [*(report(n) for n in range(1, 31)), report(1), report(2, deaths_persons="5"), report(3, beyond=["多出"])]
    receipt = receipt_of(land("disaster_losses/tianjin", tianjin_csv(tmp_path, rows)))
    told = {(f["row"], f["code"]): f for f in (*receipt["row_faults"], *receipt["row_duplicates"])}
    assert told.keys() == {(4, "R07"), (34, "R07"), (35, "R08"), (33, "R09")}
    assert told[4, "R07"]["message"] == "与同一文件中第34行主键相同而内容不同"
    assert told[34, "R07"]["message"] == "与同一文件中第4行主键相同而内容不同"
    assert told[4, "R07"]["column"].startswith(tianjin_headers()["event_id"])
    assert (told[35, "R08"]["column"], told[33, "R09"]["message"]) == ("", "与第3行完全相同，只保留第3行")


@pytest.mark.parametrize("has_slipped", [False, True])
def test_name_that_slipped_into_another_column_is_not_shown(tmp_path: Path, has_slipped: bool) -> None:
    name = "虚构甲"
    team = {"region_code": "130000", "team_name": "虚构队", "as_of_at": "2026/4/30", "reported_at": "2026/5/1"}
    teams = [team | {"team_id": f"t{n}"} for n in range(1, 31)]
    odd = team | {"team_id": "t31", "readiness": name, "response_minutes": name, "duty_contact_name": name}
    path = native_file(tmp_path, "teams/hebei", [*teams, odd])
    if has_slipped:  # one cell of the row is lost, and the name stands where minutes should
        lines = path.read_text(encoding="gb18030").splitlines(keepends=True)
        at = next(n for n, line in enumerate(lines) if name in line)
        lines[at] = lines[at].replace(f"{name},", "", 1)
        path.write_text("".join(lines), encoding="gb18030")
    outcome = land("teams/hebei", path)
    assert outcome.rows["quarantined"] == 1
    assert outcome.receipt is not None
    for paper in ("receipt.json", "receipt.csv"):
        assert name not in outcome.receipt.with_name(paper).read_text(encoding="utf-8-sig")
