"""The rows of deliveries, judged, as relations on a connection: the same ones however large or many the deliveries are.

`judged`     of_file, row_number, cell, STATES of conform.py, known_from and the values, of every row of data
`verdicts`   judged, and what becomes of each row: `verdict` (one of COUNTS), `is_conflict`, and of a row whose key stands more
             than once `other_row`, another row with it
`spelled`    rows whose faults are to be told: besides, the texts, `errors` and `warnings`

Small deliveries with the same headers are judged together, as one table with everything in it (`of_file` numbers them): reading
a statement of this length takes DuckDB ten times as long as running it. Of a large one only values are kept, in a file of the scratch
folder, so that memory does not grow with it; the few rows whose faults are told are read from the bytes once more.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from jingjinji.contracts import Standard
from jingjinji.landing import casting
from jingjinji.landing.conform import STATES, Plan
from jingjinji.landing.detect import is_large
from jingjinji.landing.sheets import Sheet

ODD_AT_MOST = 0.5  # share of rows from which on the short statement was in vain
ODD_TOGETHER = 10_000  # rows that one thread takes at a time: few, since each costs a hundred times a plain one
MEMORY_LIMIT = "1000MB"  # of DuckDB; Python and the readers need some besides


@contextmanager
def connection(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for the delivery in `scratch`, or for several small ones.

    Small ones share one database of this process, since opening one takes longer than they do.
    """
    if scratch is None or not is_large(scratch / "bytes"):
        cursor = _shared(os.getpid()).cursor()
        try:
            yield cursor
        finally:
            cursor.close()
        return
    limits = {"memory_limit": MEMORY_LIMIT, "temp_directory": str(scratch / "spill"), "preserve_insertion_order": True}
    with duckdb.connect(config=limits) as con:
        con.execute(casting.MACROS)
        yield con


@cache
def _shared(pid: int) -> duckdb.DuckDBPyConnection:
    """One database in memory per process; a forked child opens its own."""
    limits = {"memory_limit": MEMORY_LIMIT, "temp_directory": "", "threads": 1}
    con = duckdb.connect(config=limits | {"enable_external_file_cache": False})  # each file is read once
    con.execute(casting.MACROS)
    return con


def _numbered(sheet: Sheet) -> str:
    return f"(select row_number() over () + {sheet.offset} as row_number, * from cells)"


# ---------------------------------------------------------------- small deliveries, several at once


@contextmanager
def gathering(sheet: Sheet) -> Iterator[str]:
    """Name of a table that takes the rows of deliveries like `sheet`, seen by all connections of this process; it goes afterwards."""
    name, cells = f"sent_{uuid.uuid4().hex}", "".join(f", c{at} varchar" for at in range(_width(sheet)))
    _shared(os.getpid()).execute(f"create table {name} (of_file bigint, row_number bigint{cells})")
    try:
        yield name
    finally:
        _shared(os.getpid()).execute(f"drop table if exists {name}")


def gather(con: duckdb.DuckDBPyConnection, table: str, of_file: int, sheet: Sheet) -> None:
    """Append the rows of data of the relation `cells` to `table`."""
    rows = f"(select {of_file} as of_file, * from {_numbered(sheet)})"
    con.execute(f"insert into {table} select * from {rows} where row_number >= {sheet.first_row}")


def _width(sheet: Sheet) -> int:
    return max(1, len(sheet.headers) + sheet.spare)


def stage_gathered(con: duckdb.DuckDBPyConnection, table: str, todo: Plan) -> None:
    """Make `spelled` and `judged` from what was gathered."""
    cell = "" if todo.numbered else "'' as cell, "
    con.execute(f"create temp table spelled as select {cell}* from ({todo.spelled_sql.replace('{cells}', table)})")
    con.execute("create temp view judged as select * from spelled")


# ---------------------------------------------------------------- one large delivery


def stage(con: duckdb.DuckDBPyConnection, scratch: Path, sheet: Sheet, todo: Plan) -> None:
    """Make `judged` from the relation `cells` of a large delivery. Rows that are not written plainly come after those that are."""
    if todo.plain_sql and _stage_plainly(con, scratch, sheet, todo, todo.plain_sql):
        return
    staged = scratch / "staged_rows.parquet"
    cells = _numbered(sheet) if todo.numbered else "cells"
    _write(con, todo.rows_sql.replace("{cells}", cells), staged)
    number = "" if todo.numbered else f"'' as cell, file_row_number + 1 + {sheet.offset} as row_number, "
    con.execute(f"""
        create temp view judged as
        select * from (
            select 0 as of_file, {number}* exclude (file_row_number) from read_parquet('{staged}', file_row_number = true))
        where row_number >= {sheet.first_row}""")


