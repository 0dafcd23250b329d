"""What the generators hand to the writer: one agreed row and the day on which its region sends it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

Value = str | int | Decimal | dt.date | dt.datetime | None
Row = dict[str, Value]
Flag = tuple[str, str]  # id of a history rule, and the column that shows it


@dataclass(slots=True)
class Report:
    """One row of a delivery in agreed columns and base units.

    Attributes:
        due: the day in whose delivery it is sent.
        region: name of the region as in feed ids.
        is_superseded: a later report of the same thing states every figure again, so a wrong figure here does no lasting harm.
        flags: id of each history rule that this row breaks on purpose, and the column that shows it.
        shows_after: days until history can show them; where fewer are left, nothing is promised of them.
    """

    dataset: str
    region: str
    due: dt.date
    row: Row
    is_superseded: bool = False
    flags: tuple[Flag, ...] = ()
    shows_after: int = 0


class Generator(Protocol):
    """Everything that begins on one day, with all its later reports; must be asked for each day once, in order."""

    def __call__(self, day: dt.date) -> Iterator[Report]: ...


def minutes(amount: float) -> dt.timedelta:
    """A time span in whole minutes."""
    return dt.timedelta(minutes=int(amount))


def midnight(day: dt.date) -> dt.datetime:
    """The first moment of a day (24:00 of the day before)."""
    return dt.datetime.combine(day, dt.time())
