"""The published totals that a simulation at scale 1 must meet, read from where the project keeps them.

Accidents: the seed published_figures (domain accident, one span of years). Disasters: the yearly statistics of the demo's inbox,
read by the landing code itself. What was never published stays None and is free.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from jingjinji.codes import rows_of
from jingjinji.contracts import load_contracts
from jingjinji.errors import UserError
from jingjinji.paths import PROJECT
from jingjinji.simulate.chance import largest_remainder
from jingjinji.simulate.geography import REGIONS

RATES = Path(__file__).with_name("accident_rates.csv")
STATISTICS = PROJECT / "demo" / "inbox" / "statistics"
# Yearly statistics that the sum of all counted losses of a region and year must equal.
MATCHED = (
    "disaster_affected_person_times",
    "disaster_deaths",
    "disaster_direct_loss",
    "crop_affected_area",
    "crop_failed_area",
)


@dataclass(frozen=True)
class Accidents:
    """Counted accidents and counted deaths of one region and year."""

    accidents: int
    deaths: int


@cache
def accidents_of(region_code: str) -> dict[int, Accidents]:
    """Accidents and deaths by year; where only the sum of several years was published, the years add up to it.

    Source: seed published_figures; years without a published figure are assumed (accident_rates.csv says from what).
    """
    with RATES.open(encoding="utf-8", newline="") as lines:
        rates = [row for row in csv.DictReader(lines) if row["region_code"] == region_code]
    found = {int(r["year"]): Accidents(int(r["accidents"]), int(r["deaths"])) for r in rates}
    for first, last, accidents, deaths in accident_totals(region_code):
        years = range(first, last + 1)
        shares = largest_remainder(accidents, [found[year].accidents for year in years])
        dead = largest_remainder(deaths, [found[year].deaths for year in years])
        found |= {year: Accidents(*pair) for year, *pair in zip(years, shares, dead, strict=True)}
    return found


def accident_totals(region_code: str) -> list[tuple[int, int, int, int]]:
    """(first year, last year, accidents, deaths) as published for whole spans of years."""
    spans: dict[str, dict[str, int]] = {}
    for row in rows_of("published_figures"):
        span = re.fullmatch(r"\d{4}-\d{4}", row["event_or_period"])
        if (
            row["domain"] == "accident"
            and row["region_code"] == region_code
            and span
            and row["published_operator"] == "="
        ):
            spans.setdefault(span.group(), {})[row["metric"]] = int(row["published_value"])
    return [
        (int(span[:4]), int(span[5:]), figures["事故起数"], figures["死亡人数"])
        for span, figures in spans.items()
        if {"事故起数", "死亡人数"} <= set(figures)
    ]


@cache
def statistics() -> tuple[dict[str, object], ...]:
    """Every row of the demo's yearly statistics in agreed columns, read and judged by the landing code."""
    import duckdb

    from jingjinji.landing import now
    from jingjinji.landing.judging import Delivery, judge

    contracts, rows = load_contracts(), []
    for region in REGIONS:
        feed = contracts.feed(f"statistics/{region}")
        for path in statistics_files(region):
            with TemporaryDirectory() as folder:
                scratch = Path(folder)
                (scratch / "bytes").write_bytes(path.read_bytes())
                (scratch / "staged").mkdir()
                identity = {"delivery_id": path.stem, "file_name": path.name}
                sent = Delivery(scratch, identity, scratch, 1)
                (judgement,) = judge(contracts.standard_of(feed), feed, [sent], now())
                if judgement.status != "accepted":
                    raise UserError(f"{path} cannot be read, so its totals cannot be met: {judgement.messages}")
                found = duckdb.sql(f"select * from '{scratch / 'staged' / 'accepted.parquet'}'")
                rows += [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    return tuple(rows)


def statistics_files(region: str) -> list[Path]:
    """The files of yearly statistics that the demo keeps for a region."""
    return sorted(p for p in (STATISTICS / region).iterdir() if not p.name.endswith(".source.yml"))


@cache
def disaster_figures(region_code: str) -> dict[tuple[int, str], Decimal]:
    """(year, statistic code) → published value in the base unit of the warehouse; what was not published is not there.

    Source: seed ref_statistics names the statistics, ref_units the factors.
    """
    from jingjinji.codes import units

    codes = {
        r["statistic_name"]: r["statistic_code"] for r in rows_of("ref_statistics") if r["is_yearly_disaster"] == "true"
    }
    found = {}
    for row in statistics():
        name = str(row["statistic_name"])
        if row["region_code"] == region_code and name in codes and row["value"] is not None:
            unit = units()[str(row["value_unit"])]
            value = Decimal(str(row["value"])) * unit.numerator / unit.denominator
            found[(int(str(row["year"])), codes[name])] = value
    return found
