"""A large delivery is staged on disk, read by several threads and sliced: it must give what a small one gives, row for row."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from native_files import report, tianjin_text

from jingjinji.landing import Outcome, land, slicing
from jingjinji.landing.detect import LARGE
from jingjinji.paths import PROJECT, Home

TIANJIN, BEIJING = "disaster_losses/tianjin", "disaster_losses/beijing"
ODD = [
    "",
    "-",
    "—",
    "7",
    " 8 ",
    "９",
    "1,234",
    "12.5",
    "1e3",
    "-3",
    "007",
    "999999999999",
    "三",
    "#DIV/0!",
    "12.50",
    "+4",
    "0x1F",
    "1_0",
]
MOMENTS = [
    "2023年8月1日6时",
    "2023年8月1日",
    "2023年8月1日24时",
    "2023年2月30日",
    "2023年8月",
    "２０２３年8月1日6时",
    "2023年8月1日 6时05分",
    "昨天",
    "",
]


def messy_reports(count: int) -> list[dict[str, Any]]:
    """Reports of which about one in eight has something odd, some twice and some in conflict."""
    rng, reports = random.Random(7), []
    for number in range(1, count + 1):
        changes: dict[str, Any] = {"affected_persons": str(number)}
        if rng.random() < 0.06:
            changes[rng.choice(["affected_persons", "deaths_persons", "crop_failed_ha"])] = rng.choice(ODD)
        if rng.random() < 0.04:
            changes["as_of_at"] = rng.choice(MOMENTS)
        if rng.random() < 0.01:
            changes |= {"unit_code": "990000"}
        reports.append(report(number, **changes))
        if rng.random() < 0.02:
            reports.append(report(number, **changes | rng.choice([{}, {"missing_persons": "9"}])))
    return reports


def outputs(outcome: Outcome) -> dict[str, Any]:
    """Everything a landing leaves of the rows."""
    assert outcome.receipt is not None
    receipt = json.loads(outcome.receipt.read_text(encoding="utf-8"))
    files = {}
    for name in ("accepted", "quarantined"):
        path = outcome.receipt.with_name(f"{name}.parquet")
        if path.exists():
            found = duckdb.sql(
                f"select * exclude (delivery_id{', landed_at' if name == 'accepted' else ''}) from '{path}'"
            )
            files[name] = (found.columns, found.types, sorted(found.fetchall(), key=lambda row: row[0]))
    return {"rows": outcome.rows, "status": outcome.status, "faults": receipt["row_faults"], **files}


def as_small_and_as_large(
    feed: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], dict[str, Any]]:
    found = []
    for name, limit in (("small", 1 << 30), ("large", 0)):
        monkeypatch.setenv("JJJ_HOME", str(tmp_path / name))
        monkeypatch.setattr("jingjinji.landing.detect.LARGE", limit)
        found.append(outputs(land(feed, path)))
    return found[0], found[1]


@pytest.mark.parametrize("quoted", [False, True], ids=["plain", "quoted"])
@pytest.mark.parametrize("repeated", [False, True], ids=["distinct", "repeated"])
def test_large_text_gives_what_a_small_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quoted: bool, repeated: bool
) -> None:
    reports = messy_reports(1500)
    if not repeated:
        reports = list({row["event_id"]: row for row in reports}.values())
    if quoted:
        reports[5] |= {"event_name": '"名称，带引号"'}
    path = tmp_path / "2023-08-02.csv"
    path.write_bytes(tianjin_text(reports).encode("gb18030"))
    small, large = as_small_and_as_large(TIANJIN, path, tmp_path, monkeypatch)
    assert small["status"] == "accepted" and small["rows"]["quarantined"] > 20
    assert (small["rows"]["duplicate"] > 0) == repeated
    assert large == small


def beijing_document(count: int, newline: str) -> str:
    sample = json.loads((PROJECT / "demo/inbox/disaster_losses/beijing/2023-08-01.json").read_text(encoding="utf-8"))
    (record,) = sample["reports"]
    records = []
    for number in range(count):
        changed = json.loads(json.dumps(record))
        changed["event"]["id"] = f'测试}},{{"name": -{number}'  # what looks like the end of a record
        if number % 50 == 0:
            changed["as_of"] = "昨天"
        records.append(json.dumps(changed, ensure_ascii=False))
    return '{"sender": "虚构", "reports": [' + f",{newline}".join(records) + '], "end": {"n": []}}'


@pytest.mark.parametrize("newline", ["", "\n  "], ids=["one line", "lines"])
def test_large_document_gives_what_a_small_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newline: str
) -> None:
    path = tmp_path / "2023-08-01.json"
    path.write_text(beijing_document(600, newline), encoding="utf-8")
    monkeypatch.setattr(slicing, "WINDOW", 2000)
    monkeypatch.setattr("jingjinji.landing.documents.SLICE", 20_000)
    assert len(slicing.slices(path, "$.reports[*]", 20_000)) > 5
    small, large = as_small_and_as_large(BEIJING, path, tmp_path, monkeypatch)
    assert (small["status"], small["rows"]["quarantined"], small["rows"]["accepted"]) == ("accepted", 12, 588)
    assert large == small


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('"as_of"', '"as_of": null, "as_of"'), "F11"),
        (('"as_of"', '"as_off"'), "F05"),
        (('"end"', '"reports"'), "F11"),
        (("}}", "}"), "F11"),
    ],
    ids=["a name twice", "an unknown name", "the records twice", "cut off"],
)
def test_large_document_that_is_wrong_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], code: str
) -> None:
    path = tmp_path / "2023-08-01.json"
    document = beijing_document(100, "\n")
    before, middle, after = document.rpartition(change[0])
    path.write_text(before + change[1] + after, encoding="utf-8")
    small, large = as_small_and_as_large(BEIJING, path, tmp_path, monkeypatch)
    assert middle and small["status"] == large["status"] == "refused"
    receipts = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(tmp_path.rglob("receipt.json"))]
    assert [receipt["messages"][0]["code"] for receipt in receipts] == [code, code]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        pytest.param('"虚构"的', "F12", id="text behind a quote"),
        pytest.param('"虚构', "F12", id="never closed"),
        pytest.param('"虚"构"', "F12", id="quote within quotes"),
        pytest.param("虚" * (3 << 20), "F12", id="too long a line"),
        pytest.param("\x00", "F03", id="zero"),
        pytest.param('虚构"', "", id="a mark in a text"),
    ],
)
def test_large_text_that_cannot_be_split_is_told_like_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, code: str
) -> None:
    reports = [report(number) for number in range(300)]
    reports[200] |= {"event_name": "<cell>"}
    path = tmp_path / "2023-08-02.csv"
    path.write_text(tianjin_text(reports).replace("<cell>", cell), encoding="utf-8")
    small, large = as_small_and_as_large(TIANJIN, path, tmp_path, monkeypatch)
    assert small["status"] == large["status"] == ("refused" if code else "accepted")
    told = [json.loads(p.read_text(encoding="utf-8"))["messages"] for p in sorted(tmp_path.rglob("receipt.json"))]
    assert told[0] == told[1] and (told[0][0]["code"] == code or not code)


def test_lines_are_named_rightly_however_many_threads_read_them(home: Home, tmp_path: Path) -> None:
    """Rows with one key are read from the bytes once more, of which every thread has a part."""
    reports = [report(number, event_name="虚构暴雨" * 60) for number in range(1, 60_001)]
    above = next(at for at, line in enumerate(tianjin_text(reports[:1]).split("\n")) if "虚构暴雨" in line)
    wrong = {5: "-3", 30_000: "-30000", 59_999: "-59999"}
    for at, value in wrong.items():
        reports[at] |= {"affected_persons": value}
    for first, second in ((10, 40_000), (20_000, 50_000)):
        reports[second] |= {"event_id": reports[first]["event_id"], "affected_persons": "77"}
    path = tmp_path / "2023-08-02.csv"
    path.write_text(tianjin_text(reports), encoding="utf-8")
    assert path.stat().st_size > 5 * LARGE
    outcome = land(TIANJIN, path)
    assert (outcome.rows["accepted"], outcome.rows["quarantined"]) == (60_000 - 7, 7), outcome.messages
    assert outcome.receipt is not None
    faults = json.loads(outcome.receipt.read_text(encoding="utf-8"))["row_faults"]
    told = {fault["row"] - above - 1: fault["message"] for fault in faults}
    assert list(told) == sorted([*wrong, 10, 20_000, 40_000, 50_000])
    assert all(value in told[at] for at, value in wrong.items())
    assert f"第{40_000 + above + 1}行" in told[10] and f"第{20_000 + above + 1}行" in told[50_000]
