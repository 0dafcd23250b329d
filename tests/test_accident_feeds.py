"""Accidents as each region sends them: its own words, codes, units, times and levels become the agreed ones; every report is invented."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook

from jingjinji.landing import Outcome, land
from jingjinji.paths import Home

TIANJIN = {
    "事故编号": "虚构-津-1", "事故名称": "虚构的事故", "事故领域": "道路交通事故", "事故类别": "019", "事故类别标准": "1986版",
    "行业代码": "C26", "事发地代码": "120116", "经度": "117.700001", "纬度": "39.0", "坐标系": "火星坐标", "报告阶段": "首报",
    "发生时间": "2024年3月1日9时30分", "单位得知时间": "2024年3月1日9时40分", "数据截至时间": "2024年3月1日24时", "报告时间": "2024年3月1日24时",
    "区级收到时间": "2024年3月1日10时40分", "市级收到时间": "2024年3月1日12时40分", "应急管理部收到时间": "",
    "死亡人数(人)": "1", "统计期外死亡人数(人)": "", "下落不明人数(人)": "0", "重伤人数(人)": "2", "轻伤人数(人)": "3", "受伤人数(人)": "5",
    "直接经济损失(万元)": "12.5",
}  # fmt: skip


def _csv(folder: Path, *reports: dict[str, Any]) -> Path:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(["天津市生产安全事故信息表（虚构数据，仅用于测试）", *[""] * len(TIANJIN)])
    out.writerow(["序号", *TIANJIN])
    for number, sent in enumerate(reports, 1):
        out.writerow([number, *(sent[name] for name in TIANJIN)])
    path = folder / "2024-03-02.csv"
    path.write_bytes(text.getvalue().encode("gb18030"))
    return path


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.receipt is not None, outcome
    found = duckdb.sql(f"select * from '{outcome.receipt.parent / 'accepted.parquet'}' order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def _said(outcome: Outcome) -> dict[str, Any]:
    assert outcome.receipt is not None
    said: dict[str, Any] = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    return said


def _picked(row: dict[str, Any], *names: str) -> tuple[str | None, ...]:
    return tuple(None if row[name] is None else str(row[name]) for name in names)


CODES = (
    "accident_kind",
    "accident_type_code",
    "accident_type_standard",
    "industry_code",
    "place_datum",
    "report_stage",
)
CLOCK = ("known_at", "reported_county_at", "reported_city_at", "reported_province_at", "reported_ministry_at")


def test_tianjin_sends_codes_as_the_old_standard_prints_them(home: Home, tmp_path: Path) -> None:
    (row,) = _rows(land("accidents/tianjin", _csv(tmp_path, TIANJIN | {"发生时间": "202403010930"})))
    assert _picked(row, *CODES) == ("道路交通", "19", "GB6441-1986", "C26", "GCJ02", "初报")
    assert _picked(row, "occurred_at", *CLOCK) == (
        "2024-03-01 09:30:00", "2024-03-01 09:40:00", "2024-03-01 10:40:00", None, "2024-03-01 12:40:00", None,
    )  # fmt: skip
    assert (row["light_injuries_persons"], row["direct_loss_cny"]) == (3, Decimal("125000.00"))
    assert (row["place_lon"], row["place_lat"]) == (Decimal("117.700001"), Decimal("39.000000"))


def test_hebei_sends_numbers_names_of_industries_and_four_levels(home: Home, tmp_path: Path) -> None:
    sent = {
        "事故编号": "虚构-冀-1", "事故名称": "虚构的事故", "事故领域": "工矿商贸企业", "事故类别": 6, "事故类别标准": "GB6441—86", "所属行业": "采矿业",
        "事发地代码": "130204", "经度": 118.4, "纬度": 39.7, "坐标系": "CGCS2000", "报告阶段": "首次报告", "发生时间": "2024/3/1 09:30",
        "单位负责人接报时间": "2024/3/1 09:31", "数据截至时间": "2024-03-01 12:00", "报告时间": "2024年3月1日", "县级收到时间": "2024-03-01 10:00",
        "市级收到时间": "2024-03-01 11:00", "省级收到时间": "2024-03-01 12:00", "国务院部门收到时间": "—", "死亡人数(人)": 0,
        "统计期外死亡人数(人)": None, "下落不明人数(人)": None, "重伤人数(人)": 0, "轻伤人数(人)": 0, "受伤人数(人)": 0, "直接经济损失(万元)": 100,
    }  # fmt: skip
    book = Workbook()
    book.active.append(["河北省生产安全事故（虚构数据，仅用于测试）"])
    book.active.append(list(sent))
    book.active.append(list(sent.values()))
    path = tmp_path / "2024-03-02.xlsx"
    book.save(path)
    (row,) = _rows(land("accidents/hebei", path))
    assert _picked(row, *CODES) == ("工矿商贸", "06", "GB6441-1986", "B", "WGS84", "初报")
    assert _picked(row, *CLOCK) == (
        "2024-03-01 09:31:00", "2024-03-01 10:00:00", "2024-03-01 11:00:00", "2024-03-01 12:00:00", None,
    )  # fmt: skip
    assert str(row["reported_at"]) == "2024-03-01 23:59:59"


def test_beijing_sends_names_of_types_with_their_edition(home: Home, tmp_path: Path) -> None:
    report = {
        "accident": {
            "id": "虚构-京-1", "name": "虚构的事故", "kind": "生产经营性火灾", "type": "容器爆炸", "type_standard": "GB 6441-2025", "industry": "H62",
            "place": "110105", "location": {"lon": 116.5, "lat": 39.9, "datum": "WGS-84"}, "occurred_at": "2026-08-01T09:30+08:00",
        },
        "clock": {"known": "2026-08-01T01:40Z", "district": "2026-08-01T10:00+08:00", "municipality": "2026-08-01T11:00+08:00"},
        "stage": "快报", "as_of": "2026-08-01T12:00+08:00", "people": {"dead": 0, "seriously_injured": 1, "lightly_injured": 2, "injured": 3},
    }  # fmt: skip
    path = tmp_path / "2026-08-02.json"
    path.write_text(json.dumps({"reports": [report]}, ensure_ascii=False), encoding="utf-8")
    (row,) = _rows(land("accidents/beijing", path))
    assert _picked(row, *CODES) == ("火灾", "17", "GB6441-2025", "H62", "WGS84", "初报")
    assert _picked(row, *CLOCK) == ("2026-08-01 09:40:00", "2026-08-01 10:00:00", None, "2026-08-01 11:00:00", None)


@pytest.mark.parametrize(
    ("sent", "rule"),
    [
        ({"单位得知时间": "2024年3月1日9时29分"}, "A06"),
        ({"区级收到时间": "2024年3月1日9时39分"}, "A07"),
        ({"纬度": ""}, "A09"),
        ({"行业代码": "C06"}, "R05"),
        ({"行业代码": "06"}, "R05"),
        ({"事故类别": "21"}, "R05"),
        ({"轻伤人数(人)": "1.5", "受伤人数(人)": "3.5"}, "R03"),
    ],
)
def test_row_that_contradicts_itself_is_not_taken(home: Home, tmp_path: Path, sent: dict[str, str], rule: str) -> None:
    others = [TIANJIN | {"事故编号": f"虚构-津-{number}"} for number in range(2, 12)]
    outcome = land("accidents/tianjin", _csv(tmp_path, TIANJIN | sent, *others))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (10, 1)
    assert rule in {fault["code"] for fault in _said(outcome)["row_faults"]}


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        ({}, []),
        ({"单位得知时间": "2024年3月1日"}, []),
        ({"发生时间": "2024年3月1日", "单位得知时间": "2024年3月1日0时"}, []),
        ({"应急管理部收到时间": "2024年3月1日12时"}, ["A08"]),
        ({"应急管理部收到时间": "2024年3月1日12时40分"}, []),
        ({"市级收到时间": "2024年3月1日10时30分"}, ["A08"]),
        ({"区级收到时间": "2024年3月1日"}, []),
        ({"区级收到时间": "2024年3月2日"}, ["A08"]),
        ({"经度": "39.0", "纬度": "117.7"}, ["A10"]),
        ({"坐标系": ""}, ["A11"]),
        ({"轻伤人数(人)": "4"}, ["A12"]),
        ({"轻伤人数(人)": "", "受伤人数(人)": "9"}, []),
    ],
)
def test_row_in_doubt_is_taken_and_its_sender_is_told(
    home: Home, tmp_path: Path, sent: dict[str, str], rules: list[str]
) -> None:
    outcome = land("accidents/tianjin", _csv(tmp_path, TIANJIN | sent))
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (1, 0)
    assert [warning["code"] for warning in _said(outcome).get("row_warnings", [])] == rules
