"""Contract + headers of one delivery → one SQL statement that reads, casts and judges every row. Pure: no I/O.

The statement gives, for every row of `cells` in their order: `is_footer`, `is_ghost`, `is_bad`, `is_warned`, the value of each
agreed column (`<column>`) and `known_from`; and, where the faults are to be spelled out, the text of each column (`t_<column>`)
and whether it has a fault of its own (`f_<column>`). An unpivoted sheet gives one row per cell, with `row_number` and `cell`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from jingjinji.codes import code_list
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Feed, FeedColumn, Standard, header_pattern, normal_header
from jingjinji.landing import casting
from jingjinji.landing.binding import SECRECY_HEADER, Bound, bind
from jingjinji.landing.casting import Read, quote
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.plainly import plain_rows_sql
from jingjinji.landing.sheets import Sheet

SMALL = "small_counts"
LISTS = ("free_texts", "plain_texts")
HEADER_NAMES = 4  # from how many names on a row of them can be told from data
SAME_ORDER, ANOTHER_ORDER = 1, 2
OTHER_HEADER = "R13"
STATES = ("is_footer", "is_ghost", "is_bad", "is_warned")


@dataclass(frozen=True)
class Fault:
    """One kind of fault a row may have: `condition` over the statement's rows is true for rows that have it."""

    code: str
    column: str
    condition: str
    value: str
    is_warning: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything needed to conform one delivery.

    `rows_sql` selects STATES, values and `known_from` of every row of the relation `{cells}`, and of a row that has faults or
    warnings its cells as the list `sent_cells`; `spelled_sql` selects everything, and the faults of a bad row and the warnings of
    any as the lists `errors` and `warnings` of {code, column, value}. `plain_sql` (plainly.py) gives the same as `rows_sql` for rows
    that are written plainly and leaves the others, which have `row_number` by then, to `odd_sql`.
    `numbered` says that all give `row_number` and `cell` themselves, because a row of the sheet is several of theirs.
    """

    bounds: tuple[Bound, ...]
    rows_sql: str
    spelled_sql: str
    plain_sql: str | None
    odd_sql: str
    numbered: bool
    secrecy_cell: str | None


def plan(standard: Standard, feed: Feed, sheet: Sheet, landed_at: dt.datetime) -> Plan:
    """The statement and the faults for one delivery.

    Args:
        standard: the agreed table.
        feed: how this region sends it.
        sheet: what the reader found.
        landed_at: wall-clock time of arrival, Asia/Shanghai; no time may lie more than a day after it.

    Raises:
        UnreadableError: the headers do not fit the feed.
    """
    bounds = bind(standard, feed, sheet)
    if feed.unpivot:
        bounds += _unpivoted(feed)
    lists, read = _read(standard, bounds, sheet)
    own = {b.name: _column_faults(standard, b, read.get(b.name, Read()), landed_at) for b in bounds}
    shared = _row_faults(standard, bounds, sheet)
    faults = (*(fault for found in own.values() for fault in found), *shared)
    secret = next((f"c{i}" for i, h in enumerate(sheet.headers) if normal_header(h) == SECRECY_HEADER), None)
    errors = _faults_sql([f for f in faults if not f.is_warning])
    warnings = _faults_sql([f for f in faults if f.is_warning])
    chain = _chain(standard, feed, sheet, bounds, (lists, read), own, shared)
    numbered = ["row_number", "cell"] if feed.unpivot else []
    values = [f"{name}::{column.sql_type} as {name}" for name, column in standard.columns.items()]
    cells = (
        [] if feed.unpivot else [f"case when is_bad or is_warned then [{', '.join(_cells(sheet))}] end as sent_cells"]
    )
    rows = ", ".join([*numbered, *STATES, *values, "known_from", *cells])
    spelled = f"*, case when is_bad then {errors} end as errors, case when is_warned then {warnings} end as warnings"
    return Plan(
        bounds,
        f"{chain} select {rows} from judged",
        f"{chain} select {spelled} from judged",
        plain_rows_sql(standard, feed, sheet, bounds, landed_at),
        f"{chain} select row_number, {rows} from judged",
        bool(feed.unpivot),
        secret,
    )


# ---------------------------------------------------------------- the statement


def _chain(
    standard: Standard,
    feed: Feed,
    sheet: Sheet,
    bounds: tuple[Bound, ...],
    reading: tuple[list[str], dict[str, Read]],
    own: dict[str, list[Fault]],
    shared: list[Fault],
) -> str:
    """Common table expressions, the last of which is `judged`."""
    lists, names = _texts(standard, feed, bounds)
    read_lists, read = reading
    by_name = {b.name: b for b in bounds}
    values = [
        f"{casting.typed(f't_{name}', read.get(name, Read()), b.source, column, b.unit)} as {name}"
        if (b := by_name.get(name))
        else f"null::{column.sql_type} as {name}"
        for name, column in standard.columns.items()
    ]
    flags = [f"{_any(found)} as f_{name}" for name, found in own.items()]
    carried = [fault for fault in shared if not fault.is_warning]
    is_bad = " or ".join([*(f"f_{name}" for name in own), _any(carried)])
    sent = ", ".join(f"t_{b.name}" for b in bounds if b.cell and b.cell != "cell_name") or "null"
    known_from = ", ".join(f"{name}::timestamp" for name in standard.known_from)
    return f"""
