"""Breaking rows and files in declared ways, each with the code that landing must answer.

What is set aside is sent again, correct, a few days later (a row) or at once under another name (a whole file), as a sender would who reads
the receipt: so the simulated truth arrives in full whatever was broken on the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Feed, Standard
from jingjinji.simulate.rendering import Cell, Native, cells_of, located
from jingjinji.simulate.reporting import Report, Row
from jingjinji.simulate.rule_faults import RECIPES
from jingjinji.simulate.writing import Table

QUARANTINED, REFUSED, DUPLICATE, WARNED, FLAGGED = "quarantined", "refused", "duplicate", "warned", "flagged"


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken row: its cells, what was done, and what landing must say. `twins` are further rows that stand after it."""

    cells: list[Cell]
    fault: str
    code: str
    column: str
    outcome: str = QUARANTINED
    twins: tuple[list[Cell], ...] = ()
    extra: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Context:
    """One row on its way into one file."""

    standard: Standard
    feed: Feed
    shape: tuple[Native, ...]
    report: Report

    @property
    def row(self) -> Row:
        return located(self.feed, self.report.row)

    def cells(self, row: Row | None = None) -> list[Cell]:
        return cells_of(self.shape, self.row if row is None else row)


# ---------------------------------------------------------------- rows


def break_row(context: Context, rng: Random) -> Broken | None:
    """One of the ways this row can be broken, each kind as likely as any other; None where it cannot be."""
    kinds: list[Callable[[Context, Random], Broken | None]] = [*CELL_KINDS, *_rule_kinds(context.standard)]
    for kind in rng.sample(kinds, len(kinds)):
        broken = kind(context, rng)
        if broken:
            return broken
    return None


def _rule_kinds(standard: Standard) -> list[Callable[[Context, Random], Broken | None]]:
    recipes = RECIPES.get(standard.dataset, {})
    return [_rule_kind(rule_id) for rule_id in standard.rules if rule_id in recipes]


def _rule_kind(rule_id: str) -> Callable[[Context, Random], Broken | None]:
    def breaks(context: Context, _: Random) -> Broken | None:
        rule = context.standard.rules[rule_id]
        is_warning = rule.severity == "warning"
        if (
            is_warning
            and context.standard.dataset in ("accidents", "disaster_losses")
            and not context.report.is_superseded
        ):
            return None  # it is taken as it is, and no later report would put it right
        changes = RECIPES[context.standard.dataset][rule_id](dict(context.report.row))
        sent = {native.column for native in context.shape}
        if changes is None or not {name for name in changes if context.report.row.get(name) != changes[name]} <= sent:
            return None
        cells = context.cells(located(context.feed, context.report.row | changes))
        outcome = WARNED if is_warning else QUARANTINED
        return Broken(cells, f"breaks_{rule_id}", rule_id, rule.columns[0], outcome)

    return breaks


def _with_cell(
    context: Context,
    rng: Random,
    fits: Callable[[Native, Any], bool],
    text: Callable[[Native, Any], Cell],
    fault: str,
    code: str,
) -> Broken | None:
    """Replace one fitting cell that holds something."""
    row = context.row
    fitting = [
        (at, native)
        for at, native in enumerate(context.shape)
        if row.get(native.column) is not None and fits(native, row[native.column])
    ]
    if not fitting:
        return None
    at, native = rng.choice(fitting)
    cells = context.cells()
    cells[at] = text(native, cells[at])
    return Broken(cells, fault, code, native.column)


def _blank(context: Context, rng: Random) -> Broken | None:
    return _with_cell(
        context,
        rng,
        lambda n, _: context.standard.columns[n.column].required,
        lambda n, _: "",
        "required_left_empty",
        "R01",
    )


def _unreadable(context: Context, rng: Random) -> Broken | None:
    columns = context.standard.columns
    return _with_cell(
        context, rng, lambda n, _: columns[n.column].type in (*NUMBER_TYPES, *MOMENT_TYPES),
        lambda n, _: "约三十" if columns[n.column].type in NUMBER_TYPES else "上午九点", "not_a_number_or_time", "R02",
    )  # fmt: skip


