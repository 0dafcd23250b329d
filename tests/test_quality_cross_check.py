"""Great Expectations on DuckDB gives the verdict that plain SQL gives, for the same rule, over planted faults."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import great_expectations.expectations as gxe
import pytest
import sqlalchemy

from jingjinji.quality.gx import TableSuite, because, evaluate, no_rows, opened

META = because("测试", "test", "test")
COLUMNS = ("region", "id", "deaths", "affected", "known_from", "known_to", "note")
RULES = {
    "not_null": (gxe.ExpectColumnValuesToNotBeNull(column="region", meta=META), "region is null"),
    "in_set": (
        gxe.ExpectColumnValuesToBeInSet(column="region", value_set=["110000", "120000", "130000"], meta=META),
        "region not in ('110000', '120000', '130000')",
    ),
    "not_negative": (gxe.ExpectColumnValuesToBeBetween(column="deaths", min_value=0, meta=META), "deaths < 0"),
    "between": (
        gxe.ExpectColumnValuesToBeBetween(column="affected", min_value=0, max_value=1000, meta=META),
        "affected not between 0 and 1000",
    ),
    "unique": (
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["region", "id"], meta=META),
        "(region, id) in (select (region, id) from raw.losses group by region, id having count(*) > 1)",
    ),
    "rows": (
        no_rows(
            "ordered",
            "select id from {batch} where known_to < known_from",
            columns="known_to",
            why_zh="测试",
            why="test",
            source="test",
        ),
        "known_to < known_from",
    ),
    "regex": (
        no_rows(
            "mobile",
            "select id from {batch} where regexp_matches(note, '1[3-9][0-9]{{9}}')",
            columns="note",
            why_zh="测试",
            why="test",
            source="test",
        ),
        "regexp_matches(note, '1[3-9][0-9]{9}')",
    ),
}


def planted(path: Path, seed: int) -> None:
    """300 invented rows, about one in thirty of them wrong in one way or another; seed 0 plants nothing."""
    chance = random.Random(seed)
    share = 0.03 if seed else 0.0

    def pick(good: object, bad: object) -> object:
        return bad if chance.random() < share else good

    rows = [
        (
            pick(chance.choice(["110000", "120000", "130000"]), chance.choice([None, "999999"])),
            pick(number, 7),
            pick(chance.choice([None, 0, 3]), -1),
            pick(chance.choice([None, 0, 1000]), 1001),
            "2023-08-01",
            pick(chance.choice([None, "2023-08-02"]), "2023-07-31"),
            pick("无", "联系13800138000"),
        )
        for number in range(300)
    ]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.losses (region varchar, id integer, deaths bigint, affected bigint,"
            " known_from timestamp, known_to timestamp, note varchar)"
        )
        connection.executemany(f"insert into raw.losses values ({', '.join('?' * len(COLUMNS))})", rows)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_verdict_and_count_equal_plain_sql(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "warehouse.duckdb"
    planted(path, seed)
    with duckdb.connect(str(path), read_only=True) as connection:
        by_sql = {
            name: connection.execute(f"select count(*) from raw.losses where {where}").fetchone()[0]
            for name, (_, where) in RULES.items()
        }
    with opened(path) as datasource:
        by_gx = {
            name: evaluate(datasource, TableSuite("test", "raw", "losses", (expectation,)))[0]
            for name, (expectation, _) in RULES.items()
        }
    assert {name: result.unexpected_count for name, result in by_gx.items()} == by_sql
    assert {name: result.success for name, result in by_gx.items()} == {name: not n for name, n in by_sql.items()}
    assert (sum(by_sql.values()) == 0) == (seed == 0), "faults were planted exactly where they were meant to be"


def test_rule_that_cannot_run_fails_and_says_why(tmp_path: Path) -> None:
    planted(tmp_path / "warehouse.duckdb", 0)
    rule = no_rows("odd", "select nothing from {batch}", columns="nothing", why_zh="测试", why="test", source="test")
    with opened(tmp_path / "warehouse.duckdb") as datasource:
        result = evaluate(datasource, TableSuite("test", "raw", "losses", (rule,)))[0]
    assert not result.success and result.could_not_run and "nothing" in result.observed


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("create table raw.made as select 1 as a", "read-only"),
        ("select * from read_csv('/etc/hostname')", "disabled"),
        ("set enable_external_access = true", "Cannot"),
    ],
)
def test_checks_cannot_write_or_read_files(tmp_path: Path, query: str, refusal: str) -> None:
    planted(tmp_path / "warehouse.duckdb", 0)
    with opened(tmp_path / "warehouse.duckdb") as datasource, pytest.raises(Exception, match=refusal):
        datasource.get_execution_engine().execute_query(sqlalchemy.text(query)).fetchall()


def test_a_table_without_rows_passes_its_column_rules(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw; create table raw.losses (region varchar, deaths bigint)")
    rules = tuple(RULES[name][0] for name in ("not_null", "in_set", "not_negative"))
    with opened(path) as datasource:
        results = evaluate(datasource, TableSuite("incoming", "raw", "losses", rules))
    assert [(result.success, result.unexpected_count) for result in results] == [(True, 0)] * 3
