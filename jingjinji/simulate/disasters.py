"""Disasters of one year and region: which events there were, and what each reporting unit lost in the end.

The sum over the units of all events of a year is what was published for the region (`published.disaster_figures`), times the scale;
a figure that was not published is free and follows from the others by the assumed ratios below.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random

from jingjinji.simulate import published
from jingjinji.simulate.chance import chance, largest_remainder, weighted
from jingjinji.simulate.geography import Unit, reporting_units

# Smallest units that are shared out: a tenth of a hectare, a hundred 元.
AREA_STEPS, MONEY_STEP = 10, 100


@dataclass(frozen=True)
class Group:
    """Kinds of disaster whose crop areas are published together. `months` are when they occur, `days` how long they last (assumed)."""

    name: str
    kinds: tuple[str, ...]
    affected_statistic: str
    failed_statistic: str
    months: tuple[int, ...]
    days: tuple[int, int]
    weight: float
    # assumed: rooms collapsed, severely and slightly damaged per 1,000 people affected
    rooms: tuple[float, float, float] = (0, 0, 0)


GROUPS = (
    Group("drought", ("干旱",), "drought_crop_affected_area", "drought_crop_failed_area", (4, 5, 6, 7), (25, 70), 0.6),
    Group("flood", ("洪涝", "洪涝", "洪涝", "台风", "滑坡", "泥石流"), "flood_geological_typhoon_crop_affected_area",
          "flood_geological_typhoon_crop_failed_area", (6, 7, 7, 7, 8, 8, 9), (2, 6), 1.6, (3.0, 9.0, 20.0)),
    Group("hail", ("风雹",), "wind_hail_crop_affected_area", "wind_hail_crop_failed_area", (5, 6, 6, 7, 7, 8, 9), (1, 2), 1.0, (0.2, 0.8, 6.0)),
    Group("frost", ("低温冷冻", "雪灾"), "frost_snow_crop_affected_area", "frost_snow_crop_failed_area", (1, 2, 3, 4, 11, 12), (1, 3), 0.5,
          (0.1, 0.3, 1.0)),
    Group("other", ("森林草原火灾", "重大生物灾害", "地震"), "", "", (2, 3, 4, 5, 9, 10), (1, 3), 0.2, (0.0, 0.1, 0.5)),
)  # fmt: skip
# Assumed events per year at scale 1, by region.
EVENTS = {"110000": 12, "120000": 10, "130000": 36}
# Assumed ratios for what was not published: 元 per person affected, hectares of crop per person affected.
LOSS_PER_PERSON, CROP_PER_PERSON, PERSONS_IN_A_QUIET_YEAR = 1200, 0.08, 3000


@dataclass
class Loss:
    """What one unit lost in one event in the end: persons, tenths of a hectare, rooms, hundreds of 元."""

    unit: Unit
    weight: float
    affected: int = 0
    deaths: int = 0
    crop: int = 0
    crop_failed: int = 0
    money: int = 0


@dataclass
class Event:
    """One disaster of one region. `start` is its first hour, `days` how long the figures move."""

    number: int
    group: Group
    kind: str
    start: dt.datetime
    days: int
    losses: list[Loss] = field(default_factory=list)


def year_of(seed: int, region_code: str, year: int, scale: float) -> list[Event]:
    """All events of a region and year by their start, with final losses that add up to the published figures times `scale`."""
    rng = chance(seed, "disasters", region_code, year)
    totals = _totals(region_code, year, scale)
    crops = _crops_by_group(region_code, year, scale, totals)
    events = _events(rng, region_code, year, scale, crops)
    losses = [(event, loss) for event in events for loss in event.losses]
    for group in GROUPS:
        _share_crops([loss for event, loss in losses if event.group is group], *crops[group.name])
    _share_people(losses, totals)
    _share_money(losses, totals["money"])
    for event in events:
        event.losses = [loss for loss in event.losses if loss.affected or loss.crop or loss.money]
    return [event for event in events if event.losses]


def _totals(region_code: str, year: int, scale: float) -> dict[str, int]:
    """People, deaths, crops (tenths of a hectare) and money (hundreds of 元) of the year; None nowhere."""
    figures = published.disaster_figures(region_code)
    people, money = figures.get((year, "disaster_affected_person_times")), figures.get((year, "disaster_direct_loss"))
    crop, failed = figures.get((year, "crop_affected_area")), figures.get((year, "crop_failed_area"))
    if people is None:
        by_others = [float(money) / LOSS_PER_PERSON if money else 0, float(crop) / CROP_PER_PERSON if crop else 0]
        persons = max(by_others) or PERSONS_IN_A_QUIET_YEAR
    else:
        persons = float(people)
    return {
        "people": round(persons * scale),
        "deaths": round(float(figures.get((year, "disaster_deaths"), 0)) * scale),
        "money": round((float(money) if money is not None else persons * LOSS_PER_PERSON) * scale / MONEY_STEP),
        "crop": round((float(crop) if crop is not None else persons * CROP_PER_PERSON) * scale * AREA_STEPS),
        "crop_failed": -1 if failed is None else round(float(failed) * scale * AREA_STEPS),
    }


def _crops_by_group(region_code: str, year: int, scale: float, totals: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Crop area affected and failed of each group, adding up to the year's own totals.

    The published groups rarely add up to the published total to the last digit: what is missing goes to the groups without a figure,
    what is too much comes off the largest group.
    """
    figures = published.disaster_figures(region_code)

    def stated(statistic: str) -> int | None:
        value = figures.get((year, statistic))
        return None if value is None else round(float(value) * scale * AREA_STEPS)

    affected = _fitted({g.name: stated(g.affected_statistic) for g in GROUPS}, totals["crop"])
    failed_total = totals["crop_failed"] if totals["crop_failed"] >= 0 else totals["crop"] // 8
    failed = _fitted({g.name: stated(g.failed_statistic) for g in GROUPS}, failed_total, affected)
    return {g.name: (affected[g.name], failed[g.name]) for g in GROUPS}


