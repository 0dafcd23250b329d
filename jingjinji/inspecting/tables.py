"""One table of a foreign file → its facts: header, columns, what is no data, nearest standards; nothing personal in them. Pure."""

from __future__ import annotations

from dataclasses import replace

from jingjinji.codes import code_list
from jingjinji.contracts import Column, Contracts
from jingjinji.inspecting import headers, matching, persons, profiling
from jingjinji.inspecting.facts import ColumnFacts, DatasetMatch, TableFacts
from jingjinji.inspecting.kinds import half_width
from jingjinji.inspecting.opening import RawTable
from jingjinji.personal import MASKED, masked

SHOWN_TITLES = 5
SHOWN_MATCHES = 3
WORDS = ("text", "code", "mixed")


def table_facts(
    table: RawTable, file_format: str, contracts: Contracts, names: matching.Names, dataset: str | None
) -> TableFacts:
    """Everything an inspection says about one table.

    Args:
        table: as opened.
        file_format: decides how columns are named and whether rows may be ragged.
        contracts: standards and feeds it is compared with.
        names: `matching.agreed_names(contracts)`.
        dataset: compare with this standard only.
    """
    known = frozenset(name for of_column in names.values() for name in of_column)
    found_header = headers.find_header(table, known)
    header = replace(found_header, headers=[persons.shown_header(name) for name in found_header.headers])
    body = headers.split_body(table, header)
    is_sheet = file_format in ("xlsx", "xls", "xlsb", "ods")
    columns = profiling.profile(header.headers, body.rows, table.first_column, is_sheet)
    named = [c for c in columns if c.header]
    found = []
    if named:
        found = matching.closest(columns, contracts, names)
        found = (
            [m for m in found if m.dataset == dataset] if dataset else [m for m in found if m.matched][:SHOWN_MATCHES]
        )
    columns = _hidden(columns, found, contracts, is_headed=header.at is not None or table.headers is not None)
    titles = [persons.shown_title(row) for row in table.rows[: header.at or 0]]
    width = max((len(row) for row in table.rows), default=0)
    return TableFacts(
        name=persons.shown_file_name(table.name), state=table.state, rows_total=table.rows_total, is_complete=table.is_complete,
        rows_profiled=len(body.rows), width=width, header_row=None if header.at is None else table.first_row + header.at,
        header_rows=header.rows, titles=tuple(profiling.shown(t) for t in titles if t)[:SHOWN_TITLES],
        rows_of_data=table.rows_total - (header.at or 0) - header.rows - body.ghosts - len(body.footers),
        ghost_rows=body.ghosts, ghost_columns=max(0, width - len(columns)), footers=tuple(body.footers),
        footer_words=tuple(body.footer_words), totals=tuple(body.totals), ragged=_ragged(table, header, body, file_format),
        merged_areas=len(table.merged), records=table.records and masked(table.records),
        findings=tuple(table.findings + _findings(columns, body, table, header)), columns=tuple(columns),
        matches=tuple(_with_key(m, contracts, header.headers, body) for m in found),
    )  # fmt: skip


def _hidden(
    columns: list[ColumnFacts], found: list[DatasetMatch], contracts: Contracts, is_headed: bool
) -> list[ColumnFacts]:
    """Columns without the values that the nearest standard calls personal, and without words where no header says what they are."""
    nearest = found[0] if found else None
    agreed = contracts.standards[nearest.dataset].columns if nearest else {}
    matched = {m.header: m.column for m in nearest.matched} if nearest else {}
    return [
        _without_persons(column, agreed.get(matched.get(column.header, "")), is_headed and bool(column.header))
        for column in columns
    ]


def _without_persons(column: ColumnFacts, agreed: Column | None, is_headed: bool) -> ColumnFacts:
    if agreed and agreed.personal:
        hidden = {"personal": column.personal or ("standard",), "examples": (), "smallest": None, "largest": None}
        return column.model_copy(update=hidden)
    if column.kind in WORDS and (not is_headed or column.header.strip().lower() in persons.MAYBE_PERSONS):
        return column.model_copy(update={"examples": ()})
    if agreed and agreed.codes:
        known = code_list(agreed.codes)
        told = tuple(MASKED if persons.is_name(v) and v not in known else v for v in column.examples)
        return column.model_copy(update={"examples": tuple(dict.fromkeys(told))})
    return column


def _ragged(table: RawTable, header: headers.Header, body: headers.Body, file_format: str) -> tuple[int, ...]:
    """First rows of a delimited text that have more or fewer cells than the header."""
    if file_format != "csv" or header.at is None:
        return ()
    start, width = header.at + header.rows, len(header.headers)
    odd = [
        n
        for n, row in enumerate(table.rows[start:], table.first_row + start)
        if row and len(row) != width and n not in body.footers
    ]
    return tuple(odd[: profiling.ODD_ROWS])


def _findings(columns: list[ColumnFacts], body: headers.Body, table: RawTable, header: headers.Header) -> list[str]:
    found = []
    if header.at is None and table.headers is None and table.rows:
        found.append("没有找到表头：不知道哪些是人名，文字都不显示")
    if header.rows > 2:
        found.append(f"表头有{header.rows}行，数据路最多读两行：须请报送单位合并")
    if body.totals:
        found.append(f"第{'、'.join(map(str, body.totals[:5]))}行疑似合计行：入库会重复计数，须请报送单位去掉")
    twice = [name for name in dict.fromkeys(header.headers) if name and header.headers.count(name) > 1]
    if twice:
        found.append(f"表头重复：{'、'.join(twice[:5])}")
    if any(c.personal for c in columns):
        found.append(
            "疑似含个人信息的列：" + "、".join(c.header or c.position for c in columns if c.personal) + "；其值不显示"
        )
    first = header.at + header.rows if header.at is not None else 0
    tall = [a[0] + 1 for a, b in table.merged if b[0] > a[0] and a[0] + 1 - table.first_row >= first]
    if tall:
        found.append(f"数据区有{len(tall)}处跨行合并的单元格，第一处在第{tall[0]}行：其值归哪一行不能确定")
    return found


def _with_key(found: DatasetMatch, contracts: Contracts, native: list[str], body: headers.Body) -> DatasetMatch:
    """How many rows repeat the key of the standard, where all its columns were matched (the region aside)."""
    at = {m.column: native.index(m.header) for m in found.matched if m.header in native}
    key = [name for name in contracts.standards[found.dataset].key if name != "region_code"]
    if not key or any(name not in at for name in key):
        return found
    keys = [tuple(half_width(row[at[n]]) if at[n] < len(row) else "" for n in key) for _, row in body.rows]
    return found.model_copy(update={"key_repeated_rows": len(keys) - len(set(keys))})
