"""Bytes of one delivery → a DuckDB relation of text. Nothing is interpreted here: every cell stays what was sent.

Each reader creates the view or table `cells(c0 VARCHAR, c1 VARCHAR, …)`, in the order of the rows, on the connection and returns a
`Sheet`: which column holds which header, and where the data begin.
"""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from jingjinji.contracts import Feed
from jingjinji.landing import scanning
from jingjinji.landing.casting import quote
from jingjinji.landing.detect import Detected, UnreadableError, is_large
from jingjinji.landing.documents import read_json
from jingjinji.landing.sheets import HEADER_WITHIN, Sheet, find_header
from jingjinji.landing.workbooks import read_workbook

SPARE_COLUMNS = 3  # cells beyond the header that are still seen, so that a shifted row is judged and not cut


def read(con: duckdb.DuckDBPyConnection, path: Path, detected: Detected, feed: Feed, scratch: Path) -> Sheet:
    """Make the relation `cells` from a file of any supported format.

    Args:
        con: connection that gets the relation.
        path: the received bytes.
        detected: what they are; decides the reader, whatever the feed or the file name says.
        feed: says sheet, header rows, delimiter, where records are.
        scratch: folder for a decoded copy, which must live as long as `con` reads.

    Raises:
        UnreadableError: the file is damaged, is of another feed, or has no table; the message is for the sender.
    """
    if detected.format in ("xlsx", "xls"):
        return read_workbook(con, path, feed, scratch)
    text = _as_utf8(path, detected.encoding or "utf-8", scratch)
    if detected.format == "json":
        return read_json(con, text, feed)
    return _read_delimited(con, text, feed)


# ---------------------------------------------------------------- delimited text


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """The text as UTF-8 without byte-order mark: the same file where it is so already, else a decoded copy."""
    if encoding == "utf-8":
        return path
    copy = scratch / "decoded.txt"
    with path.open(encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return copy


def _keep_blank_lines(text: Path, delimiter: str) -> Path:
    """DuckDB skips blank lines, which would shift every later row number: give them one delimiter (an empty row)."""
    with text.open("rb") as raw:
        begins_blank = raw.read(1) in (b"\n", b"\r")
    if not (begins_blank or scanning.contains(text, b"\n\n", b"\n\r", b"\r\r")):
        return text
    copy, is_blank = text.with_name("with_blank_lines.txt"), _blank_lines(text, delimiter)
    with text.open(encoding="utf-8") as lines, copy.open("w", encoding="utf-8", newline="") as target:
        target.writelines(f"{delimiter}\n" if next(is_blank) else line for line in lines)
    return copy


def _blank_lines(text: Path, delimiter: str) -> Iterator[bool]:
    """Of each line whether it is a blank row; a blank line within a quoted cell is none."""
    with text.open(encoding="utf-8") as lines:
        reader, before = csv.reader(lines, delimiter=delimiter), 0
        try:
            for row in reader:
                yield from [False] * (reader.line_num - before - 1)
                yield not row
                before = reader.line_num
        except csv.Error:  # what cannot be split is refused by what reads it next
            pass
    yield from itertools.repeat(False)


# An empty cell is read as '' and only a cell that is not there at all as NULL: so a row cut off half-way can be told.
NO_NULL = "\x01"


def _read_delimited(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> Sheet:
    text = _keep_blank_lines(text, feed.delimiter)
    with text.open(encoding="utf-8", newline="") as lines, _refused_where_unsplittable():
        reader = csv.reader(lines, delimiter=feed.delimiter)
        top = [[cell.strip() for cell in row] for row in itertools.islice((r for r in reader if r), HEADER_WITHIN + 2)]
    at, headers = find_header(top, feed)
    width = len(headers) + SPARE_COLUMNS
    may_span_lines = scanning.contains(text, b'"') and not (is_large(text) and _closes_quotes_in_each_line(con, text))
    with _refused_where_unsplittable():
        con.execute(_cells_sql(text, width, feed.delimiter, may_span_lines))
    if may_span_lines:  # other texts are read through while they are judged
        refuse_unsplittable(con)
        _refuse_unclosed_quote(text, feed.delimiter)
        _refuse_swallowed_rows(con, width, feed.delimiter)
    return Sheet(tuple(headers), at + feed.header_rows + 1, at, SPARE_COLUMNS)


def _cells_sql(text: Path, width: int, delimiter: str, may_span_lines: bool) -> str:
    """`cells` of a delimited text: a table, or a view where the file is too large to be kept; reading it again is cheaper."""
    columns = "{" + ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width)) + "}"
    one_thread = ", parallel = false" if may_span_lines else ""
    return f"""
        create temp {"view" if is_large(text) else "table"} cells as
        select *
        from read_csv(
            {quote(str(text))}, columns = {columns}, auto_detect = false, header = false, delim = {quote(delimiter)},
            quote = '"', escape = '"', nullstr = '{NO_NULL}', null_padding = true, strict_mode = true, store_rejects = true,
            rejects_limit = 1000{one_thread}
        )"""


