"""What `jjj demo` prints at its end: the row account, headline figures read from the release, and where to look next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from jingjinji.landing.judging import COUNTS, WARNED
from jingjinji.operate import orchestration
from jingjinji.paths import Home

FLOOD_2023 = """
select
    region_code, affected_persons, deaths_persons, missing_persons,
    direct_loss_cny / 1e8 as direct_loss_yi_cny, crop_affected_ha
from fct_disaster_losses
where occurred_at between '2023-07-01' and '2023-08-31' and region_code in ('110000', '130000')
order by region_code
"""
LOSS_TO_GDP = """
select region_code, cast(year as varchar) as year, denominator_vintage, round(value, 4) as value_pct
from agg_indicators_by_region_year
where indicator_id = 3 and year = 2023 and value is not null
order by region_code, denominator_vintage
"""
PERIOD = """
select
    region_code, indicator_id, method, round(value, 4) as value, unit, status,
    round(value_over_reported_years, 3) as over_reported_years, reported_years || '/' || expected_years as years
from agg_indicators_by_region_period
where indicator_id in (3, 4) and is_newest_vintage and period_id = '2021-2025'
order by indicator_id, region_code, method
"""
PUBLISHED = "select status, count(*) as figures from published_vs_computed group by status order by status"
NOT_REPORTED = "select feed_id, title_zh, sender from agg_feed_freshness where not is_reported order by feed_id"

FLAGS = """
select feed_id, severity, rule_id, title_zh, flags_count as flags, open_flags_count as open
from agg_flags_by_feed
order by case severity when 'error' then 1 when 'warning' then 2 else 3 end, feed_id, rule_id
"""


@dataclass(frozen=True)
class Headline:
    """One table of the summary: a question to the release, as of a day or as known now."""

    title: str
    sql: str
    as_of: date | None = None


HEADLINES = (
    Headline("2023 年 7—8 月洪涝，截至 2023-08-02 已知", FLOOD_2023, date(2023, 8, 2)),
    Headline("2023 年 7—8 月洪涝，截至 2023-08-12 已知", FLOOD_2023, date(2023, 8, 12)),
    Headline("指标 3：灾害直接经济损失占 GDP 比例（%），2023 年，按 GDP 版本", LOSS_TO_GDP),
    Headline("“十四五”指标 3、4 年均（最新版本，两种算法）", PERIOD),
    Headline("发布数与计算数对照", PUBLISHED),
    Headline("需要报送单位核对的事项（不改变数字；逐条见 jjj receipts）", FLAGS),
    Headline("未报送（不等于零）", NOT_REPORTED),
)


def print_summary(home: Home, has_released: bool, superset: Mapping[str, Any]) -> None:
    """Print what lies in the home: rows per feed, headline figures, releases, exports, next steps.

    Args:
        home: the home the demo ran in.
        has_released: whether this run made a release.
        superset: answer of `superset_site.deploy`; empty when nothing was deployed.
    """
    console = Console(width=140, highlight=False)
    if not has_released:
        console.print("\n[bold]没有新数据：未建库、未发布、未共享，现有版本保持不变[/bold]")
    console.print(row_account(home))
    for headline in HEADLINES:
        console.print(_answered(headline))
    _print_places(console, home, superset)


def row_account(home: Home) -> Table:
    """Rows of every current delivery, per feed: received = accepted + quarantined + duplicate + ignored + refused."""
    from jingjinji.landing import current_deliveries

    sums: dict[str, dict[str, int]] = {feed_id: defaultdict(int) for feed_id in orchestration.feed_ids()}
    for _, manifest in current_deliveries(home):
        sums[manifest["feed_id"]]["deliveries"] += 1
        for name in COUNTS:
            sums[manifest["feed_id"]][name] += manifest["rows"][name]
        sums[manifest["feed_id"]][WARNED] += manifest["rows"].get(WARNED, 0)
    rows = [
        [feed_id, found["deliveries"], *(found[name] for name in (*COUNTS, WARNED)), _balance(found)]
        for feed_id, found in sums.items()
    ]
    return _table(
        "报送与行数：收到 = 接收 + 隔离 + 重复 + 忽略 + 拒收", ["feed", "deliveries", *COUNTS, WARNED, "账"], rows
    )


def _balance(found: Mapping[str, int]) -> str:
    if not found["deliveries"]:
        return "未报送"
    rest = found["received"] - sum(found[name] for name in COUNTS if name != "received")
    return "✓" if rest == 0 else f"相差 {rest}"


def _answered(headline: Headline) -> Table:
    from jingjinji.query import query

    answer = query(headline.sql, headline.as_of)
    return _table(headline.title, answer.columns, answer.rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for position, column in enumerate(columns):
        is_number = any(isinstance(row[position], int | float) for row in rows)
        table.add_column(column, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: Any) -> str:
    """NULL is a dash: not reported, which is not 0."""
    if value is None:
        return "—"
    if isinstance(value, int) or (not isinstance(value, str) and value == int(value)):
        return f"{int(value):,}"
    return str(value)


def _print_places(console: Console, home: Home, superset: Mapping[str, Any]) -> None:
    from jingjinji.release import list_releases

    console.print("\n[bold]发布版本[/bold]")
    for one in list_releases(home):
        console.print(f"  {one.release.release_id}  {one.state}  {len(one.release.tables)} 张表")
    console.print("[bold]共享交付[/bold]")
    for folder in sorted(p.parent for p in home.exports.glob("*/*/manifest.json")):
        console.print(f"  {folder}")
    if superset:
        state = "已更新" if superset.get("changed") else "未变"
        console.print(f"[bold]Superset[/bold]  {superset.get('charts')} 张图，{state}")
    console.print("\n[bold]接下来[/bold]")
    console.print("  make up                                     打开 Airflow 与 Superset（登录信息只在那里显示）")
    console.print('  .venv/bin/jjj query "from fct_accidents" --as-of 2018-12-01')
    console.print("  .venv/bin/jjj release list · jjj release diff · jjj verify <共享交付目录>")
    console.print(f"  质量报告 {_pages(home)}")


def _pages(home: Home) -> Path:
    return home.quality / "index.html" if (home.quality / "index.html").exists() else home.quality
