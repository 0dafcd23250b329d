"""Servers end completely: with children, with those that ignore TERM, and when their starter is signalled."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jingjinji.operate import airflow_site, services
from jingjinji.operate.services import Service, ServiceError
from jingjinji.paths import Home

# A server with a child that ignores TERM and a grandchild in a process group of its own, as Airflow's tasks are.
STUBBORN = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setpgid(0, 0)
    time.sleep(600)
time.sleep(600)
"""
STARTER = """
import sys, time
from pathlib import Path
from jingjinji.operate import services
started = []
service = services.Service("stubborn", [sys.executable, "-c", sys.argv[1]], {}, Path(sys.argv[2]), Path("/"))
try:
    with services.stopping(started):
        started.append(services.start(service))
        print(started[0].process.pid, flush=True)
        time.sleep(600)
except services.Stopped as signal:
    sys.exit(f"stopped by {signal}")
"""


def stubborn(tmp_path: Path) -> Service:
    return Service("stubborn", [sys.executable, "-c", STUBBORN], {}, tmp_path / "log", tmp_path)


def wait_for_members(session: int, count: int) -> None:
    until = time.monotonic() + 20
    while len(services.members(session)) < count:
        assert time.monotonic() < until, services.members(session)
        time.sleep(0.05)


def test_stop_ends_children_that_ignore_term_and_groups_of_their_own(tmp_path: Path) -> None:
    started = services.start(stubborn(tmp_path))
    session = started.process.pid
    wait_for_members(session, 3)
    services.stop([started], grace_s=0.5)
    assert services.members(session) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signalled_starter_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    code = f"import jingjinji.operate.services as s; s.GRACE_S = 0.5\n{STARTER}"
    starter = subprocess.Popen(
        [sys.executable, "-c", code, STUBBORN, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert starter.stdout is not None
    session = int(starter.stdout.readline())
    wait_for_members(session, 3)
    os.kill(starter.pid, number)
    _, said = starter.communicate(timeout=30)
    assert f"stopped by {number.name}" in said
    assert services.members(session) == []


def test_a_taken_port_is_named_with_the_variable_that_moves_the_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"port {port} for Airflow is taken.*JJJ_AIRFLOW_PORT=\d+"):
            services.require_free(port, "Airflow", "JJJ_AIRFLOW_PORT")
    services.require_free(port, "Airflow", "JJJ_AIRFLOW_PORT")


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_AIRFLOW_PORT", "eighty")
    with pytest.raises(ServiceError, match="JJJ_AIRFLOW_PORT=eighty"):
        services.port_of("JJJ_AIRFLOW_PORT", 8080)


def test_a_server_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import sys; print('no database'); sys.exit(3)"]
    started = services.start(Service("broken", argv, {}, tmp_path / "log", tmp_path))
    with pytest.raises(ServiceError, match=r"broken ended with exit code 3(.|\n)*no database"):
        services.wait_until(lambda: False, [started], "broken", 20)


def test_one_home_has_one_set_of_servers(tmp_path: Path) -> None:
    with (
        services.only_one(tmp_path / "lock"),
        pytest.raises(ServiceError, match="already runs"),
        services.only_one(tmp_path / "lock"),
    ):
        pass
    with services.only_one(tmp_path / "lock"):
        pass


def test_keys_are_generated_per_home_and_only_the_owner_reads_them(home: Home, tmp_path: Path) -> None:
    first, other = airflow_site.keys(home), airflow_site.keys(Home(tmp_path / "other"))
    assert first == airflow_site.keys(home)
    assert not set(first.values()) & set(other.values())
    assert (home.airflow / "keys.json").stat().st_mode & 0o777 == 0o600