with source as ({_source_sql(feed, sheet)}),
listed as (select *{_and(lists)} from source),
looked_at as (select *{_and(f"list_transform({of}, lambda x: is_no_datum(x)) as odd_{of}" for of in LISTS)} from listed),
texts as (select *{_and(names)} from looked_at),
counted as (select *, {_small(standard, bounds)} from texts),
read as (select *{_and(read_lists)} from counted),
typed as (select *{_and(values)} from read),
flagged as (select *{_and(flags)} from typed),
judged as (
    select *, coalesce({known_from}) as known_from, coalesce({sent}) is null and beyond = '' and unnamed = '' as is_ghost,
        {is_bad} as is_bad, {_any([fault for fault in shared if fault.is_warning])} as is_warned
    from flagged
)"""


def _and(items: Iterable[str]) -> str:
    return "".join(f",\n    {item}" for item in items)


def _any(faults: list[Fault]) -> str:
    return " or ".join(f"coalesce({f.condition}, false)" for f in faults) or "false"


def _texts(standard: Standard, feed: Feed, bounds: tuple[Bound, ...]) -> tuple[list[str], list[str]]:
    """Lists of the trimmed texts, and out of them for each column its text (`t_<column>`) and whether that is no datum (`o_<column>`)."""
    lists, names = [], []
    for b in bounds:
        names += [] if b.cell else [f"{quote(b.source.value or '')} as t_{b.name}", f"false as o_{b.name}"]
    for label in LISTS:
        free = label == "free_texts"
        chosen = [b for b in bounds if b.cell and (standard.columns[b.name].type == "text") == free]
        lists.append(f"{casting.texts([b.cell or '' for b in chosen], feed.null_values, free=free)} as {label}")
        for at, b in enumerate(chosen, start=1):
            names += [f"{label}[{at}] as t_{b.name}", f"odd_{label}[{at}] as o_{b.name}"]
    return lists, names


def _read(standard: Standard, bounds: tuple[Bound, ...], sheet: Sheet) -> tuple[list[str], dict[str, Read]]:
    """Lists of moments and numbers read from the texts, and where in them each column stands."""
    by_kind: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    counted = []
    for b in bounds:
        column = standard.columns[b.name]
        if column.type in NUMBER_TYPES:
            counted.append(b.name)
        elif column.type in MOMENT_TYPES:
            by_kind.setdefault(casting.moment_kind(b.source, column), []).append(b.name)
    lists = [f"{casting.numbers([f't_{name}' for name in counted], SMALL)} as exact"]
    places = {name: Read(f"exact[{place}]", f"{SMALL}[{place}]") for place, name in enumerate(counted, start=1)}
    for at, (kind, names) in enumerate(by_kind.items()):
        lists.append(f"{casting.moments([f't_{name}' for name in names], kind, sheet.epoch_1904)} as moments_{at}")
        places |= {name: Read(f"moments_{at}[{place}]") for place, name in enumerate(names, start=1)}
    return lists, places


def _small(standard: Standard, bounds: tuple[Bound, ...]) -> str:
    texts = [f"t_{b.name}" for b in bounds if standard.columns[b.name].type in NUMBER_TYPES]
    return f"{casting.small_counts(texts)} as {SMALL}"


# ---------------------------------------------------------------- rows of the sheet


def _cells(sheet: Sheet) -> list[str]:
    return [f"c{i}" for i in range(len(sheet.headers) + sheet.spare)]


def _unpivoted(feed: Feed) -> tuple[Bound, ...]:
    assert feed.unpivot
    name, value = feed.unpivot.name, feed.unpivot.value
    source = FeedColumn.model_validate({"from": "cell"})
    return (Bound(name, "cell_name", "", None, source), Bound(value, "cell_value", "", None, source))


def _source_sql(feed: Feed, sheet: Sheet) -> str:
    """Rows of the sheet, one per unpivoted cell, footers marked."""
    cells = _cells(sheet)
    facts = [
        f"{_is_footer(feed, cells)} or header_again = {SAME_ORDER} as is_footer",
        f"header_again = {ANOTHER_ORDER} as is_other_header",
        f"{_beyond(sheet)} as beyond",
        f"{_unnamed(sheet)} as unnamed",
        f"{_is_cut_off(sheet)} as is_cut_off",
    ]
    base = f"select *, {', '.join(facts)} from (select *, {_header_again(feed, sheet)} as header_again from {{cells}})"
    if not feed.unpivot:
        return base
    pattern = header_pattern(feed.unpivot.header)
    matched = [(i, m) for i, h in enumerate(sheet.headers) if (m := pattern.fullmatch(normal_header(h)))]
    if not matched:
        raise UnreadableError("F06", f"没有形如“{feed.unpivot.header}”的列", "请核对表头")
    names = [m.group(1) for _, m in matched]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UnreadableError("F05", f"“{twice}”的列出现了{names.count(twice)}次", "请只保留一列")
    items = ", ".join(
        f"{{'cell': {quote(sheet.headers[i])}, 'cell_name': {quote(m.group(1))}, 'cell_value': c{i}}}"
        for i, m in matched
    )
    # A footer or an empty row is one row, not one per column.
    no_text = " and ".join(f"nullif(trim({c}), '') is null" for c in cells)
    wanted = f"case when is_footer or ({no_text}) then list_slice([{items}], 1, 1) else [{items}] end"
    return f"select *, unnest({wanted}, recursive := true) from ({base})"


def _is_footer(feed: Feed, cells: list[str]) -> str:
    """A row that starts with a declared word and has at most two filled cells. Most rows show in their first cell that they are none."""
    if not feed.footer_starts_with:
        return "false"
    starts = [f"starts_with(filled[1], {quote(text)})" for text in feed.footer_starts_with]
    likely = "^ *($|" + "|".join(re.escape(text) for text in feed.footer_starts_with) + ")"
    filled = f"list_filter([{', '.join(cells)}]::varchar[], lambda c: trim(c) <> '')"
    # Spaces before the word are no part of it.
    trimmed = f"list_transform({filled}, lambda c: trim(c))"
    exact = f"list_transform([{trimmed}], lambda filled: len(filled) <= 2 and ({' or '.join(starts)}))[1]"
    return f"case when coalesce(regexp_matches({cells[0]}, {quote(likely)}), true) then coalesce({exact}, false) else false end"


def _beyond(sheet: Sheet) -> str:
    """What stands beyond the last header; '' where nothing does."""
    spare = [f"c{len(sheet.headers) + i}" for i in range(sheet.spare)]
    if not spare:
        return "''"
    joined = f"concat_ws('，', {', '.join(f'''nullif(trim({c}), '')''' for c in spare)})"
    return f"case when coalesce({', '.join(spare)}) is null then '' else {joined} end"


def _unnamed(sheet: Sheet) -> str:
    """What stands in columns without a header; '' where nothing does."""
    cells = ", ".join(f"nullif(trim(c{i}), '')" for i in sheet.unnamed)
    return f"concat_ws('，', {cells})" if cells else "''"


def _header_again(feed: Feed, sheet: Sheet) -> str:
    """Whether a row is the last row of a header, as where each page was printed with one: 0, SAME_ORDER or ANOTHER_ORDER."""
    lowest = [h if feed.header_rows == 1 else h.rpartition("/")[2] if "/" in h else "" for h in sheet.headers]
    names = [name for name in lowest if name]
    if len(set(names)) < HEADER_NAMES:
        return "0"
    cells = f"[{', '.join(f'c{i}' for i, name in enumerate(lowest) if name)}]::varchar[]"
    printed = f"[{', '.join(map(quote, names))}]::varchar[]"
    # nearly no row holds a single name, which is seen quickly
    likely = f"regexp_matches(concat_ws('|', {', '.join(_cells(sheet))}), {quote('|'.join(map(re.escape, names)))})"
    is_same = f"list_transform({cells}, lambda c: trim(coalesce(c, ''), {quote(casting.BLANKS)})) = {printed}"
    order = f"case when {is_same} then {SAME_ORDER} else {ANOTHER_ORDER} end"
    return f"""
        case when not {likely} then 0 when len(list_intersect({cells}, {printed})) * 2 < {len(set(names))} then 0 else {order} end"""


def _is_cut_off(sheet: Sheet) -> str:
    last_named = max((i for i, header in enumerate(sheet.headers) if header), default=0)
    return f"c{last_named} is null" if sheet.spare else "false"


# ---------------------------------------------------------------- faults


def _column_faults(standard: Standard, bound: Bound, read: Read, landed_at: dt.datetime) -> list[Fault]:
    name, column, text = bound.name, standard.columns[bound.name], f"t_{bound.name}"
    odd = f"o_{name}"
    faults = [Fault("R11", name, odd, text)]
    if column.type == "text" and name in standard.key:
        spoilt = f"{text} is not null and regexp_full_match({text}, {quote(casting.SPOILT_ID)})"
        faults.append(Fault("R14", name, spoilt, text))
    if column.required:
        faults.append(Fault("R01", name, f"{text} is null", "null"))
    if column.type not in ("text", "code"):
        faults.append(Fault("R02", name, f"{text} is not null and {name} is null and not {odd}", text))
    if column.type == "timestamp":
        latest = landed_at + dt.timedelta(days=1)
        faults.append(Fault("R06", name, f"{name} > timestamp '{latest}'", text))
    if column.type == "count":
        faults.append(Fault("R03", name, casting.is_part(read, bound.unit), text))
    if column.type in ("count", "money", "area"):
        faults.append(Fault("R04", name, f"{name} < 0", text))
    if column.codes:
        allowed = ", ".join(quote(c) for c in code_list(column.codes))
        # An enumeration is looked up by hash, and read by the planner far faster than a list of as many constants.
        unknown = f"{name} is not null and try_cast({name} as enum({allowed})) is null"
        faults.append(Fault("R05", name, f"{unknown} and not {odd}", text))
    return faults


def _row_faults(standard: Standard, bounds: tuple[Bound, ...], sheet: Sheet) -> list[Fault]:
    faults, bound_names, first = [], {b.name for b in bounds}, next(iter(standard.columns))
    if sheet.spare:
        faults.append(Fault("R08", first, "beyond <> ''", "beyond"))
        faults.append(Fault("R10", first, "is_cut_off", "null"))
    if sheet.unnamed:
        faults.append(Fault("R12", first, "unnamed <> ''", "unnamed"))
    faults.append(Fault(OTHER_HEADER, first, "is_other_header", "null"))
    for code, rule in standard.rules.items():
        # A column with a fault of its own is named by that fault; the rule would only say the same in other words.
        own = " or ".join(f"f_{c}" for c in rule.columns if c in bound_names) or "false"
        shown = " || '；' || ".join(f"coalesce(t_{c}, '空')" for c in rule.columns if c in bound_names) or "null"
        broken = f"not coalesce({rule.check}, true) and not ({own})"
        faults.append(Fault(code, rule.columns[0], broken, shown, rule.severity == "warning"))
    return faults


def _faults_sql(faults: list[Fault]) -> str:
    """List of {code, column, value} of those of `faults` a row has, over `judged`."""
    if not faults:
        return """[]::struct(code varchar, "column" varchar, "value" varchar)[]"""
    items = [
        f"case when {f.condition} then {{'code': '{f.code}', 'column': '{f.column}', 'value': ({f.value})::varchar}} end"
        for f in faults
    ]
    return f"list_filter([{', '.join(items)}], lambda fault: fault is not null)"
