"""What people know about disaster losses and accidents and no standard, key or contract says."""

from __future__ import annotations

from jingjinji.contracts import METRIC_TYPES, load_contracts
from jingjinji.quality.rules import Rule, promised

ORDER_493 = "生产安全事故报告和调查处理条例（国务院令第493号）第三条"
ORDER_493_FROM = "2007-06-01"  # 第四十六条: in force from that day
WINDOW = "生产安全事故报告和调查处理条例（国务院令第493号）第十三条"
LOSS_RULES = "自然灾害情况统计调查制度（应急〔2020〕19号）"
ARCHITECTURE = "docs/architecture.md"
NOT_ADDITIVE = "(select units.unit_code from marts.dim_reporting_units as units where not units.is_additive)"

# The metrics of the standard: where a part and its parent both have one that the part does not list as covered.
SAME_METRIC_COUNTED = " or ".join(
    f"(this.{name} is not null and parent.{name} is not null"
    f" and coalesce(concat(';', this.covered_metrics, ';') not like '%;{name};%', true))"
    for name, column in load_contracts().standards["disaster_losses"].columns.items()
    if column.type in METRIC_TYPES
)
# The reporting tree is that of the day of the event.
OF_THE_EVENT_OF_PARENT = (
    "events.region_code = parent.region_code and events.event_id = parent.event_id"
    " and (units.valid_from is null or units.valid_from <= events.event_date)"
    " and (units.valid_to is null or units.valid_to > events.event_date)"
)
ADDED = (
    "select region_code, event_id, unit_code, metric from marts.agg_loss_changes where is_additive"
    " group by all having sum(reported_change) > 0"
)

# Names that partners and dashboards were promised.
LOSS_REPORT_NAMES = (
    "region_code event_id unit_code report_stage occurred_at as_of_at reported_at known_from known_to affected_persons"
    " deaths_persons missing_persons deaths_missing_persons relocated_persons direct_loss_cny crop_affected_ha"
    " houses_collapsed_count"
)
ACCIDENT_NAMES = "region_code accident_id occurred_at grade_code deaths_persons deaths_counted_persons is_counted"

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
        "warning",  # one region's doubtful figure must not keep the release from the others; it is shown and asked about
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
        "this.is_counted and exists (select 1 from marts.dim_reporting_unit_ancestors as units"
        " inner join marts.fct_disaster_losses as parent on parent.unit_code = units.ancestor_code"
        f" inner join marts.dim_events as events on {OF_THE_EVENT_OF_PARENT}"
        " where units.unit_code = this.unit_code and parent.is_counted"
        f" and parent.region_code = this.region_code and parent.event_id = this.event_id and ({SAME_METRIC_COUNTED}))",
        "unit_code, is_counted, covered_metrics",
        "上级已报同一灾害的某项指标时，下级的该项指标不再计入合计，须列入 covered_metrics",
        "a metric of a part is in the same metric of its parent already",
        LOSS_RULES,
    ),
)

LOSS_CHANGES = (
    Rule(
        "parent_and_part_are_not_both_added",
        "this.is_additive and (this.region_code, this.event_id, this.unit_code, this.metric) in ("
        f"with added as ({ADDED}) select (part.region_code, part.event_id, part.unit_code, part.metric) from added as part"
        " inner join marts.dim_reporting_unit_ancestors as units on units.unit_code = part.unit_code"
        " inner join added as parent on parent.unit_code = units.ancestor_code and parent.metric = part.metric"
        " and parent.region_code = part.region_code and parent.event_id = part.event_id"
        f" inner join marts.dim_events as events on {OF_THE_EVENT_OF_PARENT})",
        "unit_code, metric, is_additive",
        "上级已报同一灾害的某项指标时，下级的该项指标不再可加",
        "dashboards sum what is additive, and a part is in its parent already",
        LOSS_RULES,
    ),
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
        "cast(this.grade_code as integer) not in (1, 2, 3, 4) or (this.grade_code is null and this.occurred_at >="
        f" timestamp '{ORDER_493_FROM}' and coalesce(this.deaths_persons, this.serious_injuries_persons, this.direct_loss_cny)"
        " is not null)",
        "grade_code",
        "事故等级为1特别重大至4一般；条例施行（2007-06-01）后有任何一项数字就能定级",
        "four grades, and any known criterion gives one since the order is in force",
        ORDER_493,
    ),
    Rule(
        "no_grade_has_a_reason",
        "(this.grade_code is null) = (this.grade_null_reason is null)",
        "grade_code, grade_null_reason",
        "未定级的事故须写明原因，已定级的不写",
        "no accident is left ungraded silently",
        ORDER_493,
    ),
    Rule(
        "counted_deaths_are_part_of_deaths_and_missing",
        "this.deaths_counted_persons > coalesce(this.deaths_persons, 0) + coalesce(this.missing_persons, 0)",
        "deaths_counted_persons, deaths_persons, missing_persons",
        "计入统计的死亡人数是死亡和下落不明人数的一部分（30日内；道路交通、火灾7日内；期满仍下落不明的按死亡统计）",
        "only deaths within the window and people missing since count, so never more than all",
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

RULES = {
    "dim_reporting_units": UNITS,
    "fct_disaster_loss_reports": (*LOSS_REPORTS, promised(LOSS_REPORT_NAMES), *PLAUSIBLE_LOSSES),
    "fct_disaster_losses": (*LOSSES, *PLAUSIBLE_LOSSES),
    "agg_loss_changes": LOSS_CHANGES,
    "fct_accidents": (*ACCIDENTS, promised(ACCIDENT_NAMES)),
}
