"""What the row of a derived mart is made from, as conditions over other marts: only rows that the number really rests on.

A condition speaks of the row explained as `$column` and of the mart it reads as `m`. It says the same as the model's SQL does, so a
change there is a change here; `tests/test_explain_derived.py` compares sums and counts.
"""

from __future__ import annotations

from typing import NamedTuple

from jingjinji.paths import PROJECT


class Source(NamedTuple):
    """Rows of `mart` that meet `condition` are the `role` of the row explained; `words` says by what they were found."""

    role: str
    mart: str
    condition: str
    words: str


LOT = (
    "m.region_code = $region_code and m.warehouse_id = $warehouse_id and m.item_code = $item_code "
    "and m.lot_number is not distinct from $lot_number and m.storage_kind = $storage_kind"
)
ONE_LOSS = "m.region_code = $region_code and m.event_id = $event_id and m.metric = $metric"
ONE_CELL = (
    "(select {part}_statistic from dim_indicator_grid as g where g.region_code = $region_code and g.year = $year "
    "and g.indicator_id = $indicator_id and g.denominator_vintage = $denominator_vintage)"
)
# Of a link between units, whether it held on the day of the event.
ON_THAT_DAY = (
    "exists (select 1 from dim_events as e where e.region_code = $region_code and e.event_id = $event_id "
    "and coalesce({link}.valid_from <= e.event_date, true) and coalesce({link}.valid_to > e.event_date, true))"
)
# Known now (as of the day asked), and not below a nearer unit that states the metric itself: that one speaks for it.
PARTS_OF_UNIT = (
    f"{ONE_LOSS} and m.known_to is null and m.value is not null and exists (select 1 from dim_reporting_unit_ancestors as a "
    f"where a.unit_code = m.unit_code and a.ancestor_code = $unit_code and {ON_THAT_DAY.format(link='a')} and not exists ("
    "select 1 from dim_reporting_unit_ancestors as b inner join fct_disaster_loss_metric_versions as n on n.unit_code = b.ancestor_code "
    f"where b.unit_code = m.unit_code and b.distance < a.distance and {ON_THAT_DAY.format(link='b')} and n.region_code = m.region_code "
    "and n.event_id = m.event_id and n.metric = m.metric and n.known_to is null and n.value is not null))"
)
IN_MONTH = (
    "m.region_code = $region_code and m.hop = $hop and cast(date_trunc('month', m.known_from) as date) = $month_date "
    "and coalesce(m.is_required, true)"
)
# The version that was known at the end of the published figure's day; the current one where it names no day.
AS_PUBLISHED = (
    "(f.known_on is null or m.known_from < f.known_on + interval 1 day) and "
    "(m.known_to is null or m.known_to >= f.known_on + interval 1 day)"
)
# Every mart of what is reported, and not published by a statistics office: the last moment anything was known is that of one of them.
REPORTS = tuple(sorted(path.stem for path in (PROJECT / "dbt_project" / "models" / "marts").glob("fct_*_reports.sql")))


def _published(mart: str, link_mart: str, same: str) -> Source:
    linked = (
        f"f.figure_id = $figure_id and f.link_mart = '{link_mart}' and m.region_code = f.link_region_code and {same}"
    )
    condition = f"exists (select 1 from dim_published_figures as f where {linked})"
    return Source("与公布数对照的数", mart, condition, "dim_published_figures 的 link_… 各列和公布时已知")


