"""`jjj explain`: from a row of a mart to the delivery, file, line and rule versions it came from.

The release says what is shown and which delivery each row names; the landing zone says what that delivery was. Nothing personal
is in a release, and of the landing zone only masked values are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from jingjinji import query
from jingjinji.contracts import Contracts, Standard, load_contracts
from jingjinji.explaining import landed, lineage
from jingjinji.explaining.facts import (
    ColumnValue,
    Contribution,
    DeliveryFacts,
    Explanation,
    MetricOrigin,
    ModelRef,
    Origin,
    Warned,
)
from jingjinji.explaining.metrics import metric_origins
from jingjinji.explaining.rows import ExplainError, Meant, Part, contributions, find
from jingjinji.landing.receipts import shown
from jingjinji.paths import home
from jingjinji.release.store import Release, current_release

__all__ = ["ExplainError", "explain"]

TOP = 10
DELIVERIES, FLAGS = "fct_deliveries", "fct_report_flags"
OWN_ROLES = {"": "本行所示报告", "numerator": "分子", "denominator": "分母"}


def explain(
    mart: str, key: Sequence[str], *, as_of: date | None = None, show_source: bool = False, top: int = TOP
) -> Explanation:
    """Where a row of the current release comes from.

    Args:
        mart: name of a mart.
        key: `column=value`, or values in the order of the mart's key.
        as_of: explain what was known at the end of this day; what is known now when None.
        show_source: also read the native cells of each line from the archive, personal ones masked.
        top: how many contributing rows are shown of each mart.

    Raises:
        ExplainError: no release, mart, column or row is meant, or more than one row; the message names those there are.
        QueryError: the release cannot be read.
    """
    place = home()
    release = current_release(place)
    if release is None:
        raise ExplainError(f"{place.root} 还没有发布（no release yet）；先运行 jjj run 或 make demo")
    contracts = load_contracts()
    # a mart without a past is shown as it is now, and so is what it is made from
    known_by = as_of if _is_dated(release, mart.removeprefix("marts.")) else None
    with query.connect(place.releases / release.release_id, known_by) as con:
        meant = find(con, release, mart, key)
        standard = _standard_of(meant, contracts)
        metrics = metric_origins(con, release, meant, standard)
        keys = {name: table.facts.key for name, table in release.tables.items() if not name.endswith(")")}
        parts = contributions(con, meant, lineage.parent_marts(meant.mart), keys)
        roles = _roles(meant, metrics, parts, top)
        deliveries = _deliveries(con, release, contracts, {delivery for delivery, _ in roles})
        origins = [_origin(con, contracts, deliveries, *at, names, show_source) for at, names in roles.items()]
    metrics = [_with_landed(m, deliveries, contracts) for m in metrics]
    above = lineage.upstream(meant.mart)
    return Explanation(
        mart=meant.mart, title=meant.facts.zh, about=meant.facts.description, key={c: meant.row[c] for c in meant.facts.key},
        as_of=as_of.isoformat() if as_of else None, is_ageless=known_by != as_of,
        release_id=release.release_id, released_at=release.created_at, run_id=release.run_id, data_origin=release.data_origin,
        columns=tuple(_column(meant, name) for name in meant.row), metrics=tuple(metrics), contributions=tuple(_contribution(p, top) for p in parts),
        origins=tuple(origins), origins_total=len(_roles(meant, metrics, parts, None)), deliveries=tuple(deliveries.values()),
        lineage=tuple(above), notes=tuple(_notes(deliveries, origins, release, above)),
    )  # fmt: skip


def _standard_of(meant: Meant, contracts: Contracts) -> Standard | None:
    """The standard whose dataset the mart is of: the one that its lineage lands, and that shares most of its columns."""
    raw = {ref.name.removeprefix("raw.") for ref in lineage.upstream(meant.mart) if ref.layer == "raw"}
    known = [contracts.standards[name] for name in raw if name in contracts.standards]
    ranked = sorted(known, key=lambda s: (-len(meant.row.keys() & s.columns.keys()), s.dataset))
    return ranked[0] if ranked else None


def _is_dated(release: Release, mart: str) -> bool:
    table = release.tables.get(mart)
    return f"{mart}_as_of()" in release.macros or bool(
        table and any(c.name == "known_from" for c in table.facts.columns)
    )


def _column(meant: Meant, name: str) -> ColumnValue:
    facts = next((column for column in meant.facts.columns if column.name == name), None)
    zh, unit, definition = (facts.zh, facts.unit, facts.definition) if facts else (None, None, None)
    return ColumnValue(name=name, zh=zh, value=meant.row[name], unit=unit, definition=definition)


def _roles(
    meant: Meant, metrics: list[MetricOrigin], parts: list[Part], top: int | None
) -> dict[tuple[str, int | None], list[str]]:
    """(delivery, row) → what it is for the row: its own report, a metric it states, a part of a figure.

    Rows that only share a key with it are no origin. Of each part the first `top` rows, all when None.
    """
    roles: dict[tuple[str, int | None], list[str]] = {}
    for prefix, at in _named_lines(meant.row):
        roles.setdefault(at, []).append(OWN_ROLES.get(prefix, prefix))
    for metric in metrics:
        roles.setdefault((metric.delivery_id, metric.row_number), []).append(metric.zh)
    for part in parts:
        for row in part.rows[:top] if part.is_exact else ():
            for _, at in _named_lines(row):
                roles.setdefault(at, []).append(part.role)
    named = {delivery for delivery, number in roles if number is not None}
    exact = {at: names for at, names in roles.items() if at[1] is not None or at[0] not in named}
    return {at: list(dict.fromkeys(names)) for at, names in exact.items()}


def _named_lines(row: dict[str, Any]) -> list[tuple[str, tuple[str, int | None]]]:
    """What a row of a mart names of deliveries: (`numerator` of numerator_delivery_id, (delivery, row number))."""
    endings = [(name.removesuffix("delivery_id"), value) for name, value in row.items() if name.endswith("delivery_id")]
    return [(prefix.rstrip("_"), (value, row.get(f"{prefix}row_number"))) for prefix, value in endings if value]


def _contribution(part: Part, top: int) -> Contribution:
    return Contribution(
        role=part.role, mart=part.mart, matched_on=part.words, is_exact=part.is_exact, rows_total=len(part.rows),
        columns=tuple(part.rows[0]), rows=tuple(tuple(row.values()) for row in part.rows[:top]),
    )  # fmt: skip


def _deliveries(
    con: duckdb.DuckDBPyConnection, release: Release, contracts: Contracts, ids: set[str]
) -> dict[str, DeliveryFacts]:
    found = con.execute(
        f"select * from marts.{DELIVERIES} where list_contains(?, delivery_id) order by landed_at, delivery_id",
        [sorted(ids)],
    )
    columns = [column[0] for column in found.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return {row["delivery_id"]: landed.delivery_facts(home(), release, row, contracts) for row in rows}


def _origin(
    con: duckdb.DuckDBPyConnection,
    contracts: Contracts,
    deliveries: dict[str, DeliveryFacts],
    delivery_id: str,
    row_number: int | None,
    roles: list[str],
    show_source: bool,
) -> Origin:
    facts = deliveries.get(delivery_id)
    feed = contracts.feeds.get(facts.feed_id) if facts else None
    warned: list[Warned] = []
    cells = None
    if facts and feed and row_number is not None:
        standard = contracts.standard_of(feed)
        warned = _flags(con, delivery_id, row_number) or landed.warnings_of(home(), facts, row_number, standard)
        if show_source and facts.is_archived:
            cells = landed.native_cells(home(), facts, row_number, feed, standard)
    return Origin(
        roles=tuple(roles), delivery_id=delivery_id, row_number=row_number,
        place=landed.place_of(feed, facts.format if facts else None, row_number), warnings=tuple(warned), native_cells=cells,
    )  # fmt: skip


def _flags(con: duckdb.DuckDBPyConnection, delivery_id: str, row_number: int) -> list[Warned]:
    """What the release says of that line and still holds: landing warnings and what only the history shows."""
    there = con.execute(
        "select count(*) from duckdb_columns() where table_name = ? and schema_name = 'marts' and column_name = 'cleared_at'",
        [FLAGS],
    ).fetchone()
    if not there or not there[0]:
        return []
    found = con.execute(
        f"select rule_id, title_zh, column_name, severity, found_by, value_text, rule_source from marts.{FLAGS} "
        "where delivery_id = ? and row_number = ? and cleared_at is null order by all",
        [delivery_id, row_number],
    ).fetchall()
    return [
        Warned(rule_id=r, title_zh=t, column=c or "", severity=s, found_by=by, value=shown(v, False), source=src)
        for r, t, c, s, by, v, src in found
    ]


def _with_landed(metric: MetricOrigin, deliveries: dict[str, DeliveryFacts], contracts: Contracts) -> MetricOrigin:
    """The metric with what its landed row states, so that the value shown is checked and not only attributed."""
    facts = deliveries.get(metric.delivery_id)
    feed = contracts.feeds.get(facts.feed_id) if facts else None
    if facts is None or feed is None:
        return metric
    stated = landed.landed_value(home(), facts, metric.row_number, metric.metric, contracts.standard_of(feed))
    return metric.model_copy(
        update={
            "native": landed.native_of(feed, metric.metric),
            "landed_value": stated,
            "is_verified": None if stated is None else stated == metric.value,
        }
    )


def _notes(
    deliveries: dict[str, DeliveryFacts], origins: list[Origin], release: Release, above: list[ModelRef]
) -> list[str]:
    notes = []
    for facts in deliveries.values():
        if facts.newer_version:
            notes.append(
                f"报送 {facts.delivery_id} 已重新整理为第{facts.newer_version}版，发布 {release.release_id} 用的是第{facts.conform_version}版"
            )
        if not facts.is_manifest:
            notes.append(f"落地区没有报送 {facts.delivery_id} 的这一版，只能说出发布里记着的事实")
    if not origins and above[0].name in lineage.WRITTEN:
        notes.append(f"这一行不来自任何报送，由 {above[0].path} 写入")
    elif not origins and any(ref.layer == "raw" for ref in above):
        notes.append("没有找到用于这一行的报送；本表由入库数据算出（见“由什么算出”）")
    elif not origins:
        notes.append("这一行不来自任何报送，而来自代码表或规则（见“由什么算出”）")
    return notes
