"""What senders are told after a release: from the flags of the release, once, in Chinese, without personal data."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landed_rows import land_rows
from typer.testing import CliRunner

from jingjinji import audit, outbox, release
from jingjinji.cli import app
from jingjinji.landing import corrections
from jingjinji.outbox import notes, send_second_receipts
from jingjinji.paths import Home
from jingjinji.release.store import Release

FEED, DELIVERY = "disaster_losses/hebei", "aaaaaaaaaaaaaaa1"
ROW = {
    "region_code": "130000", "event_id": "e1", "unit_code": "130000", "report_stage": "续报",
    "as_of_at": "2023-08-01 12:00", "deaths_persons": 9,
}  # fmt: skip
FLAG = {
    "dataset": "disaster_losses", "feed_id": FEED, "region_code": "130000", "delivery_id": DELIVERY, "file_name": "a.csv",
    "row_number": 3, "rule_id": "D18", "column_name": "crop_affected_ha", "found_by": "history", "severity": "warning",
    "column_title_zh": "农作物受灾面积", "unit": "公顷", "value_text": "1,500", "compared_text": "100",
    "suggested_factor": 0.0666666667, "held_because_zh": None, "title_zh": "疑似计量单位用错", "title_en": "unit",
    "fix_zh": "请核对单位", "rule_source": "应急〔2020〕19号", "cleared_at": None,
}  # fmt: skip
HELD = FLAG | {
    "row_number": None, "rule_id": "X-HELD", "column_name": "deaths_persons, missing_persons", "found_by": "held",
    "severity": "error", "value_text": None, "compared_text": None, "suggested_factor": None, "unit": None,
    "column_title_zh": None, "held_because_zh": "死亡与失踪人口之和大于受灾人口", "title_zh": "整份报送已扣留",
}  # fmt: skip


def _release(home: Home, name: str, *flags: dict[str, Any]) -> None:
    """A release that holds these flags and is current."""
    folder = home.releases / name
    folder.mkdir(parents=True)
    kinds = {"row_number": "bigint", "suggested_factor": "double", "cleared_at": "timestamp"}
    shape = ", ".join(f"{column} {kinds.get(column, 'varchar')}" for column in FLAG)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        con.execute(f"create schema marts; create table marts.fct_report_flags ({shape})")
        for flag in flags:
            con.execute(
                f"insert into marts.fct_report_flags values ({', '.join('?' * len(FLAG))})", list(flag.values())
            )
    described = Release(
        release_id=name, parent_release_id=None, run_id=name, created_at=datetime(2026, 11, 23, 22), data_origin="simulated",
        known_from_max=None, file_sha256="0" * 64, file_bytes=1, tables={}, macros={}, deliveries=(), versions={}, build={},
    )  # fmt: skip
    (folder / "release.json").write_text(described.model_dump_json(), encoding="utf-8")
    home.current.unlink(missing_ok=True)
    home.current.symlink_to(folder)


@pytest.fixture
def landed(home: Home) -> Path:
    """The folder of one accepted delivery."""
    return land_rows(FEED, DELIVERY, [ROW]).parent


def _lines(folder: Path) -> list[list[str]]:
    with (folder / "receipt.csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def test_second_receipt_tells_line_value_rule_and_factor_in_chinese(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    sent = send_second_receipts()
    assert [path.relative_to(landed).as_posix() for path in sent.receipts] == ["second/0001"]
    header, line, total = _lines(sent.receipts[0])
    assert header == ["文件", "行号", "列", "值", "规则", "原因", "建议", "严重程度"]
    assert line[1:5] == ["3", "农作物受灾面积", "1,500公顷", "D18"]
    assert line[5] == "疑似计量单位用错（对照：100公顷）（疑似应乘以0.0666667）"
    assert line[6:] == ["请核对单位", "警告（请核对）"]
    assert total[5] == "已入库，有事项须核对：错误0项，警告1项，提示0项"
    content = json.loads((sent.receipts[0] / "receipt.json").read_text(encoding="utf-8"))
    assert (content["release_id"], content["counts"]["warning"], content["sender"]) == ("r1", 1, "河北省应急管理厅")


def test_a_held_delivery_is_told_so_with_the_reason_and_the_names_of_the_columns(home: Home, landed: Path) -> None:
    _release(home, "r1", HELD)
    (folder,) = send_second_receipts().receipts
    _, line, total = _lines(folder)
    assert line[1:3] == ["", "因灾死亡人口、因灾失踪人口"]
    assert line[5] == "整份报送已扣留：死亡与失踪人口之和大于受灾人口"
    assert total[5].startswith("整份扣留，未入库：错误1项")


def test_nothing_is_written_twice_and_what_changed_is_written_as_the_next_one(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    assert len(send_second_receipts().receipts) == 1
    assert send_second_receipts().receipts == ()
    _release(home, "r2", FLAG)
    assert send_second_receipts().receipts == ()
    _release(home, "r3", FLAG | {"value_text": "1,600"})
    assert [path.name for path in send_second_receipts().receipts] == ["0002"]
    _release(home, "r4")
    (settled,) = send_second_receipts().receipts
    assert _lines(settled)[-1][5].startswith("此前所列事项已不再成立，无需处理")
    assert send_second_receipts().receipts == ()
    records = [e["facts"] for e in audit.read(home) if e["event"] == "receipts.second"]
    assert [r["receipts"] for r in records] == [{FEED: 1}] * 3
    assert [r["notes"] for r in records] == [{FEED: 1}, {FEED: 1}, {FEED: 0}]


def test_of_a_cleared_flag_only_he_hears_who_was_told_of_it(home: Home, landed: Path) -> None:
    cleared = FLAG | {"rule_id": "S-BAL", "cleared_at": datetime(2023, 8, 5)}
    _release(home, "r1", cleared)
    assert send_second_receipts().receipts == ()
    _release(home, "r2", FLAG, cleared | {"cleared_at": None})
    assert [line[4] for line in _lines(send_second_receipts().receipts[0])[1:-1]] == ["D18", "S-BAL"]
    _release(home, "r3", FLAG, cleared)
    assert [line[4] for line in _lines(send_second_receipts().receipts[0])[1:-1]] == ["D18"]
    _release(home, "r4", FLAG | {"cleared_at": datetime(2023, 8, 6)}, cleared)
    (settled,) = send_second_receipts().receipts
    assert _lines(settled)[-1][5].startswith("此前所列事项已不再成立，无需处理")


def test_two_runs_at_once_write_one_receipt(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: send_second_receipts(), range(8)))
    assert sum(len(one.receipts) for one in sent) == 1
    assert [path.name for path in outbox.second_receipts(landed)] == ["0001"]
    assert not list((home.root / "landing" / "tmp").iterdir())


def test_warnings_of_landing_are_not_told_a_second_time(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG | {"found_by": "landing"})
    assert send_second_receipts().receipts == ()


def test_a_withdrawn_delivery_is_not_spoken_of(home: Home, landed: Path) -> None:
    land_rows(FEED, DELIVERY, [ROW], version=2, status="withdrawn")
    _release(home, "r1", FLAG)
    assert send_second_receipts().receipts == ()


def test_after_a_rollback_senders_are_not_told_what_an_earlier_release_said(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    audit.record("release.rollback", release_id="r1", previous="r2")
    assert send_second_receipts().receipts == ()


def test_no_release_or_one_from_before_there_were_flags_says_nothing(home: Home, landed: Path) -> None:
    assert send_second_receipts().release_id is None
    _release(home, "r1")
    with duckdb.connect(str(home.releases / "r1" / "warehouse.duckdb")) as con:
        con.execute("drop table marts.fct_report_flags")
    assert send_second_receipts().receipts == ()


def test_numbers_of_persons_are_masked_and_ids_that_look_like_them_are_not() -> None:
    called = FLAG | {"value_text": "电话13900000000", "compared_text": "13010020231"}
    told = notes.note(called, {})
    assert "13900000000" not in json.dumps(notes.as_content([told]))
    assert "13010020231" in told.message


def test_a_text_that_begins_like_a_formula_is_not_run_by_a_spreadsheet() -> None:
    told = notes.note(FLAG | {"value_text": "=1+1", "unit": None}, {})
    assert notes.table("=a.csv", [told], "r1")[1][3] == "'=1+1"
    assert notes.table("=a.csv", [told], "r1")[1][0] == "'=a.csv"


def test_a_rehearsal_writes_no_second_receipt(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    with corrections.rehearsal():
        send_second_receipts()
    assert outbox.second_receipts(landed) == []


def test_receipts_command_lists_first_and_second_with_totals(home: Home, landed: Path) -> None:
    _release(home, "r1", FLAG)
    send_second_receipts()
    shown = CliRunner().invoke(app, ["receipts", FEED, "--format", "json"])
    content = json.loads(shown.stdout)
    assert [one["kind"] for one in content["receipts"]] == ["first", "second"]
    assert content["totals"]["first"]["receipts"] == 1 and content["totals"]["second"]["warnings"] == 1
    later = CliRunner().invoke(app, ["receipts", FEED, "--since", "2999-01-01"])
    assert "二次回执：0份" in later.stdout and DELIVERY not in later.stdout
    assert CliRunner().invoke(app, ["receipts", "disaster_losses/nowhere"]).exit_code == 1
    assert CliRunner().invoke(app, ["receipts", "--since", "yesterday"]).exit_code == 2


def test_a_release_made_by_hand_tells_senders_as_the_chain_does(
    home: Home, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _release(home, "r1", FLAG)
    monkeypatch.setattr(release, "create_release", lambda build, keep: release.current_release(home))
    assert CliRunner().invoke(app, ["release", "create", str(home.builds)]).exit_code == 0
    assert [folder.name for folder in outbox.second_receipts(landed)] == ["0001"]
    assert CliRunner().invoke(app, ["release", "create", str(home.builds)]).exit_code == 0
    assert len(outbox.second_receipts(landed)) == 1
