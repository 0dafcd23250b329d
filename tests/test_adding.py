"""Adding is adding files: a region is one YAML, a dataset is YAML and models, and neither is a line of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from jingjinji.contracts import load_contracts
from jingjinji.paths import PROJECT

# A fourth region in a shape of its own; it and its accident are invented for this test.
SHANXI = """
title: {zh: 山西省生产安全事故（测试）, en: Work-safety accidents of Shanxi (test)}
sender: 测试
region_code: "140000"
format: csv
delimiter: "|"
files: "*.txt"
columns:
  region_code: {value: "140000"}
  accident_id: 编号
  accident_kind: {from: 类别, map: {煤矿: 工矿商贸}}
  report_stage: {from: 阶段, map: {快报: 初报}}
  occurred_at: {from: 发生, formats: [compact]}
  as_of_at: {from: 截至, formats: [compact]}
  deaths_persons: {from: 死亡, unit: 人}
  direct_loss_cny: {from: 损失, unit: 万元}
"""
REPORT = "编号|类别|阶段|发生|截至|死亡|损失\n虚构晋-1|煤矿|快报|20250301|20250302|3|120.5\n"
# A reporting unit is data of the code list, not a part of the program.
UNIT = "140000,140000,山西省（测试）,Shanxi,province,province,,140000,true,invented for a test\n"
FOLLOW = """
from pathlib import Path
from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.landing import land
print(land("accidents/shanxi", Path({report!r})))
candidate = prepare_candidate("one")
load_deliveries(candidate)
run_dbt(candidate, "+fct_accidents +agg_feed_freshness")
"""


def test_a_fourth_region_is_one_yaml_followed_to_the_mart(tmp_path: Path) -> None:
    project, home, report = tmp_path / "project", tmp_path / "home", tmp_path / "2025-03-02.txt"
    for folder in ("feeds", "dbt_project", "expectations"):
        shutil.copytree(PROJECT / folder, project / folder)
    (project / "feeds" / "accidents" / "shanxi.yml").write_text(SHANXI, encoding="utf-8")
    with (project / "dbt_project" / "seeds" / "ref_reporting_units.csv").open("a", encoding="utf-8") as units:
        units.write(UNIT)
    report.write_text(REPORT, encoding="utf-8")
    own = {"JJJ_PROJECT": str(project), "JJJ_HOME": str(home), "DBT_INDIRECT_SELECTION": "cautious"}
    command = [sys.executable, "-c", FOLLOW.format(report=str(report))]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(home / "builds" / "one" / "warehouse.duckdb"), read_only=True) as con:
        accident = "select region_code, accident_id, accident_kind, deaths_persons, direct_loss_cny::varchar from marts.fct_accidents"
        assert con.execute(accident).fetchall() == [("140000", "虚构晋-1", "工矿商贸", 3, "1205000.00")]
        feed = "select title_zh, is_reported, delivery_count from marts.agg_feed_freshness where feed_id = 'accidents/shanxi'"
        assert con.execute(feed).fetchall() == [("山西省生产安全事故（测试）", True, 1)]


def test_experts_came_in_without_a_line_of_python() -> None:
    """What carries deliveries names no dataset; the simulator, which invents them, has to."""
    carrying = [p for p in (PROJECT / "jingjinji").rglob("*.py") if "simulate" not in p.relative_to(PROJECT).parts]
    carrying += [*(PROJECT / "dags").glob("*.py"), *(PROJECT / "expectations").glob("*.py")]
    assert len(carrying) > 50
    assert [p.name for p in carrying if "expert" in p.read_text(encoding="utf-8").lower()] == []
    assert {feed.region for feed in load_contracts().feeds.values() if feed.dataset == "experts"} == {
        "beijing",
        "tianjin",
        "hebei",
    }
    models = {p.stem for p in (PROJECT / "dbt_project" / "models").rglob("*.sql") if "expert" in p.stem}
    assert models == {"stg_experts", "fct_expert_reports"}
