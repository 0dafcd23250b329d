"""The sheet of a large workbook is read in pieces, several at once: it must give what it gives as a whole, cell for cell."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from jingjinji.contracts import Feed, load_contracts
from jingjinji.landing import packages
from jingjinji.landing.detect import detect
from jingjinji.landing.readers import read
from jingjinji.landing.sheets import Sheet

ROWS = 1200
SMALL = 100_000  # bytes of a piece
HEADERS = (
    "序号,灾害事件编号,灾害事件名称,灾种,填报单位代码,报告阶段,灾害发生时间,数据截至时间,报告时间,受灾人口(人),因灾死亡人口(人),因灾失踪人口(人),"
    "转移人口(人),农作物受灾面积(亩),农作物绝收面积(亩),倒塌房屋间数(间),严重损坏房屋间数(间),直接经济损失(万元)"
)
WHOLE = 1 << 30


def feed() -> Feed:
    return load_contracts().feed("disaster_losses/tianjin")


def workbook(path: Path, **special: Any) -> Path:
    """A table in the shape of the Tianjin feed; `special` are cells to be set otherwise (`B7=…`), or `merged` areas."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([None, "灾情统计表（虚构）"])
    sheet.append([])
    sheet.append([None, *HEADERS.split(",")])
    for i in range(ROWS):
        if 600 <= i < 610:
            sheet.append([])  # a gap
            continue
        moment = dt.datetime(2023, 8, 1, 6) if i % 3 else dt.date(2023, 8, 1)
        texts = [i, f"测试{i}", "虚构暴雨" * 20, "洪涝", "120119", "续报", "2023年7月29日", moment, None]
        sheet.append([None, *texts, 100 + i, i % 3, None if i % 7 else 0, 1, 1.5 if i % 11 == 0 else 2, 1, 1, True, i])
    for area in special.pop("merged", []):
        sheet.merge_cells(area)
    for place, value in special.items():
        sheet[place] = value
    book.save(path)
    return path


def cells(path: Path, scratch: Path, piece: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Sheet, list[Any]]:
    """What the reader finds when a sheet is cut into pieces of so many bytes."""
    monkeypatch.setattr(packages, "PIECE", piece)
    scratch.mkdir()
    with duckdb.connect() as con:
        sheet = read(con, path, detect(path), feed(), scratch)
        return sheet, con.execute("select * from cells").fetchall()


def in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch, piece: int = SMALL) -> int:
    monkeypatch.setattr(packages, "PIECE", piece)
    package = packages.unpack(path, None)
    assert package
    return len(packages.pieces(package))


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "a cell left of the table": {"A900": "备注"},
    "cells right of the table": {"W1000": "备注", "X20": 3},
    "a formula without a result": {"K800": "=1+1", "K20": "=1+1"},
    "an error": {"L1100": "#DIV/0!"},
    "a text among numbers": {"L1100": " 约5 "},
    "a large number": {"L1100": 1e17, "L20": 0.1},
    "a title over several cells": {"merged": ["B1:S1", "B2:C2"]},
}


@pytest.mark.parametrize("special", CASES.values(), ids=CASES)
def test_pieces_give_what_the_whole_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, special: dict[str, Any]
) -> None:
    path = workbook(tmp_path / "a.xlsx", **special)
    assert in_pieces(path, monkeypatch) > 5
    whole = cells(path, tmp_path / "whole", WHOLE, monkeypatch)
    assert cells(path, tmp_path / "pieces", SMALL, monkeypatch) == whole
    sheet, rows = whole
    assert (sheet.first_row, sheet.titles, sheet.offset) == (4, 2, 0)
    assert len(rows) == ROWS + 3 and not any(rows[603]) and any(rows[602]) and any(rows[613])


@pytest.mark.parametrize("area", ["B5:B9", "C700:D701"])
def test_a_sheet_with_merged_rows_of_data_is_read_as_a_whole_unless_the_first_piece_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, area: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", merged=[area])
    assert (in_pieces(path, monkeypatch) > 1) == (area == "B5:B9")
    whole = cells(path, tmp_path / "whole", WHOLE, monkeypatch)
    assert cells(path, tmp_path / "pieces", SMALL, monkeypatch) == whole
    assert sum("合并" in (cell or "") for row in whole[1] for cell in row) == (5 if area == "B5:B9" else 4)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b' r="', b' q="', id="rows and cells that do not say where they stand"),
        pytest.param(b"<sheetData>", b"<!-- <row r='9'> --><sheetData>", id="a comment"),
        pytest.param(b"<sheetData>", b'<sheetData a="1">', id="another beginning"),
    ],
)
def test_what_is_not_sure_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, after: bytes
) -> None:
    path, changed = workbook(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(changed, "w") as other:
        for name in whole.namelist():
            content = whole.read(name)
            other.writestr(name, content.replace(before, after) if name.startswith("xl/worksheets/") else content)
    assert in_pieces(path, monkeypatch) > 5
    assert in_pieces(changed, monkeypatch) == 0


def test_a_few_rows_in_much_xml_are_not_cut_off_from_their_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx")
    monkeypatch.setattr(packages, "TOP_ROWS", ROWS)
    assert in_pieces(path, monkeypatch) == 0


def test_shared_texts_make_pieces_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx")
    small = in_pieces(path, monkeypatch)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst>" + " " * SMALL + "</sst>")
    assert 0 < in_pieces(path, monkeypatch) < small
