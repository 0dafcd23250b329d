"""What people know about statistics, plan indicators, published figures and deliveries and no standard or key says."""

from __future__ import annotations

from jingjinji.codes import rows_of
from jingjinji.contracts import load_contracts
from jingjinji.quality.gx import no_rows
from jingjinji.quality.rules import Library, Rule, promised

ARCHITECTURE = "docs/architecture.md"
NAMES = "docs/architecture.md · Marts"
PLAN = "天津市应急管理“十四五”规划 专栏2"

# Names that partners and dashboards were promised.
INDICATOR_NAMES = "region_code year indicator_id denominator_vintage numerator denominator value unit status null_reason numerator_source"

RANKED_VINTAGES = ", ".join(
    "('{}', '{}')".format(*(row[name].replace("'", "''") for name in ("statistic_code", "vintage")))
    for row in rows_of("ref_indicator_vintages")
)

STATISTICS = (
    Rule(
        "denominator_vintage_is_ranked",
        "this.statistic_code in (select indicators.denominator_statistic from marts.dim_indicators as indicators)"
        f" and (this.statistic_code, this.vintage) not in ({RANKED_VINTAGES})",
        "statistic_code, vintage",
        "该数据版本未列入版本排序表，指标暂不按此版本计算；请在 ref_indicator_vintages.csv 中登记",
        "no indicator is computed on a vintage without a rank; a new one is no fault of the sender and stops nobody",
        "dbt_project/seeds/ref_indicator_vintages.csv",
        "warning",
    ),
    Rule(
        "empty_stays_empty",
        "(this.value is null) <> (this.value_published is null)",
        "value, value_published",
        "未公布不等于零，换算单位不会产生或丢失数值",
        "converting a unit neither makes nor loses a value",
        f"{ARCHITECTURE} · Time",
    ),
    Rule(
        "denominator_is_positive",
        "not this.is_yearly_disaster and this.value <= 0",
        "value",
        "地区生产总值、人口等不会是零或负数",
        "gross product and population are above zero",
        "国家统计局分省年度数据",
    ),
    Rule(
        "published_after_the_year_began",
        "year(this.known_from) < this.year",
        "known_from, year",
        "年度数据不会在该年开始之前公布",
        "no figure of a year is out before that year begins",
        "国家统计局分省年度数据",
    ),
)

INDICATORS = (
    Rule(
        "value_is_numerator_over_denominator",
        "abs(this.value - (select indicators.ratio_factor from marts.dim_indicators as indicators"
        " where indicators.indicator_id = this.indicator_id) * cast(this.numerator as double)"
        " / cast(this.denominator as double)) > 1e-9 * abs(this.value)"
        " or (this.value is null and this.numerator is not null and this.denominator > 0)",
        "value, numerator, denominator",
        "指标值必须等于分子除以分母乘以换算系数",
        "anybody must be able to compute the value from its parts",
        PLAN,
    ),
    Rule(
        "null_has_a_reason",
        "(this.value is null) <> (this.null_reason is not null)",
        "value, null_reason",
        "没有数值要说明原因，有数值则不写原因",
        "a missing value says why, a value has nothing to explain",
        f"{ARCHITECTURE} · Time",
    ),
    Rule(
        "null_is_not_zero",
        "this.value is not null and (this.numerator is null or this.denominator is null)",
        "value, numerator, denominator",
        "分子或分母未报告时不得算出数值（未报告不是零）",
        "not reported is not zero",
        f"{ARCHITECTURE} · Time",
    ),
    Rule(
        "no_verdict_without_a_value",
        "this.value is null and this.status in ('已达成', '未达成')",
        "status, value",
        "没有数值不能判断是否达标",
        "no value, no verdict",
        PLAN,
    ),
    Rule(
        "joint_region_has_no_indicator",
        "this.region_code not in (select units.region_code from marts.dim_reporting_units as units"
        " where units.unit_kind = 'province')",
        "region_code",
        "指标只按京津冀三地分别计算，三地合计口径不参与",
        "indicators are of the three regions; the joint unit has none",
        f"{ARCHITECTURE} · Marts",
    ),
    Rule(
        "loss_share_is_a_share",
        "this.indicator_id = 3 and this.value not between 0 and 100",
        "value",
        "损失占地区生产总值的比例超过100%多为万元、亿元混淆",
        "a loss above a whole year's product is a mistaken unit",
        f"{PLAN} 指标3",
        "warning",  # it comes of two deliveries and names neither: one region's mistake must not stop the others
    ),
    Rule(
        "deaths_per_million_are_plausible",
        "this.indicator_id = 4 and this.value not between 0 and 1000",
        "value",
        "百万人口因灾死亡率超过1000（千分之一）多为人口单位错误；1976年唐山地震约为每百万4900人",
        "above 1,000 per million the unit of the population is the first suspect; the Tangshan earthquake would exceed it",
        "国家统计局分省年度数据；唐山地震死亡24.2万人",
        "warning",
    ),
    Library(
        no_rows(
            "grid_is_complete",
            "select grid.region_code, grid.year, grid.indicator_id, grid.denominator_vintage"
            " from marts.dim_indicator_grid as grid anti join {batch} as shown on grid.region_code = shown.region_code"
            " and grid.year = shown.year and grid.indicator_id = shown.indicator_id"
            " and grid.denominator_vintage = shown.denominator_vintage",
            columns="region_code, year, indicator_id, denominator_vintage",
            why_zh="三地、各年、各指标都要有一行，没有数据也要显示原因",
            why="a cell without data is shown with its reason, it does not vanish",
            source=f"{ARCHITECTURE} · Marts",
        )
    ),
)