def _fitted(stated: dict[str, int | None], total: int, bound: dict[str, int] | None = None) -> dict[str, int]:
    found = {name: min(value or 0, bound[name] if bound else value or 0) for name, value in stated.items()}
    spare = total - sum(found.values())
    if spare > 0:
        free = [name for name, value in stated.items() if value is None] or list(stated)
        weights = [float(bound[name] - found[name]) if bound else 1.0 for name in free]
        if sum(weights) < (spare if bound else 1):
            free = list(stated)
            weights = [float(bound[name] - found[name]) if bound else 1.0 for name in free]
        for name, share in zip(free, largest_remainder(spare, weights), strict=True):
            found[name] += share
    while spare < 0:
        largest = max(found, key=lambda name: found[name])
        taken = min(-spare, found[largest])
        found[largest], spare = found[largest] - taken, spare + taken
    return found


def _events(rng: Random, region_code: str, year: int, scale: float, crops: dict[str, tuple[int, int]]) -> list[Event]:
    """Events by group, at least one where a crop area has to go somewhere."""
    count = max(1, round(EVENTS[region_code] * scale))
    chosen = [group for group in GROUPS if crops[group.name][0] > 0]
    chosen += [weighted(rng, [(g, g.weight) for g in GROUPS]) for _ in range(max(0, count - len(chosen)))]
    units, events = reporting_units(region_code), []
    for group in chosen:
        month = rng.choice(group.months)
        start = dt.datetime(year, month, rng.randrange(1, 25), rng.randrange(24), rng.randrange(60))
        # 0:00 would read as a day without a time, which starts no clock
        start = max(start, start.replace(hour=0, minute=1))
        size = min(rng.paretovariate(1.1), 200)
        struck = rng.sample(units, min(len(units), 1 + int(size * 1.5) if group.name != "drought" else 3 + int(size)))
        event = Event(0, group, rng.choice(group.kinds), start, rng.randint(*group.days))
        event.losses = [Loss(unit, size * group.weight * rng.lognormvariate(0, 1)) for unit in struck]
        events.append(event)
    events.sort(key=lambda event: (event.start, event.kind))
    for number, event in enumerate(events, 1):
        event.number = number
    return events


def _share_crops(losses: list[Loss], affected: int, failed: int) -> None:
    weights = [loss.weight for loss in losses]
    for loss, share in zip(losses, largest_remainder(affected, weights), strict=True):
        loss.crop = share
    for loss, share in zip(losses, _capped(failed, [loss.crop for loss in losses]), strict=True):
        loss.crop_failed = share


def _capped(total: int, caps: list[int]) -> list[int]:
    """Shares in proportion to `caps` that never exceed them: failed crop lies within affected crop."""
    return largest_remainder(min(total, sum(caps)), caps) if sum(caps) else [0] * len(caps)


def _share_people(losses: list[tuple[Event, Loss]], totals: dict[str, int]) -> None:
    """At least one person affected wherever something was lost; deaths where most were affected, and never more than those."""
    weights = [loss.weight * (0.3 if event.group.name in ("drought", "frost") else 1) for event, loss in losses]
    people = totals["people"]
    spare = people - len(losses)
    shares = largest_remainder(max(spare, 0), weights)
    for (_, loss), share in zip(losses, shares, strict=True):
        loss.affected = share + (1 if spare >= 0 else 0)
    fatal = [loss for event, loss in losses if event.group.name in ("flood", "hail", "other")] or [
        loss for _, loss in losses
    ]
    fatal.sort(key=lambda loss: -loss.affected)
    fatal = fatal[: max(8, len(fatal) // 4)]
    for loss, share in zip(
        fatal, largest_remainder(totals["deaths"], [loss.affected + 1.0 for loss in fatal]), strict=True
    ):
        loss.deaths = min(share, loss.affected)


def _share_money(losses: list[tuple[Event, Loss]], money: int) -> None:
    weights = [loss.affected + loss.crop / (AREA_STEPS * CROP_PER_PERSON) + 0.0 for _, loss in losses]
    for (_, loss), share in zip(losses, largest_remainder(money, weights), strict=True):
        loss.money = share
