"""Rescue teams and experts: rosters that each region states in turns, a part of it every day.

People, telephone and identity numbers are invented: the numbers' check character is wrong on purpose, so that none can be anybody's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from random import Random

from jingjinji.codes import code_list, rows_of
from jingjinji.contracts import Feed
from jingjinji.personal import is_identity_number
from jingjinji.simulate.accidents import DATUM
from jingjinji.simulate.chance import chance, share_of
from jingjinji.simulate.geography import REGIONS, code_in_use, counties, point_in
from jingjinji.simulate.reporting import Flag, Report, Row

# Assumed sizes at scale 1. Tianjin's plan names 397 experts; 28 kinds of city-level teams.
TEAMS = {"beijing": 60, "tianjin": 60, "hebei": 180}
EXPERTS = {"beijing": 360, "tianjin": 397, "hebei": 420}
CHECKED_EVERY, CHECKED_RARELY = 90, 400  # days between two verifications of a team
RARELY, CERTIFICATE_LAPSED = 0.03, 0.03  # assumed shares
# Assumed: who maintains teams of which types.
KINDS = {
    "国家综合性消防救援队伍": ("综合救援", "危险化学品", "水上搜救"),
    "专业应急救援队伍": ("危险化学品", "抗洪抢险", "森林火灾扑救", "地震和地质灾害", "建筑工程", "矿山救护"),
    "基层应急救援队伍": ("综合救援", "抗洪抢险", "森林火灾扑救"),
    "社会应急力量": ("建筑物倒塌搜救", "山地搜救", "水上搜救", "潜水救援", "应急医疗救护"),
    "航空应急救援队伍": ("航空救援",),
}
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "安平宁和顺康泰正明达文武志远嘉树"


class Roster:
    """Generator of one region's roster: `row` describes the thing of a number as it is on a day."""

    def __init__(self, seed: int, feed: Feed, count: int, row: Callable[[int, str, int, dt.date], Row]) -> None:
        self.seed, self.feed, self.row = seed, feed, row
        every = feed.expected_every_days or 30
        self.by_phase: list[list[int]] = [[] for _ in range(every)]
        for number in range(count):
            self.by_phase[int(share_of(seed, feed.feed_id, number) * every)].append(number)

    def __call__(self, day: dt.date) -> Iterator[Report]:
        """The things whose turn it is; after one round all of them have been told of."""
        for number in self.by_phase[day.toordinal() % len(self.by_phase)]:
            as_of = dt.datetime.combine(day, dt.time(8))
            row = self.row(self.seed, self.feed.region, number, day) | {
                "region_code": REGIONS[self.feed.region],
                "as_of_at": as_of,
                "reported_at": as_of + dt.timedelta(minutes=30 + number % 60),
            }
            yield Report(self.feed.dataset, self.feed.region, day, row, flags=flags_of(row, day))


# ---------------------------------------------------------------- teams


@cache
def _staleness_days() -> int:
    return next(int(row["days"]) for row in rows_of("ref_team_rules") if row["rule_code"] == "verification_staleness")


def flags_of(row: Row, day: dt.date) -> tuple[Flag, ...]:
    """What history will say of a team that is told of on `day`: not verified for too long, certificate lapsed, or both."""
    verified, certificate = row.get("verified_at"), row.get("certificate_valid_until")
    found: tuple[Flag, ...] = ()
    if isinstance(verified, dt.datetime) and (day - verified.date()).days > _staleness_days():
        found += (("T-STALE", "verified_at"),)
    if isinstance(certificate, dt.date) and certificate < day:
        found += (("T-CERT", "certificate_valid_until"),)
    return found


