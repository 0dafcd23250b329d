"""The chain without Airflow: a home where one region has delivered, a faulty row of one region, a rollback, the commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jingjinji import audit, landing, paths
from jingjinji.cli import app
from jingjinji.operate import orchestration
from jingjinji.release import current_release

runner = CliRunner()
DEMO = paths.PROJECT / "demo" / "inbox"


def send(feed_id: str) -> None:
    """Put the published figures of one feed into the inbox."""
    shutil.copytree(DEMO / feed_id, paths.home().inbox / feed_id)


@pytest.fixture(scope="module")
def one_feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A home to which only Beijing has sent anything, after one run of the chain; what the run said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        send("disaster_losses/beijing")
        result = runner.invoke(app, ["run"])
        assert result.exit_code == 0, result.output
        yield result.output


def test_one_feed_alone_reaches_a_release(one_feed: str) -> None:
    current = current_release()
    assert current is not None and f"release {current.release_id}" in one_feed


def test_a_rollback_holds_until_something_new_lands(one_feed: str) -> None:
    first = current_release()
    send("disaster_losses/hebei")
    assert runner.invoke(app, ["run"]).exit_code == 0
    second = current_release()
    assert first and second and second.parent_release_id == first.release_id
    assert runner.invoke(app, ["release", "rollback"]).exit_code == 0
    again = runner.invoke(app, ["run"])
    assert again.exit_code == 0 and f"已回退到 {first.release_id}（此前为 {second.release_id}）" in again.output
    assert current_release() == first
    assert f"已回退到 {first.release_id}" in scheduler_skips_with()
    send("statistics/beijing")
    assert runner.invoke(app, ["run"]).exit_code == 0
    third = current_release()
    assert third and third.release_id not in (first.release_id, second.release_id)
    assert {d.feed_id for d in third.deliveries} == {
        "disaster_losses/beijing",
        "disaster_losses/hebei",
        "statistics/beijing",
    }


def scheduler_skips_with() -> str:
    """What Airflow is told when it asks for a candidate and there is none to make."""
    exceptions = pytest.importorskip("airflow.sdk.exceptions")
    with pytest.raises(exceptions.AirflowSkipException) as skipped:
        orchestration.prepare("scheduled")
    return str(skipped.value)


def test_releasing_the_released_build_again_is_no_error(one_feed: str) -> None:
    result = runner.invoke(app, ["release", "create", "--keep", "1"])
    assert result.exit_code == 0 and "没有新发布" in result.output


def test_a_reason_with_a_telephone_number_is_kept_without_it(one_feed: str) -> None:
    manifest = next(m for _, m in landing.current_deliveries() if m["feed_id"] == "disaster_losses/beijing")
    result = runner.invoke(app, ["withdraw", manifest["delivery_id"], "--reason", "请联系13800138000", "--yes"])
    assert result.exit_code == 0 and audit.read()[-1]["facts"]["reason"] == "请联系***"
    folder: Path = paths.home().deliveries / manifest["feed_id"] / manifest["delivery_id"]
    written = [p for p in folder.rglob("*") if p.suffix in (".json", ".csv")]
    assert written and not any("13800138000" in p.read_text(encoding="utf-8-sig") for p in written)


def test_reland_of_what_stays_refused_is_no_error(
    one_feed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = tmp_path / "empty.csv"
    refused.write_text("列\n1\n", encoding="utf-8")
    assert runner.invoke(app, ["land", "disaster_losses/beijing", str(refused)]).exit_code == 1
    monkeypatch.setattr("jingjinji.landing.corrections.rule_set_version", lambda *_: "rules of tomorrow")
    result = runner.invoke(app, ["reland", "disaster_losses/beijing", "--yes"])
    assert result.exit_code == 0 and "empty.csv" in result.output
