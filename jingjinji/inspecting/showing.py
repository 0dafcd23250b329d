"""Facts of a file as text for people. Pure: nothing is read or written."""

from __future__ import annotations

import io

from jingjinji.inspecting.facts import ColumnFacts, DatasetMatch, FileFacts, TableFacts
from jingjinji.inspecting.profiling import KINDS

WIDTH = 160
STATES = {"visible": "", "hidden": "（隐藏）", "very hidden": "（深度隐藏）", "chart": "（非数据）"}
PERSONAL = {"mobile": "手机号", "identity": "身份证号", "header": "表头提示", "standard": "约定如此"}
STYLES = {"iso": "2023-08-01", "zh": "2023年8月1日", "slash": "2023/8/1", "compact": "20230801", "excel": "Excel序号", "other_date": "其他写法"}  # fmt: skip


def text(files: list[FileFacts]) -> str:
    """All files, one below the other."""
    return "\n\n".join(_file(file) for file in files)


def _file(file: FileFacts) -> str:
    parts = [f"{file.name}  {file.size_bytes:,} 字节  实际格式 {file.format}"]
    if file.encoding:
        sure = f"{file.encoding_confidence:.0%}" if file.encoding_confidence is not None else "?"
        parts.append(
            f"编码 {file.encoding}（把握{sure}）{'，有BOM' if file.has_bom else ''}  换行 {file.line_end or '?'}"
        )
    if file.delimiter:
        parts.append(f"分隔符 {'制表符' if file.delimiter == chr(9) else file.delimiter}")
    lines = ["  ".join(parts), *(f"  ! {finding}" for finding in file.findings)]
    return "\n".join([*lines, *(_table(table, len(file.tables) > 1) for table in file.tables)])


def _table(table: TableFacts, is_one_of_many: bool) -> str:
    name = f"[{table.name}]{STATES.get(table.state, '')}  " if is_one_of_many or table.state != "visible" else ""
    rows = {2: "起两行", 3: "起三行"}.get(table.header_rows, "")
    header = "没有表头行" if table.header_row is None else f"表头在第{table.header_row}行{rows}"
    if table.records:
        header = f"记录在 {table.records}"
    at_least = "" if table.is_complete else "至少"
    lines = [
        f"  {name}{at_least}{table.rows_total:,}行 × {table.width}列，{header}，数据{at_least}{table.rows_of_data:,}行"
    ]
    if table.rows_profiled < table.rows_of_data:
        lines.append(f"    按前{table.rows_profiled:,}行判断各列")
    lines += [f"    标题：{title}" for title in table.titles]
    lines += (
        [f"    空行{table.ghost_rows}，空列{table.ghost_columns}"] if table.ghost_rows or table.ghost_columns else []
    )
    lines += (
        [f"    表尾：第{_numbers(table.footers)}行（以“{'”“'.join(table.footer_words)}”开头）"] if table.footers else []
    )
    lines += [f"    第{_numbers(table.ragged)}行的单元格数与表头不同"] if table.ragged else []
    lines += [f"    ! {finding}" for finding in table.findings]
    lines += [_columns(table)] if table.columns else []
    return "\n".join([*lines, *(_match(match, at) for at, match in enumerate(table.matches))])


def _numbers(rows: tuple[int, ...]) -> str:
    return "、".join(map(str, rows[:5])) + ("…" if len(rows) > 5 else "")


def _columns(table: TableFacts) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("列", "表头", "疑似类型", "单位", "空", "不同值", "说明"):
        shown.add_column(name, overflow="fold")
    matched = {m.header: m for match in table.matches[:1] for m in match.matched}
    for column in table.columns:
        own = matched.get(column.header)
        arrow = f"→ {own.column}（{own.zh}）{own.score:.2f}；" if own else ""
        cells = (
            column.position, column.header or "（无）", KINDS.get(column.kind, column.kind), column.unit or "",
            f"{column.empty_share:.0%}", f"{'' if column.is_distinct_exact else '≥'}{column.distinct}",
            arrow + "；".join(_remarks(column)),
        )  # fmt: skip
        shown.add_row(*(Text(cell) for cell in cells))
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None).print(shown)
    return "\n".join(f"    {line.rstrip()}" for line in out.getvalue().splitlines() if line.strip())


def _remarks(column: ColumnFacts) -> list[str]:
    notes = []
    if column.personal:
        notes.append("个人信息（" + "、".join(PERSONAL[p] for p in column.personal) + "），值不显示")
    if column.date_styles:
        notes.append("写法 " + "、".join(STYLES[s] for s in column.date_styles))
    if column.null_words:
        notes.append("空值写法 " + "、".join(f"{word}×{count}" for word, count in column.null_words.items()))
    if column.odd_rows:
        notes.append(f"与多数不同的单元格在第{_numbers(column.odd_rows)}行")
    if column.full_width:
        notes.append(f"{column.full_width}个全角数字或符号")
    if column.smallest is not None:
        one = column.smallest == column.largest
        notes.append(f"取值 {column.smallest}" if one else f"{column.smallest} 至 {column.largest}")
    elif column.examples:
        notes.append("取值 " + " | ".join(column.examples[:6]) + (" …" if len(column.examples) > 6 else ""))
    return notes


def _match(match: DatasetMatch, at: int) -> str:
    if at:
        return f"    其次像 {match.dataset}（{match.title}）{match.score:.2f}"
    lines = [f"    最像 {match.dataset}（{match.title}）{match.score:.2f}：对上{len(match.matched)}列"]
    lines += [f"      没有对上的列：{'、'.join(match.unmatched)}"] if match.unmatched else []
    lines += [f"      约定必填而文件没有：{'、'.join(match.missing_required)}"] if match.missing_required else []
    if match.key_repeated_rows:
        lines.append(f"      ! 有{match.key_repeated_rows}行与别的行主键相同")
    return "\n".join(lines)