def _stage_plainly(con: duckdb.DuckDBPyConnection, scratch: Path, sheet: Sheet, todo: Plan, plain_sql: str) -> bool:
    """The same with the short statement first; False, and nothing made, where few rows are plain."""
    plain, odd = scratch / "plain_rows.parquet", scratch / "odd_rows.parquet"
    _write(con, plain_sql.replace("{cells}", "cells"), plain)
    con.execute(f"""
        create temp view looked_at as
        select * from (
            select file_row_number + 1 + {sheet.offset} as row_number, * exclude (file_row_number)
            from read_parquet('{plain}', file_row_number = true))
        where row_number >= {sheet.first_row}""")
    found = con.execute("select count(*), count(*) filter (not is_plain) from looked_at").fetchone()
    if found and found[1] > ODD_AT_MOST * found[0]:
        return False
    cells = ", ".join(f"sent_cells[{at + 1}] as c{at}" for at in range(_width(sheet)))
    # gathered first: they lie scattered, and the exact statement costs per bunch of rows that it is handed
    gathered = scratch / "odd_cells.parquet"
    _write(con, f"select row_number, {cells} from looked_at where not is_plain", gathered, ODD_TOGETHER)
    _write(con, todo.odd_sql.replace("{cells}", f"'{gathered}'"), odd, ODD_TOGETHER)
    # in the order of the other rows: the columns are put together by their names
    states = ", ".join(f"false as {state}" for state in STATES)
    con.execute(f"""
        create temp view judged as
        select 0 as of_file, '' as cell, row_number, {states}, * exclude (row_number, is_plain) from looked_at where is_plain
        union all by name
        select 0 as of_file, '' as cell, * from read_parquet('{odd}')""")
    return True


def _write(con: duckdb.DuckDBPyConnection, rows: str, path: Path, group: int = 122_880) -> None:
    """Rows into a file, `group` of which are read by one thread."""
    con.execute(f"copy ({rows}) to '{path}' (format parquet, compression snappy, row_group_size {group})")


def spell(con: duckdb.DuckDBPyConnection, sheet: Sheet, todo: Plan, condition: str) -> None:
    """Make `spelled` for the rows of `verdicts` of a large delivery that meet `condition`."""
    cell = "" if todo.numbered else "'' as cell, "
    rows = _sent_again(con, sheet, todo, condition)
    spelled = todo.spelled_sql.replace("{cells}", rows)
    con.execute(f"create temp table spelled as select 0 as of_file, {cell}* from ({spelled})")


def _sent_again(con: duckdb.DuckDBPyConnection, sheet: Sheet, todo: Plan, condition: str) -> str:
    """The cells of some rows: those kept with them, or the bytes read once more where conflicting rows have kept none."""
    if not todo.numbered and not _has_repeated(con):
        cells = ", ".join(f"sent_cells[{at + 1}] as c{at}" for at in range(len(sheet.headers) + sheet.spare))
        return f"(select row_number, {cells} from verdicts where {condition})"
    con.execute(f"create temp table wanted as select distinct row_number from verdicts where {condition}")
    return f"(select * from {_numbered(sheet)} where row_number in (select row_number from wanted))"


# ---------------------------------------------------------------- verdicts


def decide(con: duckdb.DuckDBPyConnection, standard: Standard) -> None:
    """Make `verdicts`. Of good rows with one key, equal content is a duplicate and other content a conflict."""
    has_repeated = _mark_repeated(con, standard)
    conflict = "coalesce(is_conflict, false)" if has_repeated else "false"
    copy, other = ("copy", "other_row") if has_repeated else ("1", "null::bigint as other_row")
    con.execute(f"""
        create temp view verdicts as
        select judged.*, case
                when is_footer or is_ghost then 'ignored' when is_bad or {conflict} then 'quarantined'
                when {copy} > 1 then 'duplicate' else 'accepted' end as verdict,
            {conflict} as is_conflict, {other}
        from judged {"left join repeated using (of_file, row_number, cell)" if has_repeated else ""}""")


def _has_repeated(con: duckdb.DuckDBPyConnection) -> bool:
    return con.execute("select 1 from duckdb_tables() where table_name = 'repeated'").fetchone() is not None


def _mark_repeated(con: duckdb.DuckDBPyConnection, standard: Standard) -> bool:
    """Table `repeated`: good rows whose key stands more than once. False, and no table, where there is none."""
    good, key = "not (is_bad or is_ghost or is_footer)", ", ".join(("of_file", *standard.key))
    con.execute(f"""
        create temp table repeated_hashes as
        select hash({key}) as key_hash from judged where {good} group by key_hash having count(*) > 1""")
    if not con.execute("select count(*) from repeated_hashes").fetchone()[0]:  # type: ignore[index]
        return False
    content = ", ".join(standard.columns)
    con.execute(f"""
        create temp table repeated as
        select of_file, row_number, cell, count(distinct content) over (partition by {key}) > 1 as is_conflict,
            row_number() over (partition by {key} order by row_number) as copy, count(*) over (partition by {key}) as copies,
            case when copy = 1 then lead(row_number) over (partition by {key} order by row_number)
                else min(row_number) over (partition by {key}) end as other_row
        from (
            select row_number, cell, {key}, hash({content}) as content from judged
            where {good} and hash({key}) in (select key_hash from repeated_hashes))
        qualify copies > 1""")
    return True
