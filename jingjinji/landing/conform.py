"""Contract + headers of one delivery → one SQL statement that reads, casts and judges every row. Pure: no I/O.

The statement makes the temporary table `judged`: row_number, cell (the native header of an unpivoted cell), the text of each
column (`t_<column>`), its value (`<column>`), `known_from`, and `is_bad`. Faults are spelled out only for the bad rows.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from jingjinji.codes import code_list
from jingjinji.contracts import Feed, FeedColumn, Standard, header_pattern, normal_header
from jingjinji.landing import casting
from jingjinji.landing.casting import quote
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.sheets import Sheet, shown_header
from jingjinji.landing.workbooks import MARKERS

SECRECY_HEADER = "密级"


@dataclass(frozen=True)
class Bound:
    """One agreed column bound to this delivery: the cell it comes from (None = constant), native header and unit."""

    name: str
    cell: str | None
    header: str
    unit: str | None
    source: FeedColumn


@dataclass(frozen=True)
class Fault:
    """One kind of fault a row may have: `condition` over `judged` is true for rows that have it."""

    code: str
    column: str
    condition: str
    value: str
    is_warning: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything needed to conform one delivery."""

    bounds: tuple[Bound, ...]
    judged_sql: str
    faults: tuple[Fault, ...]
    secrecy_cell: str | None
    first_row: int


# ---------------------------------------------------------------- binding headers


def bind(standard: Standard, feed: Feed, sheet: Sheet) -> tuple[Bound, ...]:
    """Find the cell of each agreed column in this delivery.

    Raises:
        UnreadableError: a header the feed does not know (F05), or a declared one that is missing (F06);
            the message names file, column and the line to add.
    """
    normal = [normal_header(h) for h in sheet.headers]
    used: set[int] = set()
    bounds, missing = [], []
    for name, source in feed.columns.items():
        if source.value is not None:
            bounds.append(Bound(name, None, "", source.unit, source))
            continue
        pattern = header_pattern(source.source or "")
        found = [(i, m) for i, h in enumerate(normal) if (m := pattern.fullmatch(h)) and _unit_fits(m, source)]
        if len(found) > 1:
            where = "、".join(sheet.headers[i] for i, _ in found)
            raise UnreadableError("F05", f"列“{source.source}”出现了{len(found)}次：{where}", "请只保留一列")
        if found:
            at, match = found[0]
            used.add(at)
            bounds.append(
                Bound(name, f"c{at}", sheet.headers[at], match.groupdict().get("unit") or source.unit, source)
            )
        elif not _may_be_absent(standard, feed, name, source):
            missing.append((name, shown_header(feed, source.source or "")))
    used |= _other_known(feed, normal)
    unknown = [sheet.headers[i] for i, h in enumerate(normal) if h and i not in used]
    if unknown or missing:
        raise _header_error(feed, unknown, missing)
    return tuple(bounds)


def _unit_fits(match: re.Match[str], source: FeedColumn) -> bool:
    return not source.units or match.groupdict().get("unit") in source.units


def _may_be_absent(standard: Standard, feed: Feed, name: str, source: FeedColumn) -> bool:
    """JSON leaves out what it has no value for; a table may only where the feed says `optional`."""
    return source.optional or (feed.format == "json" and not standard.columns[name].required)


def _other_known(feed: Feed, normal: list[str]) -> set[int]:
    patterns = [header_pattern(text) for text in (*feed.ignore, SECRECY_HEADER)]
    if feed.unpivot:
        patterns.append(header_pattern(feed.unpivot.header))
    return {i for i, h in enumerate(normal) if any(p.fullmatch(h) for p in patterns)}


def _header_error(feed: Feed, unknown: list[str], missing: list[tuple[str, str]]) -> UnreadableError:
    parts, fix = [], []
    if unknown:
        parts.append("有约定之外的列：" + "、".join(f"“{h}”" for h in unknown))
    if missing:
        parts.append("缺少约定的列：" + "、".join(f"“{h}”" for _, h in missing))
    if unknown and missing:
        fix.append(f"若“{unknown[0]}”就是“{missing[0][1]}”，请改回约定的表头，")
        fix.append(f"或由数据工程师在 feeds/{feed.feed_id}.yml 写入 columns: {missing[0][0]}: {{from: '{unknown[0]}'}}")
    elif unknown:
        fix.append(f"若无需读取，请在 feeds/{feed.feed_id}.yml 写入 ignore: ['{unknown[0]}']；否则写明它对应的列")
    else:
        fix.append(f"请补上该列后重新报送，或在 feeds/{feed.feed_id}.yml 标为 optional: true")
    return UnreadableError("F05" if unknown else "F06", "；".join(parts), "".join(fix))


