"""What a check found, as rows of `marts.fct_quality_results` and as the verdict files beside a candidate."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

# Column, type, comment, English name: the comment is what dashboards show as the column's name.
COLUMNS = (
    ("run_id", "varchar", "检查批次", "Run"),
    ("checked_at", "timestamp", "检查时间（北京时间）", "Checked at"),
    ("suite", "varchar", "检查环节：incoming 入库前，published 发布前", "Suite"),
    ("table_name", "varchar", "数据表", "Table"),
    ("expectation", "varchar", "规则", "Expectation"),
    ("column_name", "varchar", "字段", "Column"),
    ("success", "boolean", "是否通过", "Passed"),
    ("unexpected_count", "bigint", "不符合的行数", "Rows that fail"),
    ("observed", "varchar", "实际情况", "Observed"),
    ("severity", "varchar", "级别：critical 阻止发布，warning 仅提示", "Severity"),
    ("why_zh", "varchar", "为什么有这条规则", "Why (Chinese)"),
    ("why", "varchar", "为什么有这条规则（英文）", "Why"),
    ("source", "varchar", "规则来源", "Source of the rule"),
    ("is_latest", "boolean", "是否为该环节最近一次检查", "Latest check of the suite"),
)

TABLE = "fct_quality_results"
TITLE = ("数据质量检查结果", "Results of quality checks")
ABOUT = (
    "One row per expectation and check of a run: written by the check itself, and what the check before wrote is kept."
)

# Why a delivery was held out of a candidate, one row per rule it failed; the copy of the last build brings it along.
HELD_REASONS = """
create table if not exists raw.held_reasons (
    delivery_id varchar, conform_version varchar, column_name varchar, expectation varchar, why_zh varchar, source varchar
)
"""


@dataclass(frozen=True)
class Result:
    """One expectation on one table, checked once."""

    suite: str
    table_name: str
    expectation: str
    column_name: str | None
    success: bool
    unexpected_count: int | None
    observed: str
    severity: str
    why_zh: str
    why: str
    source: str
    could_not_run: bool = False

    @property
    def blocks(self) -> bool:
        return not self.success and self.severity == "critical"

    def __str__(self) -> str:
        where = f"{self.table_name}.{self.column_name}" if self.column_name else self.table_name
        return f"[{self.suite}] {where} · {self.expectation}：{self.why_zh}（{self.observed}；来源：{self.source}）"

    def as_failure(self) -> dict[str, Any]:
        """The entry of this failed expectation in a verdict file."""
        return {
            "suite": self.suite,
            "expectation": self.expectation,
            "table": self.table_name,
            "column": self.column_name,
            "unexpected_count": self.unexpected_count,
            "observed": self.observed,
            "severity": self.severity,
            "why": self.why_zh,
            "source": self.source,
        }


def ensure_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `marts.fct_quality_results` when it is not there: a release has it also before the first check."""
    connection.execute("create schema if not exists marts")
    columns = ", ".join(f"{name} {type_}" for name, type_, *_ in COLUMNS)
    connection.execute(f"create table if not exists marts.fct_quality_results ({columns})")
    connection.execute("comment on table marts.fct_quality_results is '数据质量检查结果：一行一条规则的一次检查'")
    for name, _, comment, _ in COLUMNS:
        connection.execute(f"comment on column marts.fct_quality_results.{name} is '{comment}'")


def carry_over(last: Path, candidate: Path) -> None:
    """Take the rows of earlier checks into a candidate that begins from an empty file."""
    with duckdb.connect(str(candidate)) as connection:
        ensure_table(connection)
        connection.execute(f"attach '{last}' as last (read_only)")
        if connection.execute(
            "select 1 from duckdb_tables() where database_name = 'last' and schema_name = 'marts' and table_name = 'fct_quality_results'"
        ).fetchone():
            connection.execute(
                "insert into marts.fct_quality_results by name select * from last.marts.fct_quality_results"
            )
        connection.execute("detach last")


def append(candidate: Path, run_id: str, checked_at: datetime, suite: str, results: Sequence[Result]) -> None:
    """Write the results of one check as rows; the same check of the same run again replaces its own rows.

    Args:
        checked_at: wall clock Asia/Shanghai, naive.
    """
    names = [name for name, *_ in COLUMNS]
    rows = [_row(result, run_id, checked_at, names) for result in results]
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("begin")
        ensure_table(connection)
        connection.execute("delete from marts.fct_quality_results where run_id = ? and suite = ?", [run_id, suite])
        connection.execute("update marts.fct_quality_results set is_latest = false where suite = ?", [suite])
        if rows:
            marks = ", ".join("?" for _ in names)
            connection.executemany(f"insert into marts.fct_quality_results values ({marks})", rows)
        connection.execute("commit")


def _row(result: Result, run_id: str, checked_at: datetime, names: Sequence[str]) -> list[Any]:
    values = asdict(result) | {"run_id": run_id, "checked_at": checked_at, "is_latest": True}
    return [values[name] for name in names]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a verdict file in one step, so that nobody ever reads half of one."""
    text = json.dumps(content, ensure_ascii=False, indent=2, default=str)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
