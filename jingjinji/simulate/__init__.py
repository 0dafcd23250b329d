"""A simulated inbox: ten years of daily deliveries of three regions, true to what was published and broken in declared ways.

One day after another: the generators say what happened and when it is reported, the feeds say in which shape, chance says what goes wrong.
Only what is reported later than the day it happened is kept in memory, so the length of the period and the scale do not matter.
Everything is marked: file names, a note inside each file, `simulation.json`; a home that holds it refuses real deliveries.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jingjinji.contracts import Contracts, Feed, load_contracts, rule_set_version
from jingjinji.errors import UserError
from jingjinji.landing import check_origin, now
from jingjinji.paths import Home, home
from jingjinji.simulate import published
from jingjinji.simulate.accidents import Accidents
from jingjinji.simulate.answers import Answers
from jingjinji.simulate.delivering import Delivery, deliver
from jingjinji.simulate.geography import REGIONS
from jingjinji.simulate.losses import Losses
from jingjinji.simulate.reporting import Generator, Report
from jingjinji.simulate.resources import EXPERTS, TEAMS, Roster, expert_row, team_row
from jingjinji.simulate.rule_faults import RECIPES
from jingjinji.simulate.stock import Stock

DATASETS = tuple(RECIPES)
MANIFEST, ANSWERS = "simulation.json", "answers.parquet"
EARLIEST = dt.date(2000, 1, 1)  # the rules about days that the seeds hold are in force from then on


class SimulationError(UserError):
    """What was asked for cannot be simulated; the message says what to change."""


@dataclass(frozen=True)
class Wish:
    """What is to be simulated.

    Attributes:
        first, last: days of the first and the last delivery.
        scale: 1 meets the published figures; 100 has a hundred times as many things happen.
        seed: another seed is another history with the same totals.
        faults: share of rows, and of files, that are broken.
        every: days between two deliveries of a feed; 1 as the feeds agree, more for the same history in fewer files.
    """

    first: dt.date
    last: dt.date
    scale: float = 1
    seed: int = 7
    faults: float = 0.005
    datasets: tuple[str, ...] = DATASETS
    every: int = 1


@dataclass
class Account:
    """What was written. `planted` counts by (outcome, fault)."""

    files: int = 0
    rows: int = 0
    bytes: int = 0
    not_yet_reported: int = 0
    by_feed: Counter[str] = field(default_factory=Counter)
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)


def simulate(
    wish: Wish, folder: Path | None, on_day: Callable[[dt.date, Account], None] = lambda day, account: None
) -> Account:
    """Write the inbox of a period, or only count it.

    Args:
        wish: what to simulate.
        folder: gets `<dataset>/<region>/<date>.simulated.<ext>`, `answers.parquet` and `simulation.json`; None writes nothing.
        on_day: told after each day.

    Returns:
        Account of files, rows (as sent, good and bad) and planted faults.

    Raises:
        SimulationError: the period, scale or share makes no sense, the folder holds deliveries already or cannot be written.
        HomeError: the folder is the inbox of a home that holds real data.
    """
    _check(wish)
    if folder:
        _check_folder(folder)
    try:
        return _simulated(wish, folder, on_day)
    except OSError as error:
        message = f"{folder} cannot be written: {error}; name another folder with --to-folder"
        raise SimulationError(message) from error


def _simulated(wish: Wish, folder: Path | None, on_day: Callable[[dt.date, Account], None]) -> Account:
    contracts = load_contracts()
    feeds = [contracts.feed(f"{dataset}/{region}") for dataset in wish.datasets for region in REGIONS]
    account = Account()
    if folder:
        _begin(folder)
    answers = Answers(folder / ANSWERS if folder else None)
    for delivery in _deliveries(wish, contracts, feeds, on_day, account):
        _write(delivery, folder, account, answers)
    answers.finish()
    if folder:
        _copy_statistics(folder, account)
        _write_manifest(wish, contracts, feeds, account, folder / MANIFEST)
    return account


def _check(wish: Wish) -> None:
    if wish.last < wish.first:
        raise SimulationError(f"--to {wish.last} lies before --from {wish.first}")
    if wish.first < EARLIEST:
        raise SimulationError(f"--from {wish.first}: give {EARLIEST} or a later day")
    if wish.last > now().date():  # landing refuses what is reported in the future, and no answer would be right
        raise SimulationError(f"--to {wish.last} lies in the future; give {now().date()} or an earlier day")
    if not 0 < wish.scale <= 1000:
        raise SimulationError(
            f"--scale {wish.scale}: give a number above 0 and up to 1000; 1 meets the published figures"
        )
    if wish.every < 1:
        raise SimulationError(f"--every {wish.every}: a number of days, 1 or more")
    if not 0 <= wish.faults <= 0.5:
        raise SimulationError(f"--faults {wish.faults}: a share between 0 and 0.5, for example 0.005")
    unknown = set(wish.datasets) - set(DATASETS)
    if unknown:
        raise SimulationError(f"nothing simulates {', '.join(sorted(unknown))}; there are: {', '.join(DATASETS)}")
    if "accidents" in wish.datasets:
        _check_accident_years(wish)


def _check_accident_years(wish: Wish) -> None:
    """A year of which nothing is known would be one of zero reports, that is of stated zeros."""
    known = set.intersection(*(set(published.accidents_of(code)) for code in REGIONS.values()))
    unknown = [year for year in range(wish.first.year, wish.last.year + 1) if year not in known]
    if unknown:
        raise SimulationError(
            f"accidents of {', '.join(map(str, unknown))} cannot be simulated, there are rates for {min(known)} to {max(known)} "
            f"({published.RATES.name}); choose --from and --to within them, or name the other datasets with --dataset"
        )


def _check_folder(folder: Path) -> None:
    """Nothing is written into what holds deliveries already or belongs to a home of real data; nothing is marked here either."""
    if place := _home_of(folder):
        check_origin(place, "simulated", keep=False)
    if any(folder.glob("*/*/*")):
        raise SimulationError(f"{folder} holds deliveries already; name an empty folder with --to-folder")


def _begin(folder: Path) -> None:
    """Make the folder, and mark the home whose inbox it is: only now is it certain that something will be written."""
    folder.mkdir(parents=True, exist_ok=True)
    if place := _home_of(folder):
        check_origin(place, "simulated")


def _home_of(folder: Path) -> Home | None:
    """The home whose inbox a folder is: the present one, or any other that has begun."""
    places = (home(), Home(folder.absolute().parent), Home(folder.resolve().parent))
    begun = (place for place in places if place == home() or place.marker.exists())
    return next((place for place in begun if place.inbox.resolve() == folder.resolve()), None)


def _generators(wish: Wish, contracts: Contracts) -> Iterator[Generator]:
    for region in REGIONS:
        if "accidents" in wish.datasets:
            yield Accidents(wish.seed, region, wish.scale)
        if "disaster_losses" in wish.datasets:
            yield Losses(wish.seed, region, wish.scale, wish.faults)
        for dataset, sizes, row in (("teams", TEAMS, team_row), ("experts", EXPERTS, expert_row)):
            if dataset in wish.datasets:
                yield Roster(
                    wish.seed,
                    contracts.feed(f"{dataset}/{region}"),
                    max(1, round(sizes[region] * wish.scale)),
                    row,
                )
    if {"supplies", "supply_movements"} & set(wish.datasets):
        yield Stock(wish.seed, wish.scale, wish.first, wish.faults)


def _deliveries(
    wish: Wish, contracts: Contracts, feeds: list[Feed], on_day: Callable[[dt.date, Account], None], account: Account
) -> Iterator[Delivery]:
    """Day by day, feed by feed. `waiting` holds what is due later: the later reports of what has begun, and what is sent again."""
    waiting: dict[dt.date, dict[str, list[Report]]] = {}
    generators = list(_generators(wish, contracts))
    day = wish.first
    while day <= wish.last:
        for generator in generators:
            for report in generator(day):
                waiting.setdefault(report.due, {}).setdefault(f"{report.dataset}/{report.region}", []).append(report)
        is_sending = (day - wish.first).days % wish.every == 0 or day == wish.last
        due = _due(waiting, day) if is_sending else {}
        for feed in feeds if is_sending else []:
            days_left = (wish.last - day).days
            for delivery, later in deliver(
                wish.seed, contracts.standard_of(feed), feed, day, due.get(feed.feed_id, []), wish.faults, days_left
            ):
                for report in later:
                    waiting.setdefault(report.due, {}).setdefault(feed.feed_id, []).append(report)
                if delivery:
                    yield delivery
        on_day(day, account)
        day += dt.timedelta(days=1)
    account.not_yet_reported = sum(len(reports) for feeds_due in waiting.values() for reports in feeds_due.values())


def _due(waiting: dict[dt.date, dict[str, list[Report]]], day: dt.date) -> dict[str, list[Report]]:
    """Take out what is due up to a day, by feed, in the order in which it became due."""
    found: dict[str, list[Report]] = {}
    for due in sorted(d for d in waiting if d <= day):
        for feed_id, reports in waiting.pop(due).items():
            found.setdefault(feed_id, []).extend(reports)
    return found


def _write(delivery: Delivery, folder: Path | None, account: Account, answers: Answers) -> None:
    account.files += 1
    account.rows += delivery.rows
    account.bytes += len(delivery.content)
    account.by_feed[delivery.feed_id] += delivery.rows
    account.planted.update((answer.expected_outcome, answer.fault) for answer in delivery.answers)
    answers.add(delivery.answers)
    if folder:
        path = folder / delivery.feed_id / delivery.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.content)


def _copy_statistics(folder: Path, account: Account) -> None:
    """The yearly statistics are the published ones, under names that mark them as part of a simulation."""
    for region in REGIONS:
        target = folder / "statistics" / region
        target.mkdir(parents=True, exist_ok=True)
        for path in published.statistics_files(region):
            shutil.copyfile(path, target / f"{path.stem}.simulated{path.suffix}")
            account.files += 1


def _write_manifest(wish: Wish, contracts: Contracts, feeds: list[Feed], account: Account, path: Path) -> None:
    """What was asked for, what was met and from where, what is assumed, what was planted. No clock: the same wish gives the same bytes."""
    outcomes: dict[str, dict[str, int]] = {}
    for (outcome, fault), count in sorted(account.planted.items()):
        outcomes.setdefault(outcome, {})[fault] = count
    manifest = {
        "data_origin": "simulated",
        "wish": {
            "from": str(wish.first),
            "to": str(wish.last),
            "scale": wish.scale,
            "seed": wish.seed,
            "faults": wish.faults,
            "every": wish.every,
        },
        "datasets": list(wish.datasets),
        "files": account.files,
        "rows_sent": account.rows,
        "rows_not_yet_reported": account.not_yet_reported,
        "rows_by_feed": dict(sorted(account.by_feed.items())),
        "rule_set_versions": {feed.feed_id: rule_set_version(contracts.standard_of(feed), feed) for feed in feeds},
        "planted": outcomes,
        "rules_never_broken": never_broken(contracts),
        "matched": _matched(wish),
        "assumed": "jingjinji/simulate/accident_rates.csv (kind = assumed); constants marked “assumed” in jingjinji/simulate/*.py",
        "not_published": "数值为空的统计（未公布）不作约束，按其余指标推算",
    }
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def never_broken(contracts: Contracts) -> list[str]:
    """Rules of the standards for which there is no recipe, as `<dataset>.<rule>`."""
    return [
        f"{d}.{rule}" for d, recipes in RECIPES.items() for rule in contracts.standards[d].rules if rule not in recipes
    ]


def _matched(wish: Wish) -> list[dict[str, object]]:
    """The published figures whose years lie in the period; at another scale than 1 they are multiplied by it."""
    found: list[dict[str, object]] = []
    years = [
        y
        for y in range(wish.first.year, wish.last.year + 1)
        if wish.first <= dt.date(y, 1, 1) and dt.date(y, 12, 31) <= wish.last
    ]
    for code in REGIONS.values():
        for first, last, accidents, deaths in published.accident_totals(code):
            if {first, last} <= set(years):
                found.append({"region_code": code, "years": f"{first}-{last}", "counted_accidents": accidents, "counted_deaths": deaths,
                              "source": "dbt_project/seeds/published_figures.csv"})  # fmt: skip
        for (year, statistic), value in sorted(published.disaster_figures(code).items()):
            if year in years and statistic in published.MATCHED:
                found.append({"region_code": code, "years": str(year), "statistic": statistic, "value": f"{value:f}",
                              "source": "demo/inbox/statistics"})  # fmt: skip
    return found
