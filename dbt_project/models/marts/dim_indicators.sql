with

indicators as (

    select * from {{ ref('ref_indicators') }}

)

select
    -- ids
    indicator_id,
    class_zh,
    name_zh,
    name_en,

    -- definition
    unit,
    operator,
    nature_zh,
    is_binding,
    kind,
    numerator_statistic,
    numerator_fact_metric,
    denominator_statistic,
    ratio_factor,
    method_note,
    source

from indicators
