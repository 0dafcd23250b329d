"""# 共享交付 · exports

Runs when there is a new release: one task per sharing agreement (`exports/<agreement>.yml`). An agreement that is
suspended or expired writes nothing but an audit entry. One agreement that fails does not hold up the others.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, task

from jingjinji.operate import orchestration as jjj

with DAG(
    dag_id=jjj.EXPORT_DAG_ID,
    doc_md=__doc__,
    schedule=[Asset(jjj.RELEASE_ASSET)],
    catchup=False,
    max_active_runs=1,
    default_args=jjj.default_args(),
    tags=["export"],
) as dag:
    for agreement_id in jjj.agreement_ids():

        @task(task_id=agreement_id.replace("/", "__"))
        def export(agreement_id: str) -> None:
            jjj.export(agreement_id)

        export(agreement_id)
