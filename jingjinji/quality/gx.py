"""Great Expectations on a DuckDB file, every check as SQL inside DuckDB.

Importing this module imports Great Expectations (8-10 s), so `quality.py` imports it inside the functions that check.
"""

from __future__ import annotations

import builtins
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

# Both must be set before the import: analytics are decided while importing.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import sqlalchemy
from great_expectations.core.batch import Batch
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from jingjinji.quality.results import Result

logging.getLogger("great_expectations").setLevel(logging.ERROR)

# No values in results: what is wrong is told by counts and keys, so no personal datum can reach a report.
WITHOUT_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}
ROWS_NAMED = 3
# A suite over the catalog itself rather than one table of the schema.
EVERY_TABLE = "*"


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """SQL engine that keeps one connection; GX closes it before fetching otherwise ("list index out of range")."""

    _connection: sqlalchemy.Connection | None

    @contextmanager
    def get_connection(self) -> Iterator[sqlalchemy.Connection]:
        if not self._connection:
            self._connection = self.engine.connect()
        yield self._connection

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self.engine.dispose()


class DuckDBFileDatasource(SQLDatasource):
    """A DuckDB file; GX 1.24 has no datasource of its own for it."""

    type: Literal["duckdb_file"] = "duckdb_file"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        return DuckDBExecutionEngine


@dataclass(frozen=True)
class TableSuite:
    """The expectations on one table: `query` (or the whole `schema.table`) is the batch they look at."""

    suite: str
    schema: str
    table: str
    expectations: tuple[gxe.Expectation, ...]
    query: str | None = None


def because(
    why_zh: str, why: str, source: str, *, name: str | None = None, columns: str | None = None
) -> dict[str, str]:
    """What every expectation carries as `meta`: the reason in Chinese and English, and where the rule comes from."""
    meta = {"why_zh": why_zh, "why": why, "source": source, "name": name, "columns": columns}
    return {key: value for key, value in meta.items() if value is not None}


def no_rows(
    name: str, query: str, *, columns: str, why_zh: str, why: str, source: str, severity: str = "critical"
) -> gxe.Expectation:
    """Expectation that `query` finds nothing: for rules GX has no word for, and for regular expressions.

    Args:
        name: what the rule is called in results, snake_case.
        query: SQL over `{batch}` that selects the *keys* of the rows that break the rule, never a free text: those keys
            are shown in results. A literal brace is written twice.
    """
    meta = because(why_zh, why, source, name=name, columns=columns)
    # GX gives `{batch}` an alias of its own, but only in queries without a join: a name for it makes all queries alike.
    query = "with batch as (select * from {batch}) " + query.replace("{batch}", "batch")
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, meta=meta, severity=severity)


def escaped(sql: str) -> str:
    """SQL with its braces written twice, as `no_rows` wants them."""
    return sql.replace("{", "{{").replace("}", "}}")


