"""Persons in a foreign table: headers that speak of them, labels before their names, and what is shown in their place. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from jingjinji.inspecting.kinds import half_width, unit_in, without_unit
from jingjinji.personal import MASKED, masked

# Who: any word that ends with 人 or 员, who died, who leads. A column of numbers under such a header is a count.
PERSONS = re.compile(
    r"姓名|名字|名单|[人员]$|[人员][/.]|联系人|负责人|值班人|填报人|经办人|审核人|责任人|户主|业主|死者|伤者|遇难|罹难|失踪者|患者|伤员|家属"
    r"|领导|[队局厅处科组站所区县市乡镇村]长$|带班|管理员|联络员|信息员|驾驶员|司机|法定代表"
    r"|(person|full|first|middle|last|given|family|user|nick|keeper|leader|manager|driver|victim|patient|officer|reporter|head|duty|staff"
    r"|employee)[./_-]*name|(^|[./_-])(keeper|leader|manager|driver|victim|patient|officer|reporter)$|surname|contact"
)
# How to reach or to identify somebody, whatever the cells look like.
PERSON_NUMBERS = re.compile(
    r"手机|电话|联系方式|身份证|身份号|证件号|护照|银行卡|住址|家庭.{0,2}地址|户籍|邮箱|微信|phone|mobile|e-?mail|wechat|passport|home_?address"
    r"|(^|[./_-])(tel|cell)(no|number)?($|[./_-])|(^|[./_-])id_?(number|card|no)($|[./])|identity"
)
# Of a team or of somebody: such a column may fill any column of names, and its values are not shown.
MAYBE_PERSONS = ("name", "names")
MOMENT_KINDS = ("date", "timestamp", "excel_serial")  # 负责人接报时间
NO_NAMES = re.compile(r"([数率]|时间|日期|count|_at)$")  # 伤员数, 单位负责人得知时间
COUNTED_KINDS = ("count", "decimal", "percent", "number_with_unit", "year", "boolean")
LABEL = (
    r"(?:[人员者]|户主|领导|[队局厅处科组站所区县市乡镇村部]长|主任|书记|姓名|电话|手机|联系方式|审核|复核|校核|签发|填报|填表|制表|经办)"
    r"(?:[(（][^()（）]*[)）])?"
)
LABEL_BEFORE = re.compile(rf"({LABEL}\s*[：:])")
LABEL_ALONE = re.compile(rf"[^\s：:]{{0,8}}{LABEL}\s*[：:]?")
LABEL_WITH_COLON = re.compile(rf"{LABEL}\s*[：:]$")
# Without a colon (联系人某某某) a label is told from a header such as 联系人电话 by the family name; those that begin everyday words are left out.
FAMILY_NAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭林罗郑梁谢宋唐韩冯邓曹彭肖董潘袁蔡蒋杜叶魏苏吕丁卢姚沈姜崔谭陆汪廖贾夏邹熊孟秦邱侯尹薛闫雷黎陶贺郝龚邵"
NAME_AFTER = re.compile(
    rf"((?:联系|负责|填报|填表|制表|经办|审核|复核|值班|责任)人员?|姓名|户主|死者|伤者)\s*[{FAMILY_NAMES}][\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff])"
)
LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[ -]\d{7,8}(?!\d)")
NAME = re.compile(rf"[{FAMILY_NAMES}][\u4e00-\u9fff]{{1,2}}")
# Where what a label introduces ends: at a mark, or at the next label (制表人：… 单位：万元).
ENDS = re.compile(r"[，,；;。]|\s+[^\s：:]{1,8}\s*[：:]")


def names_person(header: str, kind: str) -> bool:
    """Whether a header says that its column holds persons, or what leads to one; blanks, case and width mean nothing.

    Args:
        header: as sent, units included.
        kind: of the column, one of `profiling.KINDS`.
    """
    if kind in MOMENT_KINDS:
        return False
    if MASKED in header:
        return True
    with_blanks = re.sub(r"\s+", "_", unicodedata.normalize("NFKC", header).strip()).lower()
    spellings = (with_blanks, without_unit(header).lower())
    if any(PERSON_NUMBERS.search(text) for text in spellings):
        return True
    holds_none = kind in COUNTED_KINDS or unit_in(header) is not None or NO_NAMES.search(spellings[1]) is not None
    return not holds_none and any(PERSONS.search(text) for text in spellings)


def is_name(text: str) -> bool:
    """Whether a text could be a name: a family name and one or two more characters. So could 雷电: only where nothing else is known."""
    return NAME.fullmatch(text) is not None


def has_number(text: str) -> bool:
    """Whether the text holds what has the form of a mobile or identity number."""
    return len(text) >= 11 and masked(half_width(text)) != half_width(text)


def shown_file_name(name: str) -> str:
    """A file name without a number of a person and the words that touch it, which may be the name."""
    return re.sub(rf"[^\W\d_]*{re.escape(MASKED)}[^\W\d_]*", MASKED, masked(name))


def shown_header(header: str) -> str:
    """A header, or `***` where it holds a number of a person or a name behind a label: then it is data, whoever stands beside it."""
    return MASKED if has_number(header) or without_names(header) != header else header


def without_names(text: str) -> str:
    """The text with `***` for what follows a label of a person (`制表人：***`) and for a telephone number with its area code."""
    before, *rest = LABEL_BEFORE.split(LANDLINE.sub(MASKED, NAME_AFTER.sub(rf"\1{MASKED}", text)))
    parts = [before]
    for label, told in zip(rest[::2], rest[1::2], strict=True):
        end = ENDS.search(told)
        at = end.start() if end else len(told)
        parts += [label, MASKED if told[:at].strip() else told[:at], told[at:]]
    return "".join(parts)


def without_labelled(row: Sequence[str]) -> list[str]:
    """A row in which a cell that is nothing but a label with a colon hides the next filled one: `填表人：`, `***`."""
    if not any(cell.rstrip().endswith(("：", ":")) for cell in row):
        return list(row)
    return _hidden_after(row, LABEL_WITH_COLON)


def shown_title(row: Sequence[str]) -> str:
    """The cells of a row above the header in one line, as they may be shown; a merged cell stands in it once."""
    cells = [cell for cell in dict.fromkeys(map(half_width, row)) if cell]
    return " ".join(without_names(cell) for cell in _hidden_after(cells, LABEL_ALONE))


def _hidden_after(row: Sequence[str], label: re.Pattern[str]) -> list[str]:
    found, is_told = [], False
    for cell in row:
        text = cell.strip()
        is_label = bool(text) and (label.fullmatch(text) or LABEL_WITH_COLON.search(text)) is not None
        found.append(MASKED if is_told and text and not is_label else cell)
        is_told = is_label or (is_told and not text)
    return found
