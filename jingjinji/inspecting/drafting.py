"""A feed YAML drafted from an inspection, for a human to finish. Pure.

What could not be found out is left as a TODO in place of the value, and a feed with one is refused by landing until somebody
has answered (`contracts.todos`). What reads rightly or sets a row aside, whatever the answer, is a TODO in a comment.
"""

from __future__ import annotations

import json
import re

import yaml

from jingjinji.codes import units
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, TODO, Column, Contracts, normal_header
from jingjinji.errors import UserError
from jingjinji.inspecting.facts import ColumnFacts, ColumnMatch, DatasetMatch, FileFacts, TableFacts
from jingjinji.inspecting.kinds import MAYBE_ZERO, UNKNOWN_WORDS, unit_in
from jingjinji.inspecting.matching import OF_A_FEED, YEAR_HEADER, agreed_code, year_columns
from jingjinji.inspecting.profiling import KINDS
from jingjinji.personal import MASKED

PERIODS = (r"\d{4}-\d{2}-\d{2}", r"\d{8}", r"\d{4}-\d{2}", r"\d{6}")
STYLES = ("iso", "zh", "slash", "compact", "excel")
FORMATS = {"csv": "csv", "json": "json", "xlsx": "xlsx", "xls": "xlsx"}


class DraftError(UserError):
    """No feed can be drafted from the file; the message says why and what to do."""


def draft(
    file: FileFacts, table: TableFacts, found: DatasetMatch, contracts: Contracts, region_code: str | None
) -> str:
    """The YAML of a feed that reads the file as the inspection understood it.

    Args:
        file: what was inspected; csv, json or a workbook.
        table: its table that holds the data.
        found: the standard it is to fill, with the matched columns.
        contracts: the agreed standards and feeds.
        region_code: code of the region that sends; a TODO when None.

    Raises:
        DraftError: the bytes are of no format that a feed can read.
    """
    if file.format not in FORMATS:
        raise DraftError(f"{file.name} 是 {file.format}，没有数据路能读取；请先转为 csv、json 或 xlsx")
    lines = [
        f"# 由 jjj inspect 从 {_line(file.name)} 起草，须由人核对：每个 {TODO} 都要回答，单位和代码要与报送单位确认。",
        f"title: {{zh: {TODO} {found.title}, en: {TODO} {found.dataset}}}",
        f"sender: {TODO}",
        f"region_code: {_text(region_code or TODO)}",
        f"format: {FORMATS[file.format]}",
        *_layout(file, table),
        *_words(table),
        *_ignored(table, found),
        "columns:",
        *_columns(table, found, contracts, region_code),
    ]
    return "\n".join(lines) + "\n"


def _layout(file: FileFacts, table: TableFacts) -> list[str]:
    lines = []
    if file.format == "csv":
        lines += [f"encoding: {'gb18030' if file.encoding in ('gb18030', 'gb2312', 'gbk') else 'utf-8'}"]
        lines += (
            [f"delimiter: {json.dumps(file.delimiter, ensure_ascii=False)}"]
            if file.delimiter not in (None, ",")
            else []
        )
    if file.format in ("xlsx", "xls") and file.tables and file.tables[0].name != table.name:
        lines.append(f"sheet: {_text(table.name if MASKED not in table.name else f'{TODO} 工作表名称里有个人号码')}")
    if file.format == "json" and table.records not in (None, "$[*]"):
        lines.append(f"records: {_text(table.records)}")
    if table.header_rows == 2:
        lines.append("header_rows: 2")
    if table.header_rows > 2:
        lines.append(f"header_rows: {TODO} 文件的表头有{table.header_rows}行，最多能读2行：请报送单位合并")
    period = next((p for p in PERIODS if re.search(p, file.name)), None)
    lines.append(
        f"period: {{file_name: '({period})'}}" if period else f"# {TODO} period: 文件名里没有日期，报送时须写 --period"
    )
    return lines


