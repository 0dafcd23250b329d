"""The DAG files as Airflow sees them, and the calls their tasks make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jingjinji import paths
from jingjinji.operate import airflow_site, orchestration
from jingjinji.paths import Home

LOOK = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder={folder!r})
def names(condition):
    return [condition.name] if hasattr(condition, "name") else [n for part in condition.objects for n in names(part)]
print("LOOK" + json.dumps({{
    "errors": bag.import_errors,
    "dags": {{
        dag.dag_id: {{
            "doc": dag.doc_md or "",
            "max_active_runs": dag.max_active_runs,
            "assets": sorted(names(dag.timetable.asset_condition))
                if getattr(dag.timetable, "asset_condition", None) else None,
            "cron": [str(dag.timetable.timezone), dag.timetable.expression] if hasattr(dag.timetable, "expression") else None,
            "tasks": {{t.task_id: {{"retries": t.retries, "outlets": [o.name for o in t.outlets],
                                    "upstream": sorted(t.upstream_task_ids)}} for t in dag.tasks}},
        }} for dag in bag.dags.values()
    }},
}}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow's own DagBag makes of dags/, in a process with the environment the servers get."""
    home = Home(tmp_path_factory.mktemp("dags"))
    env = airflow_site.environment(home, 8080)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(home.root))
        airflow_site.make_manifest(home, env)
    code = LOOK.format(folder=str(paths.PROJECT / "dags"))
    subprocess.run([airflow_site.BIN / "airflow", "db", "migrate"], env=env, check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(next(ln for ln in done.stdout.splitlines() if ln.startswith("LOOK"))[4:])
    return found


def test_dags_import_without_error_one_per_feed_and_two_more(seen: dict[str, Any]) -> None:
    assert seen["errors"] == {}
    landings = {orchestration.landing_dag_id(feed_id) for feed_id in orchestration.feed_ids()}
    assert set(seen["dags"]) == landings | {"build_warehouse", "publish_exports"}
    assert len(seen["dags"]) == len(list((paths.PROJECT / "feeds").glob("*/[!_]*.yml"))) + 2


def test_feed_ids_are_those_of_the_contracts() -> None:
    from jingjinji.contracts import load_contracts

    assert set(orchestration.feed_ids()) == set(load_contracts().feeds)


def test_landings_run_daily_at_beijing_time_and_announce_their_feed(seen: dict[str, Any]) -> None:
    for feed_id in orchestration.feed_ids():
        dag = seen["dags"][orchestration.landing_dag_id(feed_id)]
        assert dag["cron"] == ["Asia/Shanghai", "0 6 * * *"]
        assert dag["tasks"]["land"]["outlets"] == [f"landed/{feed_id}"]


def test_build_runs_one_at_a_time_on_any_landing_and_never_repeats_a_writer(seen: dict[str, Any]) -> None:
    build = seen["dags"]["build_warehouse"]
    assert build["max_active_runs"] == 1
    assert build["assets"] == sorted(f"landed/{feed_id}" for feed_id in orchestration.feed_ids())
    assert {task["retries"] for task in build["tasks"].values()} == {0}


def test_build_shows_every_model_and_releases_only_after_the_check(seen: dict[str, Any]) -> None:
    tasks = seen["dags"]["build_warehouse"]["tasks"]
    models = {f"dbt.{f.stem}_run" for f in (paths.PROJECT / "dbt_project" / "models").rglob("*.sql")}
    assert models <= set(tasks)
    assert tasks["create_release"]["outlets"] == ["release"]
    assert "finish_build" in tasks["create_release"]["upstream"]
    assert tasks["finish_build"]["upstream"] == ["check_published", "prepare"]
    assert seen["dags"]["publish_exports"]["assets"] == ["release"]


def test_every_dag_has_its_documentation(seen: dict[str, Any]) -> None:
    assert all(len(dag["doc"]) > 100 for dag in seen["dags"].values())


def test_landing_file_imports_nothing_heavy() -> None:
    code = "import sys, runpy; runpy.run_path('dags/landing.py'); print({'duckdb', 'dbt', 'great_expectations', 'cosmos.converter'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "set()"


def test_landing_an_empty_inbox_is_skipped(home: Home) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with pytest.raises(AirflowSkipException):
        orchestration.land_feed("disaster_losses/beijing", lambda *_: None)


def test_landing_a_refused_file_fails_once_and_says_why(home: Home) -> None:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    put(home, "disaster_losses/hebei", "broken.xlsx", b"PK\x03\x04 cut off")
    with pytest.raises(AirflowFailException, match=r"disaster_losses/hebei/broken\.xlsx refused: .+ → .+"):
        orchestration.land_feed("disaster_losses/hebei", lambda *_: None)
    with pytest.raises(AirflowSkipException):  # the file still lies there; its sender knows already
        orchestration.land_feed("disaster_losses/hebei", lambda *_: None)


def test_landing_a_good_and_a_refused_file_goes_on_to_the_refusal(home: Home) -> None:
    good = next((paths.PROJECT / "demo" / "inbox" / "disaster_losses" / "hebei").glob("*_losses.xlsx"))
    put(home, "disaster_losses/hebei", good.name, good.read_bytes())
    put(home, "disaster_losses/hebei", "broken.xlsx", b"PK\x03\x04 cut off")
    kept: dict[str, Any] = {}
    assert orchestration.land_feed("disaster_losses/hebei", kept.__setitem__) == "refused"
    assert len(kept["refused"]) == 1 and "broken.xlsx" in kept["refused"][0]


def test_waiting_ends_when_no_landing_runs_any_more() -> None:
    looks: list[str] = []

    def running(dag_id: str) -> int:
        looks.append(dag_id)
        return len(looks) == 1

    orchestration.wait_until_quiet(running, limit_s=10, pause_s=0.01)
    assert len(looks) == 2 * len(orchestration.feed_ids())


def put(home: Home, feed_id: str, name: str, content: bytes) -> Path:
    folder = home.inbox / feed_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name
