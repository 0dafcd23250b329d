"""Bytes of a foreign file → tables of text, without a contract. Bounded: of a long table the first rows and the last are kept."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.packages import cells_to_mark
from jingjinji.landing.sheets import HEADER_WITHIN
from jingjinji.landing.workbooks import cell_text, fill_merged
from jingjinji.personal import masked

ROWS_KEPT = 20_000
CELLS_KEPT = 2_000_000
ROWS_COUNTED = 5_000_000
TAIL_KEPT = 50
COLUMNS_KEPT = 300
WHOLE_DOCUMENT = 1 << 27  # bytes of one JSON document that are parsed whole
SCANNED_SHEET = 1 << 26  # bytes of one sheet's XML that are searched for formulas and error cells
DELIMITERS = (",", "\t", ";", "|")
WIDE_DELIMITER = "，"  # typed for a comma; in a text it is a mark like others, so nearly every line must agree
WIDE_SHARE = 0.8


@dataclass
class RawTable:
    """Cells as text, as sent. `rows` begin at row `first_row` of the sender's counting; `tail` are the last rows of a
    long table with their row numbers; `headers` is given where the format names its columns (JSON)."""

    name: str
    rows: list[list[str]]
    first_row: int = 1
    first_column: int = 0
    rows_total: int = 0
    is_complete: bool = True
    tail: list[tuple[int, list[str]]] = field(default_factory=list)
    headers: list[str] | None = None
    records: str | None = None
    state: str = "visible"
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def kept(rows: Iterable[list[str]], table: RawTable) -> RawTable:
    """Fill a table from a stream of rows within the limits."""
    tail: deque[tuple[int, list[str]]] = deque(maxlen=TAIL_KEPT)
    cells = 0
    for number, row in enumerate(rows, table.first_row):
        if number - table.first_row >= ROWS_COUNTED:
            table.is_complete = False
            break
        table.rows_total += 1
        if len(table.rows) < ROWS_KEPT and cells < CELLS_KEPT:
            cells += len(row)
            table.rows.append(row[:COLUMNS_KEPT])
        else:
            tail.append((number, row[:COLUMNS_KEPT]))
    table.tail = list(tail)
    return table


# ---------------------------------------------------------------- delimited text


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter under which most of the first lines have the same number of cells, and more than one."""
    with path.open(encoding=encoding, newline="", errors="replace") as text:
        lines = [line for line in itertools.islice(text, 200) if line.strip()]
    best, best_score, agreeing = ",", 0.0, 0
    for delimiter in DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0))
        score = count * (width - 1) ** 0.5
        if score > best_score:
            best, best_score, agreeing = delimiter, score, count
    marks, count = Counter(line.count(WIDE_DELIMITER) for line in lines).most_common(1)[0] if lines else (0, 0)
    is_wide = marks > 0 and count >= len(lines) * WIDE_SHARE and agreeing < len(lines) / 2
    return WIDE_DELIMITER if is_wide else best


def open_delimited(path: Path, encoding: str, delimiter: str) -> RawTable:
    """A delimited text; blank lines count as rows, as they do at landing."""
    table = RawTable(path.name, [])

    def rows() -> Iterator[list[str]]:
        with path.open(encoding=encoding, newline="", errors="replace") as text:
            reader = csv.reader((line.replace("\x00", "") for line in text), delimiter=delimiter)
            try:
                yield from reader
            except csv.Error:
                table.findings.append(f"第{reader.line_num}行附近有引号没有成对，其后的行没有读取")
                table.is_complete = False

    return kept(rows(), table)


# ---------------------------------------------------------------- workbooks


def open_workbook(path: Path, file_format: str) -> list[RawTable]:
    """Every sheet of a workbook, hidden ones included."""
    import python_calamine as calamine

    book = calamine.load_workbook(str(path))
    states = {meta.name: str(meta.visible).rpartition(".")[2] for meta in book.sheets_metadata}
    tables = []
    for name in book.sheet_names:
        if str(next(m.typ for m in book.sheets_metadata if m.name == name)).rpartition(".")[2] != "WorkSheet":
            tables.append(RawTable(name, [], state="chart", findings=["不是数据工作表（图表或宏），没有读取"]))
            continue
        tables.append(_open_sheet(path, book.get_sheet_by_name(name), states[name], file_format))
    return tables


def _open_sheet(path: Path, sheet: Any, visible: str, file_format: str) -> RawTable:
    left = (sheet.start or (0, 0))[1]
    state = {"Visible": "visible", "Hidden": "hidden", "VeryHidden": "very hidden"}.get(visible, "visible")
    table = RawTable(sheet.name, [], first_column=left, state=state)
    table.merged = list(sheet.merged_cell_ranges or []) if file_format == "xlsx" else []
    # The rows come from row 1 of the sheet on, the columns from the first that holds anything.
    kept(([cell_text(cell) for cell in row] for row in sheet.iter_rows()), table)
    _mark_odd_cells(path, table, file_format)
    _fill_top(table)
    return table


