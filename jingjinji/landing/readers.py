"""Bytes of one delivery → a DuckDB relation of text. Nothing is interpreted here: every cell stays what was sent.

Each reader creates the view or table `cells(row_number BIGINT, c0 VARCHAR, c1 VARCHAR, …)` on the connection and returns a
`Sheet`: which column holds which header, and where the data begin.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import mmap
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from jingjinji.contracts import Feed, header_pattern, load_contracts, normal_header
from jingjinji.landing import workbooks
from jingjinji.landing.detect import Detected, UnreadableError
from jingjinji.landing.secrecy import DOCUMENT_LIMIT

HEADER_WITHIN = 30  # rows from the top in which a header is looked for
SPARE_COLUMNS = 3  # cells beyond the header that are still seen, so that a shifted row is judged and not cut


@dataclass(frozen=True)
class Sheet:
    """What a reader found.

    `headers[i]` is the native header of column `c<i>` (for JSON the dotted path); `first_row` is the first row of data in the
    sender's own counting; `titles` are the rows above the header; `spare` are cells kept beyond the header;
    `epoch_1904` says that serial dates count from 1904; `notes` are for the sender's receipt.
    """

    headers: tuple[str, ...]
    first_row: int
    titles: int = 0
    spare: int = 0
    epoch_1904: bool = False
    notes: tuple[str, ...] = field(default=())


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
        return _read_workbook(con, path, feed)
    text = _as_utf8(path, detected.encoding or "utf-8", scratch)
    if detected.format == "json":
        return _read_json(con, text, feed)
    return _read_delimited(con, text, feed)


# ---------------------------------------------------------------- headers


def _declared_patterns(feed: Feed) -> list[str]:
    declared = [c.source for c in feed.columns.values() if c.source] + list(feed.ignore)
    return declared + ([feed.unpivot.header] if feed.unpivot else [])


def count_known(headers: list[str], feed: Feed) -> int:
    """How many of `headers` the feed declares."""
    patterns = [header_pattern(text) for text in _declared_patterns(feed)]
    return sum(any(p.fullmatch(normal_header(h)) for p in patterns) for h in headers if h)


def _join_header(rows: list[list[str]], merged: bool) -> list[str]:
    """Texts of one or two header rows, column by column; an empty upper cell continues the one to its left."""
    if len(rows) == 1:
        return rows[0]
    width = max(map(len, rows))
    upper, lower = (row + [""] * (width - len(row)) for row in rows)
    if not merged:
        filled = itertools.accumulate(upper, lambda left, cell: str(cell or left))
        upper = list(filled)
    pairs = zip(upper, lower, strict=True)
    return ["/".join(dict.fromkeys(part for part in pair if part)) if pair[1] else pair[0] for pair in pairs]


def _find_header(rows: list[list[str]], feed: Feed, merged: bool = False) -> tuple[int, list[str]]:
    """Index of the first header row and the joined headers: where most declared headers stand."""
    best, best_at, best_headers = 0, 0, [""]
    for at in range(min(HEADER_WITHIN, len(rows) - feed.header_rows + 1)):
        headers = _join_header(rows[at : at + feed.header_rows], merged)
        known = count_known(headers, feed)
        if known > best:
            best, best_at, best_headers = known, at, headers
    needed = sum(1 for c in feed.columns.values() if c.source and not c.optional)
    if best == 0 or best * 2 < min(needed, len([h for h in best_headers if h])):
        raise UnreadableError("F04", _no_header_message(rows, feed), "请核对是否报错了文件，或表头是否被改动")
    return best_at, best_headers


def _no_header_message(rows: list[list[str]], feed: Feed) -> str:
    """What is missing, and which feed the file looks like. Cells are not quoted: without a header they may be anybody's data."""
    expected = "、".join(shown_header(feed, text) for text in _declared_patterns(feed))[:160]
    message = f"前{HEADER_WITHIN}行里没有“{feed.title.zh}”的表头（应有：{expected}）"
    others = [f for f in load_contracts().feeds.values() if f.feed_id != feed.feed_id]
    known = {f.feed_id: max((count_known(row, f) for row in rows[:HEADER_WITHIN]), default=0) for f in others}
    likely = max(others, key=lambda f: known[f.feed_id], default=None)
    if likely and known[likely.feed_id] * 2 >= len(_declared_patterns(likely)):
        message += f"；它的表头与“{likely.title.zh}”（{likely.feed_id}）相符"
    return message


def shown_header(feed: Feed, text: str) -> str:
    """A declared header as a sender writes it: `受灾人口({unit})` with the units it may carry."""
    units = next(("/".join(c.units) for c in feed.columns.values() if c.source == text and c.units), "{unit}")
    return text.replace("{unit}", units)


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
    if _contains(text, b'"') or not _contains(text, b"\n\n", b"\n\r", at_start=(b"\n", b"\r")):
        return text
    copy = text.with_name("with_blank_lines.txt")
    with text.open(encoding="utf-8") as lines, copy.open("w", encoding="utf-8", newline="") as target:
        target.writelines(line if line.strip("\r\n") else f"{delimiter}\n" for line in lines)
    return copy