def _fraction(context: Context, rng: Random) -> Broken | None:
    return _with_cell(
        context, rng, lambda n, value: context.standard.columns[n.column].type == "count" and n.in_base_unit,
        lambda n, cell: _number(context, f"{cell}.5"), "fraction_of_a_count", "R03",
    )  # fmt: skip


def _negative(context: Context, rng: Random) -> Broken | None:
    return _with_cell(
        context, rng, lambda n, value: context.standard.columns[n.column].type in ("count", "money", "area") and value > 0,
        lambda n, cell: _number(context, f"-{cell}"), "negative", "R04",
    )  # fmt: skip


def _number(context: Context, text: str) -> Cell:
    return float(text) if context.feed.format == "json" else text


def _unknown_code(context: Context, rng: Random) -> Broken | None:
    return _with_cell(
        context,
        rng,
        lambda n, _: bool(context.standard.columns[n.column].codes),
        lambda n, _: "代码ZZ99",
        "unknown_code",
        "R05",
    )


def _future(context: Context, rng: Random) -> Broken | None:
    moment = dt.datetime(2098, 7, 1, 9, 30)
    return _with_cell(
        context,
        rng,
        lambda n, _: context.standard.columns[n.column].type == "timestamp",
        lambda n, _: n.write(moment),
        "in_the_future",
        "R06",
    )


def _marker(context: Context, rng: Random) -> Broken | None:
    return _with_cell(
        context,
        rng,
        lambda n, _: not context.standard.columns[n.column].personal,
        lambda n, _: "#DIV/0!",
        "error_mark_of_a_workbook",
        "R11",
    )


def _conflict(context: Context, rng: Random) -> Broken | None:
    """The same key twice with other content: nobody can know which row is right, so neither is taken."""
    key, row = context.standard.key, context.row
    texts = [n for n in context.shape if n.column.endswith("_name") and n.column not in key and row.get(n.column)]
    texts = [n for n in texts if not context.standard.columns[n.column].personal]
    amounts = [n for n in context.shape if n.column == "quantity"]
    if texts:
        other = context.cells(row | {texts[0].column: f"{row[texts[0].column]}（二）"})
    elif amounts:
        other = context.cells(row | {"quantity": row["quantity"] + 1})  # type: ignore[operator]
    else:
        return None
    return Broken(context.cells(), "same_key_other_content", "R07", key[0], twins=(other,))


def _twice(context: Context, rng: Random) -> Broken | None:
    return Broken(context.cells(), "same_row_twice", "", context.standard.key[0], DUPLICATE, twins=(context.cells(),))


def _too_long(context: Context, rng: Random) -> Broken | None:
    if context.feed.format != "csv":
        return None
    return Broken(
        context.cells(), "more_cells_than_headers", "R08", next(iter(context.standard.columns)), extra="多出的单元格"
    )


def _too_short(context: Context, rng: Random) -> Broken | None:
    if context.feed.format != "csv" or context.standard.columns[context.shape[-1].column].required:
        return None
    return Broken(context.cells(), "row_cut_off", "R10", next(iter(context.standard.columns)), is_cut=True)


CELL_KINDS = (
    _blank,
    _unreadable,
    _fraction,
    _negative,
    _unknown_code,
    _future,
    _marker,
    _conflict,
    _twice,
    _too_long,
    _too_short,
)


# ---------------------------------------------------------------- what only two deliveries together show

# What may be stated twice without lasting harm: the next statement of the thing comes on its own.
CONTRADICTED = {"teams": "members_available_count"}


