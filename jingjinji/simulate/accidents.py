"""Accidents of one region: what happened, and the chain of reports in which it became known.

Counted accidents and deaths of each year are those of `published.py`, times the scale. On top come accidents that never count: cancelled ones
(核销), ones below the statistical lower limit, and a few that a neighbouring region reports as well. A death after the statistical
window is reported and does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from random import Random

from jingjinji.codes import rows_of
from jingjinji.simulate import published
from jingjinji.simulate.chance import chance, weighted
from jingjinji.simulate.geography import REGIONS, County, code_in_use, counties, neighbours, point_in
from jingjinji.simulate.reporting import Flag, Report, Row, Value, minutes

# Shares of the fields: Beijing 2020H1 as published (工矿商贸 24, 道路交通 65, 铁路交通 5, 其他 1 of 95), the rest assumed.
KINDS = (
    ("道路交通", 0.62),
    ("工矿商贸", 0.26),
    ("铁路交通", 0.05),
    ("火灾", 0.03),
    ("农业机械", 0.02),
    ("特种设备", 0.01),
    ("其他", 0.01),
)
# Assumed: types (GB/T 6441-1986) and industries (GB/T 4754) that go with a field.
TYPES = {
    "道路交通": ("02",), "铁路交通": ("02",), "火灾": ("08",), "农业机械": ("03",), "特种设备": ("04", "16", "17"),
    "工矿商贸": ("01", "03", "04", "05", "07", "09", "10", "19", "20"), "其他": ("06", "20"),
}  # fmt: skip
INDUSTRIES = {
    "道路交通": ("G54",), "铁路交通": ("G53",), "火灾": ("C", "F52", "H"), "农业机械": ("A01",), "特种设备": ("C33", "D44"),
    "工矿商贸": ("B06", "C", "C26", "C31", "E47", "E48", "N78"), "其他": ("N", "O"),
}  # fmt: skip
# Assumed shares, per counted accident unless said otherwise.
SHARES = {
    "no_death": 0.05,
    "cancelled": 0.015,
    "below_limit": 0.02,
    "border": 0.006,
    "late_death": 0.012,
    "investigated": 0.55,
    "late_hop": 0.06,
}
DATUM = {"110000": "WGS84", "120000": "GCJ02", "130000": "GCJ02"}


@dataclass(frozen=True, slots=True)
class Accident:
    """One accident as it was in the end. `ending`: counted, cancelled or below_limit."""

    number: int
    day: dt.date
    deaths: int
    ending: str = "counted"
    late_deaths: int = 0
    is_border: bool = False


def year_of(seed: int, region_code: str, year: int, scale: float) -> list[Accident]:
    """All accidents of a region and year, in the order of their days.

    Returns:
        The counted ones add up to the year's accidents and deaths times `scale`, rounded; the others come on top.
    """
    figures = published.accidents_of(region_code).get(year)
    if figures is None:
        return []
    rng = chance(seed, "accidents", region_code, year)
    count, dead = round(figures.accidents * scale), round(figures.deaths * scale)
    deaths = _deaths(rng, count, dead)
    found = [Accident(0, _day(rng, year), d) for d in deaths]
    found = [_coloured(rng, accident) for accident in found]
    for ending in ("cancelled", "below_limit"):
        found += [
            Accident(0, _day(rng, year), _lost(rng, ending), ending) for _ in range(round(count * SHARES[ending]))
        ]
    limited_from = _limit()[1]
    found = [a for a in found if a.ending != "below_limit" or a.day >= limited_from]
    found.sort(key=lambda a: (a.day, a.ending, a.deaths))
    return [replace(accident, number=number) for number, accident in enumerate(found, 1)]


def _deaths(rng: Random, count: int, dead: int) -> list[int]:
    """Deaths per accident, adding up to `dead`: mostly one, some none, few several."""
    without = min(round(count * SHARES["no_death"]), count)
    deaths = [0] * without + [1] * (count - without)
    spare = dead - sum(deaths)
    while spare < 0:
        deaths[deaths.index(1)], spare = 0, spare + 1
    while spare > 0 and count:
        more = min(spare, weighted(rng, ((1, 0.80), (2, 0.12), (4, 0.06), (8, 0.02))))
        at = rng.randrange(without, count) if without < count else rng.randrange(count)
        deaths[at], spare = deaths[at] + more, spare - more
    return deaths


def _coloured(rng: Random, accident: Accident) -> Accident:
    late = 1 if accident.deaths and rng.random() < SHARES["late_death"] else 0
    return replace(accident, late_deaths=late, is_border=rng.random() < SHARES["border"])


def _lost(rng: Random, ending: str) -> int:
    return rng.choice((0, 1, 1)) if ending == "cancelled" else 0


def _day(rng: Random, year: int) -> dt.date:
    first = dt.date(year, 1, 1)
    return first + dt.timedelta(days=rng.randrange((dt.date(year + 1, 1, 1) - first).days))


@cache
def _limit() -> tuple[int, dt.date]:
    """The loss below which an accident without casualties is not counted, and since when (seed ref_accident_counting_rules)."""
    rule = next(r for r in rows_of("ref_accident_counting_rules") if r["rule_code"] == "no_casualty_small_loss")
    return int(rule["loss_below_cny"]), dt.date.fromisoformat(rule["valid_from"])


@cache
def _window_days(kind: str) -> int:
    windows = {row["window_code"]: int(row["window_days"]) for row in rows_of("ref_statistical_windows")}
    return windows[next(row["window_code"] for row in rows_of("ref_accident_kinds") if row["kind_code"] == kind)]


# ---------------------------------------------------------------- reports


class Accidents:
    """Generator of one region: asked for a day, it gives all reports, also later ones, about the accidents of that day."""

    def __init__(self, seed: int, region: str, scale: float) -> None:
        self.seed, self.region, self.scale, self.code = seed, region, scale, REGIONS[region]
        self.year, self.by_day = 0, dict[dt.date, list[Accident]]()

    def __call__(self, day: dt.date) -> Iterator[Report]:
        if day.year != self.year:
            self.year, self.by_day = day.year, {}
            for accident in year_of(self.seed, self.code, day.year, self.scale):
                self.by_day.setdefault(accident.day, []).append(accident)
        for accident in self.by_day.pop(day, []):
            yield from _reports(self.seed, self.region, accident)


def _reports(seed: int, region: str, accident: Accident) -> Iterator[Report]:
    code = REGIONS[region]
    rng = chance(seed, "accident", code, accident.day.year, accident.number)
    pairs = neighbours(code) if accident.is_border else ()
    own, other = rng.choice(pairs) if pairs else (rng.choice(counties(code)), None)
    facts = _facts(rng, code, accident, own)
    yield from _chain(rng, region, accident, facts)
    if other and accident.ending == "counted":
        yield from _as_seen_by_neighbour(rng, accident, facts, other)


def _facts(rng: Random, code: str, accident: Accident, county: County) -> Row:
    """What every report about the accident says alike."""
    kind = weighted(rng, KINDS)
    # not at 0:00 sharp, which stands for a day without an hour: no pair at a border would be decided by it
    hour, minute = rng.randrange(24), rng.randrange(60)
    occurred = dt.datetime.combine(accident.day, dt.time(hour, max(minute, 0 if hour else 1)))
    lon, lat = point_in(rng, county)
    return {
        "region_code": code,
        "accident_id": f"{'S' + code[:2]}{accident.day:%Y}{accident.number:06d}",
        "accident_name": f"{county.name}“{accident.day.month}·{accident.day.day}”{kind}事故",
        "accident_kind": kind,
        "accident_type_code": rng.choice(TYPES[kind]),
        "accident_type_standard": "GB6441-1986",
        "industry_code": rng.choice(INDUSTRIES[kind]),
        "place_code": code_in_use(rng, county.code, accident.day.year),
        "place_lon": Decimal(f"{lon:.6f}"),
        "place_lat": Decimal(f"{lat:.6f}"),
        "place_datum": DATUM[code],
        "occurred_at": occurred,
        "known_at": occurred + minutes(rng.randrange(2, 40)),
    }


def _casualties(rng: Random, accident: Accident) -> tuple[int, int, int]:
    """Serious injuries, light injuries and direct loss (元, whole hundreds)."""
    if accident.ending == "below_limit":
        return 0, 0, rng.randrange(100, _limit()[0] // 100 - 1) * 100
    serious = rng.choice((0, 0, 0, 1, 1, 2)) + (accident.deaths == 0)
    light = rng.choice((0, 0, 1, 2, 3))
    loss = int(rng.lognormvariate(0, 0.6) * 11_000) * 100 * max(1, accident.deaths)
    return serious, light, min(loss, 9_000_000 * max(1, accident.deaths))


def _chain(rng: Random, region: str, accident: Accident, facts: Row) -> Iterator[Report]:
    """初报 → 续报 → 补报 → 调查报告, or 核销; figures only rise within the statistical window."""
    occurred = facts["occurred_at"]
    assert isinstance(occurred, dt.datetime)
    serious, light, loss = _casualties(rng, accident)
    window = _window_days(str(facts["accident_kind"]))
    final: dict[str, int | None] = {"deaths_persons": accident.deaths, "missing_persons": 0, "serious_injuries_persons": serious,
             "light_injuries_persons": light, "injured_persons": serious + light, "direct_loss_cny": loss}  # fmt: skip
    first = dict(final)
    if accident.deaths > 2 or (accident.deaths and rng.random() < 0.15):
        gone = rng.randrange(1, accident.deaths + 1)
        first |= {"deaths_persons": accident.deaths - gone, "missing_persons": gone if rng.random() < 0.6 else 0}
    steps = [("初报", occurred + minutes(rng.randrange(60, 300)), first)]
    if first != final or rng.random() < 0.35:
        first["direct_loss_cny"] = None
        steps.append(("续报", occurred + minutes(60 * rng.randrange(20, 24 * (window - 2))), final))
    known = dict(final)
    if accident.late_deaths:
        known["deaths_persons"] = accident.deaths + accident.late_deaths
        steps.append(("补报", occurred + dt.timedelta(days=window + rng.randrange(2, 12)), known))
    if accident.ending == "cancelled":
        steps.append(("核销", occurred + dt.timedelta(days=rng.randrange(window, 80), hours=3), {}))
    elif rng.random() < SHARES["investigated"] or accident.deaths > 2:
        told = known | {"late_deaths_persons": accident.late_deaths}
        steps.append(("调查报告", occurred + dt.timedelta(days=rng.randrange(window + 14, 100), hours=2), told))
    for index, (stage, as_of, figures) in enumerate(steps):
        yield _report(rng, region, facts, stage, as_of, figures, index < len(steps) - 1 and figures is not known)


def _report(
    rng: Random,
    region: str,
    facts: Row,
    stage: str,
    as_of: dt.datetime,
    figures: dict[str, int | None],
    superseded: bool,
) -> Report:
    hops = _hops(rng, region, facts, stage, as_of, figures.get("deaths_persons") or 0)
    arrived = [at for at in hops.values() if isinstance(at, dt.datetime)]
    reported = max([as_of, *arrived]) + minutes(rng.randrange(5, 120))
    money = figures.get("direct_loss_cny")
    row: Row = facts | hops | figures | {"report_stage": stage, "as_of_at": as_of, "reported_at": reported}
    row["direct_loss_cny"] = None if money is None else Decimal(money)
    flags: tuple[Flag, ...] = ()
    if (
        figures.get("deaths_persons")
        and stage == "补报"
        and as_of.date() - occurred_on(facts) > dt.timedelta(days=_window_days(str(facts["accident_kind"])))
    ):
        flags = (("W-ACC-30D", "deaths_persons"),)
    if stage == "初报" and _minutes_between(facts["known_at"], row["reported_county_at"]) > 60:
        flags = (("A-LATE", "reported_county_at"),)
    return Report("accidents", region, reported.date(), row, is_superseded=superseded, flags=flags)


def _minutes_between(first: Value, last: Value) -> float:
    assert isinstance(first, dt.datetime) and isinstance(last, dt.datetime)
    return (last - first).total_seconds() / 60


def occurred_on(facts: Row) -> dt.date:
    """The day of an accident."""
    occurred = facts["occurred_at"]
    assert isinstance(occurred, dt.datetime)
    return occurred.date()


def _hops(rng: Random, region: str, facts: Row, stage: str, as_of: dt.datetime, deaths: int) -> Row:
    """When the report arrived at each level; a first report starts from the moment the unit knew."""
    known = facts["known_at"]
    assert isinstance(known, dt.datetime)
    late = rng.random() < SHARES["late_hop"]
    at = (known if stage == "初报" else as_of) + minutes(rng.randrange(61, 400) if late else rng.randrange(5, 60))
    found: Row = {"reported_county_at": at}
    if region == "hebei":
        at += minutes(rng.randrange(10, 119))
        found["reported_city_at"] = at
    if region != "hebei" or deaths >= 3:
        at += minutes(rng.randrange(10, 119))
        found["reported_province_at"] = at
    if deaths >= 10:
        found["reported_ministry_at"] = at + minutes(rng.randrange(10, 119))
    return found


def _as_seen_by_neighbour(rng: Random, accident: Accident, facts: Row, other: County) -> Iterator[Report]:
    """The neighbouring region reports the same accident under its own number; the place says whose it is."""
    code = other.code[:2] + "0000"
    region = next(name for name, value in REGIONS.items() if value == code)
    lon, lat = (float(str(facts[name])) + rng.uniform(-0.004, 0.004) for name in ("place_lon", "place_lat"))
    seen = facts | {
        "region_code": code,
        "accident_id": f"B{code[:2]}{accident.day:%Y%m%d}{rng.randrange(1000, 9999)}{facts['accident_id']}",
        "place_lon": Decimal(f"{lon:.6f}"), "place_lat": Decimal(f"{lat:.6f}"), "place_datum": DATUM[code],
    }  # fmt: skip
    yield from _chain(rng, region, replace(accident, late_deaths=0), seen)
