"""京津冀应急管理联合看板: what is on the page, and where."""

from __future__ import annotations

from typing import Any

from bundle import LATEST, Assets, Release, uid
from charts import by_year, grouped, over_time, rows, text
from layout import Chart, Row, Tab, asset, charts_of, choice, keep, position

TITLE = "京津冀应急管理联合看板"
SLUG = "jjj"
COLORS = ("#c0392b", "#2980b9", "#27864e", "#7f8c8d", "#8e44ad")  # a region keeps its colour in every chart
FLOOD = "2023年7月海河流域洪涝"

HEADER = """
{{#each data}}
<p>当前发布 <b>{{release_id}}</b>　·　发布时间 <b>{{created_text}}</b>　·　数据性质 <b>{{origin_zh}}</b>
　·　采用送达 <b>{{deliveries_count}}</b> 批　·　数据最晚报告时间 <b>{{known_text}}</b></p>
{{/each}}
<p><b>未报告</b> 表示没有收到或没有公布，不是零；<b>0</b> 表示报告为零。　<b>截至日</b> 选一天，即看到该日24时为止已知的数字
（含当日）；“最新”为目前所知。　<b>三地合计口径</b> 是国家公布的合并数，单独列出，不与各地数字相加。</p>
"""
HEADER_COLUMNS = ["release_id", "created_text", "origin_zh", "deliveries_count", "known_text"]


def top() -> list[Row]:
    return [[Chart("release", "数据发布与读法", "release_info", text(HEADER, HEADER_COLUMNS), height=20)]]


def losses(release: Release) -> Tab:
    regions = [f"region_{code}" for code, _, is_additive in release.regions if is_additive]
    joint = [f"region_{code}" for code, _, is_additive in release.regions if not is_additive]
    by = ["metric_name_zh", "unit"]
    by_region = grouped(by, regions, "metric_position")
    together = grouped(by, joint, "metric_position")
    growth = [
        Chart(f"growth_{metric}", f"{metric}：随报告增长", "loss_growth", grown(metric), 6, 44)
        for metric in ("受灾人口", "因灾死亡人口")
    ]
    return Tab(
        "losses",
        "灾情（截至某日已知）",
        [
            [
                Chart("losses_by_region", "各地灾情", "losses_as_known", by_region, 8, 54),
                Chart("losses_joint", "三地合计口径（单列）", "losses_as_known", together, 4, 54),
            ],
            [*growth],
        ],
    )


def grown(metric: str) -> dict[str, Any]:
    return over_time("known_on_date", "known_value", "region_name_zh", {"metric_name_zh": metric})


def indicators(release: Release) -> Tab:
    """Bars per indicator with the national target as the release holds it, the board of the period, every value."""
    found = release.rows(
        "select indicator_id, any_value(i.name_zh), any_value(y.unit), max(y.national_target_value)"
        " from marts.agg_indicators_by_region_year as y inner join marts.dim_indicators as i using (indicator_id)"
        " group by all order by all"
    )
    bars: Row = [
        Chart(f"indicator_{number}", f"指标{number} {name}", "indicators_by_year", bar(number, target, unit), 4, 44)
        for number, name, unit, target in found
    ]
    period = ["region_name_zh", "indicator_id", "indicator_name_zh", "years", "method_zh", "value_text", "unit"]
    period += ["reported_years_text", "reported_value_text", "zero_value_text", "target_text", "status"]
    period += ["national_target_text", "status_against_national_target", "published_text", "is_as_published_zh"]
    yearly = ["year", "region_name_zh", "indicator_id", "indicator_name_zh", "value_text", "unit", "null_reason_zh"]
    yearly += ["numerator_text", "denominator_text", "denominator_vintage", "target_text", "status"]
    order = [("indicator_id", True), ("region_code", True)]
    by_period = rows(period, [("years", False), *order, ("method_zh", False)], page_length=20, include_search=True)
    by_yearly = rows(yearly, [("year", False), *order], page_length=20, include_search=True)
    return Tab(
        "indicators",
        "规划指标3–5",
        [
            bars,
            [Chart("indicator_periods", "规划期年均（两种算法）", "indicators_by_period", by_period, 12, 80)],
            [Chart("indicator_values", "分年数值与空缺原因", "indicators_by_year", by_yearly, 12, 80)],
        ],
    )