def contradicted(context: Context, rng: Random, faults: float) -> tuple[Report, Report] | None:
    """The report, and the same key as known at the same moment with another number, for a later delivery; both are flagged X-KEY."""
    report, column = context.report, CONTRADICTED.get(context.standard.dataset)
    if column is None or report.flags or rng.random() >= faults:
        return None
    value = report.row.get(column)
    if not isinstance(value, int) or value < 1 or column not in {native.column for native in context.shape}:
        return None
    flagged = replace(report, flags=(("X-KEY", column),), shows_after=1)
    return flagged, replace(flagged, row=report.row | {column: value - 1}, shows_after=0)


# ---------------------------------------------------------------- whole files


@dataclass(frozen=True)
class BrokenFile:
    """A way to break a whole file: on its table before it is bytes, or on the bytes."""

    fault: str
    code: str
    formats: tuple[str, ...]
    needs_rows: bool
    on_table: Callable[[Feed, Table, Random], Table] | None = None
    on_bytes: Callable[[Feed, bytes], bytes] | None = None


def _foreign_headers(feed: Feed, table: Table, rng: Random) -> Table:
    return replace(table, headers=[f"别的表{index}" for index in range(len(table.headers))])


def _unknown_column(feed: Feed, table: Table, rng: Random) -> Table:
    return replace(table, headers=[*table.headers, "内部字段"], rows=[[*row, "甲"] for row in table.rows])


def _missing_column(feed: Feed, table: Table, rng: Random) -> Table:
    """Leave out a column the standard requires: no feed may be without it."""
    from jingjinji.contracts import load_contracts

    standard = load_contracts().standards[feed.dataset]
    required = {
        c.source.partition("(")[0] for name, c in feed.columns.items() if c.source and standard.columns[name].required
    }
    at = rng.choice([i for i, header in enumerate(table.headers) if header.partition("(")[0] in required])
    rows = [row[:at] + row[at + 1 :] for row in table.rows]
    return replace(table, headers=table.headers[:at] + table.headers[at + 1 :], rows=rows)


def _marked_secret(feed: Feed, table: Table, rng: Random) -> Table:
    return replace(table, lead=[*table.lead, "密级：秘密★10年"])


def _half_of_text(feed: Feed, content: bytes) -> bytes:
    text = content.decode(feed.encoding)
    return text[: len(text) * 2 // 3].encode(feed.encoding)


def _open_quote(feed: Feed, content: bytes) -> bytes:
    head, _, rest = content.partition(b"\r\n")
    return head + b'\r\n"' + rest


TABLES = ("csv", "xlsx")
FILE_KINDS = (
    BrokenFile("empty_file", "F01", ("csv", "json", "xlsx"), False, on_bytes=lambda feed, content: b""),
    BrokenFile(
        "damaged_workbook", "F02", ("xlsx",), False, on_bytes=lambda feed, content: content[: len(content) // 2]
    ),
    BrokenFile(
        "undecodable", "F03", ("csv", "json"), False, on_bytes=lambda feed, content: content + b"\xff\xff\xff\r\n"
    ),
    BrokenFile("headers_of_another_table", "F04", TABLES, False, on_table=_foreign_headers),
    BrokenFile("fields_of_another_table", "F04", ("json",), True, on_table=_foreign_headers),
    BrokenFile("column_nobody_agreed_to", "F05", TABLES, False, on_table=_unknown_column),
    BrokenFile("field_nobody_agreed_to", "F05", ("json",), True, on_table=_unknown_column),
    BrokenFile("required_column_missing", "F06", TABLES, False, on_table=_missing_column),
    BrokenFile("required_field_missing", "F06", ("json",), True, on_table=_missing_column),
    BrokenFile("marked_secret", "F08", ("csv", "json", "xlsx"), False, on_table=_marked_secret),
    BrokenFile("document_cut_off", "F11", ("json",), False, on_bytes=_half_of_text),
    BrokenFile("quote_never_closed", "F12", ("csv",), True, on_bytes=_open_quote),
)


def broken_file(feed: Feed, has_rows: bool, rng: Random) -> BrokenFile:
    """One of the ways a file of this format can be broken."""
    return rng.choice(
        [kind for kind in FILE_KINDS if feed.format in kind.formats and (has_rows or not kind.needs_rows)]
    )
