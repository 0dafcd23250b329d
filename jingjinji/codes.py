"""Code lists and units as the seeds of the dbt project hold them (their only owner)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jingjinji.errors import UserError
from jingjinji.paths import PROJECT

SEEDS = PROJECT / "dbt_project" / "seeds"

# Codes that are no longer in force still arrive; dbt resolves them to their successors. Per list the kinds of change whose codes are no
# member of it: a pseudo level (市辖区) is a place, and no unit that reports.
FORMER_CODES: dict[str, tuple[str, ...]] = {"divisions.code": (), "ref_reporting_units.unit_code": ("虚拟码",)}


class CodeListError(UserError):
    """A contract names a code list that the seeds do not hold."""


@dataclass(frozen=True)
class Unit:
    """One unit of measurement: a value times `numerator` over `denominator` is in `base_unit`."""

    name: str
    dimension: str
    base_unit: str
    numerator: int
    denominator: int


def _column(reference: str) -> list[str]:
    seed, _, column = reference.partition(".")
    path = SEEDS / f"{seed}.csv"
    if not path.exists():
        raise CodeListError(f"code list {reference}: there is no seed {path.name} in {SEEDS}")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if column not in (rows.fieldnames or []):
            raise CodeListError(f"code list {reference}: {path.name} has no column {column}, only {rows.fieldnames}")
        return [row[column] for row in rows if row[column]]


@cache
def code_list(reference: str) -> tuple[str, ...]:
    """All codes a standard's column may hold, in the order of the seed, each once.

    Args:
        reference: `<seed>.<column>`, for example `ref_report_stages.stage_code`.

    Raises:
        CodeListError: the seed or its column is missing; correct the `codes:` line of the standard.
    """
    codes = _column(reference)
    if reference in FORMER_CODES:
        changes = rows_of("division_successors")
        codes += [row["old_code"] for row in changes if row["change_kind"] not in FORMER_CODES[reference]]
    return tuple(dict.fromkeys(codes))


@cache
def rows_of(seed: str) -> tuple[dict[str, str], ...]:
    """All rows of a seed as text, for example `ref_reporting_units`; empty cells are empty texts.

    Raises:
        CodeListError: there is no such seed.
    """
    path = SEEDS / f"{seed}.csv"
    if not path.exists():
        raise CodeListError(f"there is no seed {path.name} in {SEEDS}")
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def units() -> dict[str, Unit]:
    """Every unit a delivery may use, by its name (seed ref_units)."""
    with Path(SEEDS / "ref_units.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["unit"]: Unit(
                row["unit"],
                row["dimension"],
                row["base_unit"],
                int(row["factor_numerator"]),
                int(row["factor_denominator"]),
            )
            for row in csv.DictReader(lines)
        }
