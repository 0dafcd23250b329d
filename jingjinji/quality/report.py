"""The page people open to see what was checked: one HTML file per run, readable without a network.

Great Expectations can write pages itself, but those load their styles and scripts from public servers.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.paths import home

SUITES = {"incoming": "入库前检查（新到数据能否入库）", "published": "发布前检查（候选库能否发布）"}
FAILED = {"critical": "未通过", "held": "已扣留", "warning": "提示"}
FLAG_SEVERITIES = {"error": ("bad", "错误"), "warning": ("note", "警告"), "info": ("ok", "提示")}
FLAG_COLUMNS = ("级别", "数据来源", "规则", "说明", "发现于", "条数", "其中未了结", "涉及报送")
FOUND_BY = {"landing": "接收时（首次回执）", "history": "与历史对照（二次回执）", "held": "入库检查（整份扣留）"}
# By feed and rule, the gravest first; the models of this run have made it once the published check looks.
FLAGS = """
select severity, feed_id, rule_id, title_zh, found_by, flags_count, open_flags_count, flagged_deliveries_count
from marts.agg_flags_by_feed
order by case severity when 'error' then 1 when 'warning' then 2 else 3 end, feed_id, rule_id
"""
COLUMNS = ("结果", "数据表", "字段", "规则", "为什么", "来源", "实际情况")
STYLE = """
:root { color-scheme: light; font: 15px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif; color: #1f2933 }
body { max-width: 1480px; margin: 2rem auto; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.meta { color: #616e7c } .verdict { padding: .6rem 1rem; border-radius: 6px; font-weight: 600 }
.ok { background: #e3f5e8; color: #0b5c2b } .bad { background: #fde8e8; color: #9b1c1c } .note { background: #fff4d6; color: #7a5200 }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .9rem } th, td { overflow-wrap: anywhere }
th:nth-child(1) { width: 5rem } th:nth-child(-n+4):not(:first-child) { width: 13% } th:nth-child(6) { width: 11% } th:nth-child(7) { width: 25% }
 th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e4e7eb }
th { background: #f5f7fa; position: sticky; top: 0 } td.code { font-family: ui-monospace, monospace; font-size: .8rem }
table.flags.flags th { width: auto } td.number { text-align: right; font-variant-numeric: tabular-nums }
.tag { border-radius: 4px; padding: 0 .45rem; white-space: nowrap } summary { cursor: pointer; margin: .6rem 0 }
"""


def write_report(candidate: Path) -> Path:
    """Write the page of the candidate's run below `var/quality`, and `index.html` that leads to the newest.

    Args:
        candidate: `builds/<run_id>/warehouse.duckdb` holding `marts.fct_quality_results`.

    Returns:
        path of the run's page.
    """
    run_id = candidate.parent.name
    with duckdb.connect(str(candidate), read_only=True) as connection:
        cursor = connection.execute(
            "select * from marts.fct_quality_results where run_id = ?"
            " order by suite, success, severity, table_name, expectation, column_name",
            [run_id],
        )
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        flags = _flags(connection) if any(row["suite"] == "published" for row in rows) else ""
    folder = home().quality / run_id
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_text(_page(f"数据质量检查 · {run_id}", _run(rows) + flags, back="../index.html"), encoding="utf-8")
    _write_index(home().quality, _run(rows) + flags, run_id)
    return page


def _write_index(folder: Path, newest: str, run_id: str) -> None:
    pages = sorted(folder.glob("*/index.html"), key=lambda page: page.stat().st_mtime, reverse=True)
    links = "".join(f'<li><a href="{_(p.parent.name)}/index.html">{_(p.parent.name)}</a></li>' for p in pages)
    body = f"{newest}<h2>历次检查</h2><ul>{links}</ul>"
    (folder / "index.html").write_text(_page(f"数据质量检查 · 最近一次：{run_id}", body), encoding="utf-8")


def _run(rows: Sequence[dict[str, Any]]) -> str:
    parts = [_suite(suite, [row for row in rows if row["suite"] == suite]) for suite in SUITES]
    return "".join(parts)


def _flags(connection: duckdb.DuckDBPyConnection) -> str:
    """What senders are to look at, by feed and rule; nothing where the candidate was built without such models."""
    try:
        found = connection.execute(FLAGS).fetchall()
    except duckdb.CatalogException:
        return ""
    title = "<h2>需要报送单位核对的事项</h2>"
    if not found:
        return f'{title}<p class="meta">没有。</p>'
    total, deliveries = sum(row[5] for row in found), sum(row[7] for row in found)
    told = f'<p class="meta">共 {total:,} 条，涉及报送 {deliveries:,} 份次；均不改变已入库的数字；仍成立的逐条见各报送的回执。</p>'
    head = "".join(f"<th>{column}</th>" for column in FLAG_COLUMNS)
    lines = "".join(_flag_line(*row) for row in found)
    return f'{title}{told}<table class="flags"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'


def _flag_line(severity: str, feed: str, rule: str, title: str, found_by: str, *counts: int) -> str:
    colour, label = FLAG_SEVERITIES[severity]
    cells = [f'<td><span class="tag {colour}">{label}</span></td>']
    cells += [f'<td class="code">{_(feed)}</td>', f'<td class="code">{_(rule)}</td>', f"<td>{_(title)}</td>"]
    cells += [f"<td>{FOUND_BY[found_by]}</td>", *(f'<td class="number">{count:,}</td>' for count in counts)]
    return f"<tr>{''.join(cells)}</tr>"


def _suite(suite: str, rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return f'<h2>{SUITES[suite]}</h2><p class="meta">本次没有需要检查的数据。</p>'
    failed = [row for row in rows if not row["success"]]
    passed = [row for row in rows if row["success"]]
    lines = [f"<h2>{SUITES[suite]}</h2>", _verdict(failed, rows)]
    if failed:
        lines.append(_table(failed))
    lines.append(f"<details><summary>通过的 {len(passed)} 条规则</summary>{_table(passed)}</details>")
    return "".join(lines)


def _verdict(failed: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    blocking = sum(row["severity"] == "critical" for row in failed)
    text = f"{rows[0]['checked_at']} · 共 {len(rows)} 条规则，通过 {len(rows) - len(failed)} 条"
    if blocking:
        return f'<p class="verdict bad">未通过：{blocking} 条规则阻止继续。{text}</p>'
    if failed:
        return f'<p class="verdict note">通过，另有 {len(failed)} 条需要留意。{text}</p>'
    return f'<p class="verdict ok">通过。{text}</p>'


def _table(rows: Sequence[dict[str, Any]]) -> str:
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_line(row) for row in rows)}</tbody></table>"


def _line(row: dict[str, Any]) -> str:
    colour = "ok" if row["success"] else "bad" if row["severity"] == "critical" else "note"
    label = "通过" if row["success"] else FAILED.get(row["severity"], row["severity"])
    cells = [f'<td><span class="tag {colour}">{label}</span></td>']
    cells += [f'<td class="code">{_(row[name])}</td>' for name in ("table_name", "column_name", "expectation")]
    cells += [f"<td>{_(row[name])}</td>" for name in ("why_zh", "source", "observed")]
    return f"<tr>{''.join(cells)}</tr>"


def _page(title: str, body: str, back: str | None = None) -> str:
    link = f'<p class="meta"><a href="{back}">← 最近一次与历次检查</a></p>' if back else ""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{_(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{_(title)}</h1>{link}{body}</body></html>\n"
    )


def _(value: Any) -> str:
    return html.escape("" if value is None else str(value))