# ---------------------------------------------------------------- the statement


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
    columns = tuple(fault for bound in bounds for fault in _column_faults(standard, bound, landed_at))
    faults = (*columns, *_row_faults(standard, bounds, sheet, columns))
    secret = next((f"c{i}" for i, h in enumerate(sheet.headers) if normal_header(h) == SECRECY_HEADER), None)
    return Plan(bounds, _judged_sql(standard, feed, sheet, bounds, faults), faults, secret, sheet.first_row)


def _unpivoted(feed: Feed) -> tuple[Bound, ...]:
    assert feed.unpivot
    name, value = feed.unpivot.name, feed.unpivot.value
    source = FeedColumn.model_validate({"from": "cell"})
    return (Bound(name, "cell_name", "", None, source), Bound(value, "cell_value", "", None, source))


def _source_sql(feed: Feed, sheet: Sheet) -> str:
    """Rows of data as the sender counts them, one per unpivoted cell, footers marked."""
    cells = [f"c{i}" for i in range(len(sheet.headers) + sheet.spare)]
    first_filled = "coalesce(" + ", ".join(f"nullif(trim({c}), '')" for c in cells) + ")"
    starts = [f"starts_with({first_filled}, {quote(text)})" for text in feed.footer_starts_with]
    filled = " + ".join(f"(nullif(trim({c}), '') is not null)::int" for c in cells)
    footer = f"(({' or '.join(starts)}) and {filled} <= 2)" if starts else "false"
    base = f"select *, {footer} as is_footer from cells where row_number >= {sheet.first_row}"
    if not feed.unpivot:
        return f"select *, '' as cell from ({base})"
    pattern = header_pattern(feed.unpivot.header)
    matched = [(i, m) for i, h in enumerate(sheet.headers) if (m := pattern.fullmatch(normal_header(h)))]
    if not matched:
        raise UnreadableError("F06", f"没有形如“{feed.unpivot.header}”的列", "请核对表头")
    items = ", ".join(
        f"{{'cell': {quote(sheet.headers[i])}, 'cell_name': {quote(m.group(1))}, 'cell_value': c{i}}}"
        for i, m in matched
    )
    # A footer or an empty row is one row, not one per column.
    no_text = " and ".join(f"nullif(trim({c}), '') is null" for c in cells)
    wanted = f"case when is_footer or ({no_text}) then list_slice([{items}], 1, 1) else [{items}] end"
    return f"select *, unnest({wanted}, recursive := true) from ({base})"


def _judged_sql(
    standard: Standard, feed: Feed, sheet: Sheet, bounds: tuple[Bound, ...], faults: tuple[Fault, ...]
) -> str:
    columns, by_name = standard.columns, {b.name: b for b in bounds}
    sent_bounds = [b for b in bounds if b.cell]
    blanked = [f"{casting.blanked(b.cell or '', columns[b.name].type != 'text')} as b_{b.name}" for b in sent_bounds]
    texts = [f"{casting.nulled(f'b_{b.name}', feed.null_values)} as t_{b.name}" for b in sent_bounds]
    texts += [f"{quote(b.source.value or '')} as t_{b.name}" for b in bounds if not b.cell]
    parts = [part for b in bounds for part in casting.parts(f"t_{b.name}", b.source, columns[b.name]).items()]
    values = [
        f"{casting.typed(f't_{name}', b.source, column, b.unit, sheet.epoch_1904)} as {name}"
        if (b := by_name.get(name))
        else f"null::{column.sql_type} as {name}"
        for name, column in columns.items()
    ]
    spare = [f"nullif(trim(c{len(sheet.headers) + i}), '')" for i in range(sheet.spare)]
    beyond = f"concat_ws('，', {', '.join(spare)})" if spare else "''"
    last_named = max((i for i, header in enumerate(sheet.headers) if header), default=0)
    is_cut_off = f"c{last_named} is null" if spare else "false"
    sent = ", ".join(f"t_{b.name}" for b in bounds if b.cell and b.cell != "cell_name") or "null"
    is_bad, is_warned = _any_of(faults, warnings=False), _any_of(faults, warnings=True)
    known_from = ", ".join(f"{name}::timestamp" for name in standard.known_from)
    exclude = f"exclude ({', '.join(name for name, _ in parts)})" if parts else ""
    return f"""
create temp table judged as
with source as ({_source_sql(feed, sheet)}),
blanked as (
    select row_number, cell, is_footer, {beyond} as beyond, {is_cut_off} as is_cut_off,
        {", ".join(blanked)}
    from source
),
texts as (
    select row_number, cell, is_footer, beyond, is_cut_off,
        {", ".join(texts)}
    from blanked
),
parts as (
    select *{"".join(f", {expression} as {name}" for name, expression in parts)}
    from texts
),
typed as (
    select * {exclude}, {_is_ghost(feed, sent)} as is_ghost,
        {", ".join(values)}
    from parts
)
select *, coalesce({known_from}) as known_from, {is_bad} as is_bad, {is_warned} as is_warned
from typed"""


