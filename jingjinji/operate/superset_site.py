"""Superset from the platform's side: prepare its state, deploy the dashboards, serve them.

Superset lives in an environment of its own (`.venv-superset`); here its programs are only started, never imported.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jingjinji.paths import PROJECT, Home

HERE = PROJECT / "superset"
ENVIRONMENT = Path(os.environ.get("JJJ_SUPERSET_ENV", PROJECT / ".venv-superset"))
DASHBOARD_PATH = "/superset/dashboard/jjj/"
LOGINS = (("admin", "管理员", "Admin"), ("analyst", "三地分析员", "analyst_joint"))


def _write_private(path: Path, text: str) -> None:
    """Write a file nobody else can read, not even while it is being written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, "utf-8")


def prepare(home: Home) -> list[dict[str, str]]:
    """Generate what a new site needs: the key that signs sessions and the logins; keep what is there.

    Returns:
        The logins that were generated now (`username`, `name`, `role`, `password`), to be printed once; empty when
        they existed. They stay in `superset/logins.json`, mode 0600.
    """
    state = home.superset
    if not (state / "secret_key").exists():
        _write_private(state / "secret_key", secrets.token_urlsafe(48))
    if (state / "logins.json").exists():
        return []
    logins = [
        {"username": user, "name": name, "role": role, "password": secrets.token_urlsafe(12)}
        for user, name, role in LOGINS
    ]
    _write_private(state / "logins.json", json.dumps(logins, ensure_ascii=False, indent=2))
    return logins


def environment(home: Home) -> dict[str, str]:
    """The environment variables Superset's programs read.

    Nothing of the platform's own Python leaks into them, `PYTHONDONTWRITEBYTECODE` included: without bytecode every
    start of Superset takes twice as long (5 → 10 s of processor time, measured).
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | {
        "JJJ_SUPERSET_STATE": str(home.superset),
        "JJJ_CURRENT_WAREHOUSE": str(home.current / "warehouse.duckdb"),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SUPERSET_HOME": str(home.superset),
        "PYTHONPATH": str(HERE),
        "PYTHONUNBUFFERED": "1",
        "SCARF_ANALYTICS": "false",
    }


def deploy(home: Home, on_progress: Callable[[str], None] = print) -> dict[str, Any]:
    """Bring Superset's tables, roles, logins and dashboards in line with the project and the current release.

    Takes seconds when nothing changed. Writes below `superset/` of the home only.

    Returns:
        `changed`, `charts` (number on the dashboard), `left_out` (datasets whose mart the release does not hold),
        `logins` (generated now, see `prepare`), `seconds`.

    Raises:
        FileNotFoundError: there is no release yet; build and release first (`jjj run`).
        RuntimeError: the deployment failed; the message ends with what Superset said.
    """
    if not (home.current / "warehouse.duckdb").exists():
        raise FileNotFoundError(
            f"no current release below {home.root}: run `jjj build`, `jjj check`, `jjj release` first"
        )
    started, logins = time.monotonic(), prepare(home)
    program = [str(ENVIRONMENT / "bin" / "python"), str(HERE / "deploy.py")]
    log = home.superset / "deploy.log"
    with log.open("w", encoding="utf-8") as errors:
        run = subprocess.Popen(program, env=environment(home), stdout=subprocess.PIPE, stderr=errors, text=True)
        lines = _lines(run, on_progress)
    if run.returncode != 0:
        raise RuntimeError(f"deploying the dashboards failed, see {log}:\n" + "\n".join(_tail(log)))
    return {**json.loads(lines[-1]), "logins": logins, "seconds": round(time.monotonic() - started, 1)}


def _lines(run: subprocess.Popen[str], on_progress: Callable[[str], None]) -> list[str]:
    """Hand steps (lines that start with "· ") to the caller as they come; return the other lines."""
    others = []
    for line in run.stdout or ():
        if line.startswith("· "):
            on_progress(line[2:].rstrip())
        else:
            others.append(line)
    run.wait()
    return others


def _tail(path: Path, count: int = 15) -> list[str]:
    return path.read_text("utf-8", errors="replace").splitlines()[-count:]


def command(home: Home, port: int) -> tuple[list[str], dict[str, str]]:
    """The program that serves Superset on 127.0.0.1 and its environment.

    Threads, not green threads: DuckDB holds the thread while it works. One worker, so that the login limit counts once.
    """
    argv = [str(ENVIRONMENT / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    argv += ["--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--no-control-socket"]
    argv += ["--chdir", str(HERE), "--log-level", "warning", "wsgi:app"]
    return argv, environment(home)


def serve(home: Home, port: int) -> subprocess.Popen[bytes]:
    """Start Superset in a process group of its own; its words go to `logs/superset.log`. The caller stops the group."""
    home.logs.mkdir(parents=True, exist_ok=True)
    argv, env = command(home, port)
    with (home.logs / "superset.log").open("ab") as log:
        return subprocess.Popen(argv, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def wait_until_healthy(port: int, process: subprocess.Popen[bytes] | None = None, timeout_s: float = 90) -> None:
    """Return when Superset answers.

    Raises:
        RuntimeError: the process ended, or there was no answer in time; look into `logs/superset.log`.
    """
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"Superset ended with {process.returncode} while starting, see logs/superset.log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"no answer from Superset on port {port} after {timeout_s:.0f} s, see logs/superset.log")
