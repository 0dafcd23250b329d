"""Turn a list of tabs, rows and charts into the nested form Superset keeps a dashboard in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bundle import Assets, uid


@dataclass(frozen=True)
class Chart:
    """One chart on the dashboard. `width` in twelfths of the page, `height` in steps of 8 pixels."""

    name: str
    title: str
    dataset: str
    settings: dict[str, Any]
    width: int = 12
    height: int = 40
    note: str = ""


@dataclass(frozen=True)
class Words:
    """A block of Markdown."""

    name: str
    text: str
    width: int = 12
    height: int = 12


Row = list[Chart | Words]


@dataclass(frozen=True)
class Tab:
    name: str
    title: str
    rows: list[Row] = field(default_factory=list)


def asset(chart: Chart) -> dict[str, Any]:
    """A chart as Superset imports it; the number of the dataset in `datasource` is rewritten by the import."""
    return {
        "slice_name": chart.title,
        "description": chart.note or None,
        "viz_type": chart.settings["viz_type"],
        "params": {"datasource": "1__table", **chart.settings},
        "uuid": uid("chart", chart.name),
        "dataset_uuid": uid("dataset", chart.dataset),
        "version": "1.0.0",
    }


def charts_of(tops: list[Row], tabs: list[Tab]) -> list[Chart]:
    """All charts in the order of the page."""
    every = [*tops, *(row for tab in tabs for row in tab.rows)]
    return [block for row in every for block in row if isinstance(block, Chart)]


def keep(rows: list[Row], datasets: Assets) -> list[Row]:
    """Rows without the charts whose dataset the release cannot serve, and without rows that became empty."""
    kept = [[b for b in row if isinstance(b, Words) or b.dataset in datasets] for row in rows]
    return [row for row in kept if row]


class Position:
    """Collects the nodes of the page. Every node names its parents, which is why this walks with a path."""

    def __init__(self, title: str, chart_numbers: dict[str, int]) -> None:
        self.numbers = chart_numbers
        self.nodes: dict[str, Any] = {
            "DASHBOARD_VERSION_KEY": "v2",
            "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
        }

    def add(self, kind: str, name: str, parents: list[str], meta: dict[str, Any] | None = None) -> list[str]:
        """Add a node below the last of `parents`; returns the path that its own children pass."""
        self.nodes[name] = {"id": name, "type": kind, "children": [], "parents": parents, "meta": meta or {}}
        if parents:
            self.nodes[parents[-1]]["children"].append(name)
        return [*parents, name]

    def add_rows(self, rows: list[Row], parents: list[str], prefix: str) -> None:
        for number, row in enumerate(rows):
            path = self.add("ROW", f"ROW-{prefix}-{number}", parents, {"background": "BACKGROUND_TRANSPARENT"})
            for block in row:
                self.add_block(block, path)

    def add_block(self, block: Chart | Words, parents: list[str]) -> None:
        size = {"width": block.width, "height": block.height}
        if isinstance(block, Words):
            self.add("MARKDOWN", f"MARKDOWN-{block.name}", parents, {**size, "code": block.text})
            return
        number = self.numbers[block.name]
        meta = {**size, "chartId": number, "uuid": uid("chart", block.name), "sliceName": block.title}
        self.add("CHART", f"CHART-{block.name}", parents, meta)


def position(title: str, tops: list[Row], tabs: list[Tab], numbers: dict[str, int]) -> dict[str, Any]:
    """The page: `tops` above everything, the tabs below."""
    page = Position(title, numbers)
    grid = page.add("GRID", "GRID_ID", page.add("ROOT", "ROOT_ID", []))
    page.add_rows(tops, grid, "top")
    holder = page.add("TABS", "TABS-main", grid)
    for tab in tabs:
        path = page.add("TAB", f"TAB-{tab.name}", holder, {"text": tab.title})
        page.add_rows(tab.rows, path, tab.name)
    return page.nodes


def choice(name: str, title: str, dataset: str, column: str, excluded: list[int], **how: Any) -> dict[str, Any]:
    """A filter in which one value is chosen and cannot be left empty.

    Args:
        excluded: numbers of the charts it does not touch.
        how: `default` (the value on opening), `newest_first` (order of the list), `help`.
    """
    default = how["default"]
    return {
        "id": f"NATIVE_FILTER-{name}",
        "name": title,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "description": how.get("help", ""),
        "targets": [{"column": {"name": column}, "datasetUuid": uid("dataset", dataset)}],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "cascadeParentIds": [],
        "defaultDataMask": {
            "extraFormData": {"filters": [{"col": column, "op": "IN", "val": [default]}]},
            "filterState": {"label": default, "value": [default], "validateStatus": False},
            "ownState": {},
        },
        "controlValues": {
            "multiSelect": False,
            "enableEmptyFilter": True,
            "defaultToFirstItem": False,
            "searchAllOptions": False,
            "inverseSelection": False,
            "sortAscending": not how.get("newest_first"),
        },
    }
