with

targets as (

    select * from {{ ref('ref_indicator_targets') }}

),

periods as (

    select * from {{ ref('ref_indicator_periods') }}

)

select
    -- ids
    targets.jurisdiction,
    targets.indicator_id,
    targets.period_id,

    -- target
    targets.operator,
    targets.target_value,
    targets.target_kind,
    targets.base_year,
    targets.target_status,
    targets.certainty,
    targets.source,

    -- validity
    periods.from_year,
    periods.to_year

from targets
left join periods on targets.period_id = periods.period_id
