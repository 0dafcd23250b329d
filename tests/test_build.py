"""The candidate: what it is copied from, what is loaded, when there is nothing new, what a failure leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows

from jingjinji import audit, build
from jingjinji.build import BuildError, finish_build, load_deliveries, prepare_candidate, run_dbt
from jingjinji.build.loading import Loaded
from jingjinji.paths import home
from jingjinji.quality.results import ensure_table

ROW = {
    "region_code": "130000", "event_id": "e1", "unit_code": "130000", "report_stage": "初报",
    "as_of_at": "2023-08-01 12:00", "deaths_persons": 9,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))


def _row(**values: Any) -> dict[str, Any]:
    return {**ROW, **values}


def _land(delivery_id: str, *rows: dict[str, Any], version: int = 1, status: str = "accepted") -> None:
    land_rows("disaster_losses/hebei", delivery_id, list(rows), version=version, status=status)


def _prepared(run_id: str, *, full: bool = False) -> Path:
    candidate = prepare_candidate(run_id, full=full)
    assert candidate is not None
    return candidate


def _finished(run_id: str, *, released: bool = True) -> Path:
    """A finished build whose only mart is a table made here: dbt has tests of its own."""
    candidate = _prepared(run_id)
    load_deliveries(candidate)
    with duckdb.connect(str(candidate)) as con:
        con.execute("create schema if not exists marts; create or replace table marts.one as select 1 as n")
    _record(candidate, "success")
    finish_build(candidate)
    if released:
        audit.record("release.create", release_id=f"r-{run_id}", run_id=run_id)
    return candidate


def _record(candidate: Path, status: str) -> None:
    """What the hook of the dbt project leaves when a run has ended."""
    with duckdb.connect(str(candidate)) as con:
        con.execute(f"""create or replace table raw.dbt_results as
            select 'model.x.one' as unique_id, 'model' as kind, 'one' as name, '{status}' as status, 0.1::double as seconds,
            null::bigint as failures""")


def _raw(candidate: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(candidate), read_only=True) as con:
        return con.execute(query).fetchall()


def test_load_inserts_new_replaces_changed_and_deletes_withdrawn(tmp_path: Path) -> None:
    _land("a", _row(deaths_persons=1), _row(deaths_persons=2, as_of_at="2023-08-02 12:00"))
    _land("b", _row(event_id="e2", deaths_persons=3))
    _land("c", _row(event_id="e3", deaths_persons=4))
    first = _prepared("first")
    assert load_deliveries(first) == Loaded(n_new=3, n_replaced=0, n_withdrawn=0)
    _land("b", _row(event_id="e2", deaths_persons=30), version=2)
    _land("c", version=2, status="withdrawn")
    _land("d", _row(event_id="e4", deaths_persons=5))
    assert load_deliveries(first) == Loaded(n_new=1, n_replaced=1, n_withdrawn=1)
    rows = "select delivery_id, deaths_persons from raw.disaster_losses order by 1, 2"
    assert _raw(first, rows) == [("a", 1), ("a", 2), ("b", 30), ("d", 5)]
    account = "select delivery_id, conform_version, status, rows_accepted from raw.deliveries order by 1"
    assert _raw(first, account) == [
        ("a", 1, "accepted", 2),
        ("b", 2, "accepted", 1),
        ("c", 2, "withdrawn", 0),
        ("d", 1, "accepted", 1),
    ]


def test_load_again_changes_nothing_and_keeps_a_held_delivery_held(tmp_path: Path) -> None:
    _land("a", _row())
    candidate = _prepared("first")
    load_deliveries(candidate)
    with duckdb.connect(str(candidate)) as con:
        con.execute("delete from raw.disaster_losses; update raw.deliveries set status = 'held'")
    assert load_deliveries(candidate) == Loaded(0, 0, 0)
    assert _raw(candidate, "select status from raw.deliveries") == [("held",)]
    assert _raw(candidate, "select * from raw.disaster_losses") == []


def test_load_describes_every_registered_feed_and_agreed_column() -> None:
    candidate = _prepared("first")
    load_deliveries(candidate)
    feeds = "select region_code from raw.feeds where feed_id = 'disaster_losses/tianjin'"
    assert _raw(candidate, feeds) == [("120000",)]
    column = "select type, unit, title_zh, is_personal from raw.columns where dataset = 'disaster_losses' and column_name = 'deaths_persons'"
    assert _raw(candidate, column) == [("count", "人", "因灾死亡人口", False)]


def test_incremental_load_gives_the_rows_of_a_full_one() -> None:
    _land("a", _row())
    _land("b", _row(event_id="e2"))
    _finished("first")
    _land("a", _row(deaths_persons=10), version=2)
    _land("c", _row(event_id="e3"))
    copied, rebuilt = _prepared("copied"), _prepared("rebuilt", full=True)
    assert (load_deliveries(copied), load_deliveries(rebuilt)) == (Loaded(1, 1, 0), Loaded(3, 0, 0))
    for table in ("deliveries", "disaster_losses", "feeds", "columns"):
        query = f"select * from raw.{table} order by all"
        assert _raw(copied, query) == _raw(rebuilt, query), table


def test_nothing_new_after_a_release_of_the_same_deliveries_and_rules() -> None:
    _land("a", _row())
    first = _finished("first")
    assert prepare_candidate("second") is None
    result = build.build()
    assert (result.nothing_new, result.path, result.run_id) == (True, first, "first")
    _land("b", _row(event_id="e2"))
    assert prepare_candidate("second") is not None


def test_build_that_was_not_released_is_made_again_by_the_scheduler_and_offered_again_by_hand() -> None:
    _land("a", _row())
    first = _finished("first", released=False)
    assert build.build().path == first
    assert prepare_candidate("second") is not None


def test_changed_rules_start_from_a_file_with_nothing_but_what_checks_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _land("a", _row())
    first = _finished("first")
    with duckdb.connect(str(first)) as con:
        ensure_table(con)
        con.execute("insert into marts.fct_quality_results (run_id, suite) values ('first', 'published')")
    monkeypatch.setattr(build, "rules_hash", lambda: "other rules")
    candidate = _prepared("second")
    with duckdb.connect(str(candidate)) as con:
        assert con.execute("select schema_name, table_name from duckdb_tables()").fetchall() == [
            ("marts", "fct_quality_results")
        ]
        assert con.execute("select run_id from marts.fct_quality_results").fetchall() == [("first",)]
    assert json.loads((candidate.parent / "prepared.json").read_text())["parent_build"] is None


def test_rules_hash_follows_models_seeds_and_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("dbt_project/models/a.sql", "dbt_project/seeds/b.csv", "feeds/c/_standard.yml", "jingjinji/personal.py")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(build, "PROJECT", tmp_path)
    hashes = [build.rules_hash()]
    for name in names:
        (tmp_path / name).write_text("two")
        hashes.append(build.rules_hash())
    (tmp_path / "dbt_project/target/models").mkdir(parents=True)
    (tmp_path / "dbt_project/target/models/a.sql").write_text("compiled")
    assert len(set(hashes)) == 5
    assert build.rules_hash() == hashes[-1]


def test_unfinished_build_is_never_a_parent() -> None:
    _land("a", _row())
    _finished("first")
    _land("b", _row(event_id="e2"))
    load_deliveries(_prepared("broken"))
    candidate = _prepared("third")
    assert json.loads((candidate.parent / "prepared.json").read_text())["parent_build"] == "first"
    assert load_deliveries(candidate) == Loaded(1, 0, 0)


def test_finish_refuses_a_copy_whose_models_did_not_run_again() -> None:
    _land("a", _row())
    _finished("first")
    _land("b", _row(event_id="e2"))
    candidate = _prepared("second")
    load_deliveries(candidate)
    with pytest.raises(BuildError, match="no model ran"):
        finish_build(candidate)
    _record(candidate, "error")
    with pytest.raises(BuildError, match="model one: error"):
        finish_build(candidate)
    assert [b.parent.name for b in home().builds.glob("*/build.json")] == ["first"]


def test_repeated_run_leaves_the_finished_build_of_its_name_alone() -> None:
    _land("a", _row())
    first = _finished("first", released=False)
    before = first.read_bytes()
    again = _prepared("first")
    assert again.parent.name == "first.2"
    assert first.read_bytes() == before


def test_build_file_tells_what_went_in() -> None:
    _land("a", _row())
    _finished("first")
    _land("a", _row(deaths_persons=1), version=2)
    _finished("second")
    told = build.last_build()
    assert told is not None
    assert (told["parent_build"], told["deliveries"], told["mart_rows"], told["parent_release_id"]) == (
        "first",
        {"a": 2},
        {"one": 1},
        None,
    )
    assert (told["n_new"], told["n_replaced"], told["n_withdrawn"]) == (0, 1, 0)


def test_prune_keeps_three_builds_and_what_a_running_one_began_from() -> None:
    for number in range(3):
        _land(f"d{number}", _row(event_id=f"e{number}"))
        _finished(f"run{number}")
    _land("d3", _row(event_id="e3"))
    _prepared("running")
    for number in range(4, 8):
        _land(f"d{number}", _row(event_id=f"e{number}"))
        _finished(f"run{number}")
    assert sorted(f.name for f in home().builds.iterdir()) == ["run2", "run5", "run6", "run7", "running"]


def test_run_id_of_the_scheduler_becomes_a_folder_name() -> None:
    candidate = _prepared("manual__2026-11-23T22:00:00+00:00")
    assert candidate.parent.name == "manual__2026-11-23T22_00_00_00_00"


def test_failing_data_test_names_itself_and_leaves_no_finished_build() -> None:
    """A delivery whose account does not add up, found by the models' own tests."""
    _land("a", _row())
    candidate = _prepared("first")
    load_deliveries(candidate)
    with duckdb.connect(str(candidate)) as con:
        con.execute("update raw.deliveries set rows_received = 5")
    with pytest.raises(BuildError, match="assert_every_received_row_is_accounted_for: fail"):
        run_dbt(candidate, "assert_every_received_row_is_accounted_for")
    with pytest.raises(BuildError, match=r"did not run through.*assert_every_received_row_is_accounted_for: fail"):
        finish_build(candidate)
    assert build.last_build() is None
