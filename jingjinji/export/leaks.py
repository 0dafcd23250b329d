"""The last look before anything leaves: mobile numbers and identity numbers in the files of a delivery."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from jingjinji.release.copying import literal, quoted

MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
IDENTITY = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
# A hash is 16 to 64 hex digits with letters among them; a run of digits in it is no number of a person.
HASH = re.compile(r"(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f][0-9a-f]*[a-f])[0-9a-f]{16,64}(?![0-9A-Za-z])")
# RE2 has no look-around: this only finds what is worth a closer look.
CANDIDATE = r"1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]"
# GB 11643-1999, 4: weights of the first 17 digits, and the check character for the sum modulo 11.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
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


def personal_numbers(text: str) -> list[str]:
    """Kinds of personal numbers in a text (`mobile`, `identity`); never the numbers themselves."""
    rest = HASH.sub(" ", text)
    found = ["mobile"] if MOBILE.search(rest) else []
    return found + (["identity"] if any(is_identity_number(match) for match in IDENTITY.findall(rest)) else [])


def is_identity_number(text: str) -> bool:
    """Whether the check character of an 18-character identity number is right (GB 11643-1999)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, text[:17], strict=True))
    return CHECK_CHARACTERS[total % 11] == text[17].upper()


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
    while rows := found.fetchmany(10_000):
        kinds.update(kind for (value,) in rows for kind in personal_numbers(value))
    return sorted(kinds)