@contextmanager
def opened(candidate: Path) -> Iterator[DuckDBFileDatasource]:
    """The candidate as a GX datasource, read-only and without file access from SQL: a check changes nothing."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    config = {"enable_external_access": "false", "autoinstall_known_extensions": "false"}
    datasource = context.data_sources.add_duckdb_file(  # type: ignore[attr-defined]
        name="candidate",
        connection_string=f"duckdb:///{candidate}",
        kwargs={"connect_args": {"read_only": True, "config": config}},
    )
    try:
        yield datasource
    finally:
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()


def evaluate(datasource: DuckDBFileDatasource, suite: TableSuite) -> list[Result]:
    """Check one table.

    Returns:
        one result per expectation; a table that is not there gives one failed result instead.
    """
    batch = _batch(datasource, suite)
    if batch is None:
        return [_missing_table(suite)]
    gx_suite = gx.ExpectationSuite(name=f"{suite.suite}.{suite.table}", expectations=list(suite.expectations))
    outcome = batch.validate(gx_suite, result_format=WITHOUT_VALUES)
    return [_result(suite, batch, item) for item in outcome.results]


def _batch(datasource: DuckDBFileDatasource, suite: TableSuite) -> Batch | None:
    inspector = sqlalchemy.inspect(datasource.get_execution_engine().engine)
    if suite.table != EVERY_TABLE and not inspector.has_table(suite.table, schema=suite.schema):
        return None
    query = suite.query or f'select * from {suite.schema}."{suite.table}"'
    asset = datasource.add_query_asset(f"{suite.suite}.{suite.table}.{len(datasource.assets)}", query=query)
    return asset.add_batch_definition_whole_table("all").get_batch()


def _result(suite: TableSuite, batch: Batch, item: Any) -> Result:
    config = item.expectation_config
    raised = _exception_of(item)
    named = "" if item.success or raised else _named_rows(batch, config)
    name, columns = name_and_columns(config)
    return Result(
        suite=suite.suite,
        table_name=suite.table,
        expectation=name,
        column_name=columns,
        success=bool(item.success) and raised is None,
        unexpected_count=_unexpected_count(item),
        observed=raised or _observed(item.result, named),
        severity=str(config.severity.value if config.severity else "critical"),
        why_zh=config.meta["why_zh"],
        why=config.meta["why"],
        source=config.meta["source"],
        could_not_run=raised is not None,
    )


def _missing_table(suite: TableSuite) -> Result:
    return Result(
        suite=suite.suite,
        table_name=suite.table,
        expectation="expect_table_to_exist",
        column_name=None,
        success=False,
        unexpected_count=1,
        observed=f"{suite.schema}.{suite.table} 不存在",
        severity="critical",
        why_zh="别人依赖这张表；缺表的候选库不能发布",
        why="others rely on this table; a candidate without it cannot be released",
        source="docs/architecture.md · Marts",
        could_not_run=True,
    )


def name_and_columns(config: Any) -> tuple[str, str | None]:
    """What a rule and its columns are called in results."""
    return config.meta.get("name", config.type), config.meta.get("columns") or _columns_of(config.kwargs)


def _columns_of(kwargs: dict[str, Any]) -> str | None:
    if "column_A" in kwargs:
        return f"{kwargs['column_A']}, {kwargs['column_B']}"
    several = kwargs.get("column_list") or kwargs.get("column_set")
    return kwargs.get("column") or (", ".join(several) if several else None)


def _exception_of(item: Any) -> str | None:
    """First line of what the database said, or None. GX nests it by metric for some expectations."""
    info = item.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return f"无法执行：{str(entry.get('exception_message')).splitlines()[0]}"
    return None


def _unexpected_count(item: Any) -> int | None:
    if "unexpected_count" in item.result:
        return int(item.result["unexpected_count"] or 0)  # GX gives None where there is no row at all
    if item.expectation_config.type == "unexpected_rows_expectation":
        return int(item.result.get("observed_value") or 0)
    return 0 if item.success else None


def _observed(result: dict[str, Any], named: str) -> str:
    if "unexpected_count" in result:
        text = f"{result.get('element_count', '?')} 行中 {result['unexpected_count'] or 0} 行不符"
    elif named:
        text = f"{result.get('observed_value')} 行不符"
    else:
        text = str(result.get("observed_value", ""))[:300]
    return f"{text}；{named}" if named else text


def _named_rows(batch: Batch, config: Any) -> str:
    """Keys of the first rows that broke a rule of `no_rows`, whose query selects keys only."""
    if config.type != "unexpected_rows_expectation":
        return ""
    again = batch.validate(config.to_domain_obj(), result_format="COMPLETE")
    rows: Sequence[dict[str, Any]] = again.result.get("details", {}).get("unexpected_rows", [])
    shown = "; ".join(", ".join(f"{key}={value}" for key, value in row.items()) for row in rows[:ROWS_NAMED])
    return f"例如 {shown}"
