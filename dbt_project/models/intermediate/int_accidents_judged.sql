-- Whether an accident counts in statistics, as known with each report. What does not count is kept, with its reason.
with

versions as (
    select * from {{ ref('int_accidents_versioned') }}
),

rules as (
    select * from {{ ref('ref_accident_counting_rules') }}
    where rule_code = 'no_casualty_small_loss'
)

select
    versions.region_code,
    versions.accident_id,
    versions.report_number,
    case
        when versions.is_cancelled then '已核销'
        when rules.rule_code is not null then '无人员伤亡且直接经济损失低于统计下限'
    end as not_counted_reason
from versions
left join rules
    on
        versions.deaths_persons = 0
        -- nobody injured, said as a sum or by both of its parts
        and coalesce(versions.injured_persons, versions.serious_injuries_persons + versions.light_injuries_persons) = 0
        and coalesce(versions.missing_persons, 0) = 0
        and versions.direct_loss_cny < rules.loss_below_cny
        and cast(versions.occurred_at as date) >= rules.valid_from
        and (rules.valid_to is null or cast(versions.occurred_at as date) < rules.valid_to)