def bar(indicator: int, target: float | None, unit: str) -> dict[str, Any]:
    return by_year("shown_value", "region_name_zh", target, unit, {"indicator_id": indicator})


def trust() -> Tab:
    freshness = ["title_zh", "sender", "freshness_status", "delivery_count", "last_known_text", "last_landed_text"]
    freshness += ["days_since_text", "expected_every_text"]
    deliveries = ["landed_at", "title_zh", "delivery_id", "delivery_status_zh", "rows_received", "rows_accepted"]
    deliveries += ["rows_quarantined", "rows_duplicate", "rows_ignored", "rows_refused", "account_zh"]
    checks = ["suite_zh", "result_zh", "table_name", "column_name_text", "why_zh", "unexpected_text", "checked_at"]
    checks += ["source"]
    return Tab(
        "trust",
        "数据新鲜度与质量",
        [
            [table("freshness", "各来源数据新鲜度", "feed_freshness", freshness, ("title_zh", True), 60)],
            [table("deliveries", "送达批次与行数账", "deliveries", deliveries, ("landed_at", False), 70)],
            [table("quality", "数据质量检查（最近一次）", "quality_results", checks, ("result_zh", True), 70)],
        ],
    )


def published() -> Tab:
    columns = ["figure_id", "region_name_zh", "event_or_period", "as_of", "metric_name_zh", "unit", "published_text"]
    columns += ["computed_text", "comparison_zh", "reason_zh", "source"]
    title = "公布数与计算数逐项对照"
    return Tab(
        "published",
        "与公布数对照",
        [[table("published", title, "published_vs_computed", columns, ("figure_id", True), 110)]],
    )


def table(name: str, title: str, dataset: str, columns: list[str], order: tuple[str, bool], height: int) -> Chart:
    return Chart(name, title, dataset, rows(columns, [order], page_length=20, include_search=True), 12, height)


def filters(numbers: dict[str, int], charts: list[Chart]) -> list[dict[str, Any]]:
    def all_but(*datasets: str) -> list[int]:
        return [numbers[chart.name] for chart in charts if chart.dataset not in datasets]

    flood = all_but("losses_as_known", "loss_growth")
    vintaged = all_but("indicators_by_year", "indicators_by_period")
    day = "该日24时为止已知的数字（含当日）；最新 = 目前所知"
    gdp = "指标3的分母；其他指标不随之变化"
    return [
        choice("as_of", "截至日", "as_of_days", "as_of_day", flood, default=LATEST, newest_first=True, help=day),
        choice("process", "灾害过程", "processes", "process_name_zh", flood, default=FLOOD, newest_first=True),
        choice("gdp_vintage", "GDP 版本", "gdp_vintages", "gdp_vintage_zh", vintaged, default=LATEST, help=gdp),
    ]


def dashboard(datasets: Assets, release: Release) -> tuple[Assets, dict[str, Any]]:
    """Charts by file name, and the dashboard that holds them."""
    tops = keep(top(), datasets)
    made = [losses(release), *([indicators(release)] if "indicators_by_year" in datasets else []), trust(), published()]
    tabs = [Tab(tab.name, tab.title, keep(tab.rows, datasets)) for tab in made]
    charts = charts_of(tops, tabs)
    numbers = {chart.name: number for number, chart in enumerate(charts, 1000)}
    board = {
        "dashboard_title": TITLE,
        "slug": SLUG,
        "published": True,
        "uuid": uid("dashboard", SLUG),
        "position": position(TITLE, tops, [tab for tab in tabs if tab.rows], numbers),
        "metadata": {
            "native_filter_configuration": filters(numbers, charts),
            "color_scheme": "",
            "label_colors": {name: color for (_, name, _), color in zip(release.regions, COLORS, strict=False)},
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
        },
        "version": "1.0.0",
    }
    return {chart.name: asset(chart) for chart in charts}, board
