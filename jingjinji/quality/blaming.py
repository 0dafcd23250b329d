"""Which deliveries break a rule of the incoming border: asked once per rule, however many deliveries there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import great_expectations.expectations as gxe

from jingjinji.quality.gx import DuckDBFileDatasource, TableSuite, name_and_columns
from jingjinji.quality.results import Result

# Of the rows of one delivery that break a rule, this many are named.
ROWS_NAMED = 3


def faulty_deliveries(
    datasource: DuckDBFileDatasource, suite: TableSuite, failed: Sequence[Result]
) -> dict[str, list[Result]]:
    """Deliveries that fail, each with the failed results as they are for it alone.

    Args:
        suite: the suite that was evaluated; its query gives the rows that were looked at.
        failed: results of this suite that did not pass.

    Returns:
        delivery id → results. A rule about the table as a whole, such as its columns, blames no delivery.
    """
    queries = {
        name_and_columns(expectation.configuration): _broken_rows(expectation, suite)
        for expectation in suite.expectations
    }
    faulty: dict[str, list[Result]] = {}
    with datasource.get_execution_engine().get_connection() as connection:
        for result in failed:
            query = queries[result.expectation, result.column_name]
            for delivery, count, named in connection.exec_driver_sql(_by_delivery(query)) if query else ():
                faulty.setdefault(delivery, []).append(
                    replace(result, unexpected_count=count, observed=_told(count, named))
                )
    return dict(sorted(faulty.items()))


def _broken_rows(expectation: gxe.Expectation, suite: TableSuite) -> str | None:
    """The rule turned round, as SQL: the rows that break it, with `delivery_id`; None for a rule about no row."""
    kwargs: dict[str, Any] = expectation.configuration.kwargs
    if query := kwargs.get("unexpected_rows_query"):
        return str(query).format(batch=f"({suite.query})")
    broken = _broken(expectation.expectation_type, kwargs)
    return f"select delivery_id, row_number from ({suite.query}) where {broken}" if broken else None


def _broken(kind: str, kwargs: dict[str, Any]) -> str | None:
    column = f'"{kwargs.get("column")}"'
    if kind == "expect_column_values_to_not_be_null":
        return f"{column} is null"
    if kind == "expect_column_values_to_be_in_set":
        allowed = ", ".join("'" + str(value).replace("'", "''") + "'" for value in kwargs["value_set"])
        return f"cast({column} as varchar) not in ({allowed})"
    if kind == "expect_column_values_to_be_between":
        bounds = {"<": kwargs.get("min_value"), ">": kwargs.get("max_value")}
        return " or ".join(f"{column} {sign} {bound}" for sign, bound in bounds.items() if bound is not None)
    return None


def _by_delivery(query: str) -> str:
    return (
        "select delivery_id, count(*), "
        f"list(cast(to_json(broken) as varchar) order by broken)[1:{ROWS_NAMED}] from ({query}) as broken group by delivery_id"
    )


def _told(count: int, named: Sequence[str]) -> str:
    rows = "; ".join(", ".join(f"{key}={value}" for key, value in json.loads(row).items()) for row in named)
    return f"{count} 行不符；例如 {rows}"
