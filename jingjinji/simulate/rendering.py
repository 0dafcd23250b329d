"""A feed contract read backwards: agreed values → the headers, units, words and times that region sends.

Everything comes from `feeds/<dataset>/<region>.yml`, so a feed may change its shape and the simulator follows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from jingjinji.codes import units
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Column, Feed, FeedColumn, Standard
from jingjinji.errors import UserError
from jingjinji.simulate.geography import gcj02
from jingjinji.simulate.reporting import Row, Value

Cell = str | int | float | None
EXCEL_EPOCH = dt.datetime(1899, 12, 30)


@dataclass(frozen=True)
class Native:
    """One native column of one file: its header (dotted path in JSON), the agreed column it fills, and how a value is written.

    `in_base_unit` says that a number stands there as the warehouse keeps it.
    """

    header: str
    column: str
    write: Callable[[Value], Cell]
    in_base_unit: bool = True


def shape_of(standard: Standard, feed: Feed, rng: Random) -> tuple[Native, ...]:
    """The native columns of one file. What a feed leaves open (unit in the header, style of times, word for nothing) is drawn once per file.

    Raises:
        UserError: the feed unpivots, which daily deliveries never do.
    """
    if feed.unpivot:
        raise UserError(f"{feed.feed_id}: a feed that unpivots its columns cannot be simulated row by row")
    style = _style(feed, rng)
    nothing = _word_for_nothing(feed, rng)
    natives = []
    for name, source in feed.columns.items():
        if source.source is None:
            continue
        unit = rng.choice(source.units) if source.units else source.unit
        header = source.source.replace("{unit}", unit or "")
        write = _writer(standard.columns[name], source, unit, style, feed.format == "json")
        in_base_unit = unit is None or (units()[unit].numerator, units()[unit].denominator) == (1, 1)
        natives.append(Native(header, name, _or_nothing(write, nothing), in_base_unit))
    return tuple(natives)


def _style(feed: Feed, rng: Random) -> Callable[[FeedColumn], str]:
    draw = rng.random()
    return lambda source: source.formats[int(draw * len(source.formats))]


def _word_for_nothing(feed: Feed, rng: Random) -> str | None:
    """JSON leaves a key out; a table leaves the cell empty or writes one of the agreed words."""
    if feed.format == "json":
        return None
    return rng.choice(feed.null_values) if feed.null_values and rng.random() < 0.2 else ""


def _or_nothing(write: Callable[[Value], Cell], nothing: str | None) -> Callable[[Value], Cell]:
    return lambda value: nothing if value is None else write(value)


def _writer(
    column: Column, source: FeedColumn, unit: str | None, style: Callable[[FeedColumn], str], is_json: bool
) -> Callable[[Value], Cell]:
    if column.type in MOMENT_TYPES:
        chosen = style(source)
        day_only = column.type == "date"
        return lambda value: moment_text(value, chosen, day_only, is_json)
    if column.type in NUMBER_TYPES:
        return _number_writer(unit, is_json)
    native = {agreed: word for word, agreed in reversed(source.map.items())}
    return lambda value: native.get(str(value), str(value))


def _number_writer(unit: str | None, is_json: bool) -> Callable[[Value], Cell]:
    factor = units()[unit] if unit else None
    if factor is None or (factor.numerator, factor.denominator) == (1, 1):
        return lambda value: value if is_json and isinstance(value, int) else plain(Decimal(str(value)), is_json)
    numerator, denominator = Decimal(factor.numerator), Decimal(factor.denominator)
    return lambda value: plain(Decimal(str(value)) * denominator / numerator, is_json)


def plain(number: Decimal, is_json: bool = False) -> Cell:
    """A decimal without exponent and trailing zeros; a JSON number where asked for."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if not is_json:
        return text
    return float(text) if "." in text else int(text)


def moment_text(value: Value, style: str, day_only: bool, with_zone: bool = False) -> Cell:
    """A date or wall-clock time in one of the styles a feed declares; midnight as 24时 of the day before, as reports write it."""
    assert isinstance(value, dt.date)
    if day_only:
        return _day_text(value, style)
    assert isinstance(value, dt.datetime)
    if style == "zh":
        if value.hour == value.minute == 0:
            day = value - dt.timedelta(days=1)
            return f"{day.year}年{day.month}月{day.day}日24时"
        return f"{value.year}年{value.month}月{value.day}日{value.hour}时{value.minute}分"
    if style == "slash":
        return f"{value.year}/{value.month}/{value.day} {value.hour}:{value.minute:02d}"
    if style == "compact":
        return f"{value:%Y%m%d%H%M}"
    if (
        style == "excel" and value.hour + value.minute
    ):  # a serial of whole days would name the day, not its first moment
        return repr((value - EXCEL_EPOCH).total_seconds() / 86400)
    return f"{value:%Y-%m-%dT%H:%M:%S}" + ("+08:00" if with_zone else "")


def _day_text(value: dt.date, style: str) -> str:
    if style == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    if style == "slash":
        return f"{value.year}/{value.month}/{value.day}"
    if style == "compact":
        return f"{value:%Y%m%d}"
    if style == "excel":
        return str((value - EXCEL_EPOCH.date()).days)
    return value.isoformat()


def located(feed: Feed, row: Row) -> Row:
    """Points in the coordinate system the row names, or the feed always uses; the generators give WGS 84."""
    for name in [n for n in row if n.endswith("_datum")]:
        lon, lat = name.replace("_datum", "_lon"), name.replace("_datum", "_lat")
        source = feed.columns.get(name)
        datum = source.value if source and source.value else row[name]
        x, y = row.get(lon), row.get(lat)
        if datum == "GCJ02" and isinstance(x, Decimal) and isinstance(y, Decimal):
            moved = gcj02(float(x), float(y))
            row = row | {lon: Decimal(str(moved[0])), lat: Decimal(str(moved[1]))}
    return row


def cells_of(shape: tuple[Native, ...], row: Row) -> list[Cell]:
    """The native cells of one agreed row, in the order of the shape."""
    return [native.write(row.get(native.column)) for native in shape]
