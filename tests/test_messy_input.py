"""Files that are not what they should be, but whose meaning is certain: they are taken, and the sender is told."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from native_files import hebei_workbook, report, ten_reports, tianjin_csv, tianjin_text, tianjin_workbook

from jingjinji.landing import Outcome, land
from jingjinji.landing.judging import row_account
from jingjinji.paths import PROJECT

BEIJING_REPORT = PROJECT / "demo/inbox/disaster_losses/beijing/2023-08-08.json"
CLEAN = row_account(received=11, accepted=10, ignored=1)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))


def accepted(outcome: Outcome) -> list[dict[str, Any]]:
    """Accepted rows without what differs from delivery to delivery."""
    assert outcome.receipt is not None and outcome.status == "accepted", outcome.messages
    path = outcome.receipt.parent / "accepted.parquet"
    found = duckdb.sql(f"select * exclude (delivery_id, landed_at, row_number) from '{path}' order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def sent_well(tmp_path: Path) -> list[dict[str, Any]]:
    """The ten reports, sent as agreed: what every other way of sending them must give."""
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports()), period="as agreed")
    assert (outcome.rows, outcome.messages) == (CLEAN, ())
    return accepted(outcome)


@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")], ids=str
)
def test_text_in_another_encoding_than_declared_is_taken(tmp_path: Path, encoding: str, named: str) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(), encoding=encoding))
    assert accepted(outcome) == sent_well(tmp_path)
    assert f"实际编码是{named}，约定是gb18030" in outcome.messages[0]["message"]


def test_gb18030_where_utf8_is_declared_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-09.json"
    path.write_bytes(BEIJING_REPORT.read_text(encoding="utf-8").encode("gb18030"))
    outcome = land("disaster_losses/beijing", path)
    assert "实际编码是gb18030，约定是utf-8" in outcome.messages[0]["message"]
    assert accepted(outcome) == accepted(land("disaster_losses/beijing", BEIJING_REPORT))


def test_byte_order_mark_of_declared_utf8_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-09.json"
    path.write_bytes(b"\xef\xbb\xbf" + BEIJING_REPORT.read_bytes())
    outcome = land("disaster_losses/beijing", path)
    assert outcome.messages == ()
    assert accepted(outcome) == accepted(land("disaster_losses/beijing", BEIJING_REPORT))


def test_workbook_named_csv_is_taken(tmp_path: Path) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_workbook(tmp_path / "2023-08-01.csv", ten_reports()))
    assert accepted(outcome) == sent_well(tmp_path)
    assert "2023-08-01.csv实际是XLSX，约定是CSV；已按实际格式读取" in outcome.messages[0]["message"]


@pytest.mark.parametrize("newline", ["\n", "\r"], ids=["unix", "old-mac"])
def test_line_ends_do_not_matter(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "2023-08-02.csv"
    path.write_bytes(tianjin_text(ten_reports()).replace("\r\n", newline).encode("gb18030"))
    assert accepted(land("disaster_losses/tianjin", path)) == sent_well(tmp_path)


def test_title_ghost_and_footer_rows_are_counted_and_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-02.csv"
    empty = "," * 17
    lines = tianjin_text(ten_reports()).split("\r\n")
    lines = ["", empty, "  单位：人,,", *lines[:5], empty, "\u3000,　, ,", *lines[5:]]
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    outcome = land("disaster_losses/tianjin", path)
    assert accepted(outcome) == sent_well(tmp_path)
    assert (outcome.rows["accepted"], outcome.rows["quarantined"], outcome.rows["ignored"]) == (10, 0, 3)


def test_ghost_rows_of_a_workbook_do_not_shift_the_row_numbers(tmp_path: Path) -> None:
    reports = [report(number, unit_code="130100") for number in range(1, 10)] + [report(10, unit_code="000")]
    outcome = land("disaster_losses/hebei", hebei_workbook(tmp_path / "2023-08-02.xlsx", reports, ghosts=2))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (9, 1)
    assert outcome.receipt is not None
    assert '"row": 19' in outcome.receipt.read_text(encoding="utf-8")  # 3 rows of title and header, 6 ghosts, the tenth


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("name", ["虚构的洪涝", "“引号”", '"引号"', "两\n\n行"])
def test_blank_lines_are_counted_and_shift_no_line_number(tmp_path: Path, newline: str, name: str) -> None:
    lines = tianjin_text(ten_reports(event_name=name)).replace("\r\n", "\n").split("\n")
    lines.insert(4, "")
    lines.insert(7, "")
    path = tmp_path / "2023-08-01.csv"
    path.write_bytes(newline.join(lines).encode())
    outcome = land("disaster_losses/tianjin", path)
    assert (outcome.rows["accepted"], outcome.rows["ignored"]) == (10, CLEAN["ignored"] + 2)
    assert outcome.receipt is not None
    found = duckdb.sql(f"select row_number from '{outcome.receipt.parent / 'accepted.parquet'}' order by row_number")
    assert [number for (number,) in found.fetchall()] == [3, 4, 6, 7, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize(("rows", "columns"), [(1, 0), (4, 0), (0, 2), (40, 1)])
def test_empty_rows_above_and_columns_left_of_a_table_take_nothing_from_it(
    tmp_path: Path, rows: int, columns: int
) -> None:
    path = tianjin_workbook(tmp_path / "2023-08-02.xlsx", ten_reports())
    book = openpyxl.load_workbook(path)
    if rows:
        book.active.insert_rows(1, rows)
    if columns:
        book.active.insert_cols(1, columns)
    book.save(path)
    outcome = land("disaster_losses/tianjin", path)
    assert (outcome.rows, accepted(outcome)) == (CLEAN, sent_well(tmp_path))
    assert outcome.receipt is not None
    numbers = f"select min(row_number), max(row_number) from '{outcome.receipt.parent / 'accepted.parquet'}'"
    assert duckdb.sql(numbers).fetchone() == (3 + rows, 12 + rows)


@pytest.mark.parametrize("text", ["５４０，７０３", " 540,703 ", "540703.0", "5.40703E5", "\u3000540703\xa0"])
def test_number_is_read_however_it_is_typed(tmp_path: Path, text: str) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, [report(affected_persons=text)]))
    assert [row["affected_persons"] for row in accepted(outcome)] == [540703]


@pytest.mark.parametrize("text", ["5,40703", "54.0703.0", "540 703", "约540703", "54万"])
def test_number_that_could_mean_two_things_is_not_guessed(tmp_path: Path, text: str) -> None:
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(affected_persons=text)))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (9, 1)


def test_zero_is_reported_and_empty_is_not(tmp_path: Path) -> None:
    reports = [report(1, deaths_persons="0"), report(2, deaths_persons=""), report(3, deaths_persons="—")]
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, reports))
    assert [row["deaths_persons"] for row in accepted(outcome)] == [0, None, None]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        (dt.datetime(2023, 8, 1, 12), "2023-08-01 12:00:00"),
        (dt.date(2023, 8, 10), "2023-08-10 23:59:59"),
        (45139.5, "2023-08-01 12:00:00"),
        (45139.520833333336, "2023-08-01 12:30:00"),
        ("45139.5", "2023-08-01 12:00:00"),
        ("2023年8月10日24时", "2023-08-11 00:00:00"),
        ("2023年12月31日24时", "2024-01-01 00:00:00"),
        ("２０２３年８月１日１２时", "2023-08-01 12:00:00"),
        ("2023年8月1日12时05分", "2023-08-01 12:05:00"),
        ("2023年8月1日", "2023-08-01 23:59:59"),
        ("2023年8月", "2023-08-31 23:59:59"),
    ],
    ids=str,
)
def test_moment_of_a_workbook_is_read_however_the_cell_holds_it(tmp_path: Path, cell: Any, moment: str) -> None:
    path = hebei_workbook(tmp_path / "2023-08-02.xlsx", [report(unit_code="130100", as_of_at=cell)])
    (row,) = accepted(land("disaster_losses/hebei", path))
    assert str(row["as_of_at"]) == moment


def test_serial_dates_of_a_1904_workbook_count_from_1904(tmp_path: Path) -> None:
    from openpyxl import load_workbook
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    path = hebei_workbook(tmp_path / "2023-08-02.xlsx", [report(unit_code="130100", as_of_at=45139.5 - 1462)])
    book = load_workbook(path)
    book.epoch = CALENDAR_MAC_1904
    book.save(path)
    (row,) = accepted(land("disaster_losses/hebei", path))
    assert str(row["as_of_at"]) == "2023-08-01 12:00:00"


@pytest.mark.parametrize(
    ("header", "text", "hectares"),
    [("亩", "225000", 15000), ("万亩", "22.5", 15000), ("万公顷", 31.97, 319700), ("公顷", "15,000", 15000)],
)
def test_unit_is_read_from_the_header(tmp_path: Path, header: str, text: Any, hectares: int) -> None:
    sent = report(unit_code="130100", crop_affected_ha=text, crop_failed_ha=None)
    rename = {"农作物/受灾面积(公顷)": f"农作物/受灾面积({header})"}
    (row,) = accepted(
        land("disaster_losses/hebei", hebei_workbook(tmp_path / "2023-08-02.xlsx", [sent], rename=rename))
    )
    assert row["crop_affected_ha"] == hectares


def test_header_with_full_width_brackets_and_spaces_is_the_same_header(tmp_path: Path) -> None:
    rename = {"受灾人口(人)": " 受灾人口（人）", "直接经济损失(万元)": "直接经济 损失（万元）"}
    outcome = land("disaster_losses/tianjin", tianjin_csv(tmp_path, ten_reports(), rename=rename))
    assert accepted(outcome) == sent_well(tmp_path)


# ---------------------------------------------------------------- files of strangers


def test_files_of_strangers_are_refused_with_a_message(files_of_strangers: list[Path]) -> None:
    feeds = {".json": "disaster_losses/beijing", ".xlsx": "disaster_losses/hebei", ".xls": "accidents/hebei"}
    for path in files_of_strangers:
        outcome = land(feeds.get(path.suffix.lower(), "disaster_losses/tianjin"), path)
        assert outcome.status == "refused", f"{path}: {outcome.rows}"
        assert outcome.messages and outcome.messages[0]["message"] and outcome.messages[0]["fix"], path


@pytest.fixture
def files_of_strangers() -> list[Path]:
    folder = os.environ.get("JJJ_MESSY_FILES")
    if not folder:
        pytest.skip("JJJ_MESSY_FILES names no folder of public parser test files")
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    assert files, f"JJJ_MESSY_FILES={folder} holds no file"
    return files
