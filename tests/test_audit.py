"""The audit log: what was written stays, and a change of it shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jingjinji import audit
from jingjinji.paths import home


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))


def test_chain_of_many_writers_is_intact() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: audit.record("landing.accept", delivery_id=f"交付{n}"), range(60)))
    assert audit.verify_chain().records == 60
    assert [entry["number"] for entry in audit.read()] == list(range(1, 61))


@pytest.mark.parametrize("harm", ["change", "remove", "swap", "forge"])
def test_chain_names_the_line_that_was_harmed(harm: str) -> None:
    for n in range(4):
        audit.record("release.create", release_id=f"r{n}")
    path = home().audit_log
    lines = path.read_text().splitlines(keepends=True)
    harmed = {
        "change": [lines[0], lines[1].replace("r1", "rX"), *lines[2:]],
        "remove": [lines[0], *lines[2:]],
        "swap": [lines[0], lines[2], lines[1], lines[3]],
        "forge": [lines[0], lines[1].replace('"number":2', '"number":2,"more":1'), *lines[2:]],
    }[harm]
    path.write_text("".join(harmed))
    with pytest.raises(audit.AuditError, match="line 2"):
        audit.verify_chain()


def test_half_a_line_of_a_dead_writer_is_cut_and_told() -> None:
    audit.record("release.create", release_id="r1")
    with home().audit_log.open("a") as log:
        log.write('{"number":2,"ev')
    audit.record("release.create", release_id="r2")
    assert audit.verify_chain().records == 2
    assert audit.read()[1]["facts"] == {"release_id": "r2", "torn_bytes_before": 15}


def test_empty_log_is_a_chain_of_none() -> None:
    assert audit.verify_chain() == audit.Chain(0, audit.FIRST_LINK)


def test_personal_numbers_in_reasons_are_masked_and_hashes_are_not() -> None:
    digest = "ab13800138000ab1" * 4
    audit.record(
        "landing.withdrawn", reason="联系13800138000，证件11010519491231002X", listed=["13800138000"], sha256=digest
    )
    facts = audit.read()[0]["facts"]
    assert facts == {"reason": "联系***，证件***", "listed": ["***"], "sha256": digest}
    assert audit.verify_chain().records == 1
