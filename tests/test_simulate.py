"""`jjj simulate`: true to what was published, the same bytes for the same seed, and nothing broken that landing does not find."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingjinji.codes import rows_of
from jingjinji.contracts import load_contracts
from jingjinji.landing import HomeError, now
from jingjinji.paths import Home
from jingjinji.simulate import (
    SimulationError,
    Wish,
    accidents,
    disasters,
    never_broken,
    published,
    resources,
    simulate,
)
from jingjinji.simulate.chance import largest_remainder
from jingjinji.simulate.command import simulate_with_progress
from jingjinji.simulate.geography import REGIONS, gcj02
from jingjinji.simulate.losses import Losses
from jingjinji.simulate.reporting import Report, Row
from jingjinji.simulate.stock import Stock

FIRST = dt.date(2016, 8, 1)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def _days(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=i) for i in range(count)]


@given(st.integers(0, 10**9), st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40))
def test_shares_add_up_to_the_total_and_stay_within_one_of_their_weight(total: int, weights: list[float]) -> None:
    shares = largest_remainder(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * weight / sum(weights)) <= 1.001


# ---------------------------------------------------------------- published totals


def _counted(reports: list[Report]) -> tuple[int, int]:
    """Accidents and deaths that count, from the reports alone: nothing cancelled, nothing without casualties and below the limit of the
    loss, no death after the window. Written down again here, so that the generator is not its own judge."""
    limits = {row["window_code"]: int(row["window_days"]) for row in rows_of("ref_statistical_windows")}
    windows = {row["kind_code"]: limits[row["window_code"]] for row in rows_of("ref_accident_kinds")}
    by_accident = defaultdict(list)
    for report in reports:
        by_accident[report.row["accident_id"]].append(report.row)
    accidents_counted = deaths_counted = 0
    for rows in by_accident.values():
        last: Any = max(rows, key=lambda row: (row["report_stage"] == "调查报告", row["as_of_at"]))
        if any(row["report_stage"] == "核销" for row in rows):
            continue
        if not last["deaths_persons"] and not last["injured_persons"] and last["direct_loss_cny"] < 1_000_000:
            continue
        if last["report_stage"] == "调查报告":
            deaths = last["deaths_persons"] - last["late_deaths_persons"]
        else:
            days = windows[last["accident_kind"]]
            timely = [
                row for row in rows if row["as_of_at"].date() <= row["occurred_at"].date() + dt.timedelta(days=days)
            ]
            deaths = max(timely, key=lambda row: row["as_of_at"])["deaths_persons"]
        accidents_counted, deaths_counted = accidents_counted + 1, deaths_counted + deaths
    return accidents_counted, deaths_counted


@pytest.mark.parametrize("seed", [7, 8])
def test_tianjin_counts_what_its_plan_published_for_2016_to_2020(seed: int) -> None:
    happened = accidents.Accidents(seed, "tianjin", 1)
    reports = [report for day in _days(dt.date(2016, 1, 1), 1827) for report in happened(day)]
    own = [report for report in reports if report.region == "tianjin"]
    assert _counted(own) == (2734, 3041)
    assert {r.row["report_stage"] for r in own} == {"初报", "续报", "补报", "调查报告", "核销"}
    assert any(r.row.get("late_deaths_persons") for r in own) and len(reports) > len(own)


@pytest.mark.parametrize("region", list(REGIONS))
def test_last_reports_of_a_year_add_up_to_its_published_disaster_figures(region: str) -> None:
    code, columns = REGIONS[region], {
        "disaster_affected_person_times": "affected_persons", "disaster_deaths": "deaths_persons", "disaster_direct_loss": "direct_loss_cny",
        "crop_affected_area": "crop_affected_ha", "crop_failed_area": "crop_failed_ha",
    }  # fmt: skip
    happened = Losses(7, region, 1, flags=0.05)
    last: dict[tuple[object, ...], Any] = {}
    for day in _days(dt.date(2016, 1, 1), 3288):
        for report in happened(day):
            last[report.row["event_id"], report.row["unit_code"]] = report.row
    children = [row for (_, unit), row in last.items() if unit != code]
    compared = 0
    for (year, statistic), value in published.disaster_figures(code).items():
        if statistic in columns and 2016 <= year <= 2024:
            assert (
                sum(Decimal(str(row[columns[statistic]])) for row in children if row["occurred_at"].year == year)
                == value
            )
            compared += 1
    assert compared >= 25
    parents = {event: row for (event, unit), row in last.items() if unit == code}
    for name in (*columns.values(), "houses_collapsed_count", "loss_housing_cny"):
        for event, parent in parents.items():
            assert parent[name] == sum(row[name] for row in children if row["event_id"] == event), (event, name)


def test_scale_multiplies_the_published_figures() -> None:
    counted = [a for a in accidents.year_of(7, "120000", 2018, 3) if a.ending == "counted"]
    year = published.accidents_of("120000")[2018]
    assert (len(counted), sum(a.deaths for a in counted)) == (3 * year.accidents, 3 * year.deaths)
    losses = [loss for event in disasters.year_of(7, "130000", 2021, 2) for loss in event.losses]
    assert sum(loss.deaths for loss in losses) == 2 * published.disaster_figures("130000")[2021, "disaster_deaths"]


def test_every_report_of_losses_keeps_every_rule_before_it_is_broken() -> None:
    """Nested areas and sums hold at each stage, so that whatever landing finds was planted."""
    happened = Losses(7, "hebei", 1)
    for row in (report.row for day in _days(dt.date(2016, 6, 1), 92) for report in happened(day)):
        values: Any = row
        assert values["crop_failed_ha"] <= values["crop_damaged_ha"] <= values["crop_affected_ha"]
        assert values["deaths_persons"] + values["missing_persons"] <= values["affected_persons"]
        assert sum(values[name] for name in values if name.startswith("loss_")) == values["direct_loss_cny"]


def test_the_ledger_of_supplies_balances_but_where_a_miscount_was_planted() -> None:
    stock, moved, stated = Stock(7, 0.2, FIRST, flags=0.02), defaultdict(int), defaultdict(list)
    for day in _days(FIRST, 95):
        for report in stock(day):
            row: Any = report.row
            key = (row["warehouse_id"], row["item_code"], row["lot_number"], row["storage_kind"])
            if report.dataset == "supply_movements":
                moved[key] += row["quantity"] if row["movement_kind"] == "入库" else -row["quantity"]
            else:
                stated[key].append((row["on_hand_quantity"] - moved[key], bool(report.flags)))
    pairs = [pair for series in stated.values() for pair in itertools.pairwise(series)]
    assert len(pairs) > 100 and any(is_planted for _, is_planted in itertools.chain(*stated.values()))
    for (opening, opening_planted), (closing, closing_planted) in pairs:
        assert (opening == closing) == (opening_planted == closing_planted)


def test_transfers_arrive_whole_and_in_time_but_where_the_contrary_was_planted() -> None:
    stock, days = Stock(7, 1, FIRST, flags=0.05), 60
    sent, received = {}, {}
    due = max(int(row["days"]) for row in rows_of("ref_supply_rules") if row["rule_code"] == "transfer_receipt")
    for report in (report for day in _days(FIRST, days) for report in stock(day)):
        row: Any = report.row
        if row.get("movement_kind") == "调拨" and report.flags:
            assert report.shows_after > due  # what is on its way, or a part of it, may arrive until then
        if row.get("movement_kind") == "调拨" and report.due < FIRST + dt.timedelta(days=days - 3):
            sent[row["movement_id"]] = (row["quantity"], report.flags)
        if row.get("related_movement_id"):
            received[row["related_movement_id"]] = row["quantity"]
    answered = {(tuple(r for r, _ in flags), _arrived(q, received.get(m))) for m, (q, flags) in sent.items()}
    assert answered == {((), "whole"), (("S-TRANSIT",), "never"), (("S-MATCH",), "short")}


def test_nothing_is_stated_of_a_division_before_there_was_one() -> None:
    """A warehouse stands in a district of today and is stated under the code in use that year."""
    began = {
        row["successor_code"]: int(row["change_year"])
        for row in rows_of("division_successors")
        if row["successor_code"] and row["change_year"] and row["old_code"] != row["successor_code"]
    }
    stated: dict[str, set[int]] = {}
    for year in (2016, 2022):
        stock = Stock(7, 3, dt.date(year, 1, 1))
        for report in (report for day in _days(dt.date(year, 1, 1), 30) for report in stock(day)):
            if report.dataset == "supplies":
                stated.setdefault(str(report.row["warehouse_division_code"]), set()).add(year)
    later = {code: years for code, years in stated.items() if began.get(code, 0) > 2016}
    assert {min(years) for years in later.values()} == {2022}


def _arrived(sent: Decimal, received: Decimal | None) -> str:
    return "never" if received is None else "whole" if received == sent else "short"


def test_a_row_that_breaks_two_rules_is_promised_for_both() -> None:
    """A daily report that is late and mistaken, a team whose certificate lapsed and that nobody verified for too long."""
    happened = Losses(7, "hebei", 1, flags=0.3)
    reports = (report for day in _days(dt.date(2016, 6, 1), 92) for report in happened(day))
    codes = {tuple(rule for rule, _ in report.flags) for report in reports}
    assert codes >= {(), ("D-LATE",), ("D11",), ("D-LATE", "D11"), ("D-LATE", "D18")}
    day = dt.datetime(2021, 6, 30, 8)
    days = max(int(row["days"]) for row in rows_of("ref_team_rules") if row["rule_code"] == "verification_staleness")
    for verified, certificate, expected in (
        (days, 0, ()),
        (days + 1, 0, ("T-STALE",)),
        (days, 1, ("T-CERT",)),
        (days + 1, 1, ("T-STALE", "T-CERT")),
    ):
        row: Row = {
            "verified_at": day - dt.timedelta(days=verified),
            "certificate_valid_until": day.date() - dt.timedelta(days=certificate),
        }
        assert tuple(rule for rule, _ in resources.flags_of(row, day.date())) == expected


def test_a_team_told_of_twice_is_flagged_in_both_deliveries(tmp_path: Path) -> None:
    simulate(Wish(FIRST, FIRST + dt.timedelta(days=20), faults=0.1, datasets=("teams",)), tmp_path)
    answers = duckdb.sql(
        f"select feed_id, file_name from '{tmp_path / 'answers.parquet'}' where expected_code = 'X-KEY'"
    ).fetchall()
    assert len(answers) >= 6 and len(answers) % 2 == 0
    assert len({feed for feed, _ in answers}) == 3


# ---------------------------------------------------------------- bytes and marks


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    wish = Wish(FIRST, FIRST + dt.timedelta(days=2), scale=0.3, seed=7, faults=0.05)
    simulate(wish, tmp_path / "one")
    simulate(wish, tmp_path / "two")
    simulate(Wish(wish.first, wish.last, wish.scale, 8, wish.faults), tmp_path / "other")
    one, two, other = (_digests(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two and len(one) > 40
    assert {name for name in one if "statistics" not in name and one[name] == other.get(name)} <= _without_rows(
        tmp_path / "one"
    )
    assert all(".simulated." in name for name in one if name not in ("answers.parquet", "simulation.json"))


def _without_rows(folder: Path) -> set[str]:
    """Empty files and zero reports may well be the same under two seeds."""
    names = {str(p.relative_to(folder)): p for p in folder.rglob("*.simulated.*")}
    return {name for name, path in names.items() if path.stat().st_size < 2600}


def test_a_later_start_does_not_change_what_happened() -> None:
    """Chance hangs on what it is about and not on the order of asking. The ledger of supplies is another: it begins with the period."""
    day = dt.date(2019, 7, 22)
    feeds = load_contracts().feeds
    makers: list[Callable[[], Any]] = [
        lambda: accidents.Accidents(7, "hebei", 1),
        lambda: Losses(7, "hebei", 1),
        lambda: resources.Roster(7, feeds["teams/hebei"], 60, resources.team_row),
        lambda: resources.Roster(7, feeds["experts/hebei"], 60, resources.expert_row),
    ]
    for make in makers:
        short, long = make(), make()
        earlier = [list(long(d)) for d in _days(day - dt.timedelta(days=100), 100)]
        found = [report for d in _days(day, 20) for report in short(d)]
        assert any(earlier) and found and found == [report for d in _days(day, 20) for report in long(d)]


def test_an_earlier_end_gives_the_same_files_up_to_it(tmp_path: Path) -> None:
    """Without faults; with them, nothing goes wrong on the last day, since nothing could be sent again."""
    for name, days in (("short", 7), ("long", 12)):
        simulate(Wish(FIRST, FIRST + dt.timedelta(days=days), scale=0.2, faults=0), tmp_path / name)
    short, long = _digests(tmp_path / "short"), _digests(tmp_path / "long")
    files = {name for name in short if ".simulated." in name}
    assert len(files) > 90 and all(short[name] == long[name] for name in files)
    assert all(Path(name).name > f"{FIRST + dt.timedelta(days=8)}" for name in long.keys() - short.keys())


def test_the_manifest_says_what_was_met_and_from_where(tmp_path: Path) -> None:
    simulate(Wish(FIRST, FIRST, scale=0.1, faults=0, datasets=("accidents",)), tmp_path)
    manifest = json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8"))
    assert manifest["data_origin"] == "simulated" and manifest["wish"]["seed"] == 7 and manifest["matched"] == []


def test_a_wish_that_makes_no_sense_says_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "accidents/tianjin").mkdir(parents=True)
    (tmp_path / "accidents/tianjin/2020-01-01.csv").write_text("x")
    for wish, words in (
        (Wish(FIRST, FIRST - dt.timedelta(days=1)), "lies before"),
        (Wish(FIRST, FIRST, scale=0), "--scale"),
        (Wish(FIRST, FIRST, datasets=("weather",)), "weather"),
        (Wish(FIRST, FIRST), "holds deliveries already"),
    ):
        with pytest.raises(SimulationError, match=words):
            simulate(wish, tmp_path)


def test_a_period_outside_of_what_can_be_simulated_is_refused(tmp_path: Path) -> None:
    """Reports of the future are refused by landing, years without rates would be zero reports, and a ledger needs days before it."""
    tomorrow, teams = now().date() + dt.timedelta(days=1), ("teams",)
    for wish, words in (
        (Wish(FIRST, tomorrow, datasets=teams), f"--to {tomorrow} lies in the future"),
        (Wish(dt.date.min, dt.date.min, datasets=("supplies",)), "--from 0001-01-01"),
        (Wish(dt.date(9999, 12, 30), dt.date.max, datasets=("supplies",)), "lies in the future"),
        (Wish(dt.date(2015, 12, 31), FIRST), "accidents of 2015 cannot be simulated, there are rates for 2016 to 2025"),
    ):
        with pytest.raises(SimulationError, match=words):
            simulate(wish, tmp_path)
    assert list(tmp_path.iterdir()) == []
    simulate(Wish(dt.date(2015, 12, 31), FIRST, datasets=("experts",), every=400), None)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(SimulationError, match=f"{folder} cannot be written: .+--to-folder"):
            simulate(SMALL, folder)


# ---------------------------------------------------------------- the home it is written into

SMALL = Wish(FIRST, FIRST, scale=0.1, datasets=("teams",))


def _ask_for(scale: float) -> None:
    """What `jjj simulate` does with nothing but a period and a scale."""
    simulate_with_progress(str(FIRST), str(FIRST), scale, 7, 0, None, (), 1, False)


def _with_a_real_file(place: Home) -> Path:
    sent = place.inbox / "accidents" / "tianjin" / "2020-01-01.csv"
    sent.parent.mkdir(parents=True)
    sent.write_text("x")
    return sent


def test_a_simulation_that_fails_leaves_the_home_open_for_real_data(home: Home) -> None:
    with pytest.raises(SimulationError, match="--scale"):
        _ask_for(scale=0)
    _with_a_real_file(home)
    with pytest.raises(SimulationError, match="holds deliveries already"):
        _ask_for(scale=1)
    assert not home.marker.exists()


def test_a_simulation_marks_the_home_whose_inbox_it_fills(home: Home, tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "elsewhere")
    simulate(SMALL, None)
    assert not home.marker.exists()
    simulate(SMALL, home.inbox)
    assert json.loads(home.marker.read_text(encoding="utf-8")) == {"data_origin": "simulated"}


def test_no_inbox_of_real_data_is_written_into_whichever_home_it_belongs_to(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.inbox.mkdir(parents=True)
    other.marker.write_text('{"data_origin": "real"}', encoding="utf-8")
    (tmp_path / "link").symlink_to(other.inbox)
    for folder in (other.inbox, tmp_path / "link"):
        with pytest.raises(HomeError, match="other holds real data and refuses simulated"):
            simulate(SMALL, folder)
    assert list(other.inbox.iterdir()) == []


def test_every_rule_of_every_standard_can_be_broken() -> None:
    assert never_broken(load_contracts()) == []


def test_gcj02_gives_the_offset_that_map_services_use() -> None:
    """The example that the openly published conversions carry."""
    assert gcj02(116.404, 39.915) == (pytest.approx(116.410244, abs=1e-6), pytest.approx(39.916404, abs=1e-6))