def _words(table: TableFacts) -> list[str]:
    """Footers and words for nothing. A word that may stand for zero is asked about; until then landing sets its rows aside."""
    lines = [f"footer_starts_with: [{', '.join(map(_text, table.footer_words))}]"] if table.footer_words else []
    found = sorted({word for column in table.columns for word in column.null_words})
    for word in [word for word in found if word in MAYBE_ZERO | UNKNOWN_WORDS]:
        where = "、".join(
            f"{_line(c.header) or c.position}×{c.null_words[word]}" for c in table.columns if word in c.null_words
        )
        zero = "；若表示零，请报送单位改写0" if word in MAYBE_ZERO else ""
        lines.append(f"# {TODO} null_values: “{word}”（{where}）若表示没有填报，写进 null_values{zero}")
    nulls = sorted({*found, "-", "—"} - MAYBE_ZERO - UNKNOWN_WORDS)
    return [*lines, f"null_values: [{', '.join(map(_text, nulls))}]"]


def _ignored(table: TableFacts, found: DatasetMatch) -> list[str]:
    matched = {m.header for m in found.matched}
    years = _year_headers(table)
    rest = [c for c in table.columns if c.header and c.header not in matched and c.header not in years]
    masked = [c.position for c in rest if MASKED in c.header]
    rest = [c for c in rest if MASKED not in c.header]
    serial = [c.header for c in rest if normal_header(c.header) in ("序号", "行号")]
    unknown = [c for c in rest if c.header not in serial]
    lines = [f"# {TODO} 下列各列没有找到对应的约定列：写进 columns，或留在 ignore 表示不读取。"] if unknown else []
    lines += [
        f"#   {_line(c.header)}：{KINDS[c.kind]}" + (f"，单位{c.unit}" if c.unit else "") + _personal(c)
        for c in unknown
    ]
    lines += [f"# {TODO} 第{'、'.join(masked)}列的表头里有个人信息，没有写在这里：请报送单位改正表头"] if masked else []
    named = serial + [c.header for c in unknown]
    return [*lines, f"ignore: [{', '.join(map(_text, named))}]"] if named else lines


# ---------------------------------------------------------------- columns


def _columns(table: TableFacts, found: DatasetMatch, contracts: Contracts, region_code: str | None) -> list[str]:
    standard, by_header = contracts.standards[found.dataset], {c.header: c for c in table.columns}
    matched = {m.column: m for m in found.matched}
    unpivoted, above = _unpivot(table, found, contracts)
    lines = []
    for name, column in standard.columns.items():
        if name == "region_code" and name not in matched and region_code:
            lines.append(f"  region_code: {{value: {_text(region_code)}}}")
        elif name in unpivoted:
            continue
        elif name in matched:
            lines += _matched(name, column, matched[name], by_header[matched[name].header], contracts, found.dataset)
        elif column.required:
            lines.append(f"  # {TODO} 约定必填“{column.zh}”，文件里没有找到：写它的表头，或用 value: 写固定值")
            lines.append(f"  {name}: {{from: {_text(f'{TODO} {column.zh}')}{_open_unit(column)}}}")
    return [*lines, *above]


