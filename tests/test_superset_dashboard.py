"""The joint dashboard as an analyst meets it: real server, real release of the published figures, real browser."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from superset_browser import Dashboard, chromium, dashboard, find_browser
from superset_server import Site, point_to, release_with, released_home, serving, status_of

from jingjinji.operate import superset_site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("superset")]

TABS = ("灾情（截至某日已知）", "规划指标3–5", "数据新鲜度与质量", "与公布数对照")
NOT_REPORTED = "未报告"
STATEMENT_TIMEOUT_S = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    find_browser()
    home = released_home(tmp_path_factory.mktemp("superset") / "home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JJJ_SUPERSET_STATEMENT_TIMEOUT", str(STATEMENT_TIMEOUT_S))
        with serving(home) as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def board(site: Site, browser: Browser) -> Dashboard:
    return dashboard(browser, site.port, "analyst", site.passwords["analyst"])


def losses(board: Dashboard, chart: str = "各地灾情") -> dict[str, list[str]]:
    """Metric → values as shown, without the unit."""
    return {row[0]: row[2:] for row in board.rows(chart)}


def test_page_says_which_release_it_shows_and_what_unreported_means(site: Site, board: Dashboard) -> None:
    head = board.chart("数据发布与读法")
    assert site.release_id in head
    assert "实数据" in head
    assert "未报告 表示没有收到或没有公布，不是零" in head


@pytest.mark.parametrize(
    ("day", "beijing", "hebei"),
    [
        ("2023-08-02", ["44,673", "11", "27"], ["540,703", "9", "6"]),
        ("2023-08-12", ["1,290,000", "33", "18"], ["3,888,600", "29", "16"]),
    ],
)
def test_chosen_day_means_known_at_its_end(board: Dashboard, day: str, beijing: list[str], hebei: list[str]) -> None:
    board.choose("as_of", day)
    shown = losses(board)
    people = ("受灾人口", "因灾死亡人口", "因灾失踪人口")
    assert [shown[metric][0] for metric in people] == beijing
    assert [shown[metric][2] for metric in people] == hebei
    assert {values[1] for values in shown.values()} == {NOT_REPORTED}, "Tianjin published nothing: never a number"
    assert {values[0] for values in losses(board, "三地合计口径（单列）").values()} == {NOT_REPORTED}


def test_day_a_figure_became_known_includes_it_and_the_day_before_does_not(board: Dashboard, site: Site) -> None:
    import duckdb

    with duckdb.connect(str(site.home.current.resolve() / "warehouse.duckdb"), read_only=True) as release:
        day, before = release.execute(
            "select max(known_on_date)::varchar, (max(known_on_date) - 1)::varchar from marts.agg_loss_changes"
            " where region_code = '130000' and metric = 'affected_persons' and known_on_date < date '2024-01-01'"
        ).fetchone()
    board.choose("as_of", before)
    assert losses(board)["受灾人口"][2] == "540,703"
    board.choose("as_of", day)
    assert losses(board)["受灾人口"][2] == "3,888,600"


def test_latest_shows_the_joint_figure_apart_and_never_summed(board: Dashboard) -> None:
    board.choose("as_of", "最新")
    joint = losses(board, "三地合计口径（单列）")
    assert joint["受灾人口"] == ["5,512,000"]
    assert joint["因灾死亡失踪人口"] == ["107"]
    assert joint["因灾死亡人口"] == [NOT_REPORTED]
    assert losses(board)["受灾人口"] == ["1,290,000", NOT_REPORTED, "3,888,600"]
    assert losses(board)["直接经济损失"] == [NOT_REPORTED, NOT_REPORTED, "95,811,000,000"]


def test_every_chart_of_every_tab_is_answered_and_drawn(site: Site, board: Dashboard, tmp_path: Path) -> None:
    seen: set[str] = set()
    for number, tab in enumerate(TABS):
        board.open_tab(tab)
        assert board.failures() == []
        seen |= set(board.names())
        board.picture(tmp_path / f"{number}.png")
    assert len(seen) == site.deployed["charts"] and site.deployed["left_out"] == []
    assert [answer for answer in board.watch.chart_answers if answer[0] != 200] == []
    assert board.watch.page_errors == []
    assert board.watch.outside == [], "the page must need nothing but its own server"


def test_indicator_follows_the_gdp_vintage_and_a_gap_stays_a_gap(board: Dashboard) -> None:
    board.open_tab(TABS[1])

    def beijing_2023() -> str:
        rows = board.search("分年数值与空缺原因", "2023")
        return next(row[4] for row in rows if row[:3] == ["2023", "北京市", "3"])

    assert round(float(beijing_2023()), 2) == 1.35
    board.choose("gdp_vintage", "第四次经济普查后、第五次普查前")
    assert round(float(beijing_2023()), 2) == 1.46
    board.choose("gdp_vintage", "最新")
    tianjin = next(r for r in board.search("分年数值与空缺原因", "2023") if r[:3] == ["2023", "天津市", "4"])
    assert tianjin[4] == NOT_REPORTED and tianjin[6] == "分子未公布"
    periods = {(row[0], row[1], row[4]): row for row in board.rows("规划期年均（两种算法）")}
    assert periods["河北省", "3", "逐年比率的平均"][5] == "0.6207"
    assert periods["河北省", "3", "累计之比"][5] == "0.6325"
    gap = periods["北京市", "4", "逐年比率的平均"]
    assert gap[5] == "数据不足" and gap[7] == "3/4" and "数据不足" in gap[11]


def test_feed_that_never_delivered_is_unreported_and_every_row_is_accounted_for(board: Dashboard) -> None:
    board.open_tab(TABS[2])
    tianjin = next(row for row in board.rows("各来源数据新鲜度") if row[0] == "天津市自然灾害灾情")
    assert tianjin[2] == NOT_REPORTED and tianjin[4] == NOT_REPORTED
    accounts = board.rows("送达批次与行数账")
    assert len(accounts) > 1 and [row for row in accounts if row[-1] != "相符"] == []


def test_new_release_shows_at_the_next_look_and_a_roll_back_too(site: Site, board: Dashboard) -> None:
    first = site.release_id
    release_with(
        site.home,
        "20990101-000000-000-other",
        "update marts.agg_loss_changes set value_change = value_change + 1000000"
        " where region_code = '130000' and metric = 'affected_persons' and known_on_date < date '2023-08-05'",
    )
    for release_id, affected in (("20990101-000000-000-other", "4,888,600"), (first, "3,888,600")):
        point_to(site.home, release_id)
        board.page.reload(wait_until="domcontentloaded")
        board.page.wait_for_selector("[data-test-chart-id]")
        board.settle()
        board.open_tab(TABS[0])
        assert release_id in board.chart("数据发布与读法")
        assert losses(board)["受灾人口"][2] == affected


def run_sql(opened: Dashboard, sql: str) -> tuple[int, str]:
    """Status and text of a query through SQL Lab as the person who is logged in."""
    csrf = opened.page.request.get(f"{opened.base}/api/v1/security/csrf_token/").json()["result"]
    body: dict[str, Any] = {"database_id": 1, "sql": sql, "runAsync": False, "schema": "marts", "queryLimit": 10}
    answer = opened.page.request.post(
        f"{opened.base}/api/v1/sqllab/execute/", data=body, headers={"X-CSRFToken": csrf}, timeout=60000
    )
    return answer.status, answer.text()


def test_sql_reaches_nothing_outside_the_release_and_cannot_run_for_ever(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("word\nhidden-treasure\n", "utf-8")
    attempts = (
        f"select * from '{tmp_path}/secret.csv'",
        f"select * from read_csv('{tmp_path}/secret.csv')",
        f"select * from glob('{tmp_path}/*')",
        f"attach '{tmp_path}/new.duckdb' as other",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        "set enable_external_access = true",
        "delete from marts.release_info",
    )
    admin = dashboard(browser, site.port, "admin", site.passwords["admin"])
    status, text = run_sql(admin, "select release_id from marts.release_info")
    assert status == 200 and site.release_id in text, "the refusals below mean something only if this works"
    for sql in attempts:
        status, text = run_sql(admin, sql)
        assert status >= 400 and "hidden-treasure" not in text, f"{sql} gave {status}: {text[:200]}"
    assert "disabled by configuration" in run_sql(admin, attempts[0])[1]
    started = time.monotonic()
    status, text = run_sql(admin, "select count(*) from range(100000000) as a, range(100000000) as b")
    assert status >= 400 and time.monotonic() - started < STATEMENT_TIMEOUT_S + 15
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]


def test_analyst_has_no_sql_lab_and_a_stranger_has_nothing(site: Site, board: Dashboard) -> None:
    assert run_sql(board, "select 1")[0] == 403
    base = f"http://127.0.0.1:{site.port}"
    assert status_of(f"{base}/api/v1/dataset/") == 401
    assert status_of(f"{base}{superset_site.DASHBOARD_PATH}") in (302, 401, 403)


def test_logins_are_private_to_the_account_that_runs_the_site(site: Site) -> None:
    for name in ("logins.json", "secret_key"):
        assert stat.S_IMODE((site.home.superset / name).stat().st_mode) == 0o600
    said = (site.home.superset / "deploy.log").read_text() + (site.home.logs / "superset.log").read_text()
    assert not any(password in said for password in site.passwords.values())


def test_second_deployment_finds_nothing_to_do(site: Site) -> None:
    before = (site.home.superset / "logins.json").read_text()
    again = superset_site.deploy(site.home)
    assert again["changed"] is False and again["logins"] == []
    assert again["charts"] == site.deployed["charts"]
    assert (site.home.superset / "logins.json").read_text() == before


def test_guessing_passwords_is_slowed_down(site: Site) -> None:
    login = {"username": "admin", "password": "wrong", "provider": "db"}
    url = f"http://127.0.0.1:{site.port}/api/v1/security/login"
    answers = [status_of(url, login) for _ in range(12)]
    assert answers[0] == 401 and answers[-1] == 429


@pytest.mark.long
def test_chart_that_left_the_bundle_leaves_the_site(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    project = superset_site.HERE.parent
    shutil.copytree(project / "superset", tmp_path / "superset", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "superset" / "datasets" / "quality_results.yml").unlink()
    for name in ("feeds", "dbt_project"):
        (tmp_path / name).symlink_to(project / name)
    monkeypatch.setattr(superset_site, "HERE", tmp_path / "superset")
    smaller = superset_site.deploy(site.home)
    assert smaller["charts"] == site.deployed["charts"] - 1 and smaller["removed"] == 2
    monkeypatch.undo()
    assert superset_site.deploy(site.home)["charts"] == site.deployed["charts"]
    assert json.loads((site.home.superset / "deployed.json").read_text())["uuids"]