PERIODS = (
    Rule(
        "average_needs_every_year",
        "this.reported_years > this.expected_years or (this.value is not null and this.reported_years < this.expected_years)",
        "value, reported_years, expected_years",
        "年份不全时不给出年均值，只给出已报告年份的值和上下界",
        "no yearly average over missing years",
        PLAN,
    ),
    Rule(
        "no_verdict_without_a_value",
        "this.value is null and this.status in ('已达成', '未达成')",
        "status, value",
        "没有数值不能判断是否达标",
        "no value, no verdict",
        PLAN,
    ),
)

PUBLISHED = (
    Library(
        no_rows(
            "every_figure_is_compared",
            "select figures.figure_id from marts.dim_published_figures as figures"
            " anti join {batch} as shown on figures.figure_id = shown.figure_id",
            columns="figure_id",
            why_zh="每个公布数字都要有对照结果，不能只列一致的",
            why="all figures are shown, not only those that agree",
            source=NAMES,
        )
    ),
    Rule(
        "match_has_a_value",
        "(this.status = 'match' and this.computed_value is null)"
        " or (this.status = 'no_input' and this.computed_value is not null)",
        "status, computed_value",
        "“一致”必须有计算值，“无输入”不得有",
        "nothing agrees with nothing",
        NAMES,
    ),
    Rule(
        "figures_agree_with_what_was_published",
        "this.status = 'differs'",
        "status, difference",
        "计算值与公布数字不同，请看原因一栏；已知差异（如年鉴修订）会一直显示",
        "differs from what was published: read its reason; known differences stay visible",
        NAMES,
        "warning",
    ),
)

DELIVERIES = (
    Rule(
        "every_row_is_accounted_for",
        "this.rows_received is distinct from coalesce(this.rows_accepted, 0) + coalesce(this.rows_quarantined, 0)"
        " + coalesce(this.rows_duplicate, 0) + coalesce(this.rows_ignored, 0) + coalesce(this.rows_refused, 0)",
        "rows_received, rows_accepted, rows_quarantined, rows_duplicate, rows_ignored, rows_refused",
        "收到＝接收＋隔离＋重复＋忽略＋拒收，不符说明有行丢失",
        "received = accepted + quarantined + duplicate + ignored + refused, or rows were lost",
        NAMES,
    ),
    Rule(
        "real_and_simulated_do_not_meet",
        "(select count(distinct data_origin) from marts.fct_deliveries) > 1 or this.data_origin is null",
        "data_origin",
        "真实数据与模拟数据不得同库",
        "real and simulated data never meet in one warehouse",
        f"{ARCHITECTURE} · Where state lives",
    ),
)

FRESHNESS = (
    Rule(
        "reported_means_delivered",
        "this.is_reported <> (this.delivery_count > 0)",
        "is_reported, delivery_count",
        "有交付才算已报告；未报告不是零报告",
        "reported means delivered; silence is not a report of zero",
        NAMES,
    ),
)


def every_feed() -> Library:
    """Completeness: a feed that never delivered is shown as not reported, it does not vanish."""
    registered = ", ".join(f"('{feed_id}')" for feed_id in sorted(load_contracts().feeds))
    made = no_rows(
        "every_registered_feed_appears",
        f"select feeds.feed_id from (values {registered}) as feeds (feed_id)"
        " anti join {batch} as shown on feeds.feed_id = shown.feed_id",
        columns="feed_id",
        why_zh="每个已登记的数据源都要出现在时效表中，未报告也要显示",
        why="a feed that never delivered must be seen as not reported",
        source="feeds/<dataset>/<region>.yml",
    )
    return Library(made)


RULES = {
    "fct_statistics": STATISTICS,
    "agg_indicators_by_region_year": (*INDICATORS, promised(INDICATOR_NAMES)),
    "agg_indicators_by_region_period": PERIODS,
    "published_vs_computed": PUBLISHED,
    "fct_deliveries": DELIVERIES,
    "agg_feed_freshness": (*FRESHNESS, every_feed()),
}
