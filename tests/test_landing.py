"""Landing as a whole: repeating it, doing it at once, correcting it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from jingjinji import audit, contracts, landing
from jingjinji.landing import corrections
from jingjinji.paths import home

DEMO = Path(__file__).parent.parent / "demo" / "inbox"
BEIJING = DEMO / "disaster_losses" / "beijing" / "2023-08-01.json"
FEED = "disaster_losses/beijing"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "var"))
    return tmp_path / "var"


def fingerprint(folder: Path) -> dict[str, str]:
    """Content of every finished file of the landing zone, notes of repeated receipts aside."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.parent.name != "received"]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def accepted(outcome: landing.Outcome) -> list[tuple]:
    return duckdb.sql(f"select * from '{outcome.receipt.parent}/accepted.parquet'").fetchall()


def test_same_delivery_again_changes_nothing() -> None:
    first = landing.land(FEED, BEIJING)
    before = fingerprint(home().deliveries)
    again = landing.land(FEED, BEIJING)
    assert (first.status, again.status, again.is_new) == ("accepted", "duplicate", False)
    assert again.rows["duplicate"] == again.rows["received"] == first.rows["received"]
    assert fingerprint(home().deliveries) == before
    assert len(list(home().deliveries.rglob("received/*.json"))) == 1


def test_same_bytes_for_another_period_are_another_delivery() -> None:
    one = landing.land(FEED, BEIJING, period="2023-08-01")
    two = landing.land(FEED, BEIJING, period="2023-08-02")
    assert one.delivery_id != two.delivery_id
    assert two.status == "accepted"
    assert len([p for p in home().archive.rglob("*") if p.is_file()]) == 1


def test_archive_keeps_the_bytes_received() -> None:
    landing.land(FEED, BEIJING)
    digest = hashlib.sha256(BEIJING.read_bytes()).hexdigest()
    assert (home().archive / digest[:2] / digest).read_bytes() == BEIJING.read_bytes()


def test_dry_run_keeps_nothing(own_home: Path) -> None:
    outcome = landing.land(FEED, BEIJING, dry_run=True)
    assert outcome.rows["accepted"] == 1
    assert [p for p in own_home.rglob("*") if p.is_file()] == []


def test_many_landings_at_once_make_one_delivery(own_home: Path) -> None:
    script = f"from pathlib import Path; from jingjinji import landing; print(landing.land('{FEED}', Path({str(BEIJING)!r})).status)"
    runs = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    statuses = sorted(run.communicate(timeout=120)[0].strip() for run in runs)
    assert statuses == ["accepted", "duplicate", "duplicate", "duplicate"]
    assert len(list(landing.current_deliveries())) == 1
    assert audit.verify_chain(home()).records == 1
    assert list((own_home / "landing" / "tmp").iterdir()) == []


def test_home_refuses_data_of_the_other_origin() -> None:
    landing.land(FEED, BEIJING)
    refused = landing.land(FEED, BEIJING, data_origin="simulated")
    assert (refused.status, refused.receipt) == ("refused", None)
    assert refused.messages[0]["message"] == "本库（JJJ_HOME）存放的是真实数据，不接收模拟数据"


def test_withdrawn_delivery_leaves_but_its_trace_stays() -> None:
    first = landing.land(FEED, BEIJING)
    before = fingerprint(first.receipt.parent)
    outcome = corrections.withdraw(first.delivery_id, "报送单位发现口径有误")
    (_, manifest) = next(landing.current_deliveries())
    assert (manifest["status"], manifest["version"]) == ("withdrawn", 2)
    assert fingerprint(first.receipt.parent) == before
    assert "口径有误" in outcome.receipt.read_text(encoding="utf-8")
    assert landing.land(FEED, BEIJING).messages[0]["code"] == "I02"
    restored = corrections.reland((first.delivery_id,), restore=True)
    assert [o.status for o in restored] == ["accepted"]
    assert accepted(restored[0])[0][4:] == accepted(first)[0][4:]


def test_withdraw_needs_a_known_delivery_and_a_reason() -> None:
    with pytest.raises(corrections.CorrectionError, match="没有编号为 nope"):
        corrections.withdraw("nope", "原因")
    first = landing.land(FEED, BEIJING)
    with pytest.raises(corrections.CorrectionError, match="原因"):
        corrections.withdraw(first.delivery_id, " ")


def test_reland_heals_quarantined_rows_after_a_mapping_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(contracts.PROJECT / "feeds", feeds)
    monkeypatch.setattr(landing, "load_contracts", lambda: contracts.load_contracts(feeds))
    monkeypatch.setattr(corrections, "load_contracts", lambda: contracts.load_contracts(feeds))
    reports = json.loads(BEIJING.read_text(encoding="utf-8"))
    (record,) = reports["reports"]
    key = next(k for k, v in record.items() if v == "初报/续报")
    many = [record | {key: "续报"} | {"as_of": f"2023-08-{day:02d}T06:00+08:00"} for day in range(2, 12)]
    reports["reports"] = [record | {key: "快报"}, *many]
    sent = tmp_path / "2023-08-01.json"
    sent.write_text(json.dumps(reports, ensure_ascii=False), encoding="utf-8")
    first = landing.land(FEED, sent)
    assert (first.status, first.rows["quarantined"], first.rows["accepted"]) == ("accepted", 1, 10)
    assert corrections.due_for_reland() == []
    feed = feeds / f"{FEED}.yml"
    feed.write_text(
        feed.read_text(encoding="utf-8").replace("初报/续报: 初报", "初报/续报: 初报, 快报: 续报"), encoding="utf-8"
    )
    os.utime(feed, ns=(1, 1))
    (healed,) = corrections.reland()
    assert (healed.version, healed.rows["quarantined"], healed.rows["accepted"]) == (2, 0, 11)
    assert corrections.reland() == []
    with pytest.raises(corrections.CorrectionError, match="没有这样的数据来源或报送：nosuch"):
        corrections.reland(("nosuch",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("colour: red\n", "colour: Extra inputs are not permitted"),
        ("max_reject_share: 3\n", "max_reject_share: Input should be less than or equal to 1"),
        ("unpivot: {header: '{x}', name: nope, value: nope}\n", "unpivot: the standard has no column nope"),
    ],
)
def test_contract_errors_name_file_and_key(tmp_path: Path, change: str, message: str) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(contracts.PROJECT / "feeds", feeds)
    path = feeds / "disaster_losses" / "beijing.yml"
    path.write_text(path.read_text(encoding="utf-8") + change, encoding="utf-8")
    with pytest.raises(contracts.ContractError) as raised:
        contracts.load_contracts(feeds)
    assert str(path) in str(raised.value)
    assert message in str(raised.value)
