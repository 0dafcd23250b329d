"""A Superset of its own for the tests: temporary home, real chain on the demo inbox, free port, own process group."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.operate import superset_site
from jingjinji.paths import PROJECT, Home


@dataclass(frozen=True)
class Site:
    """A running server and what it serves."""

    home: Home
    port: int
    deployed: dict[str, Any]
    passwords: dict[str, str]

    @property
    def release_id(self) -> str:
        return self.home.current.resolve().name


def released_home(root: Path) -> Home:
    """A home in which the published figures went through the whole chain."""
    home = Home(root)
    shutil.copytree(PROJECT / "demo" / "inbox", home.inbox)
    run = [str(PROJECT / ".venv" / "bin" / "jjj"), "run"]
    done = subprocess.run(run, env=os.environ | {"JJJ_HOME": str(root)}, capture_output=True, text=True, check=False)
    assert home.current.exists(), f"jjj run made no release:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Home) -> Iterator[Site]:
    """Deploy and serve `home`; ends the server's process group at the end."""
    deployed = superset_site.deploy(home)
    passwords = {one["username"]: one["password"] for one in json.loads((home.superset / "logins.json").read_text())}
    port = free_port()
    process = superset_site.serve(home, port)
    try:
        superset_site.wait_until_healthy(port, process)
        yield Site(home, port, deployed, passwords)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def release_with(home: Home, release_id: str, *statements: str) -> None:
    """Make another release out of the current one with `statements` run on it; `current` stays where it is."""
    folder = home.releases / release_id
    folder.mkdir()
    warehouse = folder / "warehouse.duckdb"
    shutil.copyfile(home.current / "warehouse.duckdb", warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.release_info set release_id = ?", [release_id])
        for statement in statements:
            connection.execute(statement)
    warehouse.chmod(0o444)


def point_to(home: Home, release_id: str) -> None:
    """Swap `current` in one step, as a release does."""
    beside = home.root / "current.new"
    beside.symlink_to(Path("releases") / release_id)
    beside.replace(home.current)


def status_of(url: str, body: dict[str, Any] | None = None) -> int:
    """HTTP status of a request without a session; redirects are answers, not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    request = urllib.request.Request(url, headers={"Content-Type": "application/json"})
    request.data = None if body is None else json.dumps(body).encode()
    try:
        return int(urllib.request.build_opener(Stay).open(request, timeout=60).status)
    except urllib.error.HTTPError as refused:
        return refused.code
