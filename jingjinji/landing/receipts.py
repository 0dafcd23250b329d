"""What a sender gets back: totals, and for each row that was not taken its reason and a suggested fix. No personal data."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingjinji.contracts import Standard
from jingjinji.personal import masked

# Reason codes of rows. {column} is the sender's own header, {value} what stood there.
ROW_REASONS: dict[str, tuple[str, str, str]] = {
    "R01": ("必填列“{column}”为空", "required column {column} is empty", "请补填该列"),
    "R02": (
        "列“{column}”的值“{value}”无法识别",
        "value {value!r} of {column} cannot be read",
        "请按约定的格式填写数字或时间",
    ),
    "R03": (
        "列“{column}”的值“{value}”换算后不是整数",
        "value {value!r} of {column} is not a whole number",
        "请核对数值与计量单位",
    ),
    "R04": (
        "列“{column}”的值“{value}”为负数",
        "value {value!r} of {column} is negative",
        "数量不能为负；核减请另报“更正”",
    ),
    "R05": (
        "列“{column}”的值“{value}”不在约定的代码清单内",
        "value {value!r} of {column} is not in the code list",
        "请改用清单内的代码，或请数据工程师增加对照",
    ),
    "R07": (
        "与同一文件中第{value}行主键相同而内容不同",
        "same key as row {value} of this file, other content",
        "请只保留正确的一行",
    ),
    "R06": (
        "列“{column}”的时间“{value}”晚于收到时间",
        "time {value!r} of {column} lies after the arrival",
        "请核对年份和日期",
    ),
    "R09": (
        "与第{value}行完全相同，只保留第{value}行",
        "the same as row {value}, which is kept",
        "无需处理；若是另一条数据，请核对主键各列",
    ),
    "R08": (
        "本行的单元格多于表头（多出“{value}”）",
        "more cells than headers (extra {value!r})",
        "请检查是否有未加引号的分隔符或错位",
    ),
    "R10": (
        "本行的单元格少于表头，可能被截断",
        "fewer cells than headers, perhaps cut off",
        "请检查文件是否完整，重新导出后报送",
    ),
    "R11": (
        "列“{column}”是“{value}”，不是数据",
        "{column} holds {value!r} and no datum",
        "请把公式、错误值和合并单元格改为每格一个值",
    ),
    "R12": (
        "本行在没有表头的列里有内容“{value}”",
        "{value!r} stands in a column without a header",
        "请给该列补上表头；若是多余的内容或错位，请清除或移回原列",
    ),
    "R13": (
        "本行又是一行表头，各列的顺序与第一行表头不同",
        "another header, in which the columns are in another order",
        "请按同一表头排列全部数据",
    ),
    "R14": (
        "列“{column}”的编号“{value}”不完整或被软件改写",
        "the identifier {value!r} of {column} was changed by a program",
        "请把该列设为文本格式，重新填写完整的编号",
    ),
}
FORMULA_STARTS = "=+-@\t\r"
SIGNED_NUMBER = re.compile(r"[+-][\d,.]*\d\w*%?|[+-]")  # also with its unit; a lone dash is a word for nothing
# What became of a row that a line of the receipt is about, by the status of its delivery.
NOT_TAKEN = {"accepted": "隔离，未入库", "refused": "退回，未入库", "withdrawn": ""}
WARNED_ZH, COPY_ZH = "警告，已入库", "重复，未再入库"
SHIFTED = ("R08", "R10", "R12", "R13")  # in such a row a value may stand in another column than it belongs to
STATUS = {"accepted": "已接收", "refused": "整批退回", "duplicate": "重复报送", "withdrawn": "已撤回"}


@dataclass(frozen=True)
class RowFault:
    """One fault or warning of one row, ready to be shown to its sender. `name` is the agreed column, `column` the sender's."""

    row: int
    column: str
    value: str
    code: str
    message: str
    message_en: str
    fix: str
    name: str


def shown(value: str | None, personal: bool) -> str:
    """A value as it may stand in a receipt: never of a personal column, never a telephone or identity number."""
    if value is None:
        return ""
    return "***" if personal else masked(value)[:80]


def describe(
    standard: Standard, headers: dict[str, str], place: tuple[int, str], faults: list[dict[str, Any]], hidden: frozenset[str]
) -> list[RowFault]:  # fmt: skip
    """The faults of one row, found by the conforming statement, in words.

    Args:
        standard: names and rules of the columns.
        headers: agreed column → the sender's own header.
        place: the sender's own row number, and the header of the unpivoted cell, '' elsewhere.
        faults: {code, column, value} as the statement gives them.
        hidden: values of personal columns, which are shown nowhere.
    """
    is_shifted = any(f["code"] in SHIFTED for f in faults) and any(c.personal for c in standard.columns.values())
    return [_described(standard, headers, place, fault, hidden, is_shifted) for fault in faults]