@contextmanager
def _refused_where_unsplittable() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, csv.Error) as error:  # its text would quote the line
        raise UnreadableError("F12", "表格无法按行列可靠拆分", "请检查引号、换行和分隔符后重新导出") from error


def _closes_quotes_in_each_line(con: duckdb.DuckDBPyConnection, text: Path) -> bool:
    """Whether no quoted cell can reach over a line end, so that several threads may begin at any line."""
    try:
        found = con.execute(
            """
            select count(*) from read_csv(
                ?, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\x01', quote = '', escape = '')
            where (strlen(line) - strlen(replace(line, '"', ''))) % 2 = 1""",
            [str(text)],
        ).fetchone()
    except duckdb.Error:
        return False
    return found == (0,)


def refuse_unsplittable(con: duckdb.DuckDBPyConnection, *, is_read: bool = False) -> None:
    """A line that breaks the quoting can swallow its neighbours, so the delivery stops, with the lines named.

    Args:
        con: has the relation `cells` of a delimited text. A view is read through to find such lines.
        is_read: it was read already, without an error.

    Raises:
        UnreadableError: F12.
    """
    if not is_read:
        with _refused_where_unsplittable():
            con.execute("select count(*) from cells where c0 is null").fetchall()
    broken = con.execute("select distinct line from reject_errors order by line limit 5").fetchall()
    if broken:
        lines = "、".join(str(line) for (line,) in broken)
        raise UnreadableError(
            "F12", f"第{lines}行的引号或列数不成对，无法可靠拆分", "请检查这些行的引号和分隔符后重新导出"
        )


def _refuse_unclosed_quote(text: Path, delimiter: str) -> None:
    """DuckDB drops everything after a quote that is never closed, without an error, when it reads with one thread."""
    with text.open("rb") as raw:
        quotes = sum(block.count(b'"') for block in iter(lambda: raw.read(1 << 20), b""))
    if quotes % 2 == 0:
        return
    start = 1
    with text.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for _ in reader:
                start = reader.line_num + 1
        except csv.Error as error:
            message = f"从第{start}行开始有引号没有成对，其后的行无法可靠拆分"
            raise UnreadableError("F12", message, "请补上或删去该行多余的引号后重新导出") from error


def _refuse_swallowed_rows(con: duckdb.DuckDBPyConnection, width: int, delimiter: str) -> None:
    """Two stray quotes put the rows between them into one cell without an error: neither taken nor counted."""
    half_a_row = (width - SPARE_COLUMNS) // 2
    cells = [f"coalesce(c{i}, '')" for i in range(width)]
    swallowed = [f"contains({c}, chr(10)) and len({c}) - len(replace({c}, ?, '')) >= {half_a_row}" for c in cells]
    found = con.execute(
        f"""
        select min(row_number) from (select row_number() over () as row_number, * from cells)
        where {" or ".join(swallowed)}""",
        [delimiter] * width,
    ).fetchone()
    if found and found[0]:
        message = f"第{found[0]}行的引号不成对，其后的行被并入了同一个单元格"
        raise UnreadableError("F12", message, "请补上或删去该行多余的引号后重新导出")
