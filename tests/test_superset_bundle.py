"""The bundle Superset imports: made from the release, complete, and telling what is missing. Needs no server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from jingjinji.paths import PROJECT
from jingjinji.release import RELEASE_INFO_COLUMNS

# The tables of the flood only: a release of an earlier time, before there were indicators.
SMALL_RELEASE = """
create schema marts;
create table marts.dim_reporting_units as select * from (values
    ('110000', '110000', '北京市', true), ('120000', '120000', '天津市', true), ('JJJ', 'JJJ', '三地合计', false)
) as t(region_code, unit_code, name_zh, is_additive);
create table marts.dim_events as select 'p' as process_id, '某次洪涝' as process_name_zh;
create table marts.agg_loss_changes as select * from (values
    ('110000', 'e', '110000', 'p', 'affected_persons', timestamp '2023-08-01 12:00', date '2023-08-01', 100, 1, true, 'a'),
    ('110000', 'e', '110000', 'p', 'affected_persons', timestamp '2023-08-03 00:00', date '2023-08-03', 20, 0, true, 'b'),
    ('110000', 'e', '110000', 'p', 'deaths_persons', timestamp '2023-08-01 12:00', date '2023-08-01', 0, 1, true, 'a'),
    ('110000', 'e', '110000', 'p', 'affected_persons', timestamp '2023-08-04 09:00', date '2023-08-04', -120, -1, true, 'c')
) as t(region_code, event_id, unit_code, process_id, metric, known_from, known_on_date, value_change, reported_change,
    is_additive, delivery_id);
"""


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the Superset side; its folder is on the path only while the test runs."""
    monkeypatch.syspath_prepend(str(PROJECT / "superset"))
    import bundle as module

    yield module
    for name in ("bundle", "charts", "dashboard", "layout"):
        sys.modules.pop(name, None)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SMALL_RELEASE)
        columns = ", ".join(f"{name} {kind}" for name, (kind, *_) in RELEASE_INFO_COLUMNS.items())
        connection.execute(f"create table marts.release_info ({columns})")
        for name, (_, comment, _) in RELEASE_INFO_COLUMNS.items():
            connection.execute(f"comment on column marts.release_info.{name} is '{comment}'")
    return path


def assets(made: Any, folder: str) -> list[dict[str, Any]]:
    return [json.loads(text) for name, text in made.contents.items() if name.startswith(folder)]


def test_bundle_leaves_out_what_the_release_cannot_serve_and_says_so(bundle: ModuleType, warehouse: Path) -> None:
    made = bundle.build_bundle(warehouse)
    assert {line.split(":")[0] for line in made.left_out} >= {"indicators_by_year", "deliveries", "quality_results"}
    served = {table["uuid"] for table in assets(made, "datasets/")}
    assert {chart["dataset_uuid"] for chart in assets(made, "charts/")} <= served
    assert made.chart_count == len(assets(made, "charts/")) == 5


def test_bundle_is_the_same_every_time(bundle: ModuleType, warehouse: Path) -> None:
    assert bundle.build_bundle(warehouse).contents == bundle.build_bundle(warehouse).contents


def test_column_labels_come_from_the_standard(bundle: ModuleType) -> None:
    assert bundle.chinese_labels()["direct_loss_cny"] == "直接经济损失（元）"
    assert "('affected_persons', '受灾人口', '人', 1)" in bundle.loss_metrics()


def test_column_without_a_label_names_the_file_to_edit(bundle: ModuleType, warehouse: Path) -> None:
    spec = {"title": "x", "grain": "x", "sql": "select 1 as nameless"}
    with pytest.raises(KeyError, match=r"nothing\.yml.*nameless.*labels\.yml"):
        bundle.dataset("nothing", spec, bundle.open_release(warehouse), {})


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("2023-08-01", ["100", "未报告", "0"]),
        ("2023-08-02", ["100", "未报告", "0"]),
        ("2023-08-03", ["120", "未报告", "0"]),
        ("2023-08-04", ["未报告", "未报告", "0"]),
        ("最新", ["未报告", "未报告", "0"]),
    ],
)
def test_day_is_included_zero_stays_zero_and_a_retraction_is_unreported(
    bundle: ModuleType, warehouse: Path, day: str, shown: list[str]
) -> None:
    release = bundle.open_release(warehouse)
    table = next(
        t for t in assets(bundle.build_bundle(warehouse), "datasets/") if t["table_name"].startswith("灾情·截至")
    )
    texts = {m["metric_name"]: m["expression"] for m in table["metrics"]}

    def value(region: str, metric: str) -> str:
        sql = f"select {texts[f'region_{region}']} from ({table['sql']}) where as_of_day = ? and metric = ?"
        return release.connection.execute(sql, [day, metric]).fetchone()[0]

    assert [
        value("110000", "affected_persons"),
        value("120000", "affected_persons"),
        value("110000", "deaths_persons"),
    ] == shown


def test_without_a_day_nothing_is_summed(bundle: ModuleType, warehouse: Path) -> None:
    release = bundle.open_release(warehouse)
    table = next(
        t for t in assets(bundle.build_bundle(warehouse), "datasets/") if t["table_name"].startswith("灾情·截至")
    )
    for metric in table["metrics"]:
        if metric["metric_name"] == "metric_position":
            continue
        found = release.rows(f"select {metric['expression']} from ({table['sql']}) where metric = 'affected_persons'")
        assert found in ([(None,)], [("请选一个截至日",)])


def test_line_of_growth_has_a_point_on_every_day_and_ends_where_it_was_taken_back(
    bundle: ModuleType, warehouse: Path
) -> None:
    release = bundle.open_release(warehouse)
    table = next(
        t for t in assets(bundle.build_bundle(warehouse), "datasets/") if t["table_name"].startswith("灾情·逐日增长")
    )
    growth = f"select known_on_date::varchar, metric_name_zh, value from ({table['sql']}) as growth where as_of_day ="
    people, deaths = bundle.chinese_labels()["affected_persons"].split("（")[0], "因灾死亡人口"
    assert release.rows(f"{growth} '2023-08-03' order by 2, 1") == [
        ("2023-08-01", people, 100), ("2023-08-03", people, 120), ("2023-08-01", deaths, 0), ("2023-08-03", deaths, 0),
    ]  # fmt: skip
    assert release.rows(f"{growth} '最新' and known_on_date = '2023-08-04' order by 2") == [
        ("2023-08-04", people, None), ("2023-08-04", deaths, 0),
    ]  # fmt: skip


def test_processes_are_listed_without_going_over_days(bundle: ModuleType, warehouse: Path) -> None:
    """Ten years of days times processes times metrics never came to an end."""
    made = bundle.build_bundle(warehouse)
    (board,) = assets(made, "dashboards/")
    (chosen,) = (f for f in board["metadata"]["native_filter_configuration"] if f["id"].endswith("process"))
    (listed,) = (t for t in assets(made, "datasets/") if t["uuid"] == chosen["targets"][0]["datasetUuid"])
    assert "marts.dim_events" in listed["sql"] and "generate_series" not in listed["sql"]
