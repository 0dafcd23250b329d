"""A small finished build, as `jjj build` and `jjj check` would leave it; every person in it is invented."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from jingjinji.paths import home

# Stand in schema raw only; none of it may ever be found in the bytes of a release or of an export.
INVENTED_PERSON = "示例甲乙丙"
INVENTED_MOBILE = "13900000000"
INVENTED_NOTE = "invented-note-that-must-not-leak"

FIRST_REPORTS = (
    ("130000", "hb-flood", "130000", "续报", "2023-08-02 09:00:00", None, 540703, 9, 6, "d-hebei-1"),
    ("110000", "bj-flood", "110000", "续报", "2023-08-02 10:00:00", None, 44673, 11, 27, "d-beijing-1"),
)


def make_build(
    run_id: str,
    *,
    reports: tuple[tuple[object, ...], ...] = FIRST_REPORTS,
    parent_release_id: str | None = None,
    passed: bool = True,
) -> Path:
    """Write `builds/<run_id>/` into the current home and return the candidate file."""
    folder = home().builds / run_id
    folder.mkdir(parents=True)
    if not home().marker.exists():
        home().marker.write_text(json.dumps({"data_origin": "simulated"}))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        _write_raw(con, sorted({str(row[-1]) for row in reports}))
        _write_marts(con, run_id, reports)
    build = {"run_id": run_id, "parent_release_id": parent_release_id, "rules_hash": "abc", "models": [1, 2]}
    (folder / "build.json").write_text(json.dumps(build))
    failed = [] if passed else [{"suite": "published", "expectation": "x_is_unique", "table": "t", "why": "because"}]
    (folder / "quality.json").write_text(json.dumps({"passed": passed, "failed": failed}))
    return folder / "warehouse.duckdb"


def _write_raw(con: duckdb.DuckDBPyConnection, delivery_ids: list[str]) -> None:
    con.execute("create schema raw")
    con.execute(
        "create table raw.deliveries (delivery_id varchar, conform_version bigint, feed_id varchar, period varchar, "
        "file_sha256 varchar, status varchar)"
    )
    for delivery_id in delivery_ids:
        con.execute(
            "insert into raw.deliveries values (?, 1, 'disaster_losses/x', null, 'f0', 'accepted')", [delivery_id]
        )
    con.execute("create table raw.rescue_teams as select ? as contact, ? as mobile, ? as note from range(5000)", [
        INVENTED_PERSON, INVENTED_MOBILE, INVENTED_NOTE])  # fmt: skip


def _write_marts(con: duckdb.DuckDBPyConnection, run_id: str, reports: tuple[tuple[object, ...], ...]) -> None:
    con.execute("create schema marts")
    con.execute(
        "create table marts.fct_disaster_loss_reports (region_code varchar not null, event_id varchar, unit_code varchar, "
        "report_stage varchar, known_from timestamp, known_to timestamp, affected_persons bigint, deaths_persons bigint, "
        "missing_persons bigint, delivery_id varchar)"
    )
    con.executemany(
        f"insert into marts.fct_disaster_loss_reports values ({', '.join('?' * 10)})", [list(r) for r in reports]
    )
    con.execute("comment on column marts.fct_disaster_loss_reports.deaths_persons is '因灾死亡人口，单位''人'''")
    con.execute(
        "create macro marts.fct_disaster_losses_as_of(known_by) as table "
        "select region_code, event_id, affected_persons, deaths_persons, missing_persons, known_from, delivery_id "
        "from warehouse.marts.fct_disaster_loss_reports where known_from < known_by "
        "and coalesce(known_to, timestamp '9999-12-31') >= known_by"
    )
    con.execute(
        "create table marts.fct_disaster_losses as "
        "select * from marts.fct_disaster_losses_as_of(timestamp '9999-12-31 00:00:00')"
    )
    con.execute(
        "create table marts.agg_loss_changes as select region_code, event_id, known_from, "
        "cast(affected_persons as decimal(20,2)) as value_change from marts.fct_disaster_loss_reports"
    )
    con.execute(
        "create table marts.dim_regions as select * from (values ('110000', '北京市'), ('130000', '河北省')) as t(region_code, name_zh)"
    )
    con.execute("create table marts.fct_quality_results as select ? as run_id, true as success", [run_id])


def later_reports() -> tuple[tuple[object, ...], ...]:
    """The first reports, and Hebei's of 2023-08-12, which replaces its first."""
    hebei, beijing = FIRST_REPORTS
    superseded = (*hebei[:5], "2023-08-12 09:00:00", *hebei[6:])
    newest = ("130000", "hb-flood", "130000", "核报", "2023-08-12 09:00:00", None, 3888600, 29, 16, "d-hebei-2")
    return (superseded, beijing, newest)
