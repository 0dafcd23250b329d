"""An explanation as text for people, or as JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

from jingjinji.explaining.facts import Contribution, DeliveryFacts, Explanation, MetricOrigin, Origin
from jingjinji.query import json_value

FORMATS = ("text", "json")
CELLS_SHOWN = 10
WORDS = {"marts": "数据表", "intermediate": "中间模型", "staging": "入库模型", "seeds": "代码表", "raw": "入库数据"}


def as_json(explanation: Explanation) -> str:
    """All of it, decimals exact and times ISO."""
    return json.dumps(json_value(explanation.model_dump()), ensure_ascii=False, indent=1)


def text(explanation: Explanation) -> str:
    """The same for people, the answer first and the machinery last."""
    e = explanation
    day = f"，截至{e.as_of}已知" if e.as_of else ""
    head = f"{e.title or ''} {e.mart}  ".lstrip() + " ".join(f"{name}={value}" for name, value in e.key.items())
    lines = [
        head,
        f"发布 {e.release_id}（{e.released_at:%Y-%m-%d %H:%M}，构建 {e.run_id}，{_origin_zh(e.data_origin)}）{day}",
    ]
    lines += [f"! {note}" for note in e.notes]
    lines += ["! 此表与日期无关，按现状显示"] if e.is_ageless else []
    places = {(origin.delivery_id, origin.row_number): origin.place for origin in e.origins}
    lines += ["", "这一行", *_row(e)]
    lines += ["", "各项指标来自哪份报告", *(_metric(m, places) for m in e.metrics)] if e.metrics else []
    for made in e.contributions:
        lines += ["", *_contribution(made)]
    lines += (
        ["", f"来自这些行{_cut(e)}", *(line for origin in e.origins for line in _origin(origin))] if e.origins else []
    )
    lines += ["", "报送", *(line for facts in e.deliveries for line in _delivery(facts))] if e.deliveries else []
    return "\n".join([*lines, "", "由什么算出", *_lineage(e)])


def _origin_zh(origin: str) -> str:
    return {"real": "实数据", "simulated": "模拟数据"}.get(origin, origin)


def shown(value: Any) -> str:
    """A value as people read it; NULL says so."""
    if value is None:
        return "空（NULL）"
    plain = json_value(value)
    return (
        f"{plain:,}"
        if isinstance(plain, int | float) and not isinstance(plain, bool) and abs(plain) >= 10_000
        else str(plain)
    )


def _row(e: Explanation) -> list[str]:
    filled = [c for c in e.columns if c.value is not None]
    empty = [c.zh or c.name for c in e.columns if c.value is None]
    plain = ("year", "code", "id", "number")
    lines = [
        f"  {c.name}（{c.zh or '—'}）= {c.value if c.name.endswith(plain) else shown(c.value)}{' ' + c.unit if c.unit else ''}"
        for c in filled
    ]
    return lines + ([f"  未报或不适用（NULL，不是0）：{'、'.join(empty)}"] if empty else [])


def _metric(m: MetricOrigin, places: dict[tuple[str, int | None], str]) -> str:
    where = f"报送 {m.delivery_id} {places.get((m.delivery_id, m.row_number), '')}".rstrip()
    parts = [f"  {m.zh} {shown(m.value)}{m.unit or ''} ← {where}"]
    if m.report_number is not None:
        parts.append(f"第{m.report_number}次报告")
    if m.known_from:
        parts.append(f"{m.known_from:%Y-%m-%d %H:%M}得知")
    if m.native:
        parts.append(f"文件中“{m.native}”")
    checked = {
        True: "与入库行一致",
        False: f"入库行写的是{shown(m.landed_value)}，由规则另行取值",
        None: "由其他指标推出或该行未填",
    }
    return "，".join([*parts, checked[m.is_verified]])


def _cut(e: Explanation) -> str:
    left_out = e.origins_total > len(e.origins)
    return f"（共{e.origins_total}行，只列{len(e.origins)}行；--top 可多列）" if left_out else ""


def _contribution(made: Contribution) -> list[str]:
    more = f"，只列{len(made.rows)}行" if made.rows_total > len(made.rows) else ""
    lines = [f"{made.role}：{made.mart} 中{made.matched_on}的 {made.rows_total} 行{more}"]
    for values in made.rows:
        row = {name: value for name, value in zip(made.columns, values, strict=True) if value is not None}
        kept = list(row.items())[:CELLS_SHOWN] + [
            i for i in row.items() if i[0] in ("known_from", "delivery_id", "row_number", "value")
        ]
        lines.append("  " + "  ".join(f"{name}={json_value(value)}" for name, value in dict(kept).items()))
    return lines


def _origin(origin: Origin) -> list[str]:
    lines = [f"  报送 {origin.delivery_id} {origin.place}：{'、'.join(origin.roles)}"]
    for w in origin.warnings:
        said = f"（{w.value}）" if w.value else ""
        lines.append(f"    ! {w.rule_id} {w.title_zh}{said}  {w.column}  {w.source or ''}".rstrip())
    if origin.native_cells is not None:
        lines += [f"    原文 {header}：{cell}" for header, cell in origin.native_cells.items()]
    return lines


def _delivery(d: DeliveryFacts) -> list[str]:
    lines = [
        f"  {d.delivery_id}  {d.feed_title}（{d.feed_id}，标准：{d.standard_title}）  {d.sender}",
        f"    文件 {d.file_name}  sha256 {d.file_sha256}" + ("" if d.is_archived else "（原件不在存档中）"),
        f"    收到 {d.received_at:%Y-%m-%d %H:%M:%S}" if d.received_at else "    收到时间不详",
        f"    规则版本 {d.rule_set_version}，整理第{d.conform_version}版，状态 {d.status}"
        + (f"，属期 {d.period}" if d.period else ""),
    ]
    if d.rules_today and d.rules_today != d.rule_set_version:
        lines.append(
            f"    此后规则已变（现行 {d.rules_today}）；jjj reland {d.delivery_id} 按现行规则重新整理，先看差异"
        )
    return [*lines, f"    最早见于发布 {d.first_release}"] if d.first_release else lines


def _lineage(e: Explanation) -> list[str]:
    lines = []
    for layer, word in WORDS.items():
        named = [ref.name for ref in e.lineage if ref.layer == layer]
        if named:
            lines.append(f"  {word}：{'、'.join(named)}")
    own = e.lineage[0]
    return [*lines, f"  定义见 {own.path}"]
