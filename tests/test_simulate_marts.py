"""A simulation through landing and build: the marts count what was published, and history finds what was planted for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from jingjinji import build, landing
from jingjinji.paths import Home
from jingjinji.simulate import ANSWERS, Wish, published, simulate
from jingjinji.simulate.geography import REGIONS

pytestmark = [pytest.mark.slow, pytest.mark.long]

COLUMNS = {
    "disaster_affected_person_times": "affected_persons",
    "disaster_deaths": "deaths_persons",
    "disaster_direct_loss": "direct_loss_cny",
    "crop_affected_area": "crop_affected_ha",
    "crop_failed_area": "crop_failed_ha",
}
# A year's last accidents and events are reported until half a year later.
FIRST, LAST = dt.date(2016, 1, 1), dt.date(2021, 7, 31)


def _built(home: Home, wish: Wish) -> Path:
    """Simulate into a home's inbox, land and build all of it; `JJJ_HOME` must mean this home."""
    simulate(wish, home.inbox)
    for feed in sorted(path for path in home.inbox.glob("*/*") if path.is_dir()):
        landing.land_inbox(f"{feed.parent.name}/{feed.name}")
    return build.build(full=True).path


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Accidents and losses of five and a half years, in monthly files, landed and built."""
    with pytest.MonkeyPatch.context() as patch:
        place = Home(tmp_path_factory.mktemp("simulated").resolve())
        patch.setenv("JJJ_HOME", str(place.root))
        made = _built(place, Wish(FIRST, LAST, faults=0.01, datasets=("accidents", "disaster_losses"), every=30))
        with duckdb.connect(str(made), read_only=True) as con:
            yield con, place.inbox


def test_marts_count_the_accidents_and_deaths_that_tianjin_published(
    warehouse: tuple[duckdb.DuckDBPyConnection, Path],
) -> None:
    con, _ = warehouse
    counted = con.execute(
        """select count(*), sum(deaths_counted_persons) from marts.fct_accidents
        where region_code = '120000' and is_counted and year(occurred_at) between 2016 and 2020"""
    ).fetchone()
    assert counted == (2734, 3041)
    reasons = con.execute("select count(distinct not_counted_reason) from marts.fct_accidents").fetchone()
    assert reasons == (3,)  # cancelled, below the limit, reported by the neighbour as well


@pytest.mark.parametrize("region", list(REGIONS))
def test_marts_sum_up_to_the_published_disaster_figures_of_each_year(
    warehouse: tuple[duckdb.DuckDBPyConnection, Path], region: str
) -> None:
    con, _ = warehouse
    figures = {
        (year, statistic): value
        for (year, statistic), value in published.disaster_figures(REGIONS[region]).items()
        if statistic in COLUMNS and FIRST.year <= year < LAST.year
    }
    assert len(figures) >= 13
    for (year, statistic), value in figures.items():
        column = COLUMNS[statistic]
        found = con.execute(
            f"""select sum({column}) from marts.fct_disaster_losses where region_code = ? and year(occurred_at) = ? and is_counted
            and not contains(';' || coalesce(covered_metrics, '') || ';', ';{column};')""",
            [REGIONS[region], year],
        ).fetchone()
        assert found == (value,), (year, statistic)


def _missed(con: duckdb.DuckDBPyConnection, inbox: Path) -> list[tuple[object, ...]]:
    """Planted flags and warnings that stand in no mart."""
    return con.execute(
        f"""select answers.fault, answers.feed_id, answers.file_name, answers.row_number
        from '{inbox / ANSWERS}' as answers
        inner join marts.fct_deliveries using (feed_id, file_name)
        anti join marts.fct_report_flags as flags
            on flags.delivery_id = fct_deliveries.delivery_id and flags.row_number = answers.row_number
            and flags.rule_id = answers.expected_code
        where answers.expected_outcome in ('flagged', 'warned')"""
    ).fetchall()


def _planted(inbox: Path) -> set[str]:
    flagged = f"select distinct expected_code from '{inbox / ANSWERS}' where expected_outcome = 'flagged'"
    return {code for (code,) in duckdb.sql(flagged).fetchall()}


def test_history_and_landing_flag_every_row_that_was_planted_for_them(
    warehouse: tuple[duckdb.DuckDBPyConnection, Path],
) -> None:
    con, inbox = warehouse
    assert _missed(con, inbox) == []
    assert _planted(inbox) >= {"A-LATE", "W-ACC-30D", "D-LATE", "D11", "D18"}


def test_history_flags_transfers_ledger_and_contradictions_as_planted(home: Home) -> None:
    """Teams and supplies of four months: all but miscounts are flagged where they were planted and nowhere else, to the last day."""
    datasets = ("teams", "supplies", "supply_movements")
    wish = Wish(dt.date(2021, 3, 1), dt.date(2021, 6, 30), faults=0.02, datasets=datasets, every=5)
    with duckdb.connect(str(_built(home, wish)), read_only=True) as con:
        assert _missed(con, home.inbox) == []
        exactly = ("S-TRANSIT", "S-MATCH", "X-KEY", "T-STALE", "T-CERT")
        assert _planted(home.inbox) >= {*exactly, "S-BAL"}
        unplanted = con.execute(
            f"""select flags.rule_id, flags.dataset, deliveries.file_name, flags.row_number
            from marts.fct_report_flags as flags
            inner join marts.fct_deliveries as deliveries on deliveries.delivery_id = flags.delivery_id
            anti join '{home.inbox / ANSWERS}' as answers
                on answers.feed_id = deliveries.feed_id and answers.file_name = deliveries.file_name
                and answers.row_number = flags.row_number and answers.expected_code = flags.rule_id
            where flags.rule_id in {exactly} and flags.cleared_at is null"""
        ).fetchall()
        assert unplanted == []