def _described(
    standard: Standard, headers: dict[str, str], place: tuple[int, str], fault: dict[str, Any], hidden: frozenset[str],
    is_shifted: bool,
) -> RowFault:  # fmt: skip
    (row, cell), name, code = place, fault["column"], fault["code"]
    parts = [shown(part, part in hidden) for part in (fault["value"] or "").split("；")]
    is_personal = bool(fault["value"]) and (is_shifted or standard.columns[name].personal)
    value = "***" if is_personal and code != "R07" else "；".join(parts)
    column = cell or headers.get(name) or standard.columns[name].zh
    if code in standard.rules:
        rule = standard.rules[code]
        seen = f"（{value}）" if value.replace("；", "").replace("空", "") else ""
        return RowFault(row, column, value, code, rule.zh + seen, rule.en, rule.fix, name)
    zh, en, fix = ROW_REASONS[code]
    zh, en = zh.format(column=column, value=value), en.format(column=column, value=value)
    if code == "R07":
        column, value = "、".join(headers[key] for key in standard.key if headers.get(key)), ""
    return RowFault(row, "" if code in SHIFTED else column, value, code, zh, en, fix, name)


def copy_of(row: int, other: int) -> RowFault:
    """A row that says again what row `other` says."""
    zh, en, fix = ROW_REASONS["R09"]
    return RowFault(row, "", "", "R09", zh.format(value=other), en.format(value=other), fix, "")


def disarmed(text: str) -> str:
    """A text as a spreadsheet may show it: what begins like a formula is not run as one. A number keeps its sign."""
    return f"'{text}" if text[:1] in FORMULA_STARTS and text and not SIGNED_NUMBER.fullmatch(text) else text


def _lines(found: list[RowFault]) -> str:
    """A JSON list with one line for each."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = ",\n    ".join(encode(vars(one)) for one in found)
    return f"[\n    {lines}\n  ]" if lines else "[]"


def write(
    folder: Path, summary: dict[str, Any], faults: list[RowFault], warnings: list[RowFault], copies: list[RowFault]
) -> Path:
    """Write receipt.json and receipt.csv (opens in Excel) into `folder`; returns the path of the JSON.

    Args:
        folder: where to.
        summary: the delivery and its row account.
        faults: of the rows that were not taken.
        warnings: about rows that were taken.
        copies: rows that say again what another row says.
    """
    receipt = summary | {"status_zh": STATUS[summary["status"]]}
    lists = {"row_faults": faults, "row_warnings": warnings, "row_duplicates": copies}
    path = folder / "receipt.json"
    head = json.dumps(receipt, ensure_ascii=False, indent=2).removesuffix("\n}")
    listed = "".join(f',\n  "{name}": {_lines(found)}' for name, found in lists.items())
    path.write_text(f"{head}{listed}\n}}\n", encoding="utf-8")
    with (folder / "receipt.csv").open("w", encoding="utf-8-sig", newline="") as lines:
        out = csv.writer(lines)
        out.writerow(["文件", "行号", "列", "值", "原因代码", "原因", "建议", "处理"])
        name = disarmed(summary["file_name"])
        for message in summary["messages"]:
            out.writerow(
                [name, "", "", "", message["code"], disarmed(message["message"]), disarmed(message["fix"]), ""]
            )
        for treatment, found in ((NOT_TAKEN[summary["status"]], faults), (WARNED_ZH, warnings), (COPY_ZH, copies)):
            for f in found:
                told = (disarmed(f.column), disarmed(f.value), f.code, disarmed(f.message), disarmed(f.fix))
                out.writerow([name, f.row, *told, treatment])
        rows = summary["rows"]
        totals = (
            f"收到{rows['received']} = 接收{rows['accepted']} + 隔离{rows['quarantined']} + 重复{rows['duplicate']}"
        )
        totals += f" + 忽略{rows['ignored']} + 退回{rows['refused']}"
        totals += f"；接收的行中有警告{rows['warned']}行" if rows.get("warned") else ""
        version = f"规则版本 {summary['rule_set_version']}"
        out.writerow([name, "", "", "", receipt["status_zh"], totals, version, ""])
    return path
