"""The answer sheet of a simulation against what landing really answers, in both directions."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from jingjinji import landing
from jingjinji.landing import HomeError
from jingjinji.paths import Home
from jingjinji.simulate import ANSWERS, Wish, simulate

Finding = tuple[str, str, int | None, str | None, str]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of all feeds, a file every eleven days, in which every twentieth row and file is broken."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(Wish(dt.date(2021, 7, 1), dt.date(2021, 7, 22), seed=11, faults=0.05, every=11), folder)
    return folder


def _answers(folder: Path) -> set[Finding]:
    """What must be found; rows sent twice are counted apart, since landing counts and does not name them."""
    columns = "feed_id, file_name, row_number, expected_code, expected_outcome"
    found = duckdb.sql(f"select {columns} from '{folder / ANSWERS}' where expected_outcome <> 'flagged'").fetchall()
    return {answer for answer in found if answer[4] != "duplicate" or answer[2] is None}


def _land_all(folder: Path) -> list[landing.Outcome]:
    feeds = sorted(path for path in folder.glob("*/*") if path.is_dir())
    return [landing.land(f"{feed.parent.name}/{feed.name}", path) for feed in feeds for path in sorted(feed.iterdir())]


def _found(outcome: landing.Outcome) -> set[Finding]:
    """What the receipt says of one file: the whole, broken rows, warnings."""
    feed, name = outcome.feed_id, outcome.file_name
    if outcome.status == "duplicate":
        return {(feed, name, None, "I01", "duplicate")}
    assert outcome.receipt
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    rows = "refused" if outcome.status == "refused" else "quarantined"
    found = {(feed, name, None, m["code"], "refused") for m in outcome.messages if m["code"].startswith("F")}
    found |= {(feed, name, fault["row"], fault["code"], rows) for fault in receipt["row_faults"]}
    return found | {(feed, name, warning["row"], warning["code"], "warned") for warning in receipt["row_warnings"]}


def test_every_planted_fault_is_found_and_nothing_else_is_rejected(simulated: Path, home: Home) -> None:
    outcomes = _land_all(simulated)
    answers, found = _answers(simulated), {finding for outcome in outcomes for finding in _found(outcome)}
    assert answers - found == set(), "planted and not found"
    assert found - answers == set(), "found and not planted"
    kinds = Counter(outcome for *_, outcome in answers)
    assert all(kinds[outcome] >= 3 for outcome in ("quarantined", "refused", "warned")), kinds
    assert len({code for _, _, _, code, _ in answers}) >= 25
    twice = duckdb.sql(f"select count(*) from '{simulated / ANSWERS}' where fault = 'same_row_twice'").fetchall()[0][0]
    assert sum(o.rows["duplicate"] for o in outcomes if o.status == "accepted") == twice
    assert json.loads(home.marker.read_text())["data_origin"] == "simulated"


def test_quarantine_holds_the_planted_rows_with_their_codes(simulated: Path, home: Home) -> None:
    """The same against the landed files of one feed, which is what everything later reads."""
    feed = "supplies/hebei"
    for path in sorted((simulated / feed).iterdir()):
        landing.land(feed, path)
    names = {m["delivery_id"]: m["file_name"] for _, m in landing.current_deliveries(home)}
    parquet = f"{home.deliveries}/{feed}/*/*/quarantined.parquet"
    rows = duckdb.sql(f"select delivery_id, row_number, unnest(faults).code from '{parquet}'").fetchall()
    expected = {answer[1:4] for answer in _answers(simulated) if answer[0] == feed and answer[4] == "quarantined"}
    assert {(names[delivery], row, code) for delivery, row, code in rows} == expected and expected


def test_a_simulated_home_refuses_real_deliveries_and_the_reverse(simulated: Path, home: Home, tmp_path: Path) -> None:
    feed = "accidents/tianjin"
    marked = min((simulated / feed).iterdir())
    unmarked = tmp_path / "2021-07-20.csv"
    unmarked.write_bytes(marked.read_bytes())
    landing.land(feed, marked)
    with pytest.raises(HomeError, match="refuses real"):
        landing.land(feed, unmarked)
    with pytest.raises(HomeError, match="cannot be landed as real"):
        landing.land(feed, marked, data_origin="real")


def test_a_real_home_refuses_simulated_deliveries(simulated: Path, home: Home, tmp_path: Path) -> None:
    feed = "accidents/tianjin"
    marked = min((simulated / feed).iterdir())
    unmarked = tmp_path / "2021-07-20.csv"
    unmarked.write_bytes(marked.read_bytes())
    landing.land(feed, unmarked)
    with pytest.raises(HomeError, match="holds real data and refuses simulated"):
        landing.land(feed, marked)
