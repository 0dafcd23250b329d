"""Many files: several processes land them, and what lies in an inbox is not noted again every day."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest
from native_files import report, ten_reports, tianjin_csv, tianjin_headers

from jingjinji import audit, landing
from jingjinji.contracts import load_contracts
from jingjinji.landing import corrections, judging, lying, staging
from jingjinji.landing.conform import Plan
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


def test_several_processes_land_what_one_does(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "TOGETHER", 3)
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


def test_file_that_lies_in_the_inbox_is_read_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lying, "SETTLED_NS", 0)
    files = inbox_of(home, 3)
    files[1].write_text("一,二\n1,2\n", encoding="utf-8")
    first = landing.land_inbox(FEED)
    read, copied = [], landing._copy_hashed
    monkeypatch.setattr(landing, "_copy_hashed", lambda path, *to: read.append(path.name) or copied(path, *to))
    monkeypatch.setattr(landing, "TOLD_EVERY", 1)

    def again() -> tuple[list[str], list[tuple[str, bool]]]:
        read.clear()
        outcomes = landing.land_inbox(FEED, on_progress=lambda done, of: read.append(f"{done}/{of}"))
        assert [o.file_name for o in outcomes] == [f.name for f in files]
        assert [o.rows["received"] for o in outcomes] == [o.rows["received"] for o in first]
        return sorted(read), [(o.status, o.is_new) for o in outcomes]

    same = [("duplicate", False), ("refused", False), ("duplicate", False)]
    assert again() == ([], same)
    os.utime(files[0])  # sent once more: the bytes are looked at, and found to be the same
    assert again() == (["1/1", files[0].name], same)
    assert again() == ([], same)
    corrections.withdraw(first[2].delivery_id, "reported twice")
    assert again() == (["1/1", files[2].name], same)
    with monkeypatch.context() as patch:
        patch.setattr(landing, "rule_set_version", lambda *_: "rules of tomorrow")
        assert set(again()[0]) == {"1/3", "2/3", "3/3", *(f.name for f in files)}
    files[0].write_bytes(files[2].read_bytes().replace(b",3,", b",4,"))
    assert again()[1][0] == ("accepted", True)


def test_file_touched_just_now_is_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a tick of the clock it may change and keep its stamp."""
    inbox_of(home, 1)
    landing.land_inbox(FEED)
    assert not list(home.lying.rglob("*")) and lying.stamps(landing.inbox_files(load_contracts().feed(FEED))) == {}


def test_files_landed_together_become_what_each_becomes_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    for day in range(1, 6):
        odd = [report(11, deaths_persons="-1"), report(12), report(12), report(13), report(13, deaths_persons="7")]
        rows = [*ten_reports(affected_persons=str(day)), *(report(n) for n in range(20, 50)), *odd[: day + 1]]
        tianjin_csv(tmp_path, rows).rename(folder / f"2023-08-{day:02d}.csv")
    (folder / "2023-08-06.csv").write_text("一,二\n1,2\n", encoding="utf-8")
    (folder / "2023-08-07.csv").write_bytes((folder / "2023-08-01.csv").read_bytes())
    files = [*sorted(folder.iterdir()), folder / "2023-08-01.csv"]
    together = list(landing.land_files(FEED, files))
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "alone"))
    alone = [landing.land(FEED, file) for file in files]
    assert [o.status for o in alone] == ["accepted"] * 5 + ["refused", "accepted", "duplicate"]
    assert [(o.status, o.is_new, o.rows, o.messages[:1]) for o in together[:-1]] == [
        (o.status, o.is_new, o.rows, o.messages[:1]) for o in alone[:-1]
    ]
    assert together[-1].rows == alone[-1].rows and not together[-1].is_new
    assert together[4].rows["quarantined"] == 3 and together[4].rows["duplicate"] == 1
    for one, other in zip(together[:7], alone[:7], strict=True):
        assert landed_rows(one) == landed_rows(other)


def test_file_that_breaks_the_program_stops_no_file_landed_with_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    files, stage = inbox_of(home, 3), staging.stage_gathered
    place = 1 + list(tianjin_headers()).index("affected_persons")

    def broken(con: duckdb.DuckDBPyConnection, table: str, todo: Plan) -> None:
        if con.execute(f"select 1 from {table} where c{place} = '2'").fetchone():
            raise RuntimeError
        stage(con, table, todo)

    monkeypatch.setattr(staging, "stage_gathered", broken)
    outcomes = list(landing.land_files(FEED, files))
    assert [o.status for o in outcomes] == ["accepted", "refused", "accepted"]
    assert [m["code"] for m in outcomes[1].messages] == ["F99"]


def landed_rows(outcome: landing.Outcome) -> list[object]:
    """Rows and faults that a landing left, without the moment it happened."""
    assert outcome.receipt is not None
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    left: list[object] = [receipt["row_faults"], receipt["row_warnings"]]
    for name, without in (("accepted", "exclude (landed_at)"), ("quarantined", "")):
        path = outcome.receipt.with_name(f"{name}.parquet")
        left.append(duckdb.sql(f"select * {without} from '{path}'").fetchall() if path.exists() else None)
    return left


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
