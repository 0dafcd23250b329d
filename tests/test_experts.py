"""Experts: three feeds, no personal data past landing. That they came in without Python is for test_adding.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from resource_files import built, codes, landed, receipt

from jingjinji.contracts import load_contracts
from jingjinji.paths import Home

# Invented; the number has a right check character and the form of a place that does not exist.
PERSON, PHONE, NUMBER = "虚构专家", "13900000000", "990101199001010014"
SENT: dict[str, dict[str, Any]] = {
    "experts/beijing": {
        "expert_id": "京专1", "expert_name": PERSON, "phone": PHONE, "id_number": NUMBER, "specialty": "危化", "employer": "虚构单位",
        "division_code": "110105", "is_available": "可", "valid_until": "2026年12月", "as_of_at": "2026年4月30日", "reported_at": "2026年5月1日",
    },
    "experts/tianjin": {
        "expert_id": "TJ-Z-1", "expert_name": PERSON, "phone": PHONE, "specialty": "化工", "employer": "虚构单位", "division_code": "120103",
        "is_available": "是", "valid_until": "2026-12-31", "as_of_at": "2026-04-30", "reported_at": "2026-05-01",
    },
    "experts/hebei": {
        "expert_id": "HBZ0001", "expert_name": PERSON, "phone": PHONE, "id_number": NUMBER, "specialty": "chemical", "employer": "虚构单位",
        "division_code": "130104", "is_available": True, "valid_until": "2026-12-31", "as_of_at": "2026-04-30", "reported_at": "2026-05-01",
    },
}  # fmt: skip


@pytest.mark.parametrize("feed_id", SENT)
def test_each_region_sends_its_experts_in_its_own_shape(home: Home, tmp_path: Path, feed_id: str) -> None:
    _, (row,) = landed(tmp_path, feed_id, [SENT[feed_id]])
    assert (row["specialty"], row["is_available"]) == ("危险化学品", "是")
    assert (str(row["valid_until"]), str(row["as_of_at"])) == ("2026-12-31", "2026-04-30 23:59:59")


@pytest.mark.parametrize(
    ("sent", "refused", "warned"),
    [
        ({"id_number": "1234"}, set(), {"E01"}),
        ({"phone": "12345"}, set(), {"E02"}),
        ({"expert_id": NUMBER}, {"E03"}, set()),
        ({"specialty": "风水"}, {"R05"}, set()),
    ],
)
def test_row_is_judged_and_no_receipt_names_a_person(
    home: Home, tmp_path: Path, sent: dict[str, str], refused: set[str], warned: set[str]
) -> None:
    others = [SENT["experts/beijing"] | {"expert_id": f"京专{number}"} for number in range(2, 12)]
    outcome, rows = landed(tmp_path, "experts/beijing", [SENT["experts/beijing"] | sent, *others])
    assert (codes(outcome), len(rows)) == ((refused, warned), 10 if refused else 11)
    said = str(receipt(outcome))
    assert not any(personal in said for personal in (PERSON, PHONE, NUMBER, "1234", "12345"))


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(tmp_path_factory) as connection:
        yield connection


def test_experts_can_be_asked_as_of_a_day(con: duckdb.DuckDBPyConnection) -> None:
    known = """
        select is_available, cast(valid_until as varchar) from marts.fct_expert_reports
        where region_code = '110000' and known_from < timestamp '{0}' and (known_to is null or known_to >= timestamp '{0}')"""
    assert con.execute(known.format("2026-03-01")).fetchall() == [(True, "2026-12-31")]
    assert con.execute(known.format("2026-04-02")).fetchall() == [(False, "2026-12-31")]


def test_marts_of_resources_hold_no_personal_column(con: duckdb.DuckDBPyConnection) -> None:
    personal = {n for s in load_contracts().standards.values() for n, c in s.columns.items() if c.personal}
    found = con.execute("select distinct column_name from information_schema.columns").fetchall()
    assert personal and personal.isdisjoint({name for (name,) in found})
