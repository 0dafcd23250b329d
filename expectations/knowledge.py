"""What people know about the field and no standard, key or contract says: the hand-written half of the published suite.

Each rule selects the rows that break it; `this` is the mart under check. Reasons are written for the person who has to decide
whether a candidate is wrong or the world has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import great_expectations.expectations as gxe

from jingjinji.contracts import Contracts
from jingjinji.quality_gx import because, no_rows

ORDER_493 = "生产安全事故报告和调查处理条例（国务院令第493号）第三条"
WINDOW = "生产安全事故报告和调查处理条例（国务院令第493号）第十三条"
LOSS_RULES = "自然灾害情况统计调查制度（应急〔2020〕19号）"
ARCHITECTURE = "docs/architecture.md"
NAMES = "docs/architecture.md · Marts"


@dataclass(frozen=True)
class Rule:
    """Rows of the mart where `where` holds break the rule; their key is named in the result."""

    name: str
    where: str
    columns: str
    why_zh: str
    why: str
    source: str
    severity: str = "critical"

    def expectation(self, key: tuple[str, ...]) -> gxe.Expectation:
        """The rule as an expectation on its mart.

        Args:
            key: columns that name a row in the result.
        """
        shown = ", ".join(f"this.{column}" for column in key) or "count(*) as rows_found"
        query = f"select {shown} from {{batch}} as this where {self.where}"
        query += "" if key else " having count(*) > 0"
        return no_rows(
            self.name,
            query,
            columns=self.columns,
            why_zh=self.why_zh,
            why=self.why,
            source=self.source,
            severity=self.severity,
        )


@dataclass(frozen=True)
class Library:
    """An expectation Great Expectations has a word for; it looks at the mart as a whole, not at rows with a key."""

    made: gxe.Expectation

    def expectation(self, key: tuple[str, ...]) -> gxe.Expectation:
        """The expectation as it is."""
        return self.made


def rules(contracts: Contracts) -> dict[str, list[Rule | Library]]:
    """Rules by mart."""
    return {
        "dim_reporting_units": [*UNITS],
        "fct_disaster_loss_reports": [*LOSS_REPORTS, promised(LOSS_REPORT_NAMES), *PLAUSIBLE_LOSSES],
        "fct_disaster_losses": [*LOSSES, *PLAUSIBLE_LOSSES],
        "agg_loss_changes": [*LOSS_CHANGES],
        "fct_accidents": [*ACCIDENTS, promised(ACCIDENT_NAMES)],
        "fct_statistics": [*STATISTICS],
        "agg_indicators_by_region_year": [*INDICATORS, promised(INDICATOR_NAMES)],
        "agg_indicators_by_region_period": [*PERIODS],
        "published_vs_computed": [*PUBLISHED],
        "fct_deliveries": [*DELIVERIES],
        "agg_feed_freshness": [*FRESHNESS, every_feed(contracts)],
    }


LOSS_REPORT_NAMES = (
    "region_code event_id unit_code report_stage occurred_at as_of_at reported_at known_from known_to affected_persons"
    " deaths_persons missing_persons deaths_missing_persons relocated_persons direct_loss_cny crop_affected_ha"
    " houses_collapsed_count"
)
ACCIDENT_NAMES = "region_code accident_id occurred_at grade_code deaths_persons deaths_counted_persons is_counted"
INDICATOR_NAMES = "region_code year indicator_id denominator_vintage numerator denominator value unit status null_reason numerator_source"


def promised(names: str) -> Library:
    """The columns that partners and dashboards were promised are there."""
    meta = because("合作单位和看板依赖这些字段名", "others rely on these names", NAMES, name="promised_columns")
    made = gxe.ExpectTableColumnsToMatchSet(column_set=names.split(), exact_match=False, meta=meta)
    return Library(made)


def every_feed(contracts: Contracts) -> Library:
    """Completeness: a feed that never delivered is shown as not reported, it does not vanish."""
    meta = because(
        "每个已登记的数据源都要出现在时效表中，未报告也要显示",
        "a feed that never delivered must be seen as not reported",
        "feeds/<dataset>/<region>.yml",
        name="every_registered_feed_appears",
    )
    return Library(
        gxe.ExpectColumnDistinctValuesToEqualSet(column="feed_id", value_set=sorted(contracts.feeds), meta=meta)
    )


NOT_ADDITIVE = "(select units.unit_code from marts.dim_reporting_units as units where not units.is_additive)"

UNITS = (
    Rule(
        "joint_unit_is_not_additive",
        "this.region_code = 'JJJ' and this.is_additive",
        "is_additive",
        "三地合计口径与各省市数字不可相加",
        "the joint figure contains those of the three regions",
        f"{ARCHITECTURE} · Marts",
    ),
)

LOSS_REPORTS = (
    Rule(
        "unit_belongs_to_region",
        "not exists (select 1 from marts.dim_reporting_units as units"
        " where units.unit_code = this.unit_code and units.region_code = this.region_code)",
        "region_code, unit_code",
        "填报单位须属于该地区（同名区县按代码区分）",
        "a unit belongs to one region; names such as 桥西区 exist twice, codes do not",
        LOSS_RULES,
    ),
)

# A mix-up of 元 and 万元 moves the loss per person by 10,000: the flood of 2023 in Hebei gives 24,639 元.
PLAUSIBLE_LOSSES = (
    Rule(
        "loss_per_affected_person_is_plausible",
        "this.affected_persons >= 1000 and this.direct_loss_cny / this.affected_persons not between 10 and 10000000",
        "direct_loss_cny, affected_persons",
        "人均直接经济损失过大或过小，多为元与万元、亿元混淆（2023年河北洪涝为每人24639元）",
        "far off the loss per person of known disasters: the unit of the amount was probably mistaken",
        "应急管理部、河北省政府公布的2023年7—8月洪涝灾情",
        "warning",
    ),
    Rule(
        "affected_are_not_more_than_live_there",
        "this.affected_persons > 2 * (select max(statistics.value) from marts.fct_statistics as statistics"
        " where statistics.region_code = this.region_code and statistics.statistic_code = 'resident_population_year_end')",
        "affected_persons",
        "一次灾害的受灾人口超过常住人口两倍，多为人与万人混淆",
        "more affected by one event than twice the residents: persons and 万人 were probably mixed up",
        "国家统计局年末常住人口；两倍为流动人口留出余量",
    ),
    Rule(
        "deaths_are_not_more_than_affected",
        "coalesce(this.deaths_persons, 0) + coalesce(this.missing_persons, 0) > this.affected_persons",
        "deaths_persons, missing_persons, affected_persons",
        "死亡失踪多于受灾人口；各指标取自不同报告时可能暂时出现，请核对",
        "deaths exceed the affected; each metric keeps its own last report, so it may be passing",
        LOSS_RULES,
        "warning",
    ),
)

LOSSES = (
    Rule(
        "joint_unit_is_never_counted",
        f"this.is_counted and this.unit_code in {NOT_ADDITIVE}",
        "is_counted, unit_code",
        "三地合计口径不计入合计，否则重复计算",
        "the joint figure in a sum would count everything twice",
        f"{ARCHITECTURE} · Marts",
    ),
    Rule(
        "not_counted_has_a_reason",
        "this.is_counted is null or this.is_counted = (this.not_counted_reason is not null)",
        "is_counted, not_counted_reason",
        "不计入的记录须写明原因，计入的不写",
        "no row is left out silently",
        f"{ARCHITECTURE} · Time",
    ),
    Rule(
        "parent_and_part_are_not_both_counted",
        "this.is_counted and exists (select 1 from marts.dim_reporting_units as units"
        " inner join marts.fct_disaster_losses as parent on parent.unit_code = units.parent_unit_code"
        " where units.unit_code = this.unit_code and parent.is_counted"
        " and parent.region_code = this.region_code and parent.event_id = this.event_id)",
        "unit_code, is_counted",
        "上级已报同一灾害时，下级不再计入合计",
        "a part is in the figure of its parent already",
        LOSS_RULES,
    ),
)

LOSS_CHANGES = (
    Rule(
        "joint_unit_is_not_additive",
        f"this.is_additive and this.unit_code in {NOT_ADDITIVE}",
        "is_additive, unit_code",
        "三地合计口径不可与各省市相加",
        "dashboards sum what is additive",
        f"{ARCHITECTURE} · Marts",
    ),
    Rule(
        "reported_is_there_or_not",
        "(this.region_code, this.event_id, this.unit_code, this.metric) in (select (region_code, event_id, unit_code, metric)"
        " from marts.agg_loss_changes group by all having sum(reported_change) not in (0, 1)"
        " or (sum(reported_change) = 0 and sum(value_change) <> 0))",
        "reported_change, value_change",
        "变动行累计后，每项指标只能是已报告或未报告；未报告时合计必须归零",
        "summed up, a metric is reported or it is not, and what is not reported has no value left",
        f"{ARCHITECTURE} · Time",
    ),
)

ACCIDENTS = (
    Rule(
        "grade_is_one_of_four",
        "cast(this.grade_code as integer) not in (1, 2, 3, 4) or (this.grade_code is null and coalesce(this.deaths_persons,"
        " this.serious_injuries_persons, this.direct_loss_cny) is not null)",
        "grade_code",
        "事故等级为1特别重大至4一般；有任何一项数字就能定级",
        "four grades, and any known criterion gives one",
        ORDER_493,
    ),
    Rule(
        "counted_deaths_are_part_of_deaths",
        "this.deaths_counted_persons > this.deaths_persons",
        "deaths_counted_persons, deaths_persons",
        "计入统计的死亡人数是死亡人数的一部分（30日内；道路交通、火灾7日内）",
        "only deaths within the window count, so never more than all",
        WINDOW,
    ),
    Rule(
        "grade_is_at_least_what_deaths_give",
        "cast(this.grade_code as integer) > case when this.deaths_counted_persons >= 30 then 1"
        " when this.deaths_counted_persons >= 10 then 2 when this.deaths_counted_persons >= 3 then 3 else 4 end",
        "grade_code, deaths_counted_persons",
        "死亡30人以上为特别重大，10人以上为重大，3人以上为较大；其他指标只会提高等级",
        "deaths alone give a least grade; other criteria only raise it",
        ORDER_493,
    ),
    Rule(
        "not_counted_has_a_reason",
        "this.is_counted is null or this.is_counted = (this.not_counted_reason is not null)",
        "is_counted, not_counted_reason",
        "不计入的记录须写明原因，计入的不写",
        "no row is left out silently",
        "生产安全事故统计管理办法（安监总厅统计〔2016〕80号）",
    ),
)

STATISTICS = (
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
        "天津市应急管理“十四五”规划 专栏2",
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
        "天津市应急管理“十四五”规划 专栏2",
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
        "天津市应急管理“十四五”规划 专栏2 指标3",
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
    Rule(
        "grid_is_complete",
        "this.region_code is not null and exists (select 1 from marts.dim_indicator_grid as grid anti join"
        " marts.agg_indicators_by_region_year as shown on grid.region_code = shown.region_code and grid.year = shown.year"
        " and grid.indicator_id = shown.indicator_id and grid.denominator_vintage = shown.denominator_vintage)",
        "region_code, year, indicator_id",
        "三地、各年、各指标都要有一行，没有数据也要显示原因",
        "a cell without data is shown with its reason, it does not vanish",
        f"{ARCHITECTURE} · Marts",
    ),
)

PERIODS = (
    Rule(
        "average_needs_every_year",
        "this.reported_years > this.expected_years or (this.value is not null and this.reported_years < this.expected_years)",
        "value, reported_years, expected_years",
        "年份不全时不给出年均值，只给出已报告年份的值和上下界",
        "no yearly average over missing years",
        "天津市应急管理“十四五”规划 专栏2",
    ),
    Rule(
        "no_verdict_without_a_value",
        "this.value is null and this.status in ('已达成', '未达成')",
        "status, value",
        "没有数值不能判断是否达标",
        "no value, no verdict",
        "天津市应急管理“十四五”规划 专栏2",
    ),
)

PUBLISHED = (
    Rule(
        "every_figure_is_compared",
        "exists (select 1 from marts.dim_published_figures as figures anti join marts.published_vs_computed as shown"
        " on figures.figure_id = shown.figure_id)",
        "figure_id",
        "每个公布数字都要有对照结果，不能只列一致的",
        "all figures are shown, not only those that agree",
        NAMES,
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
