"""What contradicts itself, the units or the code lists in a standard or a feed, in sentences for whoever writes it."""

from __future__ import annotations

from jingjinji.codes import CodeListError, code_list, units
from jingjinji.contracts.models import NUMBER_TYPES, Column, Feed, FeedColumn, Standard


def standard_faults(standard: Standard) -> list[str]:
    """What contradicts itself in a standard, one sentence each; empty when it can be used."""
    named = [*standard.key, *standard.known_from]
    named += [column for rule in standard.rules.values() for column in rule.columns]
    faults = [f"column {name} is named but not listed under columns" for name in named if name not in standard.columns]
    for name, column in standard.columns.items():
        if column.unit and column.unit not in units():
            faults.append(f"columns.{name}.unit: {column.unit} is not in dbt_project/seeds/ref_units.csv")
        if (column.type == "code") != bool(column.codes):
            faults.append(f"columns.{name}: type code and `codes:` belong together")
        if column.codes:
            try:
                code_list(column.codes)
            except CodeListError as error:
                faults.append(f"columns.{name}.codes: {error}")
    return faults


def feed_faults(standard: Standard, feed: Feed) -> list[str]:
    """What contradicts the standard in a feed, one sentence each; empty when it can be used."""
    unpivoted = (feed.unpivot.name, feed.unpivot.value) if feed.unpivot else ()
    faults = [
        f"columns.{name}: the standard has no such column" for name in feed.columns if name not in standard.columns
    ]
    faults += [f"unpivot: the standard has no column {name}" for name in unpivoted if name not in standard.columns]
    for name, column in standard.columns.items():
        if column.required and name not in feed.columns and name not in unpivoted:
            faults.append(f"columns.{name}: required by the standard, say where it comes from (from: or value:)")
    for name, source in feed.columns.items():
        if name in standard.columns:
            faults += [f"columns.{name}: {fault}" for fault in _column_faults(standard.columns[name], source)]
    return faults


def _column_faults(column: Column, source: FeedColumn) -> list[str]:
    faults = []
    if (source.source is None) == (source.value is None):
        faults.append("give either `from:` or `value:`")
    if bool(source.units) != ("{unit}" in (source.source or "")):
        faults.append("`units:` and {unit} in `from:` belong together")
    for name in (*source.units, *([source.unit] if source.unit else [])):
        unit = units().get(name)
        if unit is None:
            faults.append(f"unit {name} is not in dbt_project/seeds/ref_units.csv")
        elif column.unit is None or unit.dimension != units()[column.unit].dimension:
            faults.append(f"unit {name} cannot become {column.unit}")
        elif column.type == "count" and unit.denominator != 1:
            faults.append(f"unit {name} is a fraction of {column.unit} and cannot be counted")
    if column.codes:
        known = set(code_list(column.codes))
        faults += [f"map: {code} is not in {column.codes}" for code in source.map.values() if code not in known]
        if source.value is not None and source.value not in known:
            faults.append(f"value: {source.value} is not in {column.codes}")
    if column.type in NUMBER_TYPES and column.unit and source.source and not (source.unit or source.units):
        faults.append(f"say the unit the feed sends: `unit: {column.unit}` or another of the same dimension")
    return faults