def _contains(path: Path, *needles: bytes, at_start: tuple[bytes, ...] = ()) -> bool:
    """Whether any of `needles` stands in the file; looks through a memory map, so that size does not matter."""
    with path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content[:2].startswith(at_start or b"\x00\x00\x00") or any(content.find(n) >= 0 for n in needles)


# An empty cell is read as '' and only a cell that is not there at all as NULL: so a row cut off half-way can be told.
NO_NULL = "\x01"


def _read_delimited(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> Sheet:
    text = _keep_blank_lines(text, feed.delimiter)
    with text.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, delimiter=feed.delimiter)
        top = [[cell.strip() for cell in row] for row in itertools.islice((r for r in reader if r), HEADER_WITHIN + 2)]
    at, headers = _find_header(top, feed)
    width = len(headers) + SPARE_COLUMNS
    columns = "{" + ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width)) + "}"
    one_thread = ", parallel = false" if _contains(text, b'"') else ""
    con.execute(
        f"""
        create temp table cells as
        select row_number() over () as row_number, *
        from read_csv(
            ?, columns = {columns}, auto_detect = false, header = false, delim = ?, quote = '"', escape = '"',
            nullstr = '{NO_NULL}', null_padding = true, strict_mode = true, store_rejects = true, rejects_limit = 1000{one_thread}
        )""",
        [str(text), feed.delimiter],
    )
    _refuse_broken_lines(con)
    if one_thread:
        _refuse_unclosed_quote(text, feed.delimiter)
        _refuse_swallowed_rows(con, width, feed.delimiter)
    return Sheet(tuple(headers), at + feed.header_rows + 1, at, SPARE_COLUMNS)


def _refuse_broken_lines(con: duckdb.DuckDBPyConnection) -> None:
    """A line that breaks the quoting can swallow its neighbours, so the delivery stops, with the lines named."""
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
        f"select min(row_number) from cells where {' or '.join(swallowed)}", [delimiter] * width
    ).fetchone()
    if found and found[0]:
        message = f"第{found[0]}行的引号不成对，其后的行被并入了同一个单元格"
        raise UnreadableError("F12", message, "请补上或删去该行多余的引号后重新导出")


# ---------------------------------------------------------------- workbooks


def _cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _read_workbook(con: duckdb.DuckDBPyConnection, path: Path, feed: Feed) -> Sheet:
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(str(path))
        name = feed.sheet or book.sheet_names[0]
        if name not in book.sheet_names:
            message = f"没有名为“{name}”的工作表；文件里有：{'、'.join(book.sheet_names)}"
            raise UnreadableError("F04", message, "请核对是否报错了文件")
        sheet = book.get_sheet_by_name(name)
        (top, left), ranges = sheet.start or (0, 0), sheet.merged_cell_ranges or []
        rows = _cell_texts(sheet.to_python(skip_empty_area=True), workbooks.odd_cells(path, name), top, left)
        others = {
            other: _cell_texts(book.get_sheet_by_name(other).to_python(), {}, 0, 0)
            for other in book.sheet_names
            if other != name
        }
    except calamine.PasswordError as error:
        raise UnreadableError("F02", "工作簿有密码，无法打开", "请去掉密码后重新报送") from error
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError) as error:
        message = "工作簿不完整或已损坏，无法打开"
        raise UnreadableError("F02", message, "请在Excel中确认能打开，另存为xlsx后重新报送") from error
    filled = _fill_merged([list(row) for row in rows[: HEADER_WITHIN + 2]], ranges, top, left)
    at, headers = _find_header([[c.strip() for c in row] for row in filled], feed, bool(ranges))
    notes = _other_sheets(others, feed)
    workbooks.mark_merged(rows, ranges, top, left, at + feed.header_rows)
    width = max(map(len, rows))
    table = {"row_number": pa.array(range(top + 1, top + 1 + len(rows)), pa.int64())}
    for i in range(width):
        table[f"c{i}"] = pa.array([row[i] if i < len(row) else "" for row in rows], pa.string())
    con.register("cells", pa.table(table))
    headers = headers + [""] * (width - len(headers))
    first = top + at + feed.header_rows + 1
    return Sheet(tuple(headers), first, at, epoch_1904=_epoch_1904(path), notes=notes)


def _cell_texts(rows: list[list[Any]], odd: dict[tuple[int, int], str], top: int, left: int) -> list[list[str]]:
    """Cells as text. A date whose format shows a time of day is midnight of that day; one without is the day."""
    texts = [[_cell_text(cell) for cell in row] for row in rows]
    for (row, column), text in odd.items():
        r, c = row - top, column - left
        if 0 <= r < len(texts) and 0 <= c < len(texts[r]):
            if text != "T":
                texts[r][c] = text
            elif isinstance(rows[r][c], dt.date) and not isinstance(rows[r][c], dt.datetime):
                texts[r][c] += " 00:00:00"
    return texts


