"""The rows of a large delivery that are written plainly, by one short statement: nearly all of them, for a fraction of the time.

A row is plain when every cell stands in the commonest of the forms `casting.py` reads, and nothing is wrong with it: its values
are then those that the exact statement of `conform.py` would give. Everything else (a blank, a wide form, `1,234`, a footer, a row
with a fault or a warning) is left to that statement, which alone knows what is wrong. Pure: no I/O.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from jingjinji.codes import code_list
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Column, Feed, Standard
from jingjinji.landing import casting
from jingjinji.landing.binding import Bound
from jingjinji.landing.casting import BLANKS, FULL_WIDTH, Read, quote
from jingjinji.landing.sheets import Sheet

BETWEEN = r"\x1f"  # of cells that are looked at together; no cell of a plain row holds it
BLANK = r"\s\x{A0}\x{3000}\x{FEFF}"


def plain_rows_sql(
    standard: Standard, feed: Feed, sheet: Sheet, bounds: tuple[Bound, ...], landed_at: dt.datetime
) -> str | None:
    """The statement over `{cells}`: `is_plain`, the bound values and `known_from`, and the cells of a row that is not plain.

    None where the feed fills a column in a way that has no plain form.
    """
    if feed.unpivot or any(b.cell is None and _constant(b, standard.columns[b.name], feed) is None for b in bounds):
        return None
    sent = [b for b in bounds if b.cell]
    values = _values(standard, feed, sheet, bounds)
    known_from = ", ".join(f"{name}::timestamp" for name in standard.known_from)
    listed = ", ".join(f"c{i}" for i in range(len(sheet.headers) + sheet.spare))
    conditions = [
        *_forms(standard, feed, sheet, sent),
        *(_is_good(standard.columns[b.name], b, feed, landed_at) for b in sent),
        *(f"({_of_bound(rule.check, standard, bounds)})" for rule in standard.rules.values()),
    ]
    # a condition over columns that are not reported is NULL and met, as in the exact statement
    is_plain = " and ".join(f"coalesce({condition}, true)" for condition in conditions)
    # what no column of the sheet fills is added when the rows are read again
    selected = ", ".join(f"{b.name}::{standard.columns[b.name].sql_type} as {b.name}" for b in bounds)
    return f"""
        with source as (select *, {", ".join(values)} from {{cells}}),
        looked_at as (select *, {is_plain} as is_plain from source)
        select is_plain, {selected}, coalesce({known_from}) as known_from,
            case when not is_plain then [{listed}] end as sent_cells
        from looked_at"""


# ---------------------------------------------------------------- values


def _values(standard: Standard, feed: Feed, sheet: Sheet, bounds: tuple[Bound, ...]) -> list[str]:
    by_name = {b.name: b for b in bounds}
    found = []
    for name, column in standard.columns.items():
        bound = by_name.get(name)
        if bound is None:
            value = f"null::{column.sql_type}"
        elif bound.cell is None:
            value = quote(_constant(bound, column, feed) or "")
        else:
            value = _value(bound.cell, bound, column, feed, sheet)
        found.append(f"{value} as {name}")
    return found


def _value(cell: str, bound: Bound, column: Column, feed: Feed, sheet: Sheet) -> str:
    if column.codes:
        return _code(cell, bound, column, feed)
    if column.type in NUMBER_TYPES:
        whole = f"case when not contains({cell}, '.') then try_cast({cell} as bigint) end"
        part = f"case when contains({cell}, '.') then try_cast({cell} as decimal(18, 6))::decimal(28, 8) end"
        return casting.number(
            Read("null::decimal(28, 8)" if column.type == "count" else part, whole), bound.unit, column
        )
    if column.type in MOMENT_TYPES:
        kind = casting.moment_kind(bound.source, column)
        read = casting.quick_moment(cell, kind)
        read = read or casting.moments([f"nullif({cell}, '')"], kind, sheet.epoch_1904) + "[1]"
        return f"({read})::date" if column.type == "date" else read
    if column.type == "year":
        return casting.typed(cell, Read(), bound.source, column, bound.unit)
    return f"case when {_is_nothing(cell, feed)} then null else {cell} end"


def _code(cell: str, bound: Bound, column: Column, feed: Feed) -> str:
    words = _words(bound, column, feed)
    place = f"enum_code(try_cast({cell} as enum({', '.join(map(quote, words))})))"
    if all(native == agreed for native, agreed in words.items()):
        return f"case when {place} is not null then {cell} end"
    return f"[{', '.join(map(quote, words.values()))}][{place} + 1]"


def _words(bound: Bound, column: Column, feed: Feed) -> dict[str, str]:
    """Native → agreed code, of those that are read the same way whichever form they come in."""
    assert column.codes
    allowed = set(code_list(column.codes))
    words = {code: code for code in code_list(column.codes)} | bound.source.map
    changed = set(BLANKS + FULL_WIDTH) | {"#"}
    return {
        native: agreed
        for native, agreed in words.items()
        if agreed in allowed and not changed & set(native) and native not in feed.null_values and native
    }


def _constant(bound: Bound, column: Column, feed: Feed) -> str | None:
    text = bound.source.value or ""
    if column.codes:
        return _words(bound, column, feed).get(text)
    return text if column.type == "text" and text and text == text.strip(BLANKS) and text[0] != "#" else None


# ---------------------------------------------------------------- conditions


def _is_nothing(cell: str, feed: Feed) -> str:
    return f"{cell} in ({', '.join(quote(v) for v in ('', *feed.null_values))})"


def _is_good(column: Column, bound: Bound, feed: Feed, landed_at: dt.datetime) -> str:
    """What is said of the value of one column, beside the form of its text."""
    name, latest = bound.name, f"timestamp '{landed_at + dt.timedelta(days=1)}'"
    is_read = f"{name} is not null"
    if not column.required:  # of a text nothing can go wrong; the cell is looked at only where it gave no value
        is_text, nothing = column.type == "text" and not column.codes, _is_nothing(bound.cell or "", feed)
        is_read = "true" if is_text else f"case when {is_read} then true else coalesce({nothing}, true) end"
    return f"{is_read} and coalesce({name} <= {latest}, true)" if column.type == "timestamp" else is_read


def _of_bound(check: str, standard: Standard, bounds: tuple[Bound, ...]) -> str:
    """A rule in which columns that nothing fills are NULL itself, so that DuckDB need not look at them row by row."""
    absent = {name: column.sql_type for name, column in standard.columns.items()}
    for b in bounds:
        del absent[b.name]
    if not absent:
        return check
    # not the name of a column as a text, such as in a list of metrics
    names = rf"(?<!['\w])({'|'.join(sorted(absent, key=len, reverse=True))})(?!['\w])"
    return re.sub(names, lambda found: f"null::{absent[found.group()]}", check)


def _forms(standard: Standard, feed: Feed, sheet: Sheet, sent: list[Bound]) -> list[str]:
    """What is said of the texts of a row, of several cells at once."""
    kinds = {b.name: standard.columns[b.name] for b in sent}
    counts = [b.cell for b in sent if kinds[b.name].type == "count"]
    numbers = [b.cell for b in sent if kinds[b.name].type in NUMBER_TYPES and kinds[b.name].type != "count"]
    free = [b.cell for b in sent if kinds[b.name].type == "text" and not kinds[b.name].codes]
    nothing = "".join(f"|{re.escape(word)}" for word in feed.null_values)
    conditions = [
        *_each(counts, rf"(?:\d{{1,9}}{nothing})?"),
        *_each(numbers, rf"(?:\d{{1,9}}(?:\.\d{{1,6}})?{nothing})?"),
    ]
    if free:
        odd = rf"(?:^|{BETWEEN})(?:[#{BLANK}]|{casting.SPOILT_ID})|[{BLANK}](?:{BETWEEN}|$)"
        conditions.append(f"not regexp_matches({_joined(free)}, {quote(odd)})")
    if sheet.spare:
        last_named = max((i for i, header in enumerate(sheet.headers) if header), default=0)
        spare = ", ".join(f"c{len(sheet.headers) + i}" for i in range(sheet.spare))
        conditions += [f"coalesce({spare}) is null", f"c{last_named} is not null"]
    if sheet.unnamed:
        conditions.append(f"concat({', '.join(f'c{i}' for i in sheet.unnamed)}) = ''")
    if feed.footer_starts_with:
        footer = f"^ *($|{'|'.join(re.escape(text) for text in feed.footer_starts_with)})"
        conditions.append(f"coalesce(not regexp_matches(c0, {quote(footer)}), false)")
    return conditions


def _each(cells: Iterable[str | None], form: str) -> list[str]:
    """That each of some cells has a form; it must fit the empty text, which stands for a cell that is not there."""
    listed = list(cells)
    if not listed:
        return []
    pattern = rf"(?:{form}{BETWEEN}){{{len(listed) - 1}}}{form}"
    return [f"regexp_full_match({_joined(listed)}, {quote(pattern)})"]


def _joined(cells: list[str | None]) -> str:
    return f"concat({', chr(31), '.join(cell or '' for cell in cells)})"
