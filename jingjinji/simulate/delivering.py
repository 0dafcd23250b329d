"""One feed's delivery of one day: its rows in native shape, with what goes wrong on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from jingjinji.contracts import Feed, Standard
from jingjinji.paths import SIMULATED
from jingjinji.simulate.answers import Answer
from jingjinji.simulate.chance import chance
from jingjinji.simulate.faults import (
    DUPLICATE,
    FLAGGED,
    QUARANTINED,
    REFUSED,
    WARNED,
    Broken,
    Context,
    break_row,
    broken_file,
    contradicted,
)
from jingjinji.simulate.rendering import Native, shape_of
from jingjinji.simulate.reporting import Flag, Report
from jingjinji.simulate.writing import Table, content, first_row

SILENT, SENT_TWICE = (
    0.004,
    0.004,
)  # shares of days on which a feed sends nothing until the next day, or the same file twice


@dataclass(frozen=True)
class Delivery:
    """One file of the inbox and the answers about it. `rows` are rows of data as sent."""

    feed_id: str
    file_name: str
    content: bytes
    rows: int
    answers: list[Answer] = field(default_factory=list)


@dataclass
class _Draft:
    """A file in the making: cells of each row, and what was done to which of them (by index of the row)."""

    table: Table
    broken: dict[int, Broken] = field(default_factory=dict)
    flagged: dict[int, tuple[Flag, ...]] = field(default_factory=dict)
    again: list[Report] = field(default_factory=list)

    def quarantined(self) -> int:
        return sum(1 + len(b.twins) for b in self.broken.values() if b.outcome == QUARANTINED)


def deliver(
    seed: int, standard: Standard, feed: Feed, day: dt.date, reports: list[Report], faults: float, days_left: int
) -> Iterator[tuple[Delivery | None, list[Report]]]:
    """The files a feed sends on a day, and the rows it sends later: all of them when it is silent, good copies of those set aside.

    Args:
        faults: share of rows and of files that are broken; 0 also keeps the feed from falling silent.
        days_left: until the last delivery; on that one nothing goes wrong, since nothing could be sent again.
    """
    faults = faults if days_left else 0
    rng = chance(seed, "delivery", feed.feed_id, day)
    if faults and reports and rng.random() < SILENT:
        yield None, [_later(report, day, 1) for report in reports]
        return
    if not reports and feed.expected_every_days != 1:
        return
    shape = shape_of(standard, feed, rng)
    ruined = rng.random() < faults
    draft = _draft(standard, feed, shape, reports, 0 if ruined else faults, rng, days_left)
    name = f"{day}{SIMULATED}{feed.format}"
    if ruined:
        yield _ruined(feed, name, draft, rng), []
    elif _is_refused(feed, draft):
        yield _refused_for_rows(feed, name, draft), []
        draft = _draft(standard, feed, shape, reports, 0, rng, days_left)
        ruined = True
    if ruined:
        name = f"{day}_订正{SIMULATED}{feed.format}"
    good = _delivery(feed, name, draft)
    yield good, [_later(report, day, min(days_left, rng.randrange(1, 4))) for report in draft.again]
    if faults and not ruined and rng.random() < SENT_TWICE:
        twice = f"{day}_重发{SIMULATED}{feed.format}"
        answer = Answer(feed.feed_id, twice, None, None, "same_file_sent_twice", "I01", DUPLICATE)
        yield replace(good, file_name=twice, answers=[answer]), []


def _later(report: Report, day: dt.date, days: int) -> Report:
    return replace(report, due=day + dt.timedelta(days=days))


def _draft(
    standard: Standard,
    feed: Feed,
    shape: tuple[Native, ...],
    reports: list[Report],
    faults: float,
    rng: Random,
    days_left: int,
) -> _Draft:
    draft = _Draft(Table([native.header for native in shape], []))
    rows = draft.table.rows
    for report in reports:
        context = Context(standard, feed, shape, report)
        is_hit = faults and not report.flags and rng.random() < faults
        broken = break_row(context, rng) if is_hit else None
        sent, restated = report, None
        if faults and not broken:
            sent, restated = contradicted(context, rng, faults) or (report, None)
        at = len(rows)
        rows.append(broken.cells if broken else context.cells())
        if sent.flags and sent.shows_after <= days_left:
            draft.flagged[at] = sent.flags
        if restated:
            draft.again.append(restated)
        if broken:
            draft.broken[at] = broken
            rows.extend(broken.twins)
            if broken.extra:
                draft.table.extra[at] = broken.extra
            if broken.is_cut:
                draft.table.cut.add(at)
            if broken.outcome == QUARANTINED:
                draft.again.append(report)
    return draft


def _is_refused(feed: Feed, draft: _Draft) -> bool:
    """Too many broken rows for the feed, or a code nobody knows where the feed wants none: landing takes nothing of the file."""
    if feed.unknown_code == "refuse" and any(b.code == "R05" for b in draft.broken.values()):
        return True
    rows = len(draft.table.rows)
    return bool(rows) and draft.quarantined() / rows > feed.max_reject_share


def _delivery(feed: Feed, name: str, draft: _Draft) -> Delivery:
    table, answers = draft.table, []
    first = first_row(feed, table)
    for at, broken in draft.broken.items():
        answers += _answers_of(feed, name, first + at, broken, broken.outcome)
    for at, flags in draft.flagged.items():
        answers += [Answer(feed.feed_id, name, first + at, c, f"history_{rule}", rule, FLAGGED) for rule, c in flags]
    return Delivery(feed.feed_id, name, content(feed, table), len(table.rows), answers)


def _answers_of(feed: Feed, name: str, row: int, broken: Broken, outcome: str) -> list[Answer]:
    if broken.outcome == DUPLICATE:
        return [Answer(feed.feed_id, name, row + 1, None, broken.fault, None, DUPLICATE)]
    rows = range(row, row + 1 + len(broken.twins))
    return [Answer(feed.feed_id, name, number, broken.column, broken.fault, broken.code, outcome) for number in rows]


def _refused_for_rows(feed: Feed, name: str, draft: _Draft) -> Delivery:
    """Refused for its rows: the receipt lists them, and says F07 (too many) or F13 (an unknown code) of the whole."""
    first = first_row(feed, draft.table)
    is_unknown = feed.unknown_code == "refuse" and any(b.code == "R05" for b in draft.broken.values())
    whole = Answer(feed.feed_id, name, None, None, "too_many_broken_rows", "F13" if is_unknown else "F07", REFUSED)
    answers = [whole]
    for at, broken in draft.broken.items():
        if broken.outcome not in (DUPLICATE, WARNED):
            answers += _answers_of(feed, name, first + at, broken, REFUSED)
    return Delivery(feed.feed_id, name, content(feed, draft.table), len(draft.table.rows), answers)


def _ruined(feed: Feed, name: str, draft: _Draft, rng: Random) -> Delivery:
    kind = broken_file(feed, bool(draft.table.rows), rng)
    table = kind.on_table(feed, draft.table, rng) if kind.on_table else draft.table
    made = content(feed, table)
    made = kind.on_bytes(feed, made) if kind.on_bytes else made
    return Delivery(
        feed.feed_id,
        name,
        made,
        len(table.rows),
        [Answer(feed.feed_id, name, None, None, kind.fault, kind.code, REFUSED)],
    )
