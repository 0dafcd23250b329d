"""Make the bundle Superset imports out of `datasets/*.yml`, `dashboard.py` and what the current release really holds.

Columns and their types come from the release, Chinese labels of agreed columns from the standards (`feeds/*/_standard.yml`),
so neither is written a second time. A dataset whose mart is not in the release is left out with its charts, and said.
"""

from __future__ import annotations

import csv
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import yaml

HERE = Path(__file__).parent
FEEDS = HERE.parent / "feeds"
SEEDS = HERE.parent / "dbt_project" / "seeds"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "jingjinji")
DATABASE = "京津冀应急管理数据仓库"
LATEST = "最新"
# Every day a person may choose, and the one that stays the newest whatever release comes.
AS_OF_DAYS = f"""
select strftime(as_of_date, '%Y-%m-%d') as as_of_day, as_of_date
from (
    select unnest(generate_series(min(known_on_date), max(known_on_date), interval 1 day))::date as as_of_date
    from marts.agg_loss_changes
)
union all
select '{LATEST}', max(known_on_date) from marts.agg_loss_changes
"""
Assets = dict[str, dict[str, Any]]


def uid(kind: str, name: str) -> str:
    """A uuid that stays the same for the same thing, so that a second import overwrites the first."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


@dataclass(frozen=True)
class Bundle:
    """What is imported: file name → YAML text, and what an earlier import may hold beyond it."""

    contents: dict[str, str]
    uuids: frozenset[str]
    database_uuid: str
    chart_count: int
    left_out: list[str]


@dataclass(frozen=True)
class Release:
    """What the assets need to know of the released file."""

    connection: duckdb.DuckDBPyConnection
    regions: list[tuple[str, str, bool]]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


def open_release(warehouse: Path) -> Release:
    """Open the file behind `current` read-only and note its regions, joint figure last."""
    connection = duckdb.connect(str(warehouse.resolve(strict=True)), read_only=True)
    regions = connection.execute(
        "select region_code, name_zh, is_additive from marts.dim_reporting_units where unit_code = region_code"
        " order by is_additive desc, region_code"
    ).fetchall()
    return Release(connection, regions)


def chinese_labels() -> dict[str, str]:
    """Column → Chinese label: agreed columns from the standards, with their unit; the others from `labels.yml`."""
    labels: dict[str, str] = {}
    for path in sorted(FEEDS.glob("*/_standard.yml")):
        for name, agreed in yaml.safe_load(path.read_text("utf-8"))["columns"].items():
            labels.setdefault(name, f"{agreed['zh']}（{agreed['unit']}）" if "unit" in agreed else agreed["zh"])
    named = yaml.safe_load((HERE / "labels.yml").read_text("utf-8"))
    return labels | {name: given["zh"] if isinstance(given, dict) else given for name, given in named.items()}


def loss_metrics() -> str:
    """SQL rows (metric, name, unit, order) of the measured columns of the disaster standard, in its order."""
    standard = yaml.safe_load((FEEDS / "disaster_losses" / "_standard.yml").read_text("utf-8"))
    measured = [(name, column) for name, column in standard["columns"].items() if "unit" in column]
    return ", ".join(f"('{name}', '{c['zh']}', '{c['unit']}', {order})" for order, (name, c) in enumerate(measured, 1))


def gdp_vintages() -> str:
    """SQL: name in Chinese and as the source has it of every vintage of GDP, and the newest once more as such."""
    with (SEEDS / "ref_indicator_vintages.csv").open(encoding="utf-8", newline="") as file:
        known = [row for row in csv.DictReader(file) if row["statistic_code"] == "gdp"]
    newest = min(known, key=lambda row: int(row["vintage_rank"]))
    named = [(LATEST, newest["vintage"]), *((row["name_zh"], row["vintage"]) for row in known)]
    values = ", ".join(f"('{name}', '{vintage}')" for name, vintage in named)
    return f"select * from (values {values}) as listed(gdp_vintage_zh, gdp_vintage)"


def release_comments(release: Release) -> dict[str, str]:
    """Column → what the release itself says of it."""
    commented = "select column_name, comment from duckdb_columns() where schema_name = 'marts' and comment is not null"
    return dict(release.connection.execute(commented).fetchall())


def fill(sql: str) -> str:
    """Put in what several datasets share."""
    shared = {"$metrics": loss_metrics, "$as_of_days": AS_OF_DAYS.strip, "$gdp_vintages": gdp_vintages}
    for name, text in shared.items():
        sql = sql.replace(name, text())
    return sql.strip()


def column(name: str, kind: str, label: str, comment: str | None) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": label,
        "description": comment,
        "type": kind,
        "is_dttm": kind.startswith(("DATE", "TIMESTAMP")),
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def metrics_of(spec: dict[str, Any], release: Release) -> list[dict[str, Any]]:
    """The metrics of a dataset file; `metric_per_region` becomes one metric for each region of the release."""
    found = [
        {"metric_name": name, "verbose_name": m["title"], "expression": m["sql"], "d3format": m.get("format")}
        for name, m in spec.get("metrics", {}).items()
    ]
    each = spec.get("metric_per_region")
    for code, name, _ in release.regions if each else []:
        fill = {"region_code": code, "region_name": name}
        title, sql = (Template(each[key]).substitute(fill) for key in ("title", "sql"))
        found.append({"metric_name": f"region_{code}", "verbose_name": title, "expression": sql.strip()})
    return found


def _is_chinese(text: str) -> bool:
    return "\u4e00" <= text[:1] <= "\u9fff"


def _label(comment: str) -> str:
    """The name a Chinese comment opens with; what follows the first stop explains it."""
    return re.split("[：；，。（]", comment)[0]


def dataset(name: str, spec: dict[str, Any], release: Release, labels: dict[str, str]) -> dict[str, Any]:
    """One dataset as Superset wants it.

    Raises:
        duckdb.CatalogException: the release has no such mart (the caller leaves the dataset out).
        KeyError: a column has a label neither in the standards nor in `labels.yml`; add it there.
    """
    sql, comments = fill(spec["sql"]), release_comments(release)
    labels = {name: _label(comment) for name, comment in comments.items() if _is_chinese(comment)} | labels
    described = release.rows(f"describe {sql}")
    missing = [row[0] for row in described if row[0] not in labels]
    if missing:
        raise KeyError(f"datasets/{name}.yml: no Chinese label for {', '.join(missing)}; add it to labels.yml")
    return {
        "table_name": spec["title"],
        "description": spec["grain"],
        "schema": "marts",
        "sql": sql,
        "uuid": uid("dataset", name),
        "database_uuid": uid("database", DATABASE),
        "columns": [column(row[0], row[1], labels[row[0]], comments.get(row[0])) for row in described],
        "metrics": metrics_of(spec, release),
        "version": "1.0.0",
    }


def datasets(release: Release) -> tuple[Assets, list[str]]:
    """All datasets the release can serve, and the names of those it cannot."""
    labels, found, left_out = chinese_labels(), {}, []
    for path in sorted((HERE / "datasets").glob("*.yml")):
        try:
            found[path.stem] = dataset(path.stem, yaml.safe_load(path.read_text("utf-8")), release, labels)
        except duckdb.CatalogException as error:
            left_out.append(f"{path.stem}: {str(error).splitlines()[0]}")
    return found, left_out


def database(warehouse: Path) -> dict[str, Any]:
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": f"duckdb:///{warehouse}",
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True, "schemas_allowed_for_csv_upload": []},
        "uuid": uid("database", DATABASE),
        "version": "1.0.0",
    }


def build_bundle(warehouse: Path) -> Bundle:
    """The whole bundle for the release behind `warehouse` (the path through `current`)."""
    from dashboard import dashboard

    release = open_release(warehouse)
    tables, left_out = datasets(release)
    charts, board = dashboard(tables, release)
    files: Assets = {"metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}}
    files["databases/warehouse.yaml"] = database(warehouse)
    files |= {f"datasets/warehouse/{name}.yaml": table for name, table in tables.items()}
    files |= {f"charts/{name}.yaml": chart for name, chart in charts.items()}
    files["dashboards/joint.yaml"] = board
    return Bundle(
        # JSON is YAML: quicker to write and to read than the YAML library's own form
        contents={name: json.dumps(asset, ensure_ascii=False) for name, asset in files.items()},
        uuids=frozenset(asset["uuid"] for name, asset in files.items() if name.startswith(("datasets", "charts"))),
        database_uuid=uid("database", DATABASE),
        chart_count=len(charts),
        left_out=left_out,
    )
