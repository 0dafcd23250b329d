"""The rows of one delivery, judged, as relations on a connection: the same ones however large the delivery is.

`judged`     row_number, cell, STATES of conform.py, known_from and the values, of every row of data
`verdicts`   judged, and what becomes of each row: `verdict` (one of COUNTS) and `is_conflict`
`spelled`    rows whose faults are to be told: besides, the texts and what each column has of its own (`spell` makes it)

A small delivery is one table with everything in it. Of a large one only values are kept, in a file of the scratch folder, so
that memory does not grow with it; the few rows whose faults are told are read from the bytes once more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from jingjinji.contracts import Standard
from jingjinji.landing import casting
from jingjinji.landing.conform import Plan
from jingjinji.landing.detect import is_large
from jingjinji.landing.sheets import Sheet

MEMORY_LIMIT = "1000MB"  # of DuckDB; Python and the readers need some besides


@contextmanager
def connection(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one delivery: small ones share one database of this process, since opening one takes longer than they do."""
    if not is_large(scratch / "bytes"):
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
    con = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": "", "threads": 1})
    con.execute(casting.MACROS)
    return con


def _numbered(sheet: Sheet) -> str:
    return f"(select row_number() over () + {sheet.offset} as row_number, * from cells)"


def stage(con: duckdb.DuckDBPyConnection, scratch: Path, sheet: Sheet, todo: Plan) -> None:
    """Make `judged` from the relation `cells`."""
    cell = "" if todo.numbered else "'' as cell, "
    if not is_large(scratch / "bytes"):
        rows = f"(select * from {_numbered(sheet)} where row_number >= {sheet.first_row})"
        con.execute(f"create temp table spelled as select {cell}* from ({todo.spelled_sql.replace('{cells}', rows)})")
        con.execute("create temp view judged as select * from spelled")
        return
    staged = scratch / "staged_rows.parquet"
    cells = _numbered(sheet) if todo.numbered else "cells"
    con.execute(f"copy ({todo.rows_sql.replace('{cells}', cells)}) to '{staged}' (format parquet, compression snappy)")
    number = "" if todo.numbered else f"file_row_number + 1 + {sheet.offset} as row_number, "
    con.execute(f"""
        create temp view judged as
        select * from (
            select {number}{cell}* exclude (file_row_number) from read_parquet('{staged}', file_row_number = true))
        where row_number >= {sheet.first_row}""")


def spell(con: duckdb.DuckDBPyConnection, scratch: Path, sheet: Sheet, todo: Plan, condition: str) -> None:
    """Make `spelled` for the rows of `verdicts` that meet `condition`, together with their verdicts."""
    if is_large(scratch / "bytes"):
        cell = "" if todo.numbered else "'' as cell, "
        rows = _sent_again(con, sheet, todo, condition)
        con.execute(f"create temp table spelled as select {cell}* from ({todo.spelled_sql.replace('{cells}', rows)})")


def _sent_again(con: duckdb.DuckDBPyConnection, sheet: Sheet, todo: Plan, condition: str) -> str:
    """The cells of some rows: those kept with them, or the bytes read once more where conflicting rows have kept none."""
    if not todo.numbered and in_order(con) == "":
        width = len(sheet.headers) + sheet.spare
        cells = ", ".join(f"sent_cells[{at + 1}] as c{at}" for at in range(width))
        return f"(select row_number, {cells} from verdicts where {condition})"
    con.execute(f"create temp table wanted as select distinct row_number from verdicts where {condition}")
    return f"(select * from {_numbered(sheet)} where row_number in (select row_number from wanted))"


def decide(con: duckdb.DuckDBPyConnection, standard: Standard) -> None:
    """Make `verdicts`. Of good rows with one key, equal content is a duplicate and other content a conflict."""
    has_repeated = _mark_repeated(con, standard)
    conflict = "coalesce(is_conflict, false)" if has_repeated else "false"
    copy = "copy" if has_repeated else "1"
    con.execute(f"""
        create temp view verdicts as
        select judged.*, case
                when is_footer or is_ghost then 'ignored' when is_bad or {conflict} then 'quarantined'
                when {copy} > 1 then 'duplicate' else 'accepted' end as verdict,
            {conflict} as is_conflict
        from judged {"left join repeated using (row_number, cell)" if has_repeated else ""}""")


def in_order(con: duckdb.DuckDBPyConnection) -> str:
    """What keeps `verdicts` in the order of the sheet: it is, unless rows were joined to it."""
    joined = con.execute("select 1 from duckdb_tables() where table_name = 'repeated'").fetchone()
    return "order by row_number" if joined else ""


def _mark_repeated(con: duckdb.DuckDBPyConnection, standard: Standard) -> bool:
    """Table `repeated`: good rows whose key stands more than once. False, and no table, where there is none."""
    good, key = "not (is_bad or is_ghost or is_footer)", ", ".join(standard.key)
    con.execute(f"""
        create temp table repeated_hashes as
        select hash({key}) as key_hash from judged where {good} group by key_hash having count(*) > 1""")
    if not con.execute("select count(*) from repeated_hashes").fetchone()[0]:  # type: ignore[index]
        return False
    content = ", ".join(standard.columns)
    con.execute(f"""
        create temp table repeated as
        select row_number, cell, count(distinct content) over (partition by {key}) > 1 as is_conflict,
            row_number() over (partition by {key} order by row_number) as copy, count(*) over (partition by {key}) as copies
        from (
            select row_number, cell, {key}, hash({content}) as content from judged
            where {good} and hash({key}) in (select key_hash from repeated_hashes))
        qualify copies > 1""")
    return True
