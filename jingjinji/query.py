"""SQL on the current release, read-only; with a day, as what was known at its end.

The SQL sees one schema of views, `marts`, over the release; a bare name and `marts.<name>` mean the same. With a day
the views show what was known then (`docs/architecture.md`, "Time"): as-of macros at that bound, versions and change
rows up to it. What has no such meaning stays as it is, and the answer says so.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from jingjinji.errors import UserError
from jingjinji.paths import home
from jingjinji.release.copying import MARTS, RELEASE_INFO, as_of_macros, literal, mart_columns, quoted
from jingjinji.release.store import WAREHOUSE

Format = Literal["table", "csv", "json"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json")
LAST_DAY = date(9999, 12, 30)
# What had not happened by a day was not known then.
ENDS = ("known_to", "cleared_at")


class QueryError(UserError):
    """The question cannot be answered; the message says why and what to write instead."""

    exit_code = 2


@dataclass(frozen=True)
class Answer:
    """Rows of one query. `ageless` names the marts it used that a day does not change."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    release_id: str
    ageless: tuple[str, ...] = ()


def query(sql: str, as_of: date | None = None) -> Answer:
    """Ask the current release.

    Args:
        sql: One SELECT over marts, as `fct_accidents` or `marts.fct_accidents`.
        as_of: Show what was known at the end of this day (wall clock Asia/Shanghai); all that is known when absent.

    Raises:
        QueryError: There is no release, the SQL is wrong, or it is not one statement; the message is short.
    """
    if as_of and re.search(r"\bwarehouse\s*\.", sql, re.IGNORECASE):
        raise QueryError("with --as-of write marts.<name> or the bare name: warehouse.marts.<name> is not as of a day")
    folder = _current_folder()
    with connect(folder, as_of) as con:
        try:
            found = con.execute(_only_statement(con, sql))
            columns = tuple(column[0] for column in found.description or ())
            rows = tuple(found.fetchall())
        except duckdb.Error as error:
            raise QueryError(_short(error)) from error
        ageless = tuple(name for name in _ageless(con) if re.search(rf"\b{name}\b", sql)) if as_of else ()
    return Answer(columns, rows, folder.name, ageless)


@contextmanager
def connect(release_folder: Path, as_of: date | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked-down connection whose schema `marts` shows a release, as known at the end of `as_of`.

    No SQL on it can write the release, read or write a file, load an extension or lift these limits.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as con:
        con.execute(f"attach {literal(str(release_folder / WAREHOUSE))} as warehouse (read_only)")
        con.execute(f"create schema {MARTS}")
        for mart, select in view_sql(con, as_of).items():
            con.execute(f"create view {MARTS}.{quoted(mart)} as {select}")
        for name, (parameters, _) in as_of_macros(con).items():
            given = ", ".join(map(quoted, parameters))
            body = f"select * from warehouse.{MARTS}.{quoted(name)}({given})"
            con.execute(f"create macro {MARTS}.{quoted(name)}({given}) as table {body}")
        con.execute(f"set search_path = 'memory.{MARTS}'")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con


def view_sql(con: duckdb.DuckDBPyConnection, as_of: date | None = None) -> dict[str, str]:
    """mart -> the SELECT that shows it, over the catalog `warehouse` of `con`."""
    macros = as_of_macros(con)
    return {mart: _select(mart, columns, macros, as_of) for mart, columns in mart_columns(con).items()}


def parse_day(text: str | None, option: str = "--as-of") -> date | None:
    """A day as written on the command line.

    Raises:
        QueryError: It is not a day of the form 2023-08-02.
    """
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise QueryError(f"{option} {text}: not a day; write year-month-day, for example 2023-08-02") from error
    if day > LAST_DAY:
        raise QueryError(f"{option} {text}: the last day that can be asked is {LAST_DAY}")
    return day


def rendered(answer: Answer, form: Format) -> str:
    """The answer as text: an aligned table, CSV (NULL is empty) or JSON (NULL is null, dates ISO, decimals exact)."""
    if form == "json":
        rows = [dict(zip(_unique(answer.columns), map(json_value, row), strict=True)) for row in answer.rows]
        return json.dumps(rows, ensure_ascii=False, indent=1)
    return _csv(answer) if form == "csv" else _table(answer)


def json_value(value: Any) -> Any:
    """A value for JSON. A decimal is a number where a float says it exactly, and text where it would not."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return value if isinstance(value, float) and value - value == 0 else str(value)


def _select(mart: str, columns: dict[str, str], macros: dict[str, Any], as_of: date | None) -> str:
    source = f"warehouse.{MARTS}.{quoted(mart)}"
    if as_of is None:
        return f"select * from {source}"
    bound = f"timestamp '{as_of + timedelta(days=1)} 00:00:00'"
    if f"{mart}_as_of" in macros:
        return f"select * from warehouse.{MARTS}.{quoted(f'{mart}_as_of')}({bound})"
    if columns.get("known_from") != "TIMESTAMP":
        return f"select * from {source}"
    ends = ", ".join(f"case when {name} < {bound} then {name} end as {name}" for name in ENDS if name in columns)
    return f"select *{f' replace ({ends})' if ends else ''} from {source} where known_from < {bound}"


def _ageless(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Marts that a day does not change; the release's own line is none anybody would expect to."""
    macros = as_of_macros(con)
    return [
        mart
        for mart, columns in mart_columns(con).items()
        if f"{mart}_as_of" not in macros and columns.get("known_from") != "TIMESTAMP" and mart != RELEASE_INFO
    ]


def _current_folder() -> Path:
    current = home().current
    if not current.exists():
        raise QueryError(f"there is no release in {home().root} yet; run `jjj run` or `make demo`")
    return current.resolve()


def _short(error: duckdb.Error) -> str:
    """The message without DuckDB's repetition of the whole statement."""
    return str(error).split("\n\nLINE ", 1)[0].strip()


def _only_statement(con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The statement of a text that holds one: of several, DuckDB would run all and show the last.

    Others than SELECT could do no harm here, but DuckDB would answer with what else it could have dropped.
    """
    statements = con.extract_statements(sql)
    if len(statements) != 1:
        told = "no statement" if not statements else f"{len(statements)} statements"
        raise QueryError(f"{told} given: write one SELECT（一次只能查询一条语句）")
    if (kind := statements[0].type.name) not in ("SELECT", "EXPLAIN"):
        raise QueryError(
            f"{kind} is no question: write one SELECT, a release is read-only（发布只读，请写一条 SELECT）"
        )
    return statements[0]


def _unique(names: tuple[str, ...]) -> list[str]:
    """JSON keys: a second column of the same name gets a number, so that no value is lost."""
    return [name if names.index(name) == at else f"{name}_{at + 1}" for at, name in enumerate(names)]


def _csv(answer: Answer) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_text(value, "") for value in row] for row in answer.rows)
    return out.getvalue().rstrip("\n")


def _text(value: Any, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _table(answer: Answer) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(answer.columns):
        numbers = all(row[at] is None or _is_number(row[at]) for row in answer.rows)
        table.add_column(Text(name), justify="right" if numbers and answer.rows else "left", no_wrap=True)
    for row in answer.rows:
        table.add_row(*(Text(_text(value, "NULL"), style="dim" if value is None else "") for value in row))
    out = io.StringIO()
    # As wide as the rows need: a table cut to the width of a pipe would hide values.
    Console(file=out, width=100_000, color_system=None).print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
    return "\n".join([*lines, f"（{len(answer.rows)} 行 · 发布 {answer.release_id}）"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
