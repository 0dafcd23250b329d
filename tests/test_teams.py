"""Rescue teams: three shapes of file become one table, and what can be said of a team on a day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import as_of
from resource_files import built, codes, landed, native_file, receipt

from jingjinji.landing import land
from jingjinji.paths import Home

# Invented, and looked for in everything that leaves the landing zone.
PERSON, PHONE = "虚构联系人", "13900000000"
SENT: dict[str, dict[str, Any]] = {
    "teams/beijing": {
        "team_id": "京-队-1", "team_name": "虚构救援队", "team_kind": "社会力量", "team_type": "防汛", "team_level": "一级", "members_count": 30,
        "members_available_count": 18, "equipment": "assault_boat:4", "tasks": "drainage", "base_division_code": "110112", "base_lon": 116.65,
        "base_lat": 39.9, "readiness": "在位备勤", "certificate_valid_until": "2026年12月", "self_sufficiency_hours": 3, "response_minutes": 30,
        "duty_contact_name": PERSON, "duty_contact_phone": PHONE, "verified_at": "2026-04-30", "as_of_at": "2026年4月30日24时",
    },
    "teams/tianjin": {
        "team_id": "TJ0001", "team_name": "虚构救援队", "team_kind": "social", "team_type": "flood", "team_level": "L1", "members_count": 30,
        "members_available_count": 18, "equipment": "assault_boat:4", "tasks": "drainage", "base_division_code": "120116", "base_lon": 117.7,
        "base_lat": 39.0, "base_datum": "gcj02", "readiness": "standby", "certificate_valid_until": "20261231", "self_sufficiency_hours": 72,
        "response_minutes": 30, "duty_contact_name": PERSON, "duty_contact_phone": PHONE, "verified_at": "2026-04-30",
        "as_of_at": "2026-04-30T24:00+08:00",
    },
    "teams/hebei": {
        "team_id": "131000000123", "team_name": "虚构救援队", "team_kind": "4", "team_type": "抗洪抢险", "team_level": "1级", "members_count": 30,
        "members_available_count": 18, "equipment": "assault_boat:4", "tasks": "drainage", "base_division_code": "131082", "base_lon": "116.9",
        "base_lat": "39.9", "base_datum": "2", "readiness": "1", "certificate_valid_until": "2026/12/31", "self_sufficiency_hours": "72",
        "response_minutes": "30", "duty_contact_name": PERSON, "duty_contact_phone": PHONE, "verified_at": "2026/4/30",
        "as_of_at": "2026/4/30 24:00",
    },
}  # fmt: skip
SAME = (
    "team_kind",
    "team_type",
    "team_level",
    "readiness",
    "self_sufficiency_hours",
    "certificate_valid_until",
    "as_of_at",
)


@pytest.mark.parametrize("feed_id", SENT)
def test_each_region_sends_the_same_team_in_its_own_words(home: Home, tmp_path: Path, feed_id: str) -> None:
    outcome, (row,) = landed(tmp_path, feed_id, [SENT[feed_id]])
    assert outcome.rows["quarantined"] == 0
    said = tuple(str(row[name]) for name in SAME)
    assert said == ("社会应急力量", "抗洪抢险", "1", "待命", "72", "2026-12-31", "2026-05-01 00:00:00")
    assert row["base_datum"] == ("WGS84" if feed_id.endswith("beijing") else "GCJ02")
    assert isinstance(row["base_lon"], Decimal)


@pytest.mark.parametrize(
    ("sent", "refused", "warned"),
    [
        ({"members_available_count": "30"}, set(), set()),
        ({"members_available_count": "31"}, {"T01"}, set()),
        ({"base_lat": ""}, {"T02"}, set()),
        ({"base_datum": ""}, {"T03"}, set()),
        ({"base_lon": "39.9", "base_lat": "116.9"}, set(), {"T04"}),
        ({"equipment": "冲锋舟4艘"}, {"T05"}, set()),
        ({"equipment": "assault_boat:4;life_jacket:60"}, set(), set()),
        ({"equipment": "assault_boat:999999999;life_jacket:0"}, set(), set()),
        ({"equipment": "assault_boat:1000000000"}, {"T05"}, set()),
        ({"equipment": "assault_boat:4;life_jacket:99999999999999999999"}, {"T05"}, set()),
        ({"tasks": "drainage;;diving"}, {"T06"}, set()),
        ({"verified_at": "2026/5/1"}, set(), {"T07"}),
        ({"members_count": "0", "members_available_count": "0"}, set(), {"T09"}),
        ({"team_level": "甲级"}, {"R05"}, set()),
    ],
)
def test_row_is_judged_at_landing(
    home: Home, tmp_path: Path, sent: dict[str, str], refused: set[str], warned: set[str]
) -> None:
    others = [SENT["teams/hebei"] | {"team_id": f"13100000{number:04}"} for number in range(10)]
    outcome, rows = landed(tmp_path, "teams/hebei", [SENT["teams/hebei"] | sent, *others])
    assert (codes(outcome), len(rows)) == ((refused, warned), 10 if refused else 11)


def test_contact_is_in_no_receipt(home: Home, tmp_path: Path) -> None:
    wrong = SENT["teams/hebei"] | {"team_level": "甲级", "duty_contact_phone": "#REF!"}
    outcome = land("teams/hebei", native_file(tmp_path, "teams/hebei", [wrong, SENT["teams/hebei"]]))
    assert outcome.receipt is not None and receipt(outcome)["messages"]
    for file in outcome.receipt.parent.glob("receipt.*"):
        text = file.read_text(encoding="utf-8-sig")
        assert PERSON not in text and PHONE not in text


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(tmp_path_factory) as connection:
        yield connection


STATE = "readiness, is_ready, members_available_count, verification_status, is_certificate_valid, team_level"


@pytest.mark.parametrize(
    ("known_by", "expected"),
    [
        ("2026-02-01", [("待命", True, 12, "verified", True, "2")]),
        ("2026-04-01", [("待命", True, 12, "verified", True, "2")]),
        ("2026-04-02", [("待命", True, 12, "verified", False, "2")]),
        ("2026-06-01", [("休整", False, None, "verified", False, "2")]),
        ("2026-07-31", [("休整", False, None, "verified", False, "2")]),
        ("2026-08-01", [("休整", False, None, "unverified", False, "2")]),
    ],
)
def test_team_as_known_on_a_day_is_judged_on_that_day(
    con: duckdb.DuckDBPyConnection, known_by: str, expected: list[tuple[Any, ...]]
) -> None:
    """Certificate to 31 March, verified on 31 January: 180 days later is 30 July. Who is there now is not carried."""
    assert as_of(con, "fct_teams", known_by, STATE, "team_id = 'boats'") == expected


def test_older_state_that_arrives_late_adds_what_newer_ones_left_empty_and_changes_nothing_else(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = "team_level, readiness, members_count, cast(as_of_at as varchar)"
    before, after = (("1", "待命", members, "2026-03-31 00:00:00") for members in (None, 60))
    for known_by, expected in (("2026-04-02", before), ("2026-05-02", after)):
        assert as_of(con, "fct_teams", known_by, columns, "team_id = 'late'") == [expected]
    versions = con.execute("""
        select team_level, is_superseded_on_arrival, is_restated, row_number from marts.fct_team_reports
        where team_id = 'late' order by report_number""").fetchall()
    assert [version[:3] for version in versions] == [("1", False, False), ("3", True, False), ("1", False, True)]
    assert versions[0][3] == versions[2][3]  # the state told again is that of its own line


def test_table_means_the_day_of_the_last_thing_known(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select distinct cast(as_of_day as varchar) from marts.fct_teams").fetchall() == [
        ("2026-05-31",)
    ]


def test_base_is_in_wgs84(con: duckdb.DuckDBPyConnection) -> None:
    ((lon, lat),) = con.execute(
        "select base_lon_wgs84, base_lat_wgs84 from marts.fct_teams where team_id = 'boats'"
    ).fetchall()
    assert (round(lon, 4), round(lat, 4)) == (117.1937, 39.099)


def test_tasks_and_equipment_are_taken_apart(con: duckdb.DuckDBPyConnection) -> None:
    tasks = con.execute(
        "select team_id, task_code, task_name from marts.fct_team_capabilities order by team_id, task_code"
    ).fetchall()
    assert tasks == [
        ("boats", "evacuation_boats", "冲锋舟转移群众"), ("boats", "water_rescue", "水上搜救"),
        ("odd", "no_such_task", None), ("odd", "water_rescue", "水上搜救"),
    ]  # fmt: skip
    equipment = con.execute("""
        select equipment_code, equipment_count, unit from marts.fct_team_equipment where team_id = 'boats' order by 1""")
    assert equipment.fetchall() == [("assault_boat", 2, "艘"), ("life_jacket", 39, "件")]


def test_sender_is_told_what_the_lists_and_minima_show(con: duckdb.DuckDBPyConnection) -> None:
    flags = con.execute("""
        select row_number, rule_id, column_name, value_text, compared_text
        from intermediate.int_teams_flagged order by row_number, rule_id, column_name""").fetchall()
    assert flags == [
        (1, "T-MIN", "team_level", "2", "life_jacket 39（要求至少40）"),
        (2, "T-CERT", "certificate_valid_until", "2026-03-31", "2026-05-31"),
        (2, "T-MIN", "team_level", "2", "life_jacket 39（要求至少40）"),
        (3, "T-CERT", "certificate_valid_until", "2026-03-15", "2026-03-31"),
        (5, "T-CODE", "equipment", "no_such_thing", None),
        (5, "T-CODE", "tasks", "no_such_task", None),
        (5, "T-POINT", "base_lon", "距滨海新区中心285千米", "不超过90千米"),
    ]  # fmt: skip
    since = con.execute(
        "select cast(known_from as varchar) from intermediate.int_teams_flagged where rule_id = 'T-CERT' and row_number = 3"
    )
    assert since.fetchall() == [("2026-04-30 00:00:00",)], "since the late report that says so"
