"""The answer sheet of a simulation against what landing really answers, in both directions."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections import Counter
from pathlib import Path

import duckdb
import openpyxl
import pytest

from jingjinji import landing, reports
from jingjinji.landing import HomeError
from jingjinji.landing.origins import NOTE, has_note
from jingjinji.operate import orchestration
from jingjinji.paths import Home
from jingjinji.simulate import ANSWERS, Wish, simulate

Finding = tuple[str, str, int | None, str | None, str]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of all feeds, a file every eleven days, in which every twentieth row and file is broken."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(Wish(dt.date(2021, 7, 1), dt.date(2021, 7, 22), seed=11, faults=0.05, every=11), folder)
    return folder


def _answers(folder: Path) -> set[Finding]:
    """What must be found; rows sent twice are counted apart, since landing counts and does not name them."""
    columns = "feed_id, file_name, row_number, expected_code, expected_outcome"
    found = duckdb.sql(f"select {columns} from '{folder / ANSWERS}' where expected_outcome <> 'flagged'").fetchall()
    return {answer for answer in found if answer[4] != "duplicate" or answer[2] is None}


def _land_all(folder: Path) -> list[landing.Outcome]:
    feeds = sorted(path for path in folder.glob("*/*") if path.is_dir())
    return [landing.land(f"{feed.parent.name}/{feed.name}", path) for feed in feeds for path in sorted(feed.iterdir())]


def _found(outcome: landing.Outcome) -> set[Finding]:
    """What the receipt says of one file: the whole, broken rows, warnings."""
    feed, name = outcome.feed_id, outcome.file_name
    if outcome.status == "duplicate":
        return {(feed, name, None, "I01", "duplicate")}
    assert outcome.receipt
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    rows = "refused" if outcome.status == "refused" else "quarantined"
    found = {(feed, name, None, m["code"], "refused") for m in outcome.messages if m["code"].startswith("F")}
    found |= {(feed, name, fault["row"], fault["code"], rows) for fault in receipt["row_faults"]}
    return found | {(feed, name, warning["row"], warning["code"], "warned") for warning in receipt["row_warnings"]}


def test_every_planted_fault_is_found_and_nothing_else_is_rejected(simulated: Path, home: Home) -> None:
    outcomes = _land_all(simulated)
    answers, found = _answers(simulated), {finding for outcome in outcomes for finding in _found(outcome)}
    assert answers - found == set(), "planted and not found"
    assert found - answers == set(), "found and not planted"
    kinds = Counter(outcome for *_, outcome in answers)
    assert all(kinds[outcome] >= 3 for outcome in ("quarantined", "refused", "warned")), kinds
    assert len({code for _, _, _, code, _ in answers}) >= 25
    twice = duckdb.sql(f"select count(*) from '{simulated / ANSWERS}' where fault = 'same_row_twice'").fetchall()[0][0]
    assert sum(o.rows["duplicate"] for o in outcomes if o.status == "accepted") == twice
    assert json.loads(home.marker.read_text())["data_origin"] == "simulated"


def test_quarantine_holds_the_planted_rows_with_their_codes(simulated: Path, home: Home) -> None:
    """The same against the landed files of one feed, which is what everything later reads."""
    feed = "supplies/hebei"
    for path in sorted((simulated / feed).iterdir()):
        landing.land(feed, path)
    names = {m["delivery_id"]: m["file_name"] for _, m in landing.current_deliveries(home)}
    parquet = f"{home.deliveries}/{feed}/*/*/quarantined.parquet"
    rows = duckdb.sql(f"select delivery_id, row_number, unnest(faults).code from '{parquet}'").fetchall()
    expected = {answer[1:4] for answer in _answers(simulated) if answer[0] == feed and answer[4] == "quarantined"}
    assert {(names[delivery], row, code) for delivery, row, code in rows} == expected and expected


# ---------------------------------------------------------------- real and simulated never meet

FEED = "accidents/tianjin"


def _inbox(place: Home, marked: Path) -> tuple[Path, Path]:
    """An inbox with the same accidents twice: as the simulator wrote them, and as a sender would, without mark and note."""
    folder = place.inbox / FEED
    folder.mkdir(parents=True)
    (folder / marked.name).write_bytes(marked.read_bytes())
    real = folder / "2021-07-20.csv"
    real.write_bytes(marked.read_bytes().replace(NOTE.encode("gb18030"), "注：合计见月报".encode("gb18030")))
    return folder / marked.name, real


def _first(simulated: Path, feed: str) -> Path:
    return min((simulated / feed).iterdir())


def _reasons(outcome: landing.Outcome) -> str:
    assert (outcome.status, outcome.receipt, outcome.is_new) == ("refused", None, True)
    (told,) = outcome.messages
    return f"{told['code']} {told['message']} → {told['fix']}"


@pytest.mark.parametrize(("is_first", "holds", "other"), [(0, "模拟数据", "真实数据"), (1, "真实数据", "模拟数据")])
def test_a_home_refuses_what_is_of_the_other_origin_and_takes_the_rest(
    simulated: Path, home: Home, is_first: int, holds: str, other: str
) -> None:
    files = _inbox(home, _first(simulated, FEED))
    landing.land(FEED, files[is_first])
    by_name = {o.file_name: o for o in landing.land_inbox(FEED)}
    assert by_name[files[is_first].name].status == "duplicate"
    refused = by_name[files[1 - is_first].name]
    assert f"F16 本库（JJJ_HOME）存放的是{holds}，不接收{other} → 请把文件移出收件箱" in _reasons(refused)
    assert f"{FEED}/{refused.file_name} refused: F16" in orchestration.refusal(refused)
    assert "没有回执" in reports.landed_text([refused])
    assert {m["file_name"] for _, m in landing.current_deliveries(home)} == {files[is_first].name}
    again = {o.file_name: o for o in landing.land_inbox(FEED)}[refused.file_name]
    assert again == refused  # it is told until somebody takes it away


def test_a_simulated_file_that_lost_its_name_is_not_landed_as_real(simulated: Path, home: Home, tmp_path: Path) -> None:
    """In no home: it would make a new one real, or mix with what is real."""
    tried = 0
    for folder in sorted(simulated.glob("*/*")):
        if not folder.is_dir() or folder.parent.name == "statistics":
            continue  # those are the published ones
        marked = next(p for p in sorted(folder.iterdir()) if p.stat().st_size and not _is_damaged(p))
        unmarked = tmp_path / marked.name.replace(".simulated", "")
        unmarked.write_bytes(marked.read_bytes())
        outcome = landing.land(f"{folder.parent.name}/{folder.name}", unmarked)
        assert f"文件里写明“{NOTE}”，文件名却没有“.simulated.”" in _reasons(outcome), marked
        tried += 1
    assert tried == 18 and not home.marker.exists()


def _is_damaged(path: Path) -> bool:
    return path.suffix == ".xlsx" and not zipfile.is_zipfile(path)


def test_the_note_is_found_in_what_other_programs_saved(simulated: Path, tmp_path: Path) -> None:
    text = _first(simulated, FEED).read_text(encoding="gb18030")
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        (tmp_path / encoding).write_text(text, encoding=encoding)
        assert has_note(tmp_path / encoding), encoding
    book = openpyxl.load_workbook(_first(simulated, "accidents/hebei"))
    book.save(tmp_path / "saved.xlsx")  # texts of cells now stand in a part of their own
    assert has_note(tmp_path / "saved.xlsx")
    document = json.loads(_first(simulated, "accidents/beijing").read_text(encoding="utf-8"))
    # characters as numbers, keys in another order
    (tmp_path / "saved.json").write_text(json.dumps(document, sort_keys=True))
    assert has_note(tmp_path / "saved.json")
    (tmp_path / "other.csv").write_text(text.replace(NOTE, "注：合计"), encoding="gb18030")
    (tmp_path / "cut.xlsx").write_bytes((tmp_path / "saved.xlsx").read_bytes()[:3000])
    assert not has_note(tmp_path / "other.csv") and not has_note(tmp_path / "cut.xlsx")


def test_a_simulated_file_cannot_be_declared_real(simulated: Path, home: Home) -> None:
    outcome = landing.land(FEED, _first(simulated, FEED), data_origin="real")
    assert "文件名带有“.simulated.”，是模拟数据" in _reasons(outcome) and not home.marker.exists()
    with pytest.raises(HomeError, match="not 'invented'"):
        landing.land(FEED, _first(simulated, FEED), data_origin="invented")
