"""The last look before anything leaves: mobile numbers and identity numbers in the files of a delivery."""

from __future__ import annotations

from pathlib import Path

import duckdb

from jingjinji.contracts import load_contracts
from jingjinji.personal import id_columns, personal_numbers
from jingjinji.release.copying import literal, quoted

# RE2 has no look-around: this only finds what is worth a closer look.
CANDIDATE = r"1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]"
NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)


def leaks_in(path: Path, quantities: frozenset[str] = frozenset()) -> list[str]:
    """Where a file of a delivery holds personal numbers, as `file · column · kind`.

    Args:
        path: A Parquet file, or a text file of any kind.
        quantities: Columns whose whole numbers are amounts with a unit: 15,000,000,000 元 looks like a mobile number.
    """
    if path.suffix != ".parquet":
        return [f"{path.name} · {kind}" for kind in personal_numbers(path.read_text(encoding="utf-8-sig"))]
    with duckdb.connect() as con:
        source = f"read_parquet({literal(str(path))})"
        columns = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
        scanned = [c for c, kind in columns.items() if kind == "VARCHAR" or (kind in NUMBERS and c not in quantities)]
        return [f"{path.name} · {c} · {kind}" for c in scanned for kind in _column_leaks(con, source, c)]


def _column_leaks(con: duckdb.DuckDBPyConnection, source: str, column: str) -> list[str]:
    text = f"cast({quoted(column)} as varchar)"
    found = con.execute(f"select distinct {text} from {source} where regexp_matches({text}, {literal(CANDIDATE)})")
    kinds: set[str] = set()
    is_id = column in id_columns(load_contracts())
    while rows := found.fetchmany(10_000):
        kinds.update(kind for (value,) in rows for kind in personal_numbers(value, is_id=is_id))
    return sorted(kinds)
