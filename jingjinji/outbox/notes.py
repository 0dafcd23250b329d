"""What a second receipt says: flags of a release as lines for the sender. Pure: nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingjinji.landing.receipts import disarmed
from jingjinji.personal import masked, personal_numbers

SEVERITIES = {"error": "错误（须答复）", "warning": "警告（请核对）", "info": "提示（无需处理）"}
# What the delivery as a whole is told.
HELD, OPEN, NOTED, SETTLED = (
    "整份扣留，未入库", "已入库，有事项须核对", "已入库，有提示供参考", "此前所列事项已不再成立，无需处理",
)  # fmt: skip
SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Note:
    """One line of a second receipt. `row` is None where the whole delivery is meant; values are in `unit`, as text."""

    row: int | None
    column: str
    value: str
    unit: str
    code: str
    message: str
    message_en: str
    fix: str
    severity: str
    name: str | None
    source: str


def note(flag: Mapping[str, Any], titles: Mapping[str, str]) -> Note:
    """A row of `fct_report_flags` in words.

    Args:
        titles: agreed column of the dataset → its Chinese name.
    """
    unit = flag["unit"] or ""
    return Note(
        row=flag["row_number"],
        column="、".join(titles.get(name, name) for name in (flag["column_name"] or "").split(", ")),
        value=_shown(flag["value_text"]),
        unit=unit if flag["value_text"] is not None else "",
        code=flag["rule_id"],
        message=flag["title_zh"] + "".join(_particulars(flag, unit)),
        message_en=flag["title_en"],
        fix=flag["fix_zh"],
        severity=flag["severity"],
        name=flag["column_name"],
        source=flag["rule_source"],
    )


def _particulars(flag: Mapping[str, Any], unit: str) -> list[str]:
    """What the rule's text cannot say: compared with what, off by how much, held for what."""
    said = []
    if flag["compared_text"] is not None:
        alone = flag["compared_text"].replace(",", "").replace(".", "").lstrip("-").isdecimal()
        said.append(f"（对照：{_shown(flag['compared_text'])}{unit if alone else ''}）")
    if flag["suggested_factor"] is not None:
        said.append(f"（疑似应乘以{flag['suggested_factor']:.6g}）")
    if flag["held_because_zh"]:
        said.append(f"：{_shown(flag['held_because_zh'])}")
    return said


def status_zh(notes: Sequence[Note]) -> str:
    """What is told of the delivery as a whole."""
    if any(one.row is None and one.code == "X-HELD" for one in notes):
        return HELD
    if not notes:
        return SETTLED
    return OPEN if any(one.severity != "info" for one in notes) else NOTED


def counts(notes: Sequence[Note]) -> dict[str, int]:
    """Lines by severity, all three named."""
    return {severity: sum(one.severity == severity for one in notes) for severity in SEVERITIES}


def as_content(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """The lines for JSON."""
    return [vars(one).copy() for one in notes]


def table(file_name: str, notes: Sequence[Note], release_id: str) -> list[list[Any]]:
    """The lines for a spreadsheet, with a header, and a last line about the delivery as a whole."""
    lines: list[list[Any]] = [["文件", "行号", "列", "值", "规则", "原因", "建议", "严重程度"]]
    for one in notes:
        row = "" if one.row is None else one.row
        value = disarmed(f"{one.value}{one.unit}")
        lines.append(
            [disarmed(file_name), row, one.column, value, one.code, one.message, one.fix, SEVERITIES[one.severity]]
        )
    found = counts(notes)
    totals = "，".join(f"{zh.split('（')[0]}{found[severity]}项" for severity, zh in SEVERITIES.items())
    lines.append([disarmed(file_name), "", "", "", "", f"{status_zh(notes)}：{totals}", f"数据版本 {release_id}", ""])
    return lines


def _shown(text: str | None) -> str:
    """Never a mobile or identity number; an id that only has their form stays."""
    if text is None:
        return ""
    return (masked(text) if personal_numbers(text, is_id=True) else text)[:SHOWN_CHARACTERS]