def _matched(
    name: str, column: Column, found: ColumnMatch, facts: ColumnFacts, contracts: Contracts, dataset: str
) -> list[str]:
    parts = [f"from: {_text(found.header)}"]
    notes: list[str] = []
    if column.type in NUMBER_TYPES and column.unit:
        parts, notes = _with_unit(column, found.header, facts, dataset, name, contracts)
    if column.type in MOMENT_TYPES and (styles := [s for s in STYLES if s in facts.date_styles]):
        parts.append(f"formats: [{', '.join(styles)}]")
    if column.type in MOMENT_TYPES and (facts.kind == "mixed" or "other_date" in facts.date_styles):
        rows = f"（如第{'、'.join(map(str, facts.odd_rows))}行）" if facts.odd_rows else ""
        notes.append(f"  # {TODO} 核对：“{_line(found.header)}”的写法不止一种{rows}，formats 读不出的行会被隔离")
    if facts.personal and not column.personal:
        notes.append(f"  # {TODO} “{_line(found.header)}”的单元格里有个人号码：请报送单位改正")
    if column.codes:
        known = {value: agreed_code(contracts, dataset, name, value) for value in facts.examples}
        mapped = {value: code for value, code in known.items() if code and code != value}
        if mapped:
            parts.append("map: {" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in mapped.items()) + "}")
        unknown = [value for value, code in known.items() if code is None]
        notes += [f"  # {TODO} map: 不在代码表 {column.codes} 中：{'、'.join(unknown)}"] if unknown else []
    if not column.required and facts.empty_share == 1:
        notes.append(f"  # {TODO} “{_line(found.header)}”在这个文件里全空，未能核对其内容")
    if found.score < OF_A_FEED:
        notes.append(f"  # {TODO} 核对：{found.reason}（{found.score:.2f}）")
    simple = len(parts) == 1
    return [*notes, f"  {name}: {_text(found.header)}" if simple else f"  {name}: {{{', '.join(parts)}}}"]


def _with_unit(
    column: Column, header: str, facts: ColumnFacts, dataset: str, name: str, contracts: Contracts
) -> tuple[list[str], list[str]]:
    """`from` and unit of a number; where the header names none, that of an existing feed with this header, else a TODO: the
    unit of the standard would land, and be wrong by as much as ten thousand times."""
    unit = unit_in(header)
    normal = normal_header(header)
    if unit and f"({unit})" in normal:
        return [f"from: {_text(normal.replace(f'({unit})', '({unit})'))}", f"units: [{unit}]"], []
    if unit and units()[unit].dimension == units()[column.unit or ""].dimension:
        return [f"from: {_text(header)}", f"unit: {unit}"], []
    feeds = [f.columns[name] for f in contracts.feeds.values() if f.dataset == dataset and name in f.columns]
    same = next((c.unit for c in feeds if c.unit and normal_header(c.source or "") == normal), None)
    if same:
        return [f"from: {_text(header)}", f"unit: {same}"], []
    note = f"  # “{_line(header)}”没有写明单位，须向报送单位问明（约定入库为{column.unit}）"
    return [f"from: {_text(header)}", f"unit: {TODO}"], [note]


def _unpivot(table: TableFacts, found: DatasetMatch, contracts: Contracts) -> tuple[set[str], list[str]]:
    """Where each year has a column and the standard has one column for the year and one for the value."""
    unpivoted = year_columns(table.columns, contracts.standards[found.dataset])
    if not unpivoted:
        return set(), []
    year, value = unpivoted
    return {year, value}, [f'unpivot: {{header: "{{{year}}}年", name: {year}, value: {value}}}']


def _year_headers(table: TableFacts) -> set[str]:
    return {c.header for c in table.columns if YEAR_HEADER.fullmatch(normal_header(c.header))}


def _open_unit(column: Column) -> str:
    return f", unit: {TODO}" if column.type in NUMBER_TYPES and column.unit else ""


def _personal(column: ColumnFacts) -> str:
    return "，含个人信息，约定里没有可对应的个人信息列" if column.personal else ""


def _line(text: str) -> str:
    """A header without its line breaks: a comment must not end there, and landing compares headers without blanks."""
    return " ".join(text.split())


def _text(value: str | None) -> str:
    """A YAML scalar in one line, quoted only where it must be."""
    value = _line(value) if value else value
    written = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000).strip()
    written = written.removesuffix("...").strip()
    # Inside {…} and […] a comma, a bracket or a colon would end the scalar.
    return (
        written
        if written[:1] in "'\"" or not re.search(r"[,\[\]{}:#]", written)
        else "'" + written.replace("'", "''") + "'"
    )
