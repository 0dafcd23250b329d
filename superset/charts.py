"""Kinds of charts the dashboard is made of: each function returns the settings Superset stores for one of them."""

from __future__ import annotations

import json
from typing import Any

Settings = dict[str, Any]


def _where(**equal: str | int) -> list[Settings]:
    return [
        {"clause": "WHERE", "expressionType": "SIMPLE", "subject": name, "operator": "==", "comparator": value}
        for name, value in equal.items()
    ]


def rows(
    columns: list[str], order: list[tuple[str, bool]], limit: int = 1000, where: Settings | None = None, **more: Any
) -> Settings:
    """A table of rows as they are. `order`: (column, ascending) pairs."""
    return {
        "viz_type": "table",
        "query_mode": "raw",
        "all_columns": columns,
        "order_by_cols": [json.dumps([name, ascending]) for name, ascending in order],
        "adhoc_filters": _where(**(where or {})),
        "row_limit": limit,
        "table_timestamp_format": "%Y-%m-%d %H:%M",
        "show_cell_bars": False,
        "allow_rearrange_columns": True,
        **more,
    }


def grouped(by: list[str], metrics: list[str], sort_by: str, where: Settings | None = None, **more: Any) -> Settings:
    """A table of sums. `sort_by`: the metric that orders the rows, ascending."""
    return {
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": by,
        "metrics": metrics,
        "timeseries_limit_metric": sort_by,
        "order_desc": False,
        "adhoc_filters": _where(**(where or {})),
        "row_limit": 1000,
        "show_cell_bars": False,
        "column_config": {name: {"horizontalAlign": "right"} for name in metrics},
        **more,
    }


def over_time(x: str, metric: str, series: str, where: Settings | None = None, **more: Any) -> Settings:
    """Steps over days: a value holds until the next one."""
    return {
        "viz_type": "echarts_timeseries_step",
        "x_axis": x,
        "time_grain_sqla": "P1D",
        "metrics": [metric],
        "groupby": [series],
        "adhoc_filters": _where(**(where or {})),
        "row_limit": 10000,
        "seriesType": "end",
        "markerEnabled": True,
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "top",
        "x_axis_time_format": "%m-%d",
        "tooltipTimeFormat": "%Y-%m-%d",
        "y_axis_format": ",.0f",
        "rich_tooltip": True,
        "annotation_layers": [],
        **more,
    }


def by_year(metric: str, series: str, target: float | None, unit: str, where: Settings | None = None) -> Settings:
    """Bars side by side for each year, with the target of the plan as a dashed line when there is one."""
    line = {
        "annotationType": "FORMULA",
        "name": f"规划目标 {target:g} {unit}" if target is not None else "",
        "value": f"{target:g}" if target is not None else "",
        "show": True,
        "showLabel": True,
        "showMarkers": False,
        "hideLine": False,
        "style": "dashed",
        "width": 2,
        "color": "#333333",
        "opacity": "",
    }
    return {
        "viz_type": "echarts_timeseries_bar",
        "x_axis": "year_name",
        "metrics": [metric],
        "groupby": [series],
        "adhoc_filters": _where(**(where or {})),
        "row_limit": 10000,
        "x_axis_sort": "year_name",
        "x_axis_sort_asc": True,
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "top",
        "y_axis_format": ",.2~f",
        "y_axis_title": unit,
        "y_axis_title_margin": 55,
        "y_axis_title_position": "Left",
        "rich_tooltip": True,
        "annotation_layers": [line] if target is not None else [],
    }


def text(template: str, columns: list[str]) -> Settings:
    """Words around the values of the first row (Handlebars)."""
    return {
        "viz_type": "handlebars",
        "query_mode": "raw",
        "all_columns": columns,
        "adhoc_filters": [],
        "order_by_cols": [],
        "row_limit": 10,
        "handlebarsTemplate": template,
    }
