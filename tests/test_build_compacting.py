"""Ten years of deliveries: what is new is found by names, a rebuild reads few files, and neither changes what is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows

from jingjinji import build, landing
from jingjinji.build import compacting, finish_build, load_deliveries, prepare_candidate
from jingjinji.build.finding import changes_since, is_unchanged
from jingjinji.build.loading import Loaded
from jingjinji.paths import Home

TABLES = ("deliveries", "loaded_rows", "disaster_losses", "experts")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "AT_LEAST", 1)
    monkeypatch.setattr(build, "rules_hash", lambda: "these rules")


def _land(delivery_id: str, deaths: int, **how: Any) -> Path:
    row = {"region_code": "130000", "event_id": delivery_id, "unit_code": "130000", "report_stage": "初报",
           "as_of_at": "2023-08-01 12:00", "deaths_persons": deaths}  # fmt: skip
    return land_rows("disaster_losses/hebei", delivery_id, [row], **how)


def _built(run_id: str, *, full: bool = False) -> tuple[Path, Loaded]:
    """A finished build without models: they have tests of their own."""
    candidate = prepare_candidate(run_id, full=full)
    assert candidate is not None
    loaded = load_deliveries(candidate)
    with duckdb.connect(str(candidate)) as con:
        con.execute("create table raw.dbt_results as select 'x' as unique_id, 'x' as name, 'model' as kind,"
                    " 'success' as status, 0.0::double as seconds, null::bigint as failures")  # fmt: skip
    finish_build(candidate)
    return candidate, loaded


def _raw(candidate: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(candidate), read_only=True) as con:
        return {table: con.execute(f"select * from raw.{table} order by all").fetchall() for table in TABLES}


def test_rebuild_reads_what_was_compacted_and_from_the_landing_zone_only_what_is_not_in_it(home: Home) -> None:
    for number in range(6):
        _land(f"d{number}", number)
    _built("first")
    assert (home.compacted / "compacted.json").exists()
    _land("d1", 10, version=2)
    _land("d2", 0, version=2, status="withdrawn")
    _land("new", 7)
    shutil.rmtree(home.deliveries / "disaster_losses" / "hebei" / "d3")
    expected, _ = _built("by one", full=False)
    # its rows can now come from nowhere else
    (home.deliveries / "disaster_losses" / "hebei" / "d0" / "v0001" / "accepted.parquet").unlink()
    rebuilt, loaded = _built("rebuilt", full=True)
    assert _raw(rebuilt) == _raw(expected)
    assert loaded == Loaded(n_new=5, n_replaced=0, n_withdrawn=1)
    with duckdb.connect(str(rebuilt), read_only=True) as con:
        assert [
            row[0] for row in con.execute("select deaths_persons from raw.disaster_losses order by 1").fetchall()
        ] == [0, 4, 5, 7, 10]


def test_a_rebuild_believes_no_file_that_is_not_what_was_written_and_no_other_columns(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        _land(f"d{number}", number)
    first, _ = _built("first")
    whole = _raw(first)
    file = home.compacted / "of_disaster_losses.parquet"
    with duckdb.connect() as con:  # a file with other rows, readable like any other
        con.execute(f"copy (select * replace (99 as deaths_persons) from '{file}') to '{file}.x' (format parquet)")
    Path(f"{file}.x").replace(file)
    assert _raw(_built("second", full=True)[0]) == whole
    monkeypatch.setattr(compacting, "_signature", lambda standard: "other columns")
    assert _raw(_built("third", full=True)[0]) == whole


def test_a_few_new_deliveries_do_not_rewrite_what_is_compacted(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        _land(f"d{number:02}", number)
    _built("first")
    written = (home.compacted / "compacted.json").stat().st_mtime_ns
    _land("new", 1)
    _built("second")
    assert (home.compacted / "compacted.json").stat().st_mtime_ns == written


def test_changes_are_found_without_reading_a_manifest_that_is_known(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    _land("a", 1)
    _land("b", 2)
    _land("c", 3)
    known = {"a": 1, "b": 1, "c": 1, "gone": 4}
    _land("b", 20, version=2)
    read: list[str] = []
    current = landing.current_manifest

    def noted(folder: Path) -> dict[str, Any] | None:
        read.append(folder.name)
        return current(folder)

    monkeypatch.setattr("jingjinji.build.finding.current_manifest", noted)
    changes = changes_since(known)
    assert (set(changes.landed), changes.gone, read) == ({"b"}, ("gone",), ["b"])
    assert changes.landed["b"][0].name == "v0002"
    assert is_unchanged({"a": 1, "b": 2, "c": 1})
    for other in ({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 1, "gone": 1}):
        assert not is_unchanged(other)


def test_personal_columns_stay_in_the_landing_zone(home: Home) -> None:
    row = {"region_code": "130000", "expert_id": "x1", "specialty": "A", "as_of_at": "2025-01-01 12:00",
           "expert_name": "虚构甲", "phone": "13900000000", "id_number": "x"}  # fmt: skip
    land_rows("experts/hebei", "e1", [row])
    candidate, _ = _built("first")
    with duckdb.connect(str(candidate), read_only=True) as con:
        columns = {name[0] for name in con.execute("describe raw.experts").fetchall()}
        assert con.execute("select expert_id from raw.experts").fetchall() == [("x1",)]
    assert not columns & {"expert_name", "phone", "id_number"}
    assert b"13900000000" not in candidate.read_bytes()
