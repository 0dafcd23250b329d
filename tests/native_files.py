"""Files as the regions' systems write them, made of invented reports, with room for one thing to be wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from jingjinji.contracts import Feed, load_contracts

TITLE = "自然灾害灾情报告表（虚构数据，仅用于测试）"
UNITS_OF_HEADERS = {"受灾人口": "人", "因灾死亡人口": "人", "因灾失踪人口": "人", "转移人口": "人", "受灾面积": "公顷"}
UNITS_OF_HEADERS |= {"绝收面积": "公顷", "倒塌间数": "间", "严重损坏间数": "间", "直接经济损失": "万元"}


def header_of(feed: Feed) -> dict[str, str]:
    """Agreed column → native header of a feed, the unit in braces filled in."""
    headers = {name: column.source for name, column in feed.columns.items() if column.source}
    first_units = {name: column.units[0] for name, column in feed.columns.items() if column.units}
    return {
        name: h.replace("{unit}", UNITS_OF_HEADERS.get(h.split("/")[-1].split("(")[0], first_units.get(name, "")))
        for name, h in headers.items()
    }


def tianjin_headers() -> dict[str, str]:
    return header_of(load_contracts().feed("disaster_losses/tianjin"))


def hebei_headers() -> dict[str, str]:
    return header_of(load_contracts().feed("disaster_losses/hebei"))


def report(number: int = 1, unit_code: str = "120101", **sent: Any) -> dict[str, Any]:
    """One invented report by agreed column; `number` keeps the keys of several reports apart."""
    return {
        "event_id": f"测试-{number}", "event_name": "虚构的洪涝", "disaster_kind": "暴雨洪涝", "unit_code": unit_code,
        "report_stage": "初报", "occurred_at": "2023年7月30日", "as_of_at": "2023年8月1日6时", "affected_persons": "120",
        "deaths_persons": "0", "missing_persons": "1", "crop_affected_ha": "300", "crop_failed_ha": "30", "direct_loss_cny": "12.5",
    } | sent  # fmt: skip


def ten_reports(**tenth: Any) -> list[dict[str, Any]]:
    """Nine sound reports and one with the given values."""
    return [report(number) for number in range(1, 10)] + [report(10, **tenth)]


def tianjin_text(reports: list[dict[str, Any]], rename: dict[str, str] | None = None, title: str = TITLE) -> str:
    """The CSV of Tianjin: a title row, the header, the reports, a footnote."""
    headers = tianjin_headers()
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([title, *[""] * len(headers)])
    out.writerow(["序号", *[(rename or {}).get(h, h) for h in headers.values()]])
    for number, sent in enumerate(reports, 1):
        out.writerow([number, *[sent.get(name, "") for name in headers], *sent.get("beyond", [])])
    out.writerow(["注：虚构数据", *[""] * len(headers)])
    return text.getvalue()


def tianjin_csv(folder: Path, reports: list[dict[str, Any]], encoding: str = "gb18030", **how: Any) -> Path:
    path = folder / "2023-08-01.csv"
    path.write_bytes(tianjin_text(reports, **how).encode(encoding))
    return path


def tianjin_workbook(path: Path, reports: list[dict[str, Any]]) -> Path:
    """Tianjin's table as a workbook, under whatever name."""
    book = Workbook()
    for line in csv.reader(io.StringIO(tianjin_text(reports))):
        book.active.append(line)
    book.save(path)
    return path


def hebei_workbook(
    path: Path, reports: list[dict[str, Any]], rename: dict[str, str] | None = None, title: str = TITLE, ghosts: int = 0
) -> Path:
    """Hebei's workbook: title, two header rows with merged cells, ghost rows before and after the reports, a footnote."""
    headers = hebei_headers()
    named = [(rename or {}).get(h, h) for h in headers.values()]
    book = Workbook()
    sheet = book.active
    sheet.append([title])
    sheet.append([h.split("/")[0] for h in named])
    sheet.append([h.split("/")[1] if "/" in h else None for h in named])
    _merge_headers(sheet, named)
    blanks = [[" "] * 3, ["\u3000"], []] * ghosts
    for line in [*blanks, *[[sent.get(name) for name in headers] for sent in reports], *blanks]:
        sheet.append(line or [None])
    sheet.append(["注：虚构数据"])
    book.save(path)
    return path


def _merge_headers(sheet: Any, named: list[str]) -> None:
    for at, header in enumerate(named, 1):
        if "/" not in header:
            sheet.merge_cells(start_row=2, end_row=3, start_column=at, end_column=at)
    for group in dict.fromkeys(h.split("/")[0] for h in named if "/" in h):
        columns = [at for at, h in enumerate(named, 1) if h.startswith(f"{group}/")]
        sheet.merge_cells(start_row=2, end_row=2, start_column=columns[0], end_column=columns[-1])
