"""Which report each metric of a row came from: a row may carry metrics that its own report left empty."""

from __future__ import annotations

from typing import Any

import duckdb

from jingjinji.contracts import NUMBER_TYPES, Standard
from jingjinji.explaining.facts import MetricOrigin
from jingjinji.explaining.rows import Meant
from jingjinji.release.copying import quoted
from jingjinji.release.store import Release

# What a report says of itself; everything else of a report that a standard names as a number is a metric.
ORDER = "report_number"


def metric_origins(
    con: duckdb.DuckDBPyConnection, release: Release, meant: Meant, standard: Standard | None
) -> list[MetricOrigin]:
    """One entry per metric of the row that has a value; empty for marts that do not carry metrics from report to report.

    A mart of metric versions (`fct_<thing>_metric_versions`) says it for certain. Without one, the reports of the thing
    (`fct_<thing>_reports`) are followed back to the first of them that carries the value shown.
    """
    if standard is None:
        return []
    versions, reports = _sibling(release, meant.mart, "_metric_versions"), _sibling(release, meant.mart, "_reports")
    metrics = [
        column.name
        for column in meant.facts.columns
        if meant.row.get(column.name) is not None
        and (agreed := standard.columns.get(column.name))
        and agreed.type in NUMBER_TYPES
    ]
    if versions and versions != meant.mart:
        return [one for metric in metrics if (one := _by_version(con, versions, meant, metric, standard))]
    if reports:
        rows = _reports(con, release, reports, meant)
        return [one for metric in metrics if (one := _by_reports(rows, meant, metric, standard))]
    return []


def _sibling(release: Release, mart: str, ending: str) -> str | None:
    """The mart of all versions beside a mart: fct_disaster_losses → fct_disaster_loss_reports, fct_teams → fct_team_reports."""
    names = [name.removesuffix(ending) for name in release.tables if name.endswith(ending)]
    found = next((name for name in names if mart in (name, f"{name}s", f"{name}es", f"{name}_reports")), None)
    return f"{found}{ending}" if found else None


def _thing(release: Release, mart: str, meant: Meant) -> list[str]:
    """Columns that name the thing the reports are about: their key without what tells versions apart."""
    key = release.tables[mart].facts.key
    return [c for c in key if c in meant.row and c not in (ORDER, "metric", "known_from", "delivery_id", "row_number")]


def _last_number(meant: Meant) -> str:
    """Condition that leaves out later reports when one report is explained."""
    return f"and {ORDER} <= ${ORDER}" if meant.mart.endswith("_reports") else ""


def _by_version(
    con: duckdb.DuckDBPyConnection, versions: str, meant: Meant, metric: str, standard: Standard
) -> MetricOrigin | None:
    thing = [c for c in ("region_code", *standard.key) if c in meant.row and c in _columns(con, versions)]
    thing = [c for c in dict.fromkeys(thing) if c not in ("report_stage", "as_of_at")]
    same = " and ".join(f"{quoted(c)} = ${c}" for c in thing)
    limit = _last_number(meant)
    values = {c: meant.row[c] for c in thing} | ({ORDER: meant.row[ORDER]} if limit else {}) | {"metric": metric}
    found = con.execute(
        f"select * from marts.{quoted(versions)} where {same} and metric = $metric {limit} order by {ORDER} desc limit 1",
        values,
    )
    columns = [column[0] for column in found.description or ()]
    row = found.fetchone()
    return _origin(dict(zip(columns, row, strict=True)), meant, metric, standard) if row else None


def _columns(con: duckdb.DuckDBPyConnection, mart: str) -> set[str]:
    return {row[0] for row in con.execute(f"describe select * from marts.{quoted(mart)}").fetchall()}


def _reports(con: duckdb.DuckDBPyConnection, release: Release, reports: str, meant: Meant) -> list[dict[str, Any]]:
    """Reports about the thing, the last first."""
    thing = _thing(release, reports, meant)
    order = ORDER if ORDER in _columns(con, reports) else "known_from"
    limit = _last_number(meant) if order == ORDER else ""
    same = " and ".join(f"{quoted(c)} = ${c}" for c in thing) or "true"
    values = {c: meant.row[c] for c in thing} | ({ORDER: meant.row[ORDER]} if limit else {})
    found = con.execute(f"select * from marts.{quoted(reports)} where {same} {limit} order by {order} desc", values)
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _by_reports(reports: list[dict[str, Any]], meant: Meant, metric: str, standard: Standard) -> MetricOrigin | None:
    """The first report of the unbroken run, counted back from the last, that carries the value shown.

    A report that was superseded when it came says its own only and stands in no run, unless it is the one explained; where a
    state was told again because of it (`is_restated`), it is the report right before, and what changed there came from it.
    """
    if reports and meant.row.get("is_superseded_on_arrival"):
        reports = reports[:1]
    carrying = None
    for at, report in enumerate(reports):
        if report.get("is_superseded_on_arrival") and not meant.row.get("is_superseded_on_arrival"):
            continue
        if metric not in report or report[metric] != meant.row[metric]:
            if carrying is not None:
                break
            continue
        carrying = at
    if carrying is None or "delivery_id" not in reports[carrying]:
        return None
    return _origin(reports[carrying + 1 if reports[carrying].get("is_restated") else carrying], meant, metric, standard)


def _origin(found: dict[str, Any], meant: Meant, metric: str, standard: Standard) -> MetricOrigin:
    agreed = standard.columns[metric]
    return MetricOrigin(
        metric=metric, zh=agreed.zh, value=meant.row[metric], unit=agreed.unit, delivery_id=found["delivery_id"],
        row_number=found.get("row_number"), known_from=found.get("known_from"), as_of_at=found.get("as_of_at"),
        report_number=found.get(ORDER),
    )  # fmt: skip
