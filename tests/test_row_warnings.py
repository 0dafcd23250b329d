"""Rules of severity `warning`: the row is taken, the sender is told, and what was said lies beside the rows."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from native_files import report, ten_reports, tianjin_csv

from jingjinji import contracts, landing, reports
from jingjinji.landing.judging import row_account

FEED = "disaster_losses/tianjin"
WARNING = {
    "severity": "warning",
    "check": "deaths_persons <= missing_persons",
    "columns": ["deaths_persons", "missing_persons"],
    "zh": "死亡多于失踪",
    "en": "more dead than missing",
    "fix": "请核对",
    "source": "虚构",
}
MANY = {"deaths_persons": "5", "missing_persons": "2"}


@pytest.fixture(autouse=True)
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own and a standard with one more rule, of severity warning."""
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    folder = tmp_path / "feeds"
    shutil.copytree(contracts.PROJECT / "feeds", folder)
    path = folder / "disaster_losses" / "_standard.yml"
    standard = yaml.safe_load(path.read_text(encoding="utf-8"))
    standard["rules"]["W90"] = WARNING
    path.write_text(yaml.safe_dump(standard, allow_unicode=True, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(landing, "load_contracts", lambda: contracts.load_contracts(folder))
    return folder


def beside(outcome: landing.Outcome, name: str) -> list[tuple[Any, ...]]:
    assert outcome.receipt is not None
    return duckdb.sql(f"select * from '{outcome.receipt.with_name(name)}' order by row_number").fetchall()


def test_row_that_breaks_a_warning_is_taken_and_its_sender_is_told(tmp_path: Path) -> None:
    outcome = landing.land(FEED, tianjin_csv(tmp_path, [*ten_reports()[:9], report(10, **MANY)]))
    assert outcome.rows == row_account(received=11, accepted=10, ignored=1, warned=1)
    assert beside(outcome, "warnings.parquet") == [(12, "W90", "deaths_persons", "5；2")]
    assert outcome.receipt is not None
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    (warning,) = receipt["row_warnings"]
    assert (receipt["row_faults"], warning["row"], warning["message"]) == ([], 12, "死亡多于失踪（5；2）")
    with outcome.receipt.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as lines:
        line, totals = csv.DictReader(lines)
    assert (line["行号"], line["原因代码"], line["处理"]) == ("12", "W90", "警告，已入库")
    assert "警告1行" in totals["原因"]
    assert "其中警告1" in reports.landed_text([outcome])


def test_warning_of_a_row_that_is_not_taken_is_not_counted(tmp_path: Path) -> None:
    sent = [*ten_reports()[:9], report(10, **MANY, affected_persons="很多")]
    outcome = landing.land(FEED, tianjin_csv(tmp_path, sent))
    assert outcome.rows == row_account(received=11, accepted=9, quarantined=1, ignored=1)
    assert outcome.receipt is not None and not outcome.receipt.with_name("warnings.parquet").exists()
    faults = json.loads(outcome.receipt.read_text(encoding="utf-8"))["row_faults"]
    assert [fault["code"] for fault in faults] == ["R02"]


def test_warnings_alone_never_refuse_a_delivery(tmp_path: Path) -> None:
    outcome = landing.land(FEED, tianjin_csv(tmp_path, [report(n, **MANY) for n in range(1, 11)]))
    assert (outcome.status, outcome.rows["accepted"], outcome.rows["warned"]) == ("accepted", 10, 10)


def test_severity_is_part_of_the_rule_set_version(feeds: Path) -> None:
    def version() -> str:
        agreed = contracts.load_contracts(feeds)
        feed = agreed.feed(FEED)
        return contracts.rule_set_version(agreed.standard_of(feed), feed)

    path = feeds / "disaster_losses" / "_standard.yml"
    before = version()
    path.write_text(path.read_text(encoding="utf-8").replace("severity: warning", "severity: error"), encoding="utf-8")
    assert version() != before