def team_row(seed: int, region: str, number: int, day: dt.date) -> Row:
    """A team as it is on a day: what it is never changes, who is available and when it was verified does."""
    fixed = chance(seed, "team", region, number)
    county = fixed.choice(counties(REGIONS[region]))
    kind = fixed.choice(list(KINDS))
    team_type = fixed.choice(KINDS[kind])
    level = fixed.choice(("1", "2", "2", "3", "3"))
    lon, lat = point_in(fixed, county)
    members = fixed.randrange(12, 80)
    row: Row = {
        "team_id": f"T{county.code}{number:05d}",
        "team_name": f"{county.name}{team_type}第{number % 9 + 1}队",
        "team_kind": kind,
        "team_type": team_type,
        "team_level": level,
        "members_count": members,
        "equipment": _equipment(fixed),
        "tasks": _tasks(team_type),
        "base_division_code": code_in_use(fixed, county.code, day.year),
        "base_lon": Decimal(f"{lon:.6f}"),
        "base_lat": Decimal(f"{lat:.6f}"),
        "base_datum": DATUM[REGIONS[region]],
        "self_sufficiency_hours": 24 * fixed.randrange(1, 4),
        "response_minutes": fixed.choice((15, 30, 60, 120)),
        "duty_contact_name": _name(fixed),
        "duty_contact_phone": _phone(fixed),
    }
    now = chance(seed, "team", region, number, day)
    return row | {
        "members_available_count": members - now.randrange(0, members // 3),
        "readiness": now.choice(("待命",) * 8 + ("出动", "休整")),
        "certificate_valid_until": _certificate(fixed, day),
        "verified_at": _verified(fixed, day),
    }


def _tasks(team_type: str) -> str:
    tasks = [row["task_code"] for row in rows_of("ref_team_tasks") if row["team_type"] == team_type]
    return ";".join(tasks) or rows_of("ref_team_tasks")[0]["task_code"]


def _equipment(rng: Random) -> str:
    codes = sorted(rng.sample(code_list("ref_equipment_items.equipment_code"), 3))
    return ";".join(f"{code}:{rng.randrange(1, 12)}" for code in codes)


def _certificate(fixed: Random, day: dt.date) -> dt.date:
    """Renewed every three years; a few teams let it lapse."""
    phase = fixed.randrange(1095)
    renewed = dt.date.fromordinal(day.toordinal() - (day.toordinal() - phase) % 1095)
    return renewed + dt.timedelta(days=900 if fixed.random() < CERTIFICATE_LAPSED else 1094)


def _verified(fixed: Random, day: dt.date) -> dt.datetime:
    every = CHECKED_RARELY if fixed.random() < RARELY else CHECKED_EVERY
    last = day.toordinal() - (day.toordinal() - fixed.randrange(every)) % every
    return dt.datetime.combine(dt.date.fromordinal(last), dt.time(7, 30))


# ---------------------------------------------------------------- experts


def expert_row(seed: int, region: str, number: int, day: dt.date) -> Row:
    """An expert as appointed on a day."""
    fixed = chance(seed, "expert", region, number)
    county = fixed.choice(counties(REGIONS[region]))
    until = dt.date(day.year + fixed.randrange(0, 4), 12, 31)
    return {
        "expert_id": f"E{REGIONS[region][:2]}{number:06d}",
        "expert_name": _name(fixed),
        "phone": _phone(fixed),
        "id_number": _identity(fixed),
        "specialty": fixed.choice(code_list("ref_expert_specialties.specialty_code")),
        "employer": f"{county.name}应急技术中心",
        "division_code": code_in_use(fixed, county.code, day.year),
        "is_available": "是" if chance(seed, "expert", region, number, day.year).random() < 0.85 else "否",
        "valid_until": until,
    }


def _name(rng: Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, 2))


def _phone(rng: Random) -> str:
    return f"1990000{rng.randrange(10_000):04d}"


def _identity(rng: Random) -> str:
    """Eighteen characters in the form of an identity number, with a check character that is wrong."""
    body = (
        f"11010119{rng.randrange(60, 99)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
    )
    return next(body + last for last in "0123456789" if not is_identity_number(body + last))
