"""Facts of the indicators that two seeds must agree on."""

from __future__ import annotations

import csv

from jingjinji.build.dbt_run import PROJECT_DIR


def _seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_statistics_have_the_base_unit_of_their_dimension() -> None:
    base_units = {(row["dimension"], row["base_unit"]) for row in _seed("ref_units")}
    wrong = [row for row in _seed("ref_statistics") if (row["dimension"], row["base_unit"]) not in base_units]
    assert wrong == []


def test_target_that_is_not_known_is_empty_and_never_zero() -> None:
    targets = _seed("ref_indicator_targets")
    assert {row["jurisdiction"] for row in targets} == {"000000", "110000", "120000", "130000"}
    assert [row for row in targets if (row["target_status"] == "known") != (row["target_value"] != "")] == []
    beijing = {row["target_status"] for row in targets if row["jurisdiction"] == "110000"}
    assert beijing == {"unknown"}


def test_published_figure_stands_alone_and_has_a_mart_or_a_reason() -> None:
    figures = _seed("published_figures")
    assert len(figures) == 68
    assert [row["figure_id"] for row in figures if not row["source"] or row["source"].startswith("同")] == []
    assert [row["figure_id"] for row in figures if bool(row["link_mart"]) == bool(row["no_link_reason"])] == []
    assert [row["figure_id"] for row in figures if float(row["published_precision"]) <= 0] == []


def test_one_vintage_of_each_denominator_is_the_newest() -> None:
    ranks: dict[str, list[int]] = {}
    for row in _seed("ref_indicator_vintages"):
        ranks.setdefault(row["statistic_code"], []).append(int(row["vintage_rank"]))
    denominators = {row["denominator_statistic"] for row in _seed("ref_indicators")} - {""}
    assert denominators == set(ranks)
    assert [code for code, found in ranks.items() if sorted(found) != list(range(1, len(found) + 1))] == []
