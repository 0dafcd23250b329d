"""How the losses of an event became known: first report within hours, a report a day until the figures stand still, then the verified one.

Every report states every metric, figures only rise, and where several units of a region were struck the region states their sum,
so that children and parent agree at each stage.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from jingjinji.simulate.chance import chance, largest_remainder
from jingjinji.simulate.disasters import AREA_STEPS, MONEY_STEP, Event, Loss, year_of
from jingjinji.simulate.geography import REGIONS
from jingjinji.simulate.reporting import Flag, Report, Row, Value, midnight, minutes

# Assumed shares of the direct loss: homes, farming, industry, infrastructure, public services, other.
COMPONENTS = {
    "loss_housing_cny": 0.18, "loss_agriculture_cny": 0.42, "loss_industry_cny": 0.12, "loss_infrastructure_cny": 0.22,
    "loss_public_service_cny": 0.04, "loss_other_cny": 0.02,
}  # fmt: skip
LATE, CORRECTED, FOUND_ALIVE = (
    0.05,
    0.04,
    0.3,
)  # assumed shares: late hops, corrections after 核报, units with missing persons found
COUNTED = (
    "affected",
    "evacuated",
    "resettled",
    "relief",
    "crop",
    "crop_damaged",
    "crop_failed",
    "collapsed",
    "severe",
    "slight",
    "money",
)

Figures = dict[str, int]


class Losses:
    """Generator of one region: asked for a day, it gives all reports, also later ones, about the events that began on it."""

    def __init__(self, seed: int, region: str, scale: float, flags: float = 0) -> None:
        self.seed, self.region, self.scale, self.code, self.flags = seed, region, scale, REGIONS[region], flags
        self.year, self.by_day = 0, dict[dt.date, list[Event]]()

    def __call__(self, day: dt.date) -> Iterator[Report]:
        if day.year != self.year:
            self.year, self.by_day = day.year, {}
            for event in year_of(self.seed, self.code, day.year, self.scale):
                self.by_day.setdefault(event.start.date(), []).append(event)
        for event in self.by_day.pop(day, []):
            yield from _reports(self.seed, self.region, event, self.flags)


def _reports(seed: int, region: str, event: Event, flags: float) -> Iterator[Report]:
    code = REGIONS[region]
    rng = chance(seed, "event", code, event.start.year, event.number)
    facts: Row = {
        "region_code": code,
        "event_id": f"{event.start:%Y%m%d}-{event.kind}-{event.number:03d}",
        "event_name": f"{event.start.year}年{event.start.month}月{event.start.day}日{event.kind}",
        "disaster_kind": event.kind,
        "occurred_at": event.start,
    }
    stages = _stages(rng, event)
    levels = {loss.unit.code: loss.unit.level for loss in event.losses} | {code: "province"}
    daily = sum(stage in ("初报", "续报") for stage, _ in stages)  # the last of these is where the figures stand still
    series = {loss.unit.code: _series(rng, event, loss, stages) for loss in event.losses}
    mistaken = _mistaken(rng, list(series), stages, flags)
    for number, (stage, as_of) in enumerate(stages):
        told = {unit: _agreed(figures[number], stage) for unit, figures in series.items()}
        if len(told) > 1 and number:
            told[code] = _summed(list(told.values()))
        is_last = number == len(stages) - 1
        for unit, figures in told.items():
            own_stage = "初报" if unit == code and number == 1 else stage
            row = facts | figures | {"unit_code": unit, "report_stage": own_stage, "as_of_at": as_of}
            if stage in ("核报", "更正"):
                row["ended_at"] = stages[daily - 1][1]
            is_late = stage in ("初报", "续报") and event.group.name != "drought" and rng.random() < LATE
            row |= _clock(rng, levels[unit], event.start, own_stage, as_of, is_late)
            planted: tuple[Flag, ...] = (_lateness(levels[unit]),) if is_late and own_stage == stage else ()
            if (unit, number) in mistaken:
                planted += _mistake(rng, row, series[unit][number - 1])
            # what a mistake is compared with must stay right
            is_superseded = not is_last and (unit, number + 1) not in mistaken
            yield Report(
                "disaster_losses", region, _day(row["reported_at"]), row, is_superseded=is_superseded, flags=planted
            )


def _mistaken(
    rng: Random, units: list[str], stages: list[tuple[str, dt.datetime]], share: float
) -> set[tuple[str, int]]:
    """Which daily reports (unit, number) hold a mistake, at most one of each unit: two in a row would hide each other."""
    candidates = [number for number, (stage, _) in enumerate(stages) if number >= 2 and stage == "续报"]
    hit = [unit for unit in units if candidates and rng.random() < share * len(candidates)]
    return {(unit, rng.choice(candidates)) for unit in hit}


def _lateness(level: str) -> Flag:
    """The rule that a late report breaks, and the column that shows it."""
    return "D-LATE", "reported_ministry_at" if level == "province" else "reported_province_at"


def _summed(rows: list[Row]) -> Row:
    """What a region states of all its units: each figure added up, and the reason given for a fall in any of them."""
    found: Row = {}
    for row in rows:
        for name, value in row.items():
            before = found.get(name, 0)
            found[name] = value if isinstance(value, str) else before + value  # type: ignore[operator]
    return found


def _mistake(rng: Random, row: Row, before: Figures) -> tuple[Flag, ...]:
    """Break a rule that only history shows, in a daily report that the next one puts right; gives the rule and the column."""
    kinds = []
    if before["crop"] >= 100 * AREA_STEPS:
        kinds.append("D18")
    if before["affected"] >= 100 and not before["deaths"] and not before["missing"]:
        kinds.append("D11")
    if before["deaths"] + before["missing"]:
        kinds.append("D12")
    if not kinds:
        return ()
    kind = rng.choice(kinds)
    if kind == "D18":  # 亩 written where 公顷 was meant
        for column, name in (
            ("crop_affected_ha", "crop"),
            ("crop_damaged_ha", "crop_damaged"),
            ("crop_failed_ha", "crop_failed"),
        ):
            row[column] = Decimal(before[name]) / AREA_STEPS * 15
        return ((kind, "crop_affected_ha"),)
    if kind == "D12":
        row |= {"deaths_persons": 0, "missing_persons": 0}
        return ((kind, "deaths_persons"),)
    row["affected_persons"] = before["affected"] // 2
    return ((kind, "affected_persons"),)


def _day(moment: Value) -> dt.date:
    assert isinstance(moment, dt.datetime)
    return moment.date()


def _stages(rng: Random, event: Event) -> list[tuple[str, dt.datetime]]:
    """Stage and as-of time of each report: within two hours, then 24:00 of each day (of every tenth in a drought), then verified."""
    step = 10 if event.group.name == "drought" else 1
    stages = [("初报", event.start + minutes(rng.randrange(20, 60)))]
    first = event.start.date() + dt.timedelta(days=1)
    count = max(1, min(event.days // step + 1, 7))
    stages += [("续报", midnight(first + dt.timedelta(days=step * i))) for i in range(count)]
    verified = stages[-1][1] + dt.timedelta(days=rng.randrange(1, 4))
    stages.append(("核报", verified))
    if rng.random() < CORRECTED:
        stages.append(("更正", verified + dt.timedelta(days=rng.randrange(5, 30))))
    return stages


def _series(rng: Random, event: Event, loss: Loss, stages: list[tuple[str, dt.datetime]]) -> list[Figures]:
    """Figures of one unit at each stage: they rise to the final ones, and missing persons are found dead, or alive."""
    final = _final(rng, event, loss)
    start = rng.uniform(0.15, 0.6)
    alive = rng.randrange(1, 4) if loss.deaths and loss.affected > 100 and rng.random() < FOUND_ALIVE else 0
    found = []
    for number, (stage, _) in enumerate(stages):
        part = 0.97 if stage == "核报" and stages[-1][0] == "更正" else start + (1 - start) * number / (len(stages) - 1)
        part = 1.0 if number == len(stages) - 1 else min(part, 0.97)
        figures = {name: int(final[name] * part) for name in COUNTED}
        figures["affected"] = max(figures["affected"], min(1, final["affected"]))
        is_settled = stage in ("核报", "更正")
        gone = loss.deaths if is_settled else int(loss.deaths * part)
        figures["deaths"] = gone if is_settled else int(gone * 0.7)
        figures["missing"] = (
            0 if is_settled else min(gone - figures["deaths"] + alive, figures["affected"] - figures["deaths"])
        )
        figures["alive"] = alive if stage == "核报" else 0
        found.append(figures)
    return found


def _final(rng: Random, event: Event, loss: Loss) -> Figures:
    """The figures of the last report. Everything but people, deaths, crops and money follows by assumed rates."""
    people, rooms = loss.affected, event.group.rooms
    collapsed, severe, slight = (int(people * rate / 1000 * rng.uniform(0.5, 1.5)) for rate in rooms)
    return {
        "affected": people,
        "evacuated": int(people * rng.uniform(0.01, 0.1)) if rooms[0] else 0,
        "resettled": int(people * rng.uniform(0.01, 0.06)) if rooms[0] else 0,
        "relief": int(people * rng.uniform(0.005, 0.05)),
        "crop": loss.crop,
        "crop_damaged": loss.crop_failed + int((loss.crop - loss.crop_failed) * rng.uniform(0.2, 0.6)),
        "crop_failed": loss.crop_failed,
        "collapsed": collapsed,
        "severe": severe,
        "slight": slight,
        "money": loss.money,
    }


def _agreed(figures: Figures, stage: str) -> Row:
    """Agreed columns and base units; parts of a sum add up to it at every stage."""
    central = figures["resettled"] * 2 // 5
    parts = largest_remainder(figures["money"], list(COMPONENTS.values()))
    row: Row = {
        "affected_persons": figures["affected"],
        "deaths_persons": figures["deaths"],
        "missing_persons": figures["missing"],
        "evacuated_persons": figures["evacuated"],
        "resettled_persons": figures["resettled"],
        "resettled_central_persons": central,
        "resettled_scattered_persons": figures["resettled"] - central,
        "relief_needed_persons": figures["relief"],
        "direct_loss_cny": Decimal(figures["money"] * MONEY_STEP),
    }
    row |= {name: Decimal(part * MONEY_STEP) for name, part in zip(COMPONENTS, parts, strict=True)}
    for name in ("crop", "crop_damaged", "crop_failed"):
        row["crop_affected_ha" if name == "crop" else f"{name}_ha"] = Decimal(figures[name]) / AREA_STEPS
    for name, damage in (("collapsed", "collapsed"), ("severe", "severely_damaged"), ("slight", "slightly_damaged")):
        row[f"houses_{damage}_count"] = figures[name]
        row[f"houses_{damage}_households"] = figures[name] // 3
    if figures["alive"]:
        row |= {"explanation_code": "找到生还", "explanation": f"{figures['alive']}名失踪人员已找到，均生还"}
    elif stage == "更正":
        row["explanation"] = "核定后补充统计遗漏的损失"
    return row


def _clock(rng: Random, level: str, occurred: dt.datetime, stage: str, as_of: dt.datetime, is_late: bool) -> Row:
    """When the report arrived: within two hours of the event for a first one, by 9:00, 10:00 and 12:00 for the daily ones.

    Args:
        level: of the unit that reports: county, city or province.
        is_late: it arrives at the level it is meant for one to five hours too late.
    """
    late = minutes(rng.randrange(120, 300)) if is_late else minutes(0)
    if level == "province":
        arrived = as_of + minutes(60 * 11 + rng.randrange(0, 59)) + late
        return {"reported_ministry_at": arrived, "reported_at": arrived}
    if stage == "初报":
        county = as_of + minutes(rng.randrange(1, 19))
        found: Row = {"reported_county_at": county}
        arrived = occurred + minutes(rng.randrange(80, 119))
    else:
        hour = 9 if level == "city" else 8
        found = {"reported_county_at": as_of + minutes(60 * (hour - 1) + rng.randrange(0, 59))}
        arrived = as_of + minutes(60 * hour + rng.randrange(0, 59))
    if level == "city":
        found["reported_city_at"] = arrived - minutes(1)
    return found | {"reported_province_at": arrived + late, "reported_at": arrived + late}
