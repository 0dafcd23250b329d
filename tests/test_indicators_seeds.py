"""Facts that two seeds must agree on, and what dbt's own unit tests say of the indicator models."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jingjinji.dbt_run import PROJECT_DIR, run_dbt
from jingjinji.loading import load_deliveries


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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse on which the models exist but nothing was ever delivered: unit tests need their columns only."""
    folder = tmp_path_factory.mktemp("unit_tests")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(folder / "home"))
        load_deliveries(folder / "warehouse.duckdb")
        run_dbt(folder / "warehouse.duckdb", "+published_vs_computed +agg_indicators_by_region_year")
    return folder / "warehouse.duckdb"


def test_indicator_models_pass_their_unit_tests(built: Path) -> None:
    command = [sys.executable, "-m", "dbt.cli.main", "test", "--select", "agg_indicators_by_region_year,test_type:unit"]
    command += [
        "published_vs_computed,test_type:unit",
        "--project-dir",
        str(PROJECT_DIR),
        "--profiles-dir",
        str(PROJECT_DIR),
    ]
    own = {
        "JJJ_CANDIDATE": str(built),
        "DBT_TARGET_PATH": str(built.parent / "t"),
        "DBT_LOG_PATH": str(built.parent / "t"),
    }
    told = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "PASS=2 " in told.stdout, told.stdout
