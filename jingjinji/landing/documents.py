"""JSON: the records of a document, one column per dotted path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.secrecy import DOCUMENT_LIMIT
from jingjinji.landing.sheets import Sheet, count_known, no_header_message


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


def read_json(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> Sheet:
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
        raise UnreadableError("F04", no_header_message([paths], feed), "请核对是否报错了文件，或字段名是否被改动")
    if not structures:  # a zero report: an empty list leaves no field out
        paths = [c.source for c in feed.columns.values() if c.source]
    known = [p for p in paths if '"' not in p]  # a quoted key is refused as unknown when headers are bound
    pointers = ["$" + "".join(f'."{key}"' for key in p.split(".")) for p in known]
    cells = "".join(
        f", json_extract_string(record, '{p.replace(chr(39), chr(39) * 2)}') as c{i}" for i, p in enumerate(pointers)
    )
    con.execute(f"create temp table cells as select {cells.removeprefix(', ') or 'null as c0'} from records")
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
