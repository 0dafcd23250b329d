"""The whole chain through the real scheduler: a region whose landing fails holds up nobody, a second run finds nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from jingjinji import audit, paths
from jingjinji.operate import airflow_site, demo, services
from jingjinji.paths import Home

pytestmark = pytest.mark.slow

BROKEN = b"PK\x03\x04 cut off"
LIMIT_S = 600  # about 100 s on two idle cores


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose inbox holds the demo's deliveries and two broken files: beside good ones, and alone."""
    home = Home(tmp_path_factory.mktemp("scheduler"))
    demo.fill_inbox(home)
    for feed_id in ("disaster_losses/hebei", "accidents/beijing"):
        (home.inbox / feed_id).mkdir(parents=True, exist_ok=True)
        (home.inbox / feed_id / "broken.xlsx").write_bytes(BROKEN)
        (home.inbox / feed_id / "broken.csv").write_bytes(BROKEN)
    return home


@pytest.fixture(scope="module")
def first(place: Home) -> subprocess.CompletedProcess[str]:
    return run_demo(place)


def run_demo(home: Home) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "JJJ_HOME": str(home.root), airflow_site.PORT_VARIABLE: str(services.free_port())}
    argv = [airflow_site.BIN / "jjj", "demo"]
    return subprocess.run(argv, check=False, env=env, cwd="/", capture_output=True, text=True, timeout=LIMIT_S)


def processes_of(home: Home) -> list[str]:
    """Command lines of the processes that work on a home."""
    mark = f"JJJ_HOME={home.root}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it ended meanwhile
            continue
    return found


def test_a_failed_landing_is_shown_with_what_to_do(first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 1, first.stdout + first.stderr
    assert "land__disaster_losses__hebei.refused" in first.stderr
    assert "broken" in first.stderr and "→" in first.stderr


def test_the_other_deliveries_reach_a_release_and_the_partners(
    place: Home, first: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from jingjinji.query import query

    assert (place.current / "warehouse.duckdb").exists(), first.stdout + first.stderr
    monkeypatch.setenv("JJJ_HOME", str(place.root))
    rows = query("select region_code, max(affected_persons) from fct_disaster_losses group by 1 order by 1").rows
    assert [row[0] for row in rows] == ["110000", "130000", "JJJ"]
    assert list(place.exports.glob("*/*/manifest.json"))


def test_the_landings_made_one_build(place: Home, first: subprocess.CompletedProcess[str]) -> None:
    assert len(list(place.builds.glob("*/build.json"))) == 1
    assert len(list(place.releases.glob("*/release.json"))) == 1


def test_failed_tasks_are_in_the_audit_log(
    place: Home, first: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JJJ_HOME", str(place.root))
    failed = {e["facts"]["dag_id"] for e in audit.read() if e["event"] == "task.fail"}
    assert "land__disaster_losses__hebei" in failed
    assert "build_warehouse" not in failed


def test_nothing_is_left_running(place: Home, first: subprocess.CompletedProcess[str]) -> None:
    assert processes_of(place) == []


def test_a_second_run_finds_nothing_new_and_changes_nothing(
    place: Home, first: subprocess.CompletedProcess[str]
) -> None:
    before = state(place)
    second = run_demo(place)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "没有新数据" in second.stdout and "✗" not in second.stdout
    assert state(place) == before
    assert processes_of(place) == []


def state(home: Home) -> list[str]:
    """Names of the builds, releases and partner deliveries there are, and which release is current."""
    folders = [
        *home.builds.glob("*/build.json"),
        *home.releases.glob("*/release.json"),
        *home.exports.glob("*/*/manifest.json"),
    ]
    return [*sorted(str(f) for f in folders), str(home.current.resolve())]


def test_airflow_listens_on_this_machine_only(place: Home, first: subprocess.CompletedProcess[str]) -> None:
    env = airflow_site.environment(place, 1)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    password = json.loads((place.airflow / "passwords.json").read_text())
    assert password == {airflow_site.USER: airflow_site.keys(place)["password"]}
    assert not any(paths.PROJECT.joinpath(name).exists() for name in ("airflow.cfg", "airflow.db"))
