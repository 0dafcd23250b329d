"""Losses that are corrected, taken back, dated and told again: which figure speaks, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from landed_rows import as_of, land_rows

from jingjinji.build import load_deliveries, prepare_candidate, run_dbt
from jingjinji.codes import code_list, rows_of

SELECT = "+dim_events +fct_report_flags +fct_loss_reconciliation +fct_loss_report_hops +fct_disaster_losses +agg_loss_changes +agg_indicators_by_region_year"
DEAD, MISSING, SUM, AFFECTED, CROP = (
    "deaths_persons", "missing_persons", "deaths_missing_persons", "affected_persons", "crop_affected_ha")  # fmt: skip
UNIT = "120114"


def _report(event_id: str, as_of: str, stage: str = "续报", unit_code: str = UNIT, **values: Any) -> dict[str, Any]:
    """A report about an invented flood; `as_of` is day and time of July 2024, and where nothing else is said it is known then."""
    return {
        "region_code": unit_code[:2] + "0000", "event_id": event_id, "unit_code": unit_code, "report_stage": stage,
        "disaster_kind": "洪涝", "occurred_at": "2024-07-01 06:00", "as_of_at": f"2024-07-{as_of}", **values,
    }  # fmt: skip


def _known(day: str) -> dict[str, str]:
    return {"reported_at": f"2024-07-{day}"}


def _land(delivery_id: str, *rows: dict[str, Any]) -> None:
    land_rows("disaster_losses/tianjin", delivery_id, list(rows))


def _order() -> None:
    """Reports known at one moment; a 更正 in a delivery whose name comes before and after that of what it corrects."""
    for first, second in (("a1", "b1"), ("d1", "c1")):
        _land(first, _report(f"tie-{first}", "02 23:59:59", **{AFFECTED: 500, DEAD: 5}))
        _land(second, _report(f"tie-{first}", "02 23:59:59", "更正", **{AFFECTED: 300, "explanation": "重复统计"}))
    for first, second in (("e1", "f1"), ("h1", "g1")):
        _land(first, _report(f"backlog-{first}", "13 23:59:59", "初报", **_known("15 09:00"), **{AFFECTED: 10}))
        _land(second, _report(f"backlog-{first}", "14 23:59:59", **_known("15 09:00"), **{AFFECTED: 20}))


def _moments() -> None:
    """A day, and 24:00 of that day."""
    _land("moments1",
        _report("day", "05 00:00", "核报", **_known("05 09:00"), **{DEAD: 5, AFFECTED: 500}),
        _report("day", "04 23:59:59", "更正", **_known("06 09:00"), **{DEAD: 3, "explanation_code": "非因灾核减"}),
        _report("taken_back", "05 00:00", **_known("05 09:00"), **{DEAD: 5}),
        _report("taken_back", "04 23:59:59", "更正", **_known("06 09:00"), retracted_metrics="deaths_persons； "),
        _report("two_parts", "05 00:00", "初报", **_known("05 09:00"), **{DEAD: 5}),
        _report("two_parts", "04 23:59:59", "初报", **_known("05 10:00"), **{AFFECTED: 5}),
        _report("below", "05 00:00", "初报", **_known("05 09:00"), **{AFFECTED: 1000}),
        _report("below", "05 00:00", "初报", "120115", **_known("05 09:00"), **{AFFECTED: 1000}),
        _report("below", "04 23:59:59", "初报", "120000", **_known("05 10:00"), **{AFFECTED: 1500}),
        _report("without_effect", "05 00:00", "初报", **_known("05 09:00"), **{DEAD: 5, AFFECTED: 50, SUM: 7}),
        _report("without_effect", "04 12:00", "更正", **_known("06 09:00"),
                **{DEAD: 3, AFFECTED: 50, CROP: 7, "retracted_metrics": SUM, "explanation_code": "非因灾核减"}),
        _report("nothing_to_correct", "04 12:00", "更正", **{AFFECTED: 1}),
    )  # fmt: skip


def _late_parts() -> None:
    """A district that reports after its municipality reported again."""
    _land("late1",
        _report("late", "03 00:00", "初报", "120000", **_known("03 10:00"), **{AFFECTED: 100}),
        _report("late", "04 00:00", "续报", "120000", **_known("04 10:00"), **{DEAD: 0}),
        _report("late", "03 00:00", "初报", "120114", **_known("05 08:00"), **{AFFECTED: 150}),
        _report("at_once", "03 00:00", "初报", "120000", **_known("03 10:00"), **{AFFECTED: 100}),
        _report("at_once", "04 00:00", "续报", "120000", **_known("04 10:00"), **{DEAD: 0}),
        _report("at_once", "03 00:00", "初报", "120114", **_known("04 10:00"), **{AFFECTED: 150}),
        _report("followed", "03 00:00", "初报", "120114", **_known("03 08:00"), **{AFFECTED: 150}),
        _report("followed", "03 00:00", "初报", "120000", **_known("03 10:00"), **{AFFECTED: 100}),
        _report("followed", "04 00:00", "续报", "120000", **_known("04 10:00"), **{DEAD: 0}),
        _report("mu", "08 00:00", "初报", "120000", **{CROP: "20.0000"}),
        *(_report("mu", "08 00:00", "初报", unit, **{CROP: "6.6667"}) for unit in ("120114", "120115", "120116")),
        _report("not_mu", "08 00:00", "初报", "120000", **{CROP: "20.0000"}),
        *(_report("not_mu", "08 00:00", "初报", unit, **{CROP: "6.6668"}) for unit in ("120114", "120115", "120116")),
    )  # fmt: skip


def _tolls() -> None:
    def series(event: str, *values: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            _report(event, f"{day:02d} 12:00", given.pop("stage", "续报" if day > 1 else "初报"), **given)
            for day, given in enumerate(values, 1)
        ]

    back = {"stage": "更正", "retracted_metrics": f"{DEAD};{MISSING}"}
    _land("tolls1",
        *series("parts_above", {DEAD: 15, MISSING: 3}, {SUM: 20}, {DEAD: 21}, {DEAD: 19}),
        *series("revived", {SUM: 12}, {DEAD: 7, MISSING: 8}, {"stage": "更正", "retracted_metrics": MISSING}),
        *series("found", {DEAD: 3, MISSING: 5}, {SUM: 3, "explanation_code": "找到生还"}),
        *series("missing_alone", {MISSING: 5}, {MISSING: 2}),
        *series("missing_alone_found", {MISSING: 5}, {MISSING: 2, "explanation_code": "找到生还"}),
        *series("between", {DEAD: 5, MISSING: 3}, {**back}, {DEAD: 1, MISSING: 0}),
        *series("between_accepted", {DEAD: 5, MISSING: 3}, {**back, "explanation_code": "非因灾核减"}, {DEAD: 1, MISSING: 0}),
        *series("said_later", {DEAD: 3}, {DEAD: 1, MISSING: 0}),
        *series("said_later_equal", {DEAD: 3}, {DEAD: 1, MISSING: 2}),
        *series("one_taken_back", {DEAD: 5, MISSING: 3}, {"stage": "更正", "retracted_metrics": MISSING}, {MISSING: 0}),
    )  # fmt: skip


def _units() -> None:
    for event, why in {
        "silent": {},
        "alive": {"explanation_code": "找到生还"},
        "unit": {"explanation_code": "单位填报错误"},
    }.items():
        _land(f"unit-{event}",
            _report(f"mu-{event}", "01 12:00", "初报", **{CROP: 1500}), _report(f"mu-{event}", "02 12:00", **{CROP: 100, **why}),
            _report(f"jump-{event}", "01 12:00", "初报", **{AFFECTED: 100}), _report(f"jump-{event}", "02 12:00", **{AFFECTED: 1500, **why}))  # fmt: skip


def _events() -> None:
    nowhere = {"occurred_at": None, "disaster_kind": None}
    _land("events1",
        _report("year", "10 12:00", "初报", "120000", **{AFFECTED: 1, "occurred_at": "2023-07-01 06:00"}),
        _report("year", "11 12:00", "续报", "120000", **{AFFECTED: 1}),
        _report("undated", "10 12:00", "初报", "120000", **{AFFECTED: 1, **nowhere}),
        _report("new_year", "10 12:00", "初报", "120000", **{AFFECTED: 1, **nowhere, "as_of_at": "2023-12-31 23:59:59"}),
        _report("kind", "10 12:00", "初报", **{AFFECTED: 1, "event_name": "一次洪涝"}),
        _report("kind", "11 12:00", "初报", "120115", **{AFFECTED: 1, "event_name": "另一名称", "disaster_kind": None}),
    )  # fmt: skip


def _units_of_their_time() -> None:
    """雄县 before and after 雄安 was founded; a county under its former code; one that was merged beside what it was merged into."""

    def told(event: str, year: int, **affected: int) -> list[dict[str, Any]]:
        moment = {"occurred_at": f"{year}-07-01 06:00", "as_of_at": f"{year}-07-02 00:00"}
        units = {unit.lstrip("u"): value for unit, value in affected.items()}
        return [_report(event, "", "初报", unit, **{AFFECTED: value, **moment}) for unit, value in units.items()]

    land_rows("disaster_losses/hebei", "units1", [
        *told("xiongan_2016", 2016, u130602=90, u130638=10, u130600=100), *told("xiongan_2017", 2017, u130602=90, u130638=10, u130600=90),
        *told("too_early", 2016, **{"u130000": 5, "u130000-XA": 5}),
        *told("merged", 2019, u130521=4, u130503=5), *told("split", 2013, u130103=6, u130100=6),
    ])  # fmt: skip
    # said to be of 2016 on 5 July, and of 2017 three days later
    land_rows("disaster_losses/hebei", "units3", [
        row | {"reported_at": f"2024-07-{day} 09:00:00"}
        for day, year in (("05", 2016), ("08", 2017)) for row in told("dated anew", year, u130602=90, u130638=10, u130600=100)
    ])  # fmt: skip
    former = told("former", 2016, u120225=7)
    _land(
        "units2",
        *former,
        {**former[0], "unit_code": "120119", "report_stage": "续报", "as_of_at": "2016-07-03 00:00", AFFECTED: 8},
    )


def _clocks() -> None:
    def arrived(event: str, as_of: str, at: str, stage: str = "初报", **values: Any) -> dict[str, Any]:
        return _report(event, as_of, stage, reported_province_at=f"2024-07-{at}", **values)

    land_rows("disaster_losses/hebei", "heavy", [
        _report("heavy", "14 08:00", "初报", "130602", reported_province_at="2024-07-14 09:00", occurred_at="2024-07-14 01:00", **{DEAD: 12}),
        _report("light", "14 08:00", "初报", "130602", reported_province_at="2024-07-14 09:00", occurred_at="2024-07-14 01:00", **{DEAD: 9}),
    ])  # fmt: skip
    dry = {"disaster_kind": "干旱", AFFECTED: 1}
    _land("clocks1",
        arrived("only_a_day", "13 15:00", "13 15:30", occurred_at="2024-07-13 00:00", **{AFFECTED: 1}),
        arrived("from_midnight_on", "13 15:00", "13 15:30", occurred_at="2024-07-13 00:00:01", **{AFFECTED: 1}),
        arrived("dry", "01 08:00", "01 08:30", **dry), arrived("dry", "11 08:00", "11 09:00", "续报", **dry),
        arrived("dry", "21 23:59:59", "22 09:00", "续报", **dry), arrived("dry", "31 23:59:59", "31 23:00", "续报", **dry),
        arrived("dry_first", "11 08:00", "11 09:00", "续报", **dry),
    )  # fmt: skip


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("revised")))
        for land in (_order, _moments, _late_parts, _tolls, _units, _events, _units_of_their_time, _clocks):
            land()
        patch.setenv("DBT_INDIRECT_SELECTION", "cautious")  # no test of a model that is not built here
        candidate = prepare_candidate("revised")
        assert candidate is not None
        load_deliveries(candidate)
        run_dbt(candidate, SELECT)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        yield connection


def _figures(con: duckdb.DuckDBPyConnection, event: str, columns: str, unit_code: str = UNIT) -> Any:
    return con.execute(
        f"select {columns} from marts.fct_disaster_losses where event_id = $1 and unit_code = $2", [event, unit_code]
    ).fetchone()


def _flags(con: duckdb.DuckDBPyConnection, event: str, *rules: str) -> list[Any]:
    return con.execute(
        f"""select flags.rule_id, flags.column_name, flags.value_text, flags.compared_text
        from marts.fct_report_flags as flags join raw.disaster_losses as landed using (delivery_id, row_number)
        where landed.event_id = $1 and flags.rule_id in ({", ".join(f"'{rule}'" for rule in rules)}) order by all""",
        [event],
    ).fetchall()


@pytest.mark.parametrize("event", ["tie-a1", "tie-d1"])
def test_correction_known_at_the_same_moment_comes_after_what_it_corrects(
    con: duckdb.DuckDBPyConnection, event: str
) -> None:
    assert _figures(con, event, f"report_stage, {AFFECTED}, {DEAD}") == ("更正", 300, 5)


@pytest.mark.parametrize("event", ["backlog-e1", "backlog-h1"])
def test_backlog_sent_at_once_is_read_in_the_order_of_its_figures(con: duckdb.DuckDBPyConnection, event: str) -> None:
    assert _figures(con, event, f"report_stage, {AFFECTED}") == ("续报", 20)
    assert _flags(con, event, "D11", "D14") == []


@pytest.mark.parametrize(("event", "deaths"), [("day", 3), ("taken_back", None)])
def test_a_day_and_its_24th_hour_are_one_moment(con: duckdb.DuckDBPyConnection, event: str, deaths: int | None) -> None:
    assert _figures(con, event, f"{DEAD}, as_of_at::varchar") == (deaths, "2024-07-05 00:00:00")


def test_two_parts_of_one_moment_are_one_report(con: duckdb.DuckDBPyConnection) -> None:
    assert _flags(con, "two_parts", "D14") == []
    assert _flags(con, "below", "D10") == [("D10", AFFECTED, "1,500", "2,000")]


def test_correction_without_effect_is_told_metric_by_metric(con: duckdb.DuckDBPyConnection) -> None:
    """Of the same moment, or of a value that is the known one, or of a metric nobody else stated: nothing to say."""
    assert _flags(con, "without_effect", "D24") == [("D24", SUM, "撤回", "7"), ("D24", DEAD, "3", "5")]
    assert _flags(con, "day", "D24") == _flags(con, "taken_back", "D24") == _flags(con, "tie-a1", "D24") == []


def test_correction_of_nothing_is_out_of_order(con: duckdb.DuckDBPyConnection) -> None:
    assert _flags(con, "nothing_to_correct", "D14") == [("D14", "report_stage", "更正", "没有可更正的报告")]
    assert _flags(con, "day", "D14") == [("D14", "report_stage", "核报", "没有初报")]


@pytest.mark.parametrize(
    ("event", "known_from", "known_to"),
    [
        ("late", "2024-07-05 08:00:00", None),
        ("at_once", "2024-07-04 10:00:00", None),
        ("followed", "2024-07-03 10:00:00", None),
    ],
)
def test_sum_that_does_not_fit_is_open_while_the_value_stands(
    con: duckdb.DuckDBPyConnection, event: str, known_from: str, known_to: str | None
) -> None:
    found = con.execute(
        """select flags.known_from::varchar, flags.known_to::varchar from marts.fct_report_flags as flags
        join raw.disaster_losses as landed using (delivery_id, row_number)
        where flags.rule_id = 'D10' and landed.event_id = $1""",
        [event],
    ).fetchall()
    assert found == [(known_from, known_to)]


def test_no_flag_ends_before_it_begins(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select * from marts.fct_report_flags where known_to < known_from").fetchall() == []


@pytest.mark.parametrize(("event", "status"), [("mu", "一致"), ("not_mu", "下级合计大于本级")])
def test_rounding_of_areas_is_no_difference(con: duckdb.DuckDBPyConnection, event: str, status: str) -> None:
    found = con.execute("select status from marts.fct_loss_reconciliation where event_id = $1", [event]).fetchall()
    assert found == [(status,)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [("parts_above", [18, 20, 24, 22]), ("revived", [12, 15, None]), ("found", [8, 3])],
)
def test_sum_does_not_contradict_newer_parts_and_does_not_come_back(
    con: duckdb.DuckDBPyConnection, event: str, expected: list[int | None]
) -> None:
    rows = con.execute(
        f"select {SUM} from marts.fct_disaster_loss_reports where event_id = $1 order by report_number", [event]
    ).fetchall()
    assert [value for (value,) in rows] == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("missing_alone", [("D12", MISSING, "2", "5")]),
        ("missing_alone_found", []),
        ("between", [("D12", SUM, "1", "8")]),
        ("between_accepted", []),
        ("said_later", [("D12", SUM, "1", "3")]),
        ("said_later_equal", []),
        ("one_taken_back", [("D12", SUM, "5", "8")]),
        ("found", []),
    ],
)
def test_deaths_and_missing_do_not_fall_unseen(con: duckdb.DuckDBPyConnection, event: str, expected: list[Any]) -> None:
    assert _flags(con, event, "D12") == expected


@pytest.mark.parametrize(
    ("why", "expected"),
    [("silent", ["D17", "D18"]), ("alive", ["D18"]), ("unit", [])],
)
def test_only_a_word_about_units_explains_a_mistaken_unit(
    con: duckdb.DuckDBPyConnection, why: str, expected: list[str]
) -> None:
    found = [*_flags(con, f"jump-{why}", "D17", "D18"), *_flags(con, f"mu-{why}", "D17", "D18")]
    assert [rule for rule, *_ in found] == expected


@pytest.mark.parametrize(
    ("event", "occurred", "year"),
    [("year", "2024-07-01 06:00:00", 2024), ("undated", None, 2024), ("new_year", None, 2023)],
)
def test_event_counts_in_the_year_its_units_state_now(
    con: duckdb.DuckDBPyConnection, event: str, occurred: str | None, year: int
) -> None:
    found = con.execute(
        "select occurred_at::varchar, year(event_date) from marts.dim_events where event_id = $1", [event]
    )
    assert found.fetchall() == [(occurred, year)]


def test_year_of_an_event_is_the_one_known_by_then(con: duckdb.DuckDBPyConnection) -> None:
    """`year` was said to be of 2023 on 10 July and of 2024 a day later; `new_year` is of 2023."""

    def counted(relation: str) -> list[Any]:
        told = f"select distinct fact_event_count from marts.{relation} where region_code = '120000' and year = 2023"
        return con.execute(f"{told} and fact_event_count is not null").fetchall()

    assert counted("agg_indicators_by_region_year_as_of(timestamp '2024-07-11 00:00')") == [(2,)]
    assert counted("agg_indicators_by_region_year") == [(1,)]
    differing = con.execute("""
        select distinct region_code, year, fact_event_count, events from marts.agg_indicators_by_region_year
        join (select region_code, year(event_date) as year, count(*) as events from marts.dim_events group by all) using (region_code, year)
        where fact_event_count is distinct from events and fact_event_count is not null""")
    assert differing.fetchall() == []


def test_event_is_shown_as_known_on_the_day(con: duckdb.DuckDBPyConnection) -> None:
    day = "select cast(event_date as varchar), report_count from marts.dim_events_as_of($1::timestamp) where event_id = 'year'"
    (early, one), (late, more) = (con.execute(day, [by]).fetchone() or () for by in ("2024-07-11 00:00", "9999-01-01"))
    assert (early[:4], late) == ("2023", "2024-07-01") and one < more
    assert con.execute(day, ["2024-07-01 00:00"]).fetchall() == []


def test_kind_of_an_event_does_not_go_with_a_report_that_leaves_it_empty(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("select event_name, disaster_kind from marts.dim_events where event_id = 'kind'").fetchall()
    assert found == [("另一名称", "洪涝")]


@pytest.mark.parametrize(
    ("event", "added"),
    [("xiongan_2016", 100), ("xiongan_2017", 100), ("former", 8), ("merged", 9), ("split", 6), ("too_early", 5)],
)
def test_tree_is_that_of_the_day_of_the_event(con: duckdb.DuckDBPyConnection, event: str, added: int) -> None:
    changes = "select sum(value_change)::bigint from marts.agg_loss_changes where is_additive and event_id = $1"
    counted = f"""select sum({AFFECTED})::bigint from marts.fct_disaster_losses
        where is_counted and covered_metrics is null and event_id = $1"""
    assert con.execute(changes, [event]).fetchall() == con.execute(counted, [event]).fetchall() == [(added,)]


def test_parts_of_their_time_are_reconciled(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select event_id, unit_code, parts_value::int, expected_count, status from marts.fct_loss_reconciliation
        where event_id in ('xiongan_2016', 'xiongan_2017', 'split') order by all""").fetchall()
    assert rows == [
        ("split", "130000", 6, 13, "本级未报"), ("split", "130100", 6, 21, "一致"),
        ("xiongan_2016", "130000", 100, 13, "本级未报"), ("xiongan_2016", "130600", 100, 23, "一致"),
        ("xiongan_2017", "130000", 100, 14, "本级未报"), ("xiongan_2017", "130000-XA", 10, 3, "本级未报"),
        ("xiongan_2017", "130600", 90, 20, "一致"),
    ]  # fmt: skip