def _other_sheets(others: dict[str, list[list[str]]], feed: Feed) -> tuple[str, ...]:
    """Names of further sheets that hold anything; one that has the feed's header must not go unread.

    Raises:
        UnreadableError: F14, another sheet holds rows of this feed.
    """
    full = {name: rows for name, rows in others.items() if any(cell for row in rows for cell in row)}
    for name, rows in full.items():
        if any(count_known([c.strip() for c in row], feed) * 2 > len(feed.columns) for row in rows[:HEADER_WITHIN]):
            message = f"还有一个工作表“{name}”也有本数据的表头，只读一个会漏报"
            raise UnreadableError("F14", message, "请把数据合并到一个工作表后重新报送")
    return tuple(full)


def _fill_merged(rows: list[list[str]], ranges: list[Any], top: int, left: int) -> list[list[str]]:
    """Write the text of each merged area into all its cells, so that a header over several columns names each of them."""
    for (row_from, col_from), (row_to, col_to) in ranges:
        if row_from - top >= len(rows):
            continue
        text = rows[row_from - top][col_from - left]
        for r in range(row_from - top, min(row_to - top + 1, len(rows))):
            for c in range(col_from - left, min(col_to - left + 1, len(rows[r]))):
                rows[r][c] = text
    return rows


def _epoch_1904(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist() and b'date1904="1"' in archive.read("xl/workbook.xml")


# ---------------------------------------------------------------- JSON


def _paths(structure: Any, prefix: str = "") -> list[str]:
    """Dotted paths of the leaves in a DuckDB json_structure; a key that itself holds a dot is quoted."""
    if not isinstance(structure, dict):
        return [prefix]
    keys = {key: f'"{key}"' if "." in key else key for key in structure}
    return [
        p for key, inner in structure.items() for p in _paths(inner, f"{prefix}.{keys[key]}" if prefix else keys[key])
    ]


def _is_empty_branch(structure: Any, path: str, feed: Feed) -> bool:
    """Whether `path` is null in a record where the feed declares values below it: left out, not unknown."""
    below = [c.source for c in feed.columns.values() if c.source and c.source.startswith(f"{path}.")]
    for key in path.split("."):
        structure = structure.get(key) if isinstance(structure, dict) else None
    return bool(below) and structure in ("NULL", "JSON")  # DuckDB calls an empty object JSON


def _read_json(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> Sheet:
    _refuse_broken_document(text)
    try:
        con.execute(
            "create temp table records as select unnest(json_extract(content, ?)) as record from read_text(?)",
            [feed.records, str(text)],
        )
    except duckdb.Error as error:
        raise UnreadableError("F11", "不是完整的JSON", "请检查文件是否截断，重新生成后报送") from error
    structures = [
        json.loads(s) for (s,) in con.execute("select distinct json_structure(record) from records").fetchall()
    ]
    paths = list(dict.fromkeys(p for s in structures for p in _paths(s) if p and not _is_empty_branch(s, p, feed)))
    foreign = count_known(paths, feed) * 2 < len(paths) if structures else not _has_records(con, text, feed)
    if foreign:
        raise UnreadableError("F04", _no_header_message([paths], feed), "请核对是否报错了文件，或字段名是否被改动")
    known = [p for p in paths if '"' not in p]  # a quoted key is refused as unknown when headers are bound
    pointers = ["$" + "".join(f'."{key}"' for key in p.split(".")) for p in known]
    cells = "".join(
        f", json_extract_string(record, '{p.replace(chr(39), chr(39) * 2)}') as c{i}" for i, p in enumerate(pointers)
    )
    con.execute(f"create temp table cells as select row_number() over () as row_number{cells} from records")
    return Sheet((*known, *(p for p in paths if '"' in p)), 1)


def _refuse_broken_document(text: Path) -> None:
    """Say where a JSON document breaks, and refuse one that names a field twice: nobody can know which value is meant."""
    if text.stat().st_size > DOCUMENT_LIMIT:
        return

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            twice = next(key for i, (key, _) in enumerate(pairs) if key in {k for k, _ in pairs[:i]})
            raise UnreadableError("F11", f"同一条记录里字段“{twice}”出现了两次", "请只保留正确的一个")
        return dict(pairs)

    try:
        json.loads(text.read_text(encoding="utf-8"), object_pairs_hook=once)
    except json.JSONDecodeError as error:
        message = f"不是完整的JSON：第{error.lineno}行第{error.colno}个字符处中断"
        raise UnreadableError("F11", message, "请检查文件是否截断，重新生成后报送") from error


def _has_records(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> bool:
    """Whether the place where the records should be exists (an empty list is a zero report)."""
    place = feed.records.removesuffix("[*]")
    found = con.execute("select json_type(content, ?) from read_text(?)", [place, str(text)]).fetchone()
    return bool(found and found[0] == "ARRAY")