def _mark_odd_cells(path: Path, table: RawTable, file_format: str) -> None:
    """Formulas without a stored result and error cells; both come as empty or as nothing from the reader."""
    if file_format not in ("xlsx", "xls") or (file_format == "xlsx" and _sheet_bytes(path) > SCANNED_SHEET):
        return
    try:
        marked = cells_to_mark(path, table.name)
    except UnreadableError as error:
        table.findings.append(error.message)
        return
    odd = {place: text for place, text in marked.items() if text.startswith("#")}
    for (row, column), text in odd.items():
        r, c = row - (table.first_row - 1), column - table.first_column
        if 0 <= r < len(table.rows) and 0 <= c < len(table.rows[r]):
            table.rows[r][c] = text
    if odd:
        first = sorted(odd)[0]
        table.findings.append(f"有{len(odd)}个出错或没有计算结果的公式单元格，第一个在第{first[0] + 1}行")


def _sheet_bytes(path: Path) -> int:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return max((e.file_size for e in archive.infolist() if e.filename.startswith("xl/worksheets/")), default=0)


def _fill_top(table: RawTable) -> None:
    """Merged areas among the first rows as landing sees them: the text in every cell."""
    top, left = table.first_row - 1, table.first_column
    inside = [
        ((a, b), (c, d)) for (a, b), (c, d) in table.merged
        if a >= top and b >= left and a - top < len(table.rows) and b - left < len(table.rows[a - top])
    ]  # fmt: skip
    head = [list(row) for row in table.rows[: HEADER_WITHIN + 2]]
    reached = [r for r in inside if r[0][0] - top < len(head)]
    table.rows[: len(head)] = fill_merged(head, reached, top, left)
    table.merged = inside


def dimensions(path: Path) -> dict[str, str]:
    """What each sheet of an xlsx says it spans (`A1:XFD1048576`), from the first bytes of its part; never unpacked whole."""
    import zipfile

    spans = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                with archive.open(entry) as part:
                    found = re.search(rb'<dimension ref="([A-Z0-9:]+)"', part.read(4096))
                spans[Path(entry.filename).stem] = found.group(1).decode() if found else "?"
    return spans


# ---------------------------------------------------------------- JSON


def open_json(path: Path, encoding: str) -> RawTable:
    """The largest list of objects of a document, or one object per line; one column per dotted path.

    Raises:
        ValueError: not JSON, or a document too large to be parsed whole.
    """
    if path.stat().st_size > WHOLE_DOCUMENT:
        return _records_table(path.name, "$", _object_lines(path, encoding), ["每行一条记录"])
    try:
        document = json.loads(path.read_text(encoding=encoding))
    except ValueError as error:
        lines = list(_object_lines(path, encoding))
        if not lines:
            raise ValueError("不是完整的JSON，也不是每行一条记录") from error
        return _records_table(path.name, "$", lines, ["每行一条记录（JSON Lines），约定的JSON是一个完整文档"])
    place, records = _largest_list(document)
    return _records_table(path.name, place, records, [])


def _object_lines(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding=encoding) as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError:
                return
            if not isinstance(record, dict):
                return
            yield record


def _largest_list(document: Any) -> tuple[str, list[dict[str, Any]]]:
    """JSON path and records of the longest list of objects not inside another such list; the document itself if none."""
    found: list[tuple[str, list[dict[str, Any]]]] = []

    def walk(node: Any, place: str, depth: int) -> None:
        if isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
            found.append((f"{place}[*]", node))
        elif isinstance(node, dict) and depth < 8:
            for key, inner in node.items():
                walk(inner, f"{place}.{key}" if re.fullmatch(r"\w+", key) else f'{place}."{key}"', depth + 1)

    walk(document, "$", 0)
    if found:
        return max(found, key=lambda item: len(item[1]))
    if isinstance(document, dict):
        return "$", [document]
    return "$[*]", [{"value": item} for item in document] if isinstance(document, list) else [{"value": document}]


def _records_table(name: str, place: str, records: Iterable[dict[str, Any]], findings: list[str]) -> RawTable:
    headers: dict[str, int] = {}
    lists: set[str] = set()

    def row(record: dict[str, Any]) -> list[str]:
        cells: dict[int, str] = {}
        for path, value in _leaves(record):
            if path not in headers and len(headers) >= COLUMNS_KEPT:
                continue
            if isinstance(value, list):
                lists.add(path)
            cells[headers.setdefault(path, len(headers))] = _json_text(value)
        return [cells.get(i, "") for i in range(len(headers))]

    table = kept((row(record) for record in records), RawTable(name, [], records=place, findings=findings))
    for short in [*table.rows, *(r for _, r in table.tail)]:
        short.extend([""] * (len(headers) - len(short)))
    table.headers = list(headers)
    if lists:
        table.findings.append(f"这些字段是列表，不能直接作为一列：{masked('、'.join(sorted(lists)[:5]))}")
    return table


def _leaves(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _json_text(value: Any) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, list):
        return f"[{len(value)}]"  # what is in it is no value of the column, and may be anybody's name
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
