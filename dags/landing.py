"""# 落地 · landing

One DAG per feed, made from `feeds/<dataset>/<region>.yml`. Each takes what lies in the feed's inbox into the landing
zone: every row is accepted, quarantined (with its reason), a duplicate or ignored, and the sender gets a receipt.

* **land** – safe to repeat at any time. Nothing new: the task is skipped and no build follows.
* **refused** – runs only when a delivery was refused as a whole; its message is what the sender must mend. The other
  deliveries of the feed were accepted before, the other regions are not touched.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, CronTriggerTimetable, task

from jingjinji.operate import orchestration as jjj


def landing_dag(feed_id: str) -> DAG:
    with DAG(
        dag_id=jjj.landing_dag_id(feed_id),
        doc_md=__doc__,
        schedule=CronTriggerTimetable(jjj.LANDING_CRON, timezone=jjj.TIME_ZONE, run_immediately=jjj.NO_FIRST_RUN),
        catchup=False,
        max_active_runs=1,
        default_args=jjj.default_args(),
        tags=["landing", *feed_id.split("/")],
    ) as dag:

        @task.branch(outlets=[Asset(jjj.landing_asset(feed_id))])
        def land(ti: Any = None) -> str | None:
            return jjj.land_feed(feed_id, keep=ti.xcom_push)

        @task(retries=0)
        def refused(ti: Any = None) -> None:
            jjj.fail_refused(ti.xcom_pull(task_ids="land", key="refused"))

        land() >> refused()
    return dag


for _feed_id in jjj.feed_ids():
    globals()[jjj.landing_dag_id(_feed_id)] = landing_dag(_feed_id)
