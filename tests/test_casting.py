"""Text → value at the edges where real deliveries go wrong."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Column, FeedColumn
from jingjinji.landing import casting


def value_of(
    given: str, column: Column, source: FeedColumn | None = None, unit: str | None = None, epoch_1904: bool = False
):
    source = source or FeedColumn(source="x")
    texts, read = casting.texts(["x"], ("-", "—"), free=column.type == "text"), casting.Read()
    if column.type in NUMBER_TYPES:
        small = casting.small_counts(["t"])
        read = casting.Read(f"{casting.numbers(['t'], small)}[1]", f"{small}[1]")
    elif column.type in MOMENT_TYPES:
        read = casting.Read(f"{casting.moments(['t'], casting.moment_kind(source, column), epoch_1904)}[1]")
    with duckdb.connect() as con:
        con.execute(casting.MACROS)
        text = f"select {texts}[1] as t from (select ?::varchar as x)"
        found = con.execute(
            f"select {casting.typed('t', read, source, column, unit)} from ({text})", [given]
        ).fetchone()
        return found[0]


def moment(partial: str = "start") -> Column:
    return Column(type="timestamp", zh="时间", en="time", partial=partial)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-08-01T06:00+08:00", dt.datetime(2023, 8, 1, 6)),
        ("2023-08-01 06:00:30", dt.datetime(2023, 8, 1, 6, 0, 30)),
        ("2023-07-31T22:00Z", dt.datetime(2023, 8, 1, 6)),
        ("2023-08-01T07:00+09:00", dt.datetime(2023, 8, 1, 6)),
        ("2023年8月1日6时", dt.datetime(2023, 8, 1, 6)),
        ("２０２３年８月１日６时", dt.datetime(2023, 8, 1, 6)),
        ("2023年8月10日24时", dt.datetime(2023, 8, 11)),
        ("2023-12-31T24:00", dt.datetime(2024, 1, 1)),
        ("2023年8月1日6时30分", dt.datetime(2023, 8, 1, 6, 30)),
        ("2023/8/1 6:05", dt.datetime(2023, 8, 1, 6, 5)),
        ("45139.25", dt.datetime(2023, 8, 1, 6)),
        ("2023-02-29", None),
        ("2023年8月10日25时", None),
        ("2023-08-10T24:01", None),
        ("昨天", None),
        ("1899-01-01", None),
        # Next to the forms that are read by a quick branch.
        ("2023-08-01 06:05:09+08:00", dt.datetime(2023, 8, 1, 6, 5, 9)),
        ("2023-08-01T24:00:00", dt.datetime(2023, 8, 2)),
        ("2023-08-01T06:00:61", None),
        ("2023-13-01", None),
        ("2023年2月30日6时", None),
        ("2023年8月1日6时5分9秒", dt.datetime(2023, 8, 1, 6, 5, 9)),
        ("2023年8月1日 6时5分", dt.datetime(2023, 8, 1, 6, 5)),
        ("2023年8月1日6时60分", None),
        ("2023年8月1日24时00分", dt.datetime(2023, 8, 2)),
        ("2023年8月1日0时", dt.datetime(2023, 8, 1)),
    ],
)
def test_moment_reads_each_declared_style(text: str, expected: dt.datetime | None) -> None:
    assert value_of(text, moment()) == expected


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2018年11月28日", dt.datetime(2018, 11, 28), dt.datetime(2018, 11, 28, 23, 59, 59)),
        ("2016年2月", dt.datetime(2016, 2, 1), dt.datetime(2016, 2, 29, 23, 59, 59)),
        ("2023年", dt.datetime(2023, 1, 1), dt.datetime(2023, 12, 31, 23, 59, 59)),
        ("45139", dt.datetime(2023, 8, 1), dt.datetime(2023, 8, 1, 23, 59, 59)),
        ("45139.25", dt.datetime(2023, 8, 1, 6), dt.datetime(2023, 8, 1, 6)),
        ("2024-01-20", dt.datetime(2024, 1, 20), dt.datetime(2024, 1, 20, 23, 59, 59)),
    ],
)
def test_moment_of_a_day_month_or_year_is_its_start_or_end(text: str, start: dt.datetime, end: dt.datetime) -> None:
    assert (value_of(text, moment("start")), value_of(text, moment("end"))) == (start, end)


def test_serial_date_counts_from_1904_where_the_workbook_says_so() -> None:
    assert value_of("43677", moment(), epoch_1904=True) == dt.datetime(2023, 8, 1)


def test_date_cell_of_a_workbook_is_read_where_serial_dates_are_declared() -> None:
    assert value_of("2023-08-01 06:00:00", moment(), FeedColumn(source="x", formats=("excel",))) == dt.datetime(
        2023, 8, 1, 6
    )


def test_undeclared_style_is_not_guessed() -> None:
    assert value_of("20230801", moment()) is None
    assert value_of("20230801", moment(), FeedColumn(source="x", formats=("compact",))) == dt.datetime(2023, 8, 1)


@pytest.mark.parametrize(
    ("text", "unit", "kind", "expected"),
    [
        ("540,703", "人", "count", Decimal(540703)),
        ("５４０，７０３", "人", "count", Decimal(540703)),
        ("388.86", "万人", "count", Decimal(3888600)),
        ("0", "人", "count", Decimal(0)),
        ("", "人", "count", None),
        ("—", "人", "count", None),
        ("5,40,703", "人", "count", None),
        ("约129万", "人", "count", None),
        ("1.2.3", "人", "count", None),
        ("12.5", "人", "count", Decimal(13)),  # rounded, and told by is_part
        ("0.00012", "万人", "count", Decimal(1)),
        ("958.11", "亿元", "money", Decimal("95811000000.00")),
        ("4148.8606", "万元", "money", Decimal("41488606.00")),
        ("22.5", "万亩", "area", Decimal("15000.0000")),
        ("31.97", "万公顷", "area", Decimal("319700.0000")),
        ("1e30", "元", "money", None),
        ("-5", "人", "count", Decimal(-5)),
        ("900000000000000", "万人", "count", None),  # more than a count can hold
        ("+7", "人", "count", Decimal(7)),
        ("0.1234567", "万人", "count", Decimal(1235)),
    ],
)
def test_number_becomes_base_units_exactly(text: str, unit: str, kind: str, expected: Decimal | None) -> None:
    base = {"count": "人", "money": "元", "area": "公顷"}[kind]
    assert value_of(text, Column(type=kind, zh="数", en="n", unit=base), unit=unit) == expected


def test_code_is_mapped_and_an_unmapped_one_stays_as_sent() -> None:
    column = Column(type="code", zh="阶段", en="stage", codes="ref_report_stages.stage_code")
    source = FeedColumn(source="x", map={"核定": "核报"})
    assert value_of("核定", column, source) == "核报"
    assert value_of(" 续报　", column, source) == "续报"