def test_tree_of_a_day_is_that_of_the_event_as_known_then(con: duckdb.DuckDBPyConnection) -> None:
    counted = f"sum({AFFECTED})::int"
    where = "event_id = 'dated anew' and is_counted and covered_metrics is null"
    parts = "event_id = 'dated anew' and unit_code = '130600'"
    for day, added, compared in (("2024-07-06", 100, (100, 23)), ("2024-07-09", 110, (90, 20))):
        assert as_of(con, "fct_disaster_losses", day, counted, where) == [(added,)]
        assert as_of(con, "fct_loss_reconciliation", day, "parts_value::int, expected_count", parts) == [compared]


def test_former_code_means_its_successor_and_is_kept(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        select unit_code, stated_unit_code, report_number from marts.fct_disaster_loss_reports
        where event_id = 'former' order by report_number""").fetchall()
    assert rows == [("120119", "120225", 1), ("120119", "120119", 2)]
    name = "select unit_name_zh from marts.fct_disaster_losses where event_id = 'split' and unit_code = '130103'"
    assert con.execute(name).fetchall() == [("桥东区",)]


def test_every_former_code_is_a_unit_of_its_own_or_passed_whole_into_one() -> None:
    """Figures of two units that became one must not take each other's place."""
    own = {row["unit_code"] for row in rows_of("ref_reporting_units")}
    codes = set(code_list("ref_reporting_units.unit_code"))
    changes = [row for row in rows_of("division_successors") if row["old_code"] in codes - own]
    successors = [row["successor_code"] for row in changes]
    assert len(changes) > 20 and set(successors) <= own and len(set(successors)) == len(successors)
    assert all(row["creates_successor_code"] == "true" or row["change_kind"] == "统计用码" for row in changes)
    assert codes.isdisjoint({"110100", "120100"})


def _hops(con: duckdb.DuckDBPyConnection, event: str, clock: str) -> list[Any]:
    return con.execute(
        """select is_required, minutes_late, not_judged_reason from marts.fct_loss_report_hops
        where event_id = $1 and clock_id = $2 order by report_number""",
        [event, clock],
    ).fetchall()


def test_certainly_heavy_disaster_is_judged(con: duckdb.DuckDBPyConnection) -> None:
    assert _hops(con, "heavy", "HEAVY-COUNTY-PROVINCE") == [(True, 360, None)]
    unknown = "死亡失踪人数未报，是否属于须直报的重大灾情尚不清楚"
    assert _hops(con, "light", "HEAVY-COUNTY-PROVINCE") == [(None, None, unknown)]


def test_day_without_a_time_makes_nobody_late(con: duckdb.DuckDBPyConnection) -> None:
    assert _hops(con, "only_a_day", "FIRST-COUNTY-PROVINCE") == [(True, None, "起算时间只填到日")]
    assert _hops(con, "from_midnight_on", "FIRST-COUNTY-PROVINCE") == [(True, 810, None)]


def test_drought_is_told_every_ten_days(con: duckdb.DuckDBPyConnection) -> None:
    """Due at 9:00 on the tenth day after what was told last: in time to the second, a day late, in time."""
    assert _hops(con, "dry", "DROUGHT-COUNTY-PROVINCE") == [(True, 0, None), (True, 1440, None), (True, 0, None)]
    assert _hops(con, "dry_first", "DROUGHT-COUNTY-PROVINCE") == [(True, None, "之前没有报告，无从起算")]
