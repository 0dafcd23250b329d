"""`jjj demo` and `jjj up`: the whole warehouse on this machine, through a real Airflow scheduler, with Superset beside it."""

from __future__ import annotations

import filecmp
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jingjinji import paths
from jingjinji.operate import airflow_site, airflow_watch, orchestration, services, superset_site
from jingjinji.operate.airflow_watch import Progress, Site, TaskEnd
from jingjinji.operate.services import Service, Started
from jingjinji.paths import Home

SUPERSET_PORT_VARIABLE, SUPERSET_DEFAULT_PORT = "JJJ_SUPERSET_PORT", 8088
HEALTHY_LIMIT_S = 180  # a cold start on two busy cores takes about 30 s
FOLLOW_LIMIT_S = 900
MARKS = {"success": "✓", "failed": "✗", "upstream_failed": "✗", "skipped": "·"}


@dataclass
class Clock:
    """Says what happens with the seconds since the start, and remembers how long each phase took."""

    began: float = field(default_factory=time.monotonic)
    phases: dict[str, float] = field(default_factory=dict)

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.say(name)
        start = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - start

    def durations(self) -> str:
        parts = [f"{name} {seconds:.1f} s" for name, seconds in self.phases.items()]
        return "；".join([*parts, f"合计 {time.monotonic() - self.began:.1f} s"])


@dataclass(frozen=True)
class Ran:
    """What a demo did: tasks that failed, and whether there was anything new."""

    failed: tuple[TaskEnd, ...]
    has_released: bool
    superset: dict[str, object]


def demo() -> int:
    """Run the chain on the published figures of `demo/inbox` and print the summary; leaves no process behind.

    Returns:
        Exit code: 0 when everything ended well, 1 when a task failed (its log was shown).
    Raises:
        ServiceError: a port is taken, or a server did not start; the message says what to do.
    """
    from jingjinji.operate.summary import print_summary

    home, clock = paths.home(), Clock()
    port = services.port_of(airflow_site.PORT_VARIABLE, airflow_site.DEFAULT_PORT)
    services.require_free(port, "Airflow", airflow_site.PORT_VARIABLE)
    fill_inbox(home)
    started: list[Started] = []
    with services.only_one(home.run / "servers.lock"), services.stopping(started):
        ran = _run(home, port, clock, started)
        clock.say("停止 Airflow")
    if not ran.failed:
        print_summary(home, ran.has_released, ran.superset)
    for task in ran.failed:
        print(f"\n✗ {task.dag_id}.{task.task_id}\n{airflow_watch.log_tail(home, task)}", file=sys.stderr)
    print(f"\n用时：{clock.durations()}")
    return 1 if ran.failed else 0


def fill_inbox(home: Home, source: Path | None = None) -> int:
    """Copy the demo's deliveries, each with its source beside it, to the inbox; returns how many files were new or changed."""
    source = source or paths.PROJECT / "demo" / "inbox"
    new = [f for f in source.rglob("*") if f.is_file() and not _is_copied(f, home.inbox / f.relative_to(source))]
    for file in new:
        target = home.inbox / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")  # landing takes no half-copied file
        shutil.copy2(file, part)
        part.rename(target)
    return len(new)


def _is_copied(file: Path, copy: Path) -> bool:
    return copy.exists() and filecmp.cmp(file, copy, shallow=False)


def _run(home: Home, port: int, clock: Clock, started: list[Started]) -> Ran:
    schema = _start_superset_schema(home, started)
    with clock.phase("准备 Airflow"):
        airflow_site.prepare(home, port, clock.say)
    progress = Progress(datetime.now(UTC).isoformat())
    with clock.phase("启动 Airflow"):
        servers, site = start_airflow(home, port, started)
        airflow_watch.wait_for_dags(site)
    with clock.phase("落地 → 建库 → 检查 → 发布 → 共享"):
        airflow_watch.trigger_landings(site)
        airflow_watch.follow(
            site, progress, lambda end: _tell(clock, end), lambda: services.require_alive(servers), FOLLOW_LIMIT_S
        )
    failed = tuple(progress.failed())
    has_released = progress.has(orchestration.BUILD_DAG_ID, "create_release", "success")
    if failed or not (home.current / "warehouse.duckdb").exists():
        return Ran(failed, has_released, {})
    with clock.phase("部署 Superset 看板"):
        if schema:
            schema.process.wait()
        superset = superset_site.deploy(home, lambda step: clock.say(f"  Superset：{step}"))
    return Ran(failed, has_released, superset)