MADE_FROM: dict[str, tuple[Source, ...]] = {
    "agg_indicators_by_region_year": (
        Source(
            "分子", "fct_statistics",
            "m.region_code = $region_code and m.year = $year and m.delivery_id = $numerator_delivery_id "
            f"and m.statistic_code = {ONE_CELL.format(part='numerator')}",
            "同一地区、年份和该指标的分子统计项",
        ),
        Source(
            "分母（版本见 vintage）", "fct_statistics",
            "m.region_code = $region_code and m.year = $year and m.delivery_id = $denominator_delivery_id "
            f"and m.vintage = $denominator_vintage and m.statistic_code = {ONE_CELL.format(part='denominator')}",
            "同一地区、年份、版本和该指标的分母统计项",
        ),
    ),
    "agg_indicators_by_region_period": (
        Source(
            "逐年指标", "agg_indicators_by_region_year",
            "m.region_code = $region_code and m.period_id = $period_id and m.indicator_id = $indicator_id and "
            "m.denominator_vintage = $denominator_vintage",
            "同一地区、规划期、指标和分母版本",
        ),
    ),
    "agg_indicator_changes": (
        Source(
            "变动后的数", "fct_statistics",
            "m.region_code = $region_code and m.year = $year and m.delivery_id = $delivery_id and m.known_from = $known_from "
            "and m.value_published is not null and ($part = 'numerator' or m.vintage = $denominator_vintage) and m.statistic_code = "
            f"case $part when 'numerator' then {ONE_CELL.format(part='numerator')} else {ONE_CELL.format(part='denominator')} end",
            "同一份报送、地区、年份和统计项",
        ),
        Source(
            "变动前的数", "fct_statistics",
            "(m.delivery_id, m.row_number) in (select (p.delivery_id, p.row_number) from fct_statistics as p "
            "where p.region_code = $region_code and p.year = $year and (p.known_from, p.delivery_id) < ($known_from, $delivery_id) "
            "and p.value_published is not null and ($part = 'numerator' or p.vintage = $denominator_vintage) and p.statistic_code = "
            f"case $part when 'numerator' then {ONE_CELL.format(part='numerator')} else {ONE_CELL.format(part='denominator')} end "
            "order by p.known_from desc, p.delivery_id desc, p.row_number desc limit 1)",
            "此前最后一次公布的同一统计项",
        ),
    ),
    "agg_loss_changes": (
        Source(
            "变动后的指标值", "fct_disaster_loss_metric_versions",
            f"{ONE_LOSS} and m.unit_code = $unit_code and m.known_from <= $known_from and (m.known_to is null or m.known_to > $known_from)",
            "同一事件、单位和指标，该时刻起",
        ),
        Source(
            "变动前的指标值", "fct_disaster_loss_metric_versions",
            f"{ONE_LOSS} and m.unit_code = $unit_code and m.known_from < $known_from and (m.known_to is null or m.known_to >= $known_from)",
            "同一事件、单位和指标，该时刻前",
        ),
        Source(
            "使其是否计入合计改变的上级指标值", "fct_disaster_loss_metric_versions",
            f"{ONE_LOSS} and m.known_from = $known_from and m.delivery_id = $delivery_id and m.unit_code in "
            f"(select a.ancestor_code from dim_reporting_unit_ancestors as a where a.unit_code = $unit_code and {ON_THAT_DAY.format(link='a')})",
            "同一事件和指标，该时刻上级单位所报",
        ),
    ),
    "fct_loss_reconciliation": (
        Source(
            "本单位所报", "fct_disaster_loss_metric_versions",
            f"{ONE_LOSS} and m.unit_code = $unit_code and m.known_to is null and m.value is not null",
            "同一事件、单位和指标",
        ),
        Source(
            "所辖单位所报", "fct_disaster_loss_metric_versions", PARTS_OF_UNIT,
            "同一事件和指标、其间没有上级单位另报的所辖单位",
        ),
    ),
    "dim_events": (
        Source(
            "关于此事件的报告", "fct_disaster_loss_reports",
            "m.region_code = $region_code and m.event_id = $event_id", "同一地区和事件",
        ),
    ),
    "fct_accident_border_duplicates": (
        Source(
            "一方的报告", "fct_accident_reports",
            "m.region_code = $region_code and m.accident_id = $accident_id and m.report_number = $report_number",
            "该事故的那次报告",
        ),
        Source(
            "另一方的报告", "fct_accident_reports",
            "m.region_code = $other_region_code and m.accident_id = $other_accident_id and m.report_number = $other_report_number",
            "另一地区事故的那次报告",
        ),
    ),
    "agg_accident_grade_watch": (
        Source(
            "使等级改变的报告和上一次报告", "fct_accident_reports",
            "m.region_code = $region_code and m.accident_id = $accident_id "
            "and m.report_number in ($report_number, (select max(r.report_number) from fct_accident_reports as r "
            "where r.region_code = $region_code and r.accident_id = $accident_id and r.report_number < $report_number "
            "and r.grade_code is not distinct from $previous_grade_code))",
            "同一事故，这一次和上一次",
        ),
    ),
    "agg_supply_by_region_item": (
        Source(
            "计入的各批次库存", "fct_supply_stock",
            "m.region_code = $region_code and m.item_code = $item_code and m.unit = $unit and m.listing_status <> 'other_kind'",
            "同一地区、物资和单位",
        ),
        Source(
            "已改列为其他储备方式、不计入的批次", "fct_supply_stock",
            "m.region_code = $region_code and m.item_code = $item_code and m.unit = $unit and m.listing_status = 'other_kind'",
            "同一地区、物资和单位",
        ),
    ),
    "fct_supply_balance": (
        Source(
            "期末和期初的库存报告", "fct_supply_stock_reports",
            f"{LOT} and not m.is_restated and m.as_of_at in ($opening_as_of_at, $closing_as_of_at)", "同一批次，期初和期末",
        ),
        Source(
            "其间的出入库", "fct_supply_movements",
            f"{LOT} and m.moved_at > $opening_as_of_at and m.moved_at <= $closing_as_of_at", "同一批次，期初之后到期末",
        ),
    ),
    "fct_supply_transfers": (
        Source(
            "调出方的记录", "fct_supply_movements",
            "m.region_code = $region_code and m.warehouse_id = $warehouse_id and m.movement_id = $movement_id", "同一地区、仓库和单号",
        ),
        Source(
            "接收方的记录", "fct_supply_movements",
            "m.direction = 1 and m.region_code = $counterpart_region_code and m.counterpart_region_code = $region_code "
            "and m.related_movement_id = $movement_id and m.item_code = $item_code "
            "and coalesce(m.counterpart_warehouse_id, $warehouse_id) = $warehouse_id "
            # where several warehouses gave the number, the receiver is the one addressed, if any is
            "and (m.warehouse_id = $counterpart_warehouse_id or not exists (select 1 from fct_supply_transfers as t "
            "where t.region_code = $region_code and t.movement_id = $movement_id and t.item_code = $item_code "
            "and t.counterpart_region_code = m.region_code and t.counterpart_warehouse_id = m.warehouse_id "
            "and coalesce(m.counterpart_warehouse_id, t.warehouse_id) = t.warehouse_id))",
            "接收地区以此单号为关联单号的同一物资的入库",
        ),
    ),
    "agg_reporting_timeliness": (
        Source(
            "计入的各次上报", "fct_accident_report_hops",
            f"$dataset = 'accidents' and {IN_MONTH} and exists (select 1 from fct_accident_reports as r "
            "where r.region_code = m.region_code and r.accident_id = m.accident_id and r.report_number = m.report_number "
            "and coalesce(r.place_current_code, r.region_code) = $unit_code)",
            "同一地区、单位、月份和环节",
        ),
        Source(
            "计入的各次上报", "fct_loss_report_hops",
            f"$dataset = 'disaster_losses' and {IN_MONTH} and m.unit_code = $unit_code", "同一地区、单位、月份和环节",
        ),
    ),
    "agg_feed_freshness": (
        Source(
            "已入库的报送", "fct_deliveries", "m.feed_id = $feed_id and m.status = 'accepted' and m.landed_at <= $reference_at",
            "同一数据来源、已接收、当日前已送达",
        ),
    ),
    "agg_flags_by_feed": (
        Source(
            "各条提示", "fct_report_flags",
            "m.feed_id = $feed_id and m.rule_id = $rule_id and m.found_by = $found_by", "同一数据来源、规则和发现环节",
        ),
    ),
    "dim_known_until": tuple(
        Source("最晚得知的报告", mart, "m.known_from = $known_until", "得知时间等于此时") for mart in REPORTS
    ),
    "published_vs_computed": (
        _published(
            "fct_disaster_loss_metric_versions", "fct_disaster_losses",
            "m.event_id = f.link_key and m.metric = f.link_metric and m.unit_code = coalesce(f.link_variant, '') "
            f"and {AS_PUBLISHED}",
        ),
        _published("fct_accident_reports", "fct_accidents", f"m.accident_id = f.link_key and {AS_PUBLISHED}"),
        _published(
            "fct_statistics", "fct_statistics",
            "cast(m.year as varchar) = f.link_key and m.statistic_code = f.link_metric and m.vintage = coalesce(f.link_variant, '') "
            f"and {AS_PUBLISHED}",
        ),
        _published(
            "agg_indicators_by_region_period", "agg_indicators_by_region_period",
            "m.period_id = f.link_key and cast(m.indicator_id as varchar) = f.link_metric "
            "and m.denominator_vintage || '|' || m.method = f.link_variant",
        ),
    ),
}  # fmt: skip
