"""# 建库 · build, check, release

Runs when any feed has landed something new; landings that happen together make one build. All of it works on the
run's own copy of the last build (the candidate), so nobody sees anything before it has passed.

1. **wait_until_quiet** – until no landing runs any more.
2. **prepare** – copy of the last build, new deliveries loaded. Nothing new: the run is skipped.
3. **check_incoming** – may these rows enter?
4. **dbt** – staging → intermediate → marts with their tests: one dbt process, one task shown per model.
5. **check_published** – may this candidate be released? If not, everybody stays on the last release.
6. **finish_build**, **create_release** – the folder is closed, `current` is swapped.
7. **send_second_receipts** – senders are told what only the history shows, and which deliveries were held; also when the content
   was released before, so that what an interrupted run left untold is told.

A failed run is repeated by clearing it from **wait_until_quiet** on. Do not clear single models: dbt runs as a whole.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import DAG, Asset, task
from cosmos import DbtTaskGroup, ExecutionConfig, ExecutionMode, LoadMode, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import SeedRenderingBehavior, TestBehavior

from jingjinji import paths
from jingjinji.operate import orchestration as jjj

DBT = paths.PROJECT / "dbt_project"
CANDIDATE = "{{ ti.xcom_pull(task_ids='prepare') }}"

with DAG(
    dag_id=jjj.BUILD_DAG_ID,
    doc_md=__doc__,
    schedule=reduce(or_, [Asset(jjj.landing_asset(feed_id)) for feed_id in jjj.feed_ids()]),
    catchup=False,
    max_active_runs=1,
    default_args={**jjj.default_args(), "retries": 0},  # a second dbt process would be a second writer
    tags=["build"],
) as dag:

    @task
    def wait_until_quiet(ti: Any = None) -> None:
        jjj.wait_until_quiet(lambda dag_id: ti.get_dr_count(dag_id, states=["queued", "running"]))

    @task
    def prepare(ti: Any = None) -> str:
        return jjj.prepare(ti.run_id)

    @task
    def check_incoming(candidate: str) -> None:
        jjj.check("incoming", candidate)

    @task
    def check_published(candidate: str) -> None:
        jjj.check("published", candidate)

    @task
    def finish_build(candidate: str) -> None:
        jjj.finish(candidate)

    @task(outlets=[Asset(jjj.RELEASE_ASSET)])
    def create_release(candidate: str) -> str:
        return jjj.release(candidate)

    @task(trigger_rule="none_failed")
    def send_second_receipts() -> None:
        jjj.send_second_receipts()

    dbt = DbtTaskGroup(
        group_id="dbt",
        project_config=ProjectConfig(DBT, manifest_path=jjj.manifest_path(), install_dbt_deps=False),
        profile_config=ProfileConfig("jingjinji", "candidate", profiles_yml_filepath=DBT / "profiles.yml"),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            # Cosmos leaves tests out of the one dbt process unless it is told to keep them.
            setup_operator_args={"dbt_cmd_flags": jjj.DBT_BUILD_FLAGS},
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TestBehavior.NONE,
            seed_rendering_behavior=SeedRenderingBehavior.NONE,  # built all the same, but 20 boxes less to look past
            emit_datasets=False,
        ),
        operator_args={
            "env": {"JJJ_CANDIDATE": CANDIDATE},
            "append_env": True,
            "deferrable": False,  # a build takes half a minute: no triggerer needed
            "poke_interval": 2,
        },
    )

    candidate = prepare()
    wait_until_quiet() >> candidate
    release = create_release(candidate)
    (
        check_incoming(candidate)
        >> dbt
        >> check_published(candidate)
        >> finish_build(candidate)
        >> release
        >> send_second_receipts()
    )
