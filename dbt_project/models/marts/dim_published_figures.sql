with

figures as (

    select * from {{ ref('published_figures') }}

),

units as (

    select * from {{ ref('ref_units') }}

)

select
    -- ids
    figures.figure_id,
    figures.domain,
    figures.region_code,
    figures.region_name,
    figures.event_or_period,
    figures.as_of,
    figures.stage,
    figures.metric,

    -- what was published
    figures.published_value,
    figures.unit,
    cast(coalesce(units.factor_numerator, 1) as double) as unit_factor_numerator,
    cast(coalesce(units.factor_denominator, 1) as double) as unit_factor_denominator,
    figures.published_operator,
    figures.published_precision,
    figures.note,
    figures.source,

    -- where the warehouse has it
    figures.link_mart,
    figures.link_region_code,
    figures.link_key,
    figures.link_metric,
    figures.link_variant,
    figures.known_on,
    figures.no_link_reason,
    figures.known_difference_zh,
    figures.known_difference_en

from figures
left join units on figures.unit = units.unit
