"""Receipts are opened in Excel: what a sender wrote must not run there as a formula, and a number must stay one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from native_files import report, tianjin_csv

from jingjinji import landing
from jingjinji.landing.receipts import disarmed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("-3", "-3"),
        ("+1,200.5", "+1,200.5"),
        ("-12.5万元", "-12.5万元"),
        ("-", "-"),
        ("", ""),
        ("三人", "三人"),
    ],
)
def test_what_begins_like_a_formula_is_disarmed_and_a_number_is_not(text: str, shown: str) -> None:
    assert disarmed(text) == shown


def test_receipt_table_holds_no_formula_of_the_sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    odd = [report(41, deaths_persons="=HYPERLINK(A1)"), report(42, deaths_persons="-3")]
    outcome = landing.land("disaster_losses/tianjin", tianjin_csv(tmp_path, [*(report(n) for n in range(1, 31)), *odd]))
    assert outcome.receipt is not None
    with outcome.receipt.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as lines:
        values = [row["值"] for row in csv.DictReader(lines) if row["行号"]]
    assert values == ["'=HYPERLINK(A1)", "-3"]
