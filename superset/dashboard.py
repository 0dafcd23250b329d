"""京津冀应急管理联合看板: what is on the page, and where."""

from __future__ import annotations

from typing import Any

from bundle import LATEST, Assets, Release, uid
from charts import grouped, over_time, text
from layout import Chart, Row, Tab, asset, charts_of, choice, keep, position

TITLE = "京津冀应急管理联合看板"
SLUG = "jjj"
FLOOD = "2023年7月海河流域洪涝"

HEADER = """
{{#each data}}
<p>当前发布 <b>{{release_id}}</b></p>
{{/each}}
"""


def top(release: Release) -> list[Row]:
    return [[Chart("release", "数据发布与读法", "release_info", text(HEADER, ["release_id"]), height=16)]]


def losses(release: Release) -> Tab:
    regions = [f"region_{code}" for code, _ in release.regions if code != "JJJ"]
    joint = [f"region_{code}" for code, _ in release.regions if code == "JJJ"]
    by = ["metric_name_zh", "unit"]
    return Tab(
        "losses",
        "灾情（截至某日已知）",
        [
            [
                Chart(
                    "losses_by_region", "各地灾情", "losses_as_known", grouped(by, regions, "metric_position"), 8, 56
                ),
                Chart("losses_joint", "三地合计口径", "losses_as_known", grouped(by, joint, "metric_position"), 4, 56),
            ],
            [
                Chart(f"growth_{metric}", f"{metric}：逐日所知", "loss_growth", growth(metric), 6, 44)
                for metric in ("受灾人口", "因灾死亡人口")
            ],
        ],
    )


def growth(metric: str) -> dict[str, Any]:
    return over_time("known_on_date", "known_value", "region_name_zh", {"metric_name_zh": metric})


def filters(numbers: dict[str, int], charts: list[Chart]) -> list[dict[str, Any]]:
    def all_but(*datasets: str) -> list[int]:
        return [numbers[chart.name] for chart in charts if chart.dataset not in datasets]

    flood = all_but("losses_as_known", "loss_growth")
    return [
        choice(
            "as_of",
            "截至日",
            "as_of_days",
            "as_of_day",
            flood,
            default=LATEST,
            newest_first=True,
            help="含当日24时前已知",
        ),
        choice("process", "灾害过程", "losses_as_known", "process_name_zh", flood, default=FLOOD),
    ]


def dashboard(datasets: Assets, release: Release) -> tuple[Assets, dict[str, Any]]:
    """Charts by file name, and the dashboard that holds them."""
    tops = keep(top(release), datasets)
    tabs = [Tab(tab.name, tab.title, keep(tab.rows, datasets)) for tab in (losses(release),)]
    charts = charts_of(tops, tabs)
    numbers = {chart.name: number for number, chart in enumerate(charts, 1000)}
    board = {
        "dashboard_title": TITLE,
        "slug": SLUG,
        "published": True,
        "uuid": uid("dashboard", SLUG),
        "position": position(TITLE, tops, tabs, numbers),
        "metadata": {
            "native_filter_configuration": filters(numbers, charts),
            "color_scheme": "",
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
        },
        "version": "1.0.0",
    }
    return {chart.name: asset(chart) for chart in charts}, board
