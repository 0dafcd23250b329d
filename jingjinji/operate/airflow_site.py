"""Airflow on one machine: its configuration, its parts, and the few calls of its API that `jjj demo` makes."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from jingjinji import paths
from jingjinji.operate import orchestration
from jingjinji.operate.services import Service, ServiceError, tail
from jingjinji.paths import Home

USER = "admin"
PORT_VARIABLE, DEFAULT_PORT = "JJJ_AIRFLOW_PORT", 8080
BIN = Path(sys.executable).parent
RETRIES_S = (1, 3, 9)  # waits before an answer of 5xx is asked for again
WAIT_FOR_DATABASE_S = 60


def keys(home: Home) -> dict[str, str]:
    """Keys and the password of this home's Airflow, generated at the first call, readable by the owner only."""
    file = home.airflow / "keys.json"
    if not file.exists():
        home.airflow.mkdir(parents=True, exist_ok=True)
        _write_private(
            file,
            {
                "jwt": secrets.token_urlsafe(48),
                "api": secrets.token_urlsafe(48),
                "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "password": secrets.token_urlsafe(12),
            },
        )
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _write_private(file: Path, content: dict[str, str]) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out)


def environment(home: Home, port: int) -> dict[str, str]:
    """The environment of every Airflow process of a home; a file `airflow.cfg` is not needed.

    Args:
        home: where the state goes.
        port: of the API server; tasks report to it as well, so it must be the real one.
    """
    key = keys(home)
    url = f"http://127.0.0.1:{port}"
    core = {
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(paths.PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",  # the default forks 32 workers; each is 130 MB
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": orchestration.TIME_ZONE,
        "AIRFLOW__CORE__FERNET_KEY": key["fernet"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.airflow / "passwords.json"),
        # several processes write to it; on a machine with other work one waits longer than the five seconds of SQLite's own
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.airflow}/airflow.db?timeout={WAIT_FOR_DATABASE_S}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs / "airflow"),
    }
    servers = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": key["api"],
        "AIRFLOW__API_AUTH__JWT_SECRET": key["jwt"],
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    }
    quiet = {
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        # Without retries there is no state to keep for one; each of these is a call to the API per node and event.
        "AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY": "False",
        "AIRFLOW__COSMOS__UPLOAD_SQL_TO_XCOM": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(home.airflow / "cosmos"),
        "DBT_USE_COLORS": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }
    ours = {
        "JJJ_HOME": str(home.root),
        "JJJ_PROJECT": str(paths.PROJECT),
        "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW") and k != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **core, **servers, **quiet, **ours}


def prepare(home: Home, port: int, say: Callable[[str], None]) -> None:
    """Make the metadata database, the login and the dbt manifest; does again only what is missing or stale.

    Raises:
        ServiceError: a step failed; the message holds the end of its output.
    """
    env = environment(home, port)
    passwords = home.airflow / "passwords.json"
    if not passwords.exists():
        _write_private(passwords, {USER: keys(home)["password"]})
    if not (home.airflow / "migrated").exists():
        say("Airflow: metadata database")
        _run([str(BIN / "airflow"), "db", "migrate"], env, home.logs / "airflow-db.log")
        (home.airflow / "migrated").touch()
    end_abandoned_runs(home)
    if manifest_is_stale():
        say("dbt: manifest for the build DAG")
        make_manifest(home, env)


def end_abandoned_runs(home: Home) -> None:
    """Mark as failed what an Airflow that was killed has left unfinished; call it only while none runs on this home.

    Taken up again, dbt would be repeated model by model, each a writer of its own. The next run does the work anyway.
    """
    with closing(sqlite3.connect(home.airflow / "airflow.db")) as con, con:
        for table, states in (
            ("task_instance", "'running', 'queued', 'scheduled'"),
            ("dag_run", "'running', 'queued'"),
        ):
            con.execute(f"update {table} set state = 'failed' where state in ({states})")


def manifest_is_stale() -> bool:
    """True when a file of the dbt project is younger than the manifest that the build DAG is drawn from."""
    manifest = orchestration.manifest_path()
    if not manifest.exists():
        return True
    project = paths.PROJECT / "dbt_project"
    folders = ("models", "macros", "seeds", "tests")
    files = [*project.glob("*.yml"), *(f for name in folders for f in (project / name).rglob("*"))]
    return max(f.stat().st_mtime for f in files) > manifest.stat().st_mtime


def make_manifest(home: Home, env: dict[str, str]) -> None:
    """Run `dbt parse` into the home, so that two homes of one checkout do not write the same files."""
    project = str(paths.PROJECT / "dbt_project")
    target = orchestration.manifest_path().parent
    flags = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    argv = [str(BIN / "dbt"), "--quiet", "parse", *flags, "--log-path", str(home.logs / "dbt")]
    _run(argv, env, home.logs / "dbt-parse.log")
    orchestration.manifest_path().touch()  # dbt leaves an unchanged manifest as it is


def _run(argv: list[str], env: dict[str, str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run(
            argv, check=False, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    if done.returncode:
        raise ServiceError(
            f"{' '.join(argv[:3])} failed with exit code {done.returncode}; the end of {log}:\n{tail(log)}"
        )


def parts(home: Home, port: int) -> list[Service]:
    """The servers of Airflow: API server, scheduler (runs the tasks as well) and DAG processor. No task is deferred, so no triggerer."""
    env = environment(home, port)
    commands = {
        "airflow-api-server": ["api-server"],
        # Task logs are read from the same disk: no log server, so that no second port is needed.
        "airflow-scheduler": ["scheduler", "--skip-serve-logs"],
        "airflow-dag-processor": ["dag-processor"],
    }
    return [
        Service(name, [str(BIN / "airflow"), *command], env, home.logs / f"{name}.log", paths.PROJECT)
        for name, command in commands.items()
    ]


def is_healthy(port: int) -> bool:
    """True when API server, scheduler and DAG processor all say they are healthy."""
    try:
        health = call(port, "GET", "/api/v2/monitor/health")
    except (URLError, ConnectionError, TimeoutError):
        return False
    return all(
        (health.get(part) or {}).get("status") == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
    )


def login(home: Home, port: int) -> str:
    """A token for `call`."""
    body = {"username": USER, "password": keys(home)["password"]}
    return str(call(port, "POST", "/auth/token", body=body)["access_token"])


def call(port: int, method: str, path: str, token: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call of Airflow's API on this machine; returns the JSON of the answer.

    An answer of 5xx is asked for again: a busy machine gives one now and then. Nothing is lost where a run is asked for twice.

    Raises:
        urllib.error.URLError: nobody answers, or the answer is an error status, 5xx to the last.
    """
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    for wait_s in (*RETRIES_S, None):
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:  # never through a proxy
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except HTTPError as error:
            if error.code < 500 or wait_s is None:
                raise
        time.sleep(wait_s)
    raise AssertionError("unreachable: the last try returns or raises")