def _any_of(faults: tuple[Fault, ...], *, warnings: bool) -> str:
    chosen = [f"coalesce({f.condition}, false)" for f in faults if f.is_warning == warnings]
    return " or ".join(chosen) or "false"


def _is_ghost(feed: Feed, sent: str) -> str:
    """A row with no text at all; an unpivoted cell counts as sent when its row carries anything."""
    return f"(coalesce({sent}) is null and beyond = '')"


# ---------------------------------------------------------------- faults


def _column_faults(standard: Standard, bound: Bound, landed_at: dt.datetime) -> list[Fault]:
    name, column, text = bound.name, standard.columns[bound.name], f"t_{bound.name}"
    markers = ", ".join(quote(m) for m in MARKERS)
    odd = f"(starts_with({text}, '#') and ({text} in ({markers}) or regexp_full_match({text}, '#[A-Z/0!?]+')))"
    faults = [Fault("R11", name, odd, text)]
    if column.required:
        faults.append(Fault("R01", name, f"{text} is null", "null"))
    if column.type not in ("text", "code"):
        faults.append(Fault("R02", name, f"{text} is not null and {name} is null and not {odd}", text))
    if column.type == "timestamp":
        latest = landed_at + dt.timedelta(days=1)
        faults.append(Fault("R06", name, f"{name} > timestamp '{latest}'", text))
    if column.type == "count":
        faults.append(Fault("R03", name, f"{name} <> trunc({name})", text))
    if column.type in ("count", "money", "area"):
        faults.append(Fault("R04", name, f"{name} < 0", text))
    if column.codes:
        allowed = ", ".join(quote(c) for c in code_list(column.codes))
        faults.append(Fault("R05", name, f"{name} not in ({allowed}) and not {odd}", text))
    return faults


def _row_faults(standard: Standard, bounds: tuple[Bound, ...], sheet: Sheet, columns: tuple[Fault, ...]) -> list[Fault]:
    faults, bound_names, first = [], {b.name for b in bounds}, next(iter(standard.columns))
    if sheet.spare:
        faults.append(Fault("R08", first, "beyond <> ''", "beyond"))
        faults.append(Fault("R10", first, "is_cut_off", "null"))
    for code, rule in standard.rules.items():
        # A column with a fault of its own is named by that fault; the rule would only say the same in other words.
        own = " or ".join(f"coalesce({f.condition}, false)" for f in columns if f.column in rule.columns) or "false"
        shown = " || '；' || ".join(f"coalesce(t_{c}, '空')" for c in rule.columns if c in bound_names) or "null"
        broken = f"not coalesce({rule.check}, true) and not ({own})"
        faults.append(Fault(code, rule.columns[0], broken, shown, rule.severity == "warning"))
    return faults


def faults_sql(faults: tuple[Fault, ...]) -> str:
    """List of {code, column, value} of those of `faults` a row has, over `judged`."""
    items = [
        f"case when {f.condition} then {{'code': '{f.code}', 'column': '{f.column}', 'value': ({f.value})::varchar}} end"
        for f in faults
    ]
    return f"list_filter([{', '.join(items)}], fault -> fault is not null)"
