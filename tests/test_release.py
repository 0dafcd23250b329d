"""Releases: marts only, verified, swapped in one step, refused when they must be."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest
from synthetic_build import INVENTED_MOBILE, INVENTED_NOTE, INVENTED_PERSON, later_reports, make_build
from typer.testing import CliRunner

from jingjinji import audit
from jingjinji.cli import app
from jingjinji.landing.corrections import rehearsal
from jingjinji.paths import home
from jingjinji.release import (
    ReleaseError,
    create_release,
    current_release,
    diffing,
    list_releases,
    rollback,
    rolled_back_from,
)
from jingjinji.release.diffing import diff
from jingjinji.release.store import KEEP, WAREHOUSE, check_file, prune


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    return tmp_path


def release_twice() -> tuple[str, str]:
    first = create_release(make_build("run1"))
    second = create_release(make_build("run2", reports=later_reports(), parent_release_id=first.release_id))
    return first.release_id, second.release_id


def test_release_holds_marts_and_no_byte_of_raw_rows() -> None:
    candidate = make_build("run1")
    assert INVENTED_NOTE.encode() in candidate.read_bytes()  # the scan below can find it
    release = create_release(candidate)
    content = release.warehouse.read_bytes()
    for secret in (INVENTED_PERSON, INVENTED_MOBILE, INVENTED_NOTE, "rescue_teams"):
        assert secret.encode() not in content
    with duckdb.connect(str(release.warehouse), read_only=True) as con:
        schemas = {row[0] for row in con.execute("select distinct schema_name from duckdb_tables()").fetchall()}
    assert schemas == {"marts"}


def test_release_keeps_rows_comments_constraints_and_macros() -> None:
    release = create_release(make_build("run1", reports=later_reports()))
    with duckdb.connect(str(release.warehouse), read_only=True) as con:
        early = con.execute(
            "select affected_persons from marts.fct_disaster_losses_as_of(timestamp '2023-08-03') where region_code = '130000'"
        ).fetchall()
        column = con.execute(
            "select comment from duckdb_columns() where table_name = 'fct_disaster_loss_reports' and column_name = 'deaths_persons'"
        ).fetchone()
        nullable = con.execute(
            "select is_nullable from duckdb_columns() where table_name = 'fct_disaster_loss_reports' and column_name = 'region_code'"
        ).fetchone()
        info = con.execute(
            "select release_id, deliveries_count, data_origin, run_id from marts.release_info"
        ).fetchall()
    assert early == [(540703,)]
    assert column == ("因灾死亡人口，单位'人'",)
    assert nullable == (False,)
    assert info == [(release.release_id, 3, "simulated", "run1")]
    assert release.tables["fct_disaster_loss_reports"].rows == 3
    assert {c.name: c.unit for c in release.tables["fct_disaster_losses"].facts.columns}["deaths_persons"] == "人"


def test_release_files_are_read_only_and_current_points_to_them() -> None:
    release = create_release(make_build("run1"))
    assert home().current.resolve() == home().releases / release.release_id
    assert not home().current.readlink().is_absolute()
    for path in home().current.resolve().iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert {p.name for p in home().current.resolve().iterdir()} == {WAREHOUSE, "release.json", "diff.json"}


@pytest.mark.parametrize("state", ["failed", "unchecked", "unfinished"])
def test_build_that_did_not_pass_releases_nothing(state: str) -> None:
    first = create_release(make_build("run1"))
    candidate = make_build(
        "run2", reports=later_reports(), parent_release_id=first.release_id, passed=state != "failed"
    )
    if state != "failed":
        (candidate.parent / {"unchecked": "quality.json", "unfinished": "build.json"}[state]).unlink()
    with pytest.raises(ReleaseError) as error:
        create_release(candidate)
    assert {"failed": "x_is_unique", "unchecked": "jjj check", "unfinished": "did not finish"}[state] in str(
        error.value
    )
    current = current_release()
    assert current is not None and current.release_id == first.release_id
    assert [p.name for p in home().releases.iterdir() if p.name != ".lock"] == [first.release_id]


def test_same_content_makes_no_new_release() -> None:
    first = create_release(make_build("run1"))
    again = create_release(make_build("run2", parent_release_id=first.release_id))  # fct_quality_results differs
    assert (first.is_new, again.is_new, again.release_id) == (True, False, first.release_id)


def test_releasing_a_released_build_again_says_so_and_prunes() -> None:
    first_id, second_id = release_twice()
    again = create_release(home().builds / "run2", keep=1)  # it began from the first release, not from its own
    assert (again.is_new, again.release_id) == (False, second_id)
    assert [p.name for p in home().releases.iterdir() if p.is_dir()] == [second_id] != [first_id]


def test_current_release_says_whether_a_rollback_chose_it() -> None:
    first_id, second_id = release_twice()
    assert rolled_back_from() is None
    rollback()
    assert rolled_back_from() == second_id
    create_release(make_build("run3", reports=later_reports(), parent_release_id=first_id))
    assert rolled_back_from() is None


def test_build_on_an_older_release_is_refused_and_told_to_rebuild() -> None:
    first = create_release(make_build("run1"))
    slow = make_build("slow", parent_release_id=first.release_id)
    create_release(make_build("run2", reports=later_reports(), parent_release_id=first.release_id))
    with pytest.raises(ReleaseError, match="build` again"):
        create_release(slow)


def test_two_releases_at_once_leave_exactly_one_winner() -> None:
    first = create_release(make_build("run1"))
    rivals = [make_build(f"rival{n}", reports=later_reports()[:n], parent_release_id=first.release_id) for n in (1, 3)]
    outcomes: list[str] = []

    def attempt(candidate: Path) -> None:
        try:
            outcomes.append(create_release(candidate).release_id)
        except ReleaseError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=attempt, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    current = current_release()
    assert current is not None and current.release_id in outcomes
    assert sum("build` again" in outcome for outcome in outcomes) == 1


def test_diff_names_each_changed_number_and_the_delivery_behind_it() -> None:
    first_id, second_id = release_twice()
    found = diff()
    assert (found.from_release, found.to_release) == (first_id, second_id)
    assert found.deliveries_new == ("d-hebei-2",)
    tables = {table.table: table for table in found.tables}
    assert "dim_regions" not in tables and "fct_quality_results" not in tables
    reports = tables["fct_disaster_loss_reports"]
    # without a key rows are compared whole: the superseded one now has another known_to
    assert (reports.key, reports.inserted, reports.removed) == ((), 2, 1)
    assert json.loads((home().releases / second_id / "diff.json").read_text()) == json.loads(found.model_dump_json())


def test_diff_by_key_tells_old_and_new_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "project" / "dbt_project" / "models"
    models.mkdir(parents=True)
    (models / "fct_disaster_losses.yml").write_text(
        "models: [{name: fct_disaster_losses, config: {meta: {key: [region_code, event_id]}}}]"
    )
    monkeypatch.setattr("jingjinji.release.marts.PROJECT", tmp_path / "project")
    monkeypatch.setattr("jingjinji.contracts.PROJECT", Path(__file__).parent.parent)
    release_twice()
    found = diff()
    losses = next(table for table in found.tables if table.table == "fct_disaster_losses")
    assert (losses.key, losses.inserted, losses.updated, losses.removed) == (("region_code", "event_id"), 0, 1, 0)
    deaths = next(change for change in losses.changes if change.column == "deaths_persons")
    assert (deaths.key, deaths.old, deaths.new) == ({"region_code": "130000", "event_id": "hb-flood"}, "9", "29")
    assert deaths.delivery_ids == ("d-hebei-1", "d-hebei-2")
    assert any("因灾死亡人口 9 → 29（交付 d-hebei-1, d-hebei-2）" in line for line in found.summary_zh)
    assert "新增交付 1 个（d-hebei-2 disaster_losses/x accepted）" in found.summary_zh[0]


def test_rollback_goes_to_the_parent_and_is_audited() -> None:
    first_id, second_id = release_twice()
    assert [(s.release.release_id, s.state) for s in list_releases()] == [(second_id, "current"), (first_id, "parent")]
    assert rollback(reason="test").release_id == first_id
    current = current_release()
    assert current is not None and current.release_id == first_id
    assert rollback(second_id).release_id == second_id
    events = [entry["event"] for entry in audit.read()]
    assert events == ["release.create", "release.create", "release.rollback", "release.rollback"]
    assert audit.verify_chain().records == 4


def test_rollback_refuses_a_changed_file() -> None:
    first_id, second_id = release_twice()
    path = home().releases / first_id / WAREHOUSE
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReleaseError, match="not the file that was released"):
        rollback()
    current = current_release()
    assert current is not None and current.release_id == second_id


def test_prune_keeps_current_and_its_nearest_ancestors() -> None:
    ids: list[str] = []
    for n in range(4):
        reports = tuple((*row[:6], int(str(row[6])) + n, *row[7:]) for row in later_reports())
        parent = ids[-1] if ids else None
        ids.append(create_release(make_build(f"run{n}", reports=reports, parent_release_id=parent), keep=9).release_id)
    rollback(ids[1])
    assert set(prune(2)) == {ids[2], ids[3]}
    assert {s.release.release_id for s in list_releases()} == {ids[0], ids[1]}
    assert prune(0) == [ids[0]]


def test_release_into_a_rehearsal_of_a_home_full_of_releases_touches_none_of_them() -> None:
    ids: list[str] = []
    for n in range(KEEP):
        reports = tuple((*row[:6], int(str(row[6])) + n, *row[7:]) for row in later_reports())
        parent = ids[-1] if ids else None
        ids.append(create_release(make_build(f"run{n}", reports=reports, parent_release_id=parent)).release_id)
    with rehearsal():
        create_release(make_build("rehearsed", parent_release_id=ids[-1]))
    assert {s.release.release_id for s in list_releases()} == set(ids)


def test_first_of_several_reports_withdrawn_is_the_only_one_removed() -> None:
    columns = "region_code varchar, accident_id varchar, report_number integer, deaths_persons bigint, delivery_id varchar, row_number bigint"
    types = {name: kind for name, _, kind in (column.partition(" ") for column in columns.split(", "))}
    with duckdb.connect() as con:
        for side, numbered in (("before", enumerate("abcd", 1)), ("after", enumerate("bcd", 1))):
            con.execute(f"attach ':memory:' as {side}")
            con.execute(f"create schema {side}.marts")
            con.execute(f"create table {side}.marts.fct_accident_reports ({columns})")
            rows = [["120000", "虚构-1", number, ord(report), report, 1] for number, report in numbered]
            con.executemany(f"insert into {side}.marts.fct_accident_reports values (?, ?, ?, ?, ?, ?)", rows)
        key = diffing._identity(["region_code", "accident_id", "report_number"], list(types))
        found = diffing._by_key(con, "fct_accident_reports", key, list(types), types, types)
    assert (found.inserted, found.updated, found.removed, found.retraced) == (0, 0, 1, 3)
    (removed,) = (change for change in found.changes if change.kind == "remove")
    assert removed.key["delivery_id"] == "a"
    assert diffing._change_line(removed, {"accident_id": "事故编号"}).startswith(
        "    撤下：region_code 120000，事故编号 虚构-1"
    )


def test_command_tells_what_changed_also_where_it_keeps_one_release() -> None:
    release_twice()
    current = current_release()
    assert current is not None
    make_build("run3", reports=later_reports()[:1], parent_release_id=current.release_id)
    told = CliRunner().invoke(app, ["release", "create", str(home().builds / "run3"), "--keep", "1"])
    assert told.exit_code == 0, told.output
    assert f"对比 {current.release_id}" in told.output
    assert len(list_releases()) == 1


def test_view_in_marts_is_refused() -> None:
    candidate = make_build("run1")
    with duckdb.connect(str(candidate)) as con:
        con.execute("create view marts.peek as select * from raw.rescue_teams")
    with pytest.raises(ReleaseError, match="peek"):
        create_release(candidate)
    assert current_release() is None and not list(home().releases.glob(".draft*"))


@pytest.mark.parametrize(
    "step", ["release.copy_marts", "release._verify_copy", "release.write_diff", "release.point_to", "release.prune"]
)
def test_process_killed_at_any_step_leaves_a_whole_release(step: str) -> None:
    first = create_release(make_build("run1"))
    candidate = make_build("run2", reports=later_reports(), parent_release_id=first.release_id)
    killed = (
        "import os, sys; from pathlib import Path; import jingjinji.release as release\n"
        f"setattr(release, {step.split('.')[1]!r}, lambda *a, **k: os._exit(9))\n"
        "release.create_release(Path(sys.argv[1]))"
    )
    result = subprocess.run([sys.executable, "-c", killed, str(candidate)], check=False)
    assert result.returncode == 9
    current = current_release()
    assert current is not None
    assert current.release_id == first.release_id or (step == "release.prune" and current.run_id == "run2")
    check_file(current)
    assert audit.verify_chain().records == len(audit.read())
    assert create_release(make_build("run3", reports=later_reports(), parent_release_id=current.release_id)).run_id in (
        "run2",
        "run3",
    )


def test_draft_of_a_killed_process_is_swept_after_a_day() -> None:
    home().releases.mkdir(parents=True)
    old, fresh = home().releases / ".draft-old", home().releases / ".draft-fresh"
    for draft in (old, fresh):
        draft.mkdir()
    os.utime(old, (0, 0))
    create_release(make_build("run1"))
    assert not old.exists() and fresh.exists()


def test_new_unit_or_name_of_a_column_is_a_new_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = create_release(make_build("run1"))
    models = tmp_path / "project" / "dbt_project" / "models"
    models.mkdir(parents=True)
    (models / "dim_regions.yml").write_text(
        "models: [{name: dim_regions, columns: [{name: name_zh, config: {meta: {zh: 名称}}}]}]"
    )
    monkeypatch.setattr("jingjinji.release.marts.PROJECT", tmp_path / "project")
    second = create_release(make_build("run2", parent_release_id=first.release_id))
    assert second.is_new and second.tables["dim_regions"].facts.columns[1].zh == "名称"
