"""Trigger the landing DAGs of a running Airflow and follow what comes of it until everything has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from jingjinji.operate import orchestration
from jingjinji.operate.airflow_site import call
from jingjinji.operate.services import ServiceError
from jingjinji.paths import Home

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
RUN_ENDED = {"success", "failed"}
DBT_TASK_ID = "dbt.dbt_producer_watcher"
NOISE = (" SKIP ", "::group::", "::endgroup::")
FOLLOWING = (orchestration.BUILD_DAG_ID, orchestration.EXPORT_DAG_ID)


@dataclass(frozen=True)
class TaskEnd:
    """A task that has ended. `seconds` is None when it never started."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    seconds: float | None
    try_number: int


@dataclass
class Progress:
    """What has been seen so far.

    Attributes:
        since: ISO time; runs that changed later are followed. Take it before the servers start, since the scheduler
            makes up for a missed daily run by itself.
        runs: (DAG id, run id) → state.
        tasks: (DAG id, run id, task id) → how it ended.
    """

    since: str
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    tasks: dict[tuple[str, str, str], TaskEnd] = field(default_factory=dict)

    def has(self, dag_id: str, task_id: str, state: str) -> bool:
        return any(t.dag_id == dag_id and t.task_id == task_id and t.state == state for t in self.tasks.values())

    def ran(self, dag_id: str) -> bool:
        return any(name == dag_id for name, _ in self.runs)

    def failed(self) -> list[TaskEnd]:
        """Tasks that failed by themselves; the tasks that only show a model of a failed dbt process are left out."""
        failed = [t for t in self.tasks.values() if t.state == "failed"]
        runs = {t.run_id for t in failed if t.task_id == DBT_TASK_ID}
        return [
            t for t in failed if t.run_id not in runs or t.task_id == DBT_TASK_ID or not t.task_id.startswith("dbt.")
        ]


@dataclass(frozen=True)
class Site:
    """A running Airflow: where it answers, and a token to speak to it."""

    port: int
    token: str

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return call(self.port, "GET", f"/api/v2/{path}?{urlencode(query)}", self.token)

    def patch(self, path: str, body: dict[str, Any]) -> None:
        call(self.port, "PATCH", f"/api/v2/{path}", self.token, body)

    def trigger(self, dag_id: str) -> None:
        call(self.port, "POST", f"/api/v2/dags/{dag_id}/dagRuns", self.token, {"logical_date": None})


def wait_for_dags(site: Site, timeout_s: float = 90) -> None:
    """Wait until Airflow knows every DAG.

    Raises:
        ServiceError: a DAG file cannot be imported, or DAGs are missing when the time is over.
    """
    wanted = {*map(orchestration.landing_dag_id, orchestration.feed_ids()), *FOLLOWING}
    until = time.monotonic() + timeout_s
    while missing := wanted - {dag["dag_id"] for dag in site.get("dags", limit=1000)["dags"]}:
        if errors := site.get("importErrors")["import_errors"]:
            raise ServiceError(f"{errors[0]['filename']} cannot be imported:\n{errors[0]['stack_trace']}")
        if time.monotonic() > until:
            raise ServiceError(
                f"Airflow does not know these DAGs after {timeout_s:.0f} s: {', '.join(sorted(missing))}"
            )
        time.sleep(0.5)


def trigger_landings(site: Site) -> None:
    """Start the landing DAG of each feed; `follow` waits for what comes of it."""
    for dag_id in (*map(orchestration.landing_dag_id, orchestration.feed_ids()), *FOLLOWING):
        site.patch(f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
    for feed_id in orchestration.feed_ids():
        site.trigger(orchestration.landing_dag_id(feed_id))


def follow(
    site: Site, progress: Progress, on_end: Callable[[TaskEnd], None], check: Callable[[], None], timeout_s: float
) -> None:
    """Wait until landings, and the build and the exports they cause, have ended.

    Args:
        site: the running Airflow.
        progress: from `trigger_landings`; filled on the way.
        on_end: called once for each task that has ended.
        check: called at each look; raises when a server has died.
        timeout_s: seconds after which waiting ends.
    Raises:
        ServiceError: not everything has ended in time; the message says what still runs.
    """
    until = time.monotonic() + timeout_s
    while True:
        check()
        _look(site, progress, on_end)
        if not (open_things := _still_open(site, progress)):
            return
        if time.monotonic() > until:
            raise ServiceError(f"not ended after {timeout_s:.0f} s: {', '.join(open_things)}")
        time.sleep(1.0)


def _look(site: Site, progress: Progress, on_end: Callable[[TaskEnd], None]) -> None:
    # Runs first: a run seen as ended has no task that ends after this look.
    for run in site.get("dags/~/dagRuns", updated_at_gte=progress.since, limit=1000)["dag_runs"]:
        progress.runs[(run["dag_id"], run["dag_run_id"])] = run["state"]
    found = site.get("dags/~/dagRuns/~/taskInstances", updated_at_gte=progress.since, limit=1000)["task_instances"]
    for task in sorted(found, key=lambda t: t["end_date"] or ""):
        key = (task["dag_id"], task["dag_run_id"], task["task_id"])
        if task["state"] in ENDED and key not in progress.tasks:
            end = TaskEnd(
                task["dag_id"], task["dag_run_id"], task["task_id"], task["state"], task["duration"], task["try_number"]
            )
            progress.tasks[key] = end
            on_end(end)


def _still_open(site: Site, progress: Progress) -> list[str]:
    """What must still happen: runs that have not ended, and runs that an asset event is about to make."""
    active = [f"{dag_id} ({state})" for (dag_id, _), state in progress.runs.items() if state not in RUN_ENDED]
    if active:
        return active
    if due := [f"{dag_id} (to come)" for dag_id in FOLLOWING if _is_due(site, dag_id)]:
        return due
    if not progress.ran(orchestration.BUILD_DAG_ID):
        # Nothing has landed; a build that was interrupted, or a changed model, still has to be caught up with.
        site.trigger(orchestration.BUILD_DAG_ID)
        return [f"{orchestration.BUILD_DAG_ID} (to come)"]
    released = progress.has(orchestration.BUILD_DAG_ID, "create_release", "success")
    return (
        []
        if progress.ran(orchestration.EXPORT_DAG_ID) or not released
        else [f"{orchestration.EXPORT_DAG_ID} (to come)"]
    )


def _is_due(site: Site, dag_id: str) -> bool:
    """True when an asset event waits for the scheduler to make a run of this DAG from it."""
    try:
        return bool(site.get(f"dags/{dag_id}/assets/queuedEvents")["total_entries"])
    except HTTPError as error:
        if error.code == 404:  # Airflow's way of saying: none
            return False
        raise


def log_tail(home: Home, task: TaskEnd, lines: int = 20) -> str:
    """The last lines of a task's log, read from disk, as `level: message` with the error's text."""
    folder = home.logs / "airflow" / f"dag_id={task.dag_id}" / f"run_id={task.run_id}" / f"task_id={task.task_id}"
    file = folder / f"attempt={task.try_number}.log"
    if not file.is_file():
        return f"(no log at {file})"
    told = [
        text
        for line in file.read_text(errors="replace").splitlines()
        for text in _told(line)
        if not any(n in text for n in NOISE)
    ]
    return "\n".join([*told[-lines:], f"(whole log: {file})"])


def _told(line: str) -> list[str]:
    try:
        entry = json.loads(line)
    except ValueError:
        return [line]
    errors = [f"  {e['exc_type']}: {e['exc_value']}" for e in entry.get("error_detail") or []]
    return [f"{entry.get('level', '')}: {entry.get('event', '')}", *errors]
