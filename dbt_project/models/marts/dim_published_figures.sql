with

figures as (

    select * from {{ ref('published_figures') }}

)

select
    -- ids
    figure_id,
    domain,
    region_code,
    region_name,
    event_or_period,
    as_of,
    stage,
    metric,

    -- what was published
    published_value,
    unit,
    published_operator,
    published_precision,
    note,
    source,

    -- where the warehouse has it
    link_mart,
    link_region_code,
    link_key,
    link_metric,
    link_variant,
    known_on,
    no_link_reason,
    known_difference_zh,
    known_difference_en

from figures