def start_airflow(home: Home, port: int, started: list[Started]) -> tuple[list[Started], Site]:
    """Start Airflow's servers, wait until they are healthy, and log in; what was started is put into the list as well."""
    servers = []
    for part in airflow_site.parts(home, port):
        servers.append(services.start(part))
        started.append(servers[-1])
    services.wait_until(lambda: airflow_site.is_healthy(port), servers, "Airflow", HEALTHY_LIMIT_S)
    return servers, Site(port, airflow_site.login(home, port))


def _start_superset_schema(home: Home, started: list[Started]) -> Started | None:
    """On a first run, make Superset's own tables meanwhile: the slowest part of its deployment that needs no release."""
    if (home.superset / "deployed.json").exists():
        return None
    superset_site.prepare(home)
    argv = [str(superset_site.ENVIRONMENT / "bin" / "superset"), "db", "upgrade"]
    log = home.logs / "superset-schema.log"
    started.append(
        services.start(Service("superset-schema", argv, superset_site.environment(home), log, paths.PROJECT))
    )
    return started[-1]


def _tell(clock: Clock, end: TaskEnd) -> None:
    """One line for a task that ran, none for one that never started."""
    if not end.seconds:
        return
    seconds = f"{end.seconds:.1f} s"
    word = "没有新数据" if end.state == "skipped" else end.state
    clock.say(f"  {MARKS.get(end.state, '?')} {end.dag_id} · {end.task_id}（{word}，{seconds}）")


def up() -> int:
    """Serve Airflow and Superset on 127.0.0.1 until Ctrl-C, which ends every process that was started.

    Raises:
        ServiceError: a port is taken, or a server did not start; the message says what to do.
    """
    home, clock = paths.home(), Clock()
    port = services.port_of(airflow_site.PORT_VARIABLE, airflow_site.DEFAULT_PORT)
    superset_port = services.port_of(SUPERSET_PORT_VARIABLE, SUPERSET_DEFAULT_PORT)
    services.require_free(port, "Airflow", airflow_site.PORT_VARIABLE)
    services.require_free(superset_port, "Superset", SUPERSET_PORT_VARIABLE)
    started: list[Started] = []
    try:
        with services.only_one(home.run / "servers.lock"), services.stopping(started):
            _serve(home, port, superset_port, clock, started)
    except services.Stopped:
        print("已全部停止", flush=True)
    return 0


def _serve(home: Home, port: int, superset_port: int, clock: Clock, started: list[Started]) -> None:
    airflow_site.prepare(home, port, clock.say)
    clock.say("启动 Airflow")
    start_airflow(home, port, started)
    if (home.current / "warehouse.duckdb").exists():
        superset_site.deploy(home, lambda step: clock.say(f"Superset：{step}"))
        started.append(start_superset(home, superset_port))
    else:
        clock.say("还没有发布版本：先运行 make demo（或 jjj run），再次 make up 即可打开 Superset")
    _print_logins(home, port, superset_port)
    while True:
        services.require_alive(started)
        time.sleep(1.0)


def start_superset(home: Home, port: int) -> Started:
    """Start Superset on the current release and wait until it answers."""
    argv, env = superset_site.command(home, port)
    server = services.start(Service("superset", argv, env, home.logs / "superset.log", paths.PROJECT))
    try:
        superset_site.wait_until_healthy(port)
    except BaseException:
        services.stop([server])
        raise
    return server


def _print_logins(home: Home, port: int, superset_port: int) -> None:
    print(f"\nAirflow   http://127.0.0.1:{port}  {airflow_site.USER} / {airflow_site.keys(home)['password']}")
    for login in json.loads((home.superset / "logins.json").read_text()):
        print(f"Superset  http://127.0.0.1:{superset_port}  {login['username']} / {login['password']}  {login['name']}")
    print("\nCtrl-C 停止", flush=True)
