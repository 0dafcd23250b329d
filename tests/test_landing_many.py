"""Many files: several processes land them, and what lies in an inbox is not noted again every day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from native_files import report, ten_reports, tianjin_csv

from jingjinji import audit, landing
from jingjinji.landing import judging
from jingjinji.paths import Home

FEED = "disaster_losses/tianjin"


def inbox_of(home: Home, count: int) -> list[Path]:
    folder = home.inbox / FEED
    folder.mkdir(parents=True)
    made = []
    for day in range(1, count + 1):
        sent = tianjin_csv(home.root, [report(number, affected_persons=str(day)) for number in range(1, 4)])
        made.append(sent.rename(folder / f"2023-08-{day:02d}.csv"))
    return made


def test_several_processes_land_what_one_does(home: Home) -> None:
    files = inbox_of(home, 6)
    outcomes = landing.land_inbox(FEED, jobs=2)
    assert [(o.file_name, o.status, o.rows["accepted"]) for o in outcomes] == [(f.name, "accepted", 3) for f in files]
    assert len(list(landing.current_deliveries())) == audit.verify_chain(home).records == 6


def test_file_that_stays_in_the_inbox_has_not_come_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = inbox_of(home, 1)
    later = landing.now().replace(year=landing.now().year + 1)
    with monkeypatch.context() as patch:
        patch.setattr(landing, "now", lambda: later)
        landing.land_inbox(FEED)
    (again,) = landing.land_inbox(FEED)
    assert (again.status, again.is_new, list(home.deliveries.rglob("received/*"))) == ("duplicate", False, [])
    landing.land(FEED, file)
    assert len(list(home.deliveries.rglob("received/*"))) == 1


def test_receipt_lists_rows_up_to_a_limit_and_says_so(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "LISTED", 2)
    wrong = [report(number, deaths_persons="-1") for number in range(1, 11)]
    outcome = landing.land(FEED, tianjin_csv(tmp_path, [*ten_reports(), *wrong]))
    assert outcome.receipt is not None
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    assert (outcome.rows["refused"], len(receipt["row_faults"])) == (21, 2)
    assert [m["code"] for m in receipt["messages"]] == ["N04", "F07"]
