"""JSON: the records of a document, one column per dotted path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed
from jingjinji.landing.casting import quote
from jingjinji.landing.detect import UnreadableError, is_large
from jingjinji.landing.secrecy import DOCUMENT_LIMIT
from jingjinji.landing.sheets import Sheet, count_known, no_header_message
from jingjinji.landing.slicing import SLICE, frame, once, slices

FIELDS_ALIKE = 3  # from how many on records that share their names are taken for the same kind
NO_FIELDS = ("NULL", "JSON")  # what DuckDB calls the structure of null and of an empty object


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
    return bool(below) and structure in NO_FIELDS


def read_json(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> Sheet:
    """Make `cells` from the records of a document: a table, or a view over slices of it where the document is large."""
    paths = _sliced(con, text, feed) if is_large(text) else None
    if paths is None:
        paths = _whole(con, text, feed)
    known = [p for p in paths if '"' not in p]  # a quoted key is refused as unknown when headers are bound
    pointers = ["$" + "".join(f'."{key}"' for key in p.split(".")) for p in known]
    cells = ", ".join(f"texts[{at}] as c{at - 1}" for at in range(1, len(pointers) + 1)) or "null as c0"
    listed = f"select json_extract_string(record, [{', '.join(map(quote, pointers))}]::varchar[]) as texts from records"
    con.execute(f"create temp {'view' if is_large(text) else 'table'} cells as select {cells} from ({listed})")
    return Sheet((*known, *(p for p in paths if '"' in p)), 1)


def _whole(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> list[str]:
    """Make the table `records` from a document that is parsed as one piece; paths of all leaves."""
    if text.stat().st_size <= DOCUMENT_LIMIT:
        _refuse_other_lists(_checked_document(text), feed)
    try:
        if text.stat().st_size > DOCUMENT_LIMIT:
            (structure,) = con.execute("select json_structure(content) from read_text(?)", [str(text)]).fetchall()[0]
            _refuse_other_lists(json.loads(structure), feed)
        con.execute(
            "create or replace temp table records as select unnest(json_extract(content, ?)) as record from read_text(?)",
            [feed.records, str(text)],
        )
        return _paths_of_records(con, text, feed)
    except duckdb.OutOfMemoryException as error:
        message = f"文件有{text.stat().st_size}字节，记录所在的位置又无法分段读取"
        raise UnreadableError("F10", message, f"请拆分后报送，或把全部记录放在{feed.records}") from error
    except duckdb.Error as error:
        raise UnreadableError("F11", "不是完整的JSON", "请检查文件是否截断，重新生成后报送") from error


def _paths_of_records(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> list[str]:
    found = con.execute("select distinct json_structure(record) from records").fetchall()
    structures = [json.loads(structure) for (structure,) in found]
    if any(not isinstance(structure, dict) and structure not in NO_FIELDS for structure in structures):
        message = f"{feed.records}里有的元素不是记录（应为对象，形如{{…}}）"
        raise UnreadableError("F11", message, "请逐条列出记录，不要在其中再套列表或文本")
    paths = list(dict.fromkeys(p for s in structures for p in _paths(s) if p and not _is_empty_branch(s, p, feed)))
    foreign = count_known(paths, feed) * 2 < len(paths) if structures else not _has_records(con, text, feed)
    if foreign:
        raise UnreadableError("F04", no_header_message([paths], feed), "请核对是否报错了文件，或字段名是否被改动")
    # A zero report: an empty list leaves no field out.
    return paths if structures else [c.source for c in feed.columns.values() if c.source]


# ---------------------------------------------------------------- large documents


def _sliced(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> list[str] | None:
    """Make the view `records` over slices of a document; paths of its leaves, None when it has to be parsed as one piece."""
    for size in (SLICE, text.stat().st_size):  # a cut that was none shows when the slices are parsed: then one slice
        files = slices(text, feed.records, size)
        if not files:
            return None
        _refuse_other_lists(frame(text, feed.records), feed)
        listed = ", ".join(quote(str(file)) for file in files)
        con.execute(f"""
            create or replace temp view records as
            select json as record from read_json_objects([{listed}], format = 'array')""")
        try:
            return _regular_paths(con, feed) or _paths_of_records(con, text, feed)
        except duckdb.Error:
            con.execute("drop view records")
    return None


def _regular_paths(con: duckdb.DuckDBPyConnection, feed: Feed) -> list[str]:
    """Paths of the leaves when every record has only declared fields, each once; none when that needs a closer look.

    Raises:
        UnreadableError: F11, a record names a field twice.
    """
    leaves = [c.source for c in feed.columns.values() if c.source]
    branches = list(dict.fromkeys(".".join(p.split(".")[:n]) for p in leaves for n in range(1, p.count(".") + 1)))
    places = ["", *branches, *leaves]
    pointers = ["$" + "".join(f'."{key}"' for key in place.split(".") if key) for place in places]
    shapes = con.execute(
        f"select distinct json_keys(record, [{', '.join(map(quote, pointers))}]::varchar[]) from records"
    ).fetchall()
    paths: dict[str, None] = {}
    for (keys,) in shapes:  # of all records, before one of them asks for a closer look
        _refuse_twice(name for names in keys for name in _twice(names or ()))
    for (keys,) in shapes:
        below = dict(zip(places, keys, strict=True))
        if not below[""]:  # no record, or an empty one
            return []
        present = [f"{place}.{key}" if place else key for place in ("", *branches) for key in below[place] or ()]
        if any(p not in leaves and not (p in branches and below[p]) for p in present) or any(below[p] for p in leaves):
            return []
        paths |= dict.fromkeys(p for p in present if p in leaves)
    return list(paths)


def _twice(names: Sequence[str]) -> Iterator[str]:
    return (name for name in names if names.count(name) > 1)


def _refuse_twice(names: Iterable[str]) -> None:
    if name := next(iter(names), None):
        raise UnreadableError("F11", f"同一条记录里字段“{name}”出现了两次", "请只保留正确的一个")


def _checked_document(text: Path) -> Any:
    """The document; says where it breaks, and refuses one that names a field twice: nobody can know which value is meant."""
    try:
        return json.loads(text.read_text(encoding="utf-8"), object_pairs_hook=once)
    except KeyError as error:
        message = f"同一条记录里字段“{error.args[0]}”出现了两次"
        raise UnreadableError("F11", message, "请只保留正确的一个") from error
    except json.JSONDecodeError as error:
        message = f"不是完整的JSON：第{error.lineno}行第{error.colno}个字符处中断"
        raise UnreadableError("F11", message, "请检查文件是否截断，重新生成后报送") from error


def _refuse_other_lists(document: Any, feed: Feed) -> None:
    """Refuse a document with a second list of this feed's records, which would go unread.

    Args:
        document: the document, with its records or without them, or its structure.
        feed: says where the records are.

    Raises:
        UnreadableError: F14, naming the place of the other list.
    """
    for place, elements in _lists(document, "$"):
        paths = next((_paths(element) for element in elements if isinstance(element, dict)), [])
        if place != feed.records and count_known(paths, feed) >= max(FIELDS_ALIKE, len(paths) / 2):
            message = f"本数据的记录约定放在{feed.records}，而{place}里也有记录，不读会漏报"
            raise UnreadableError("F14", message, f"请把全部记录放在{feed.records}后重新报送")


def _lists(document: Any, place: str) -> Iterator[tuple[str, list[Any]]]:
    """Lists that stand in no other list, and their places as `records:` of a feed writes them."""
    if isinstance(document, list):
        yield f"{place}[*]", document
    elif isinstance(document, dict):
        for name, inner in document.items():
            yield from _lists(inner, f"{place}.{name}")


def _has_records(con: duckdb.DuckDBPyConnection, text: Path, feed: Feed) -> bool:
    """Whether the place where the records should be exists (an empty list is a zero report)."""
    place = feed.records.removesuffix("[*]")
    found = con.execute("select json_type(content, ?) from read_text(?)", [place, str(text)]).fetchone()
    return bool(found and found[0] == "ARRAY")
