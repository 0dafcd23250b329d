"""What the DAG files are made of: names, schedule, retries, and the calls a task makes.

A DAG file holds no logic: it asks this module for the names and calls one of the functions below, passing ids and
paths. Nothing here imports Airflow, dbt or Great Expectations until a task runs, so that a DAG file parses in no time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jingjinji import paths

if TYPE_CHECKING:
    from jingjinji.landing import Outcome

BUILD_DAG_ID = "build_warehouse"
EXPORT_DAG_ID = "publish_exports"
RELEASE_ASSET = "release"
LANDING_CRON = "0 6 * * *"  # after the regions' night batches; wall clock of TIME_ZONE
TIME_ZONE = "Asia/Shanghai"
NO_FIRST_RUN = timedelta(0)  # False should mean this, but Airflow 3.3 then makes a first run up to 2.4 h after its time
DBT_BUILD_FLAGS = ["--resource-type", "test"]  # unit tests judge the SQL, not the data: a build leaves them out
QUIET_LIMIT_S = 120  # a landing that hangs must not hold up the other regions' build for longer

log = logging.getLogger(__name__)


@cache
def feed_ids() -> tuple[str, ...]:
    """Ids of the registered feeds (`<dataset>/<region>`), read from the file names alone, sorted."""
    files = (paths.PROJECT / "feeds").glob("*/*.yml")
    return tuple(sorted(f"{f.parent.name}/{f.stem}" for f in files if not f.stem.startswith("_")))


@cache
def agreement_ids() -> tuple[str, ...]:
    """Ids of the sharing agreements, read from the file names alone, sorted."""
    return tuple(sorted(f.stem for f in (paths.PROJECT / "exports").glob("*.yml") if not f.stem.startswith("_")))


def landing_dag_id(feed_id: str) -> str:
    """The landing DAG of a feed: `land__<dataset>__<region>`."""
    return "land__" + feed_id.replace("/", "__")


def landing_asset(feed_id: str) -> str:
    """Name of the asset that says: this feed has something new in the landing zone."""
    return f"landed/{feed_id}"


def manifest_path() -> Path:
    """The dbt manifest the build DAG is drawn from; made by `make_manifest` before Airflow parses."""
    return paths.home().airflow / "dbt" / "manifest.json"


def default_args() -> dict[str, Any]:
    """Owner, retries and callbacks of every task; tasks that must not run twice set `retries` to 0 themselves."""
    return {
        "owner": "jingjinji",
        "retries": 1,
        "retry_delay": timedelta(seconds=20),
        "on_failure_callback": report_failure,
    }


def report_failure(context: Any) -> None:
    """Append the failed task to the audit log, so that `audit.jsonl` tells of refusals and stopped releases too."""
    from jingjinji import audit

    ti = context["ti"]
    audit.record("task.fail", dag_id=ti.dag_id, task_id=ti.task_id, run_id=context["run_id"], try_number=ti.try_number)


def land_feed(feed_id: str, keep: Callable[[str, Any], None]) -> str | None:
    """Land what lies in the feed's inbox, as the task `land`.

    Args:
        feed_id: `<dataset>/<region>`.
        keep: called with a key and a value to leave beside the task (XCom): the messages of refused deliveries.
    Returns:
        None: all that was new was accepted. `"refused"`: the task to go on with, since deliveries were refused.
    Raises:
        AirflowSkipException: nothing new; the run is done and makes no build. A refused file that still lies in the
            inbox is not new: its receipt was written when it came.
        AirflowFailException: nothing was accepted and deliveries were refused; what to do is in the message.
    """
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from jingjinji.landing import land_inbox

    outcomes = [o for o in land_inbox(feed_id) if o.is_new]
    messages = [refusal(o) for o in outcomes if o.status == "refused"]
    log.info("%s: %s new deliveries, %s refused", feed_id, len(outcomes), len(messages))
    if any(o.status != "refused" for o in outcomes):
        keep("refused", messages)
        return "refused" if messages else None
    if messages:
        raise AirflowFailException("\n".join(messages))
    raise AirflowSkipException(f"{feed_id}: nothing new")


def refusal(outcome: Outcome) -> str:
    """One line for the sender: which file was refused, why, what to do, where the receipt is, if there is one."""
    reasons = "; ".join(f"{m['code']} {m['message']} → {m['fix']}" for m in outcome.messages)
    receipt = f" (receipt: {outcome.receipt})" if outcome.receipt else ""
    return f"{outcome.feed_id}/{outcome.file_name} refused: {reasons}{receipt}"


def fail_refused(messages: list[str]) -> None:
    """Fail with the messages the sender reads, after the other deliveries of the feed were accepted."""
    from airflow.sdk.exceptions import AirflowFailException

    raise AirflowFailException("\n".join(messages))


def wait_until_quiet(running: Callable[[str], int], limit_s: float = QUIET_LIMIT_S, pause_s: float = 1.0) -> None:
    """Wait until no landing runs, so that landings that happen together make one build.

    Args:
        running: how many runs of a DAG are queued or running.
        limit_s: seconds after which the build goes on with what has landed.
        pause_s: seconds between two looks.
    """
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        busy = [f for f in feed_ids() if running(landing_dag_id(f))]
        if not busy:
            return
        log.info("waiting for %s", ", ".join(busy))
        time.sleep(pause_s)
    log.warning("going on after %s s although landings still run; they will make a build of their own", limit_s)


def prepare(run_id: str) -> str:
    """Make the candidate of this run and load what has landed; returns its absolute path.

    Raises:
        AirflowSkipException: the landing zone holds nothing that the last build did not have.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from jingjinji import build

    candidate = build.prepare_candidate(run_id)
    if candidate is None:
        raise AirflowSkipException(nothing_new())
    build.load_deliveries(candidate)
    return str(candidate)


def nothing_new() -> str:
    """Why there is nothing to build, for people; after a rollback also that it holds until deliveries or rules change."""
    from jingjinji.release import current_release, rolled_back_from

    current, left = current_release(), rolled_back_from()
    if current and left:
        return f"已回退到 {current.release_id}（此前为 {left}），没有新数据，保持不变"
    return "nothing new"


def check(stage: str, candidate: str) -> None:
    """Run the expectations of `incoming` or `published` on the candidate.

    Raises:
        AirflowFailException: an expectation failed; the release stays where it is. The message names them.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from jingjinji import quality

    verdict = {"incoming": quality.check_incoming, "published": quality.check_published}[stage](Path(candidate))
    if not verdict.passed:
        reasons = "\n".join(str(result) for result in verdict.failed)
        raise AirflowFailException(f"{stage} check failed, everybody stays on the last release:\n{reasons}")


def finish(candidate: str) -> None:
    """Close the candidate: from here on it does not change."""
    from jingjinji import build

    build.finish_build(Path(candidate))


def release(candidate: str) -> str:
    """Make the candidate the release everybody sees; returns the release id.

    Raises:
        AirflowSkipException: the current release already holds the same content; partners get nothing new.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from jingjinji.release import create_release

    made = create_release(Path(candidate))
    if not made.is_new:
        raise AirflowSkipException(f"release {made.release_id} already holds this content")
    return made.release_id


def send_second_receipts() -> None:
    """Tell senders what the current release says of their deliveries; nothing where they have read it already."""
    from jingjinji.outbox import send_second_receipts as send

    sent = send(log.info)
    log.info("%s second receipts with %s notes", len(sent.receipts), sent.notes)


def export(agreement_id: str) -> None:
    """Write the delivery of one sharing agreement from the current release."""
    from jingjinji.export import export as write

    write(agreement_id)
