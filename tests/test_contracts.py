"""Contracts: drafts that wait for answers, and faults that are named when they are read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jingjinji import contracts
from jingjinji.contracts import ContractError, UnfinishedFeedError, load_contracts, todos
from jingjinji.operate import chain, doctor
from jingjinji.paths import PROJECT, Home

FEED = "disaster_losses/beijing"


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The feeds as a copy that may be changed."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "dbt_project").symlink_to(PROJECT / "dbt_project")
    shutil.copytree(PROJECT / "feeds", tmp_path / "project" / "feeds")
    monkeypatch.setattr(contracts, "PROJECT", tmp_path / "project")
    return tmp_path / "project" / "feeds"


def changed(feeds: Path, old: str, new: str) -> Path:
    path = feeds / f"{FEED}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("zh: 北京市自然灾害灾情", "zh: TODO 自然灾害灾情", "title.zh"),
        ("sender: 北京市应急管理局", "sender: TODO", "sender"),
        ('region_code: "110000"', "region_code: TODO", "region_code"),
        ("as_of_at: {from: as_of,", "as_of_at: {from: TODO 数据截至时间,", "columns.as_of_at.from"),
        ("event_id: event.id", "event_id: TODO", "columns.event_id"),
        ("people.affected, unit: 人", "people.affected, unit: TODO", "columns.affected_persons.unit"),
        ("formats: [iso]", "formats: [iso, TODO]", "columns.occurred_at.formats.1"),
    ],
)
def test_a_feed_with_a_todo_is_refused_alone(feeds: Path, old: str, new: str, key: str) -> None:
    path = changed(feeds, old, new)
    found = load_contracts()
    assert FEED not in found.feeds and found.feed("disaster_losses/hebei")
    with pytest.raises(UnfinishedFeedError) as raised:
        found.feed(FEED)
    assert str(path) in str(raised.value) and f"  {key}: TODO" in str(raised.value)


def test_a_draft_stops_nothing_else_and_is_told(feeds: Path, home: Home) -> None:
    changed(feeds, "sender: 北京市应急管理局", "sender: TODO")
    said: list[str] = []
    assert chain._land(FEED, said.append) == chain._land("disaster_losses/hebei", said.append) == []
    assert "sender: TODO" in said[0] and "hebei: 0 files" in said[1]
    found = [finding for finding in doctor.examine(["数据标准与数据源"]) if finding.status == "WARN"]
    assert len(found) == 1 and "sender: TODO" in found[0].message


def test_no_feed_of_the_project_waits_for_an_answer() -> None:
    assert load_contracts().unfinished == {}


def test_only_a_value_that_begins_with_it_is_a_todo() -> None:
    content = {"a": "TODO", "b": ["x", "TODO y"], "c": {"TODO": "z"}, "d": "not a TODO", "e": 1}
    assert list(todos(content)) == [("a", "TODO"), ("b.1", "TODO y")]


@pytest.mark.parametrize("delimiter", ["''", "', '", "'\"'", '"\\n"', "'  '"])
def test_a_delimiter_is_one_character(feeds: Path, delimiter: str) -> None:
    path = changed(feeds, "format: json", f"format: csv\ndelimiter: {delimiter}")
    with pytest.raises(ContractError) as raised:
        load_contracts()
    assert f"{path}:\n  delimiter: " in str(raised.value) and "a tab is written" in str(raised.value)


def test_a_tab_is_a_delimiter(feeds: Path) -> None:
    changed(feeds, "format: json", 'format: csv\ndelimiter: "\\t"')
    assert load_contracts().feed(FEED).delimiter == "\t"
