with

figures as (
    select
        *,
        {{ dbt.dateadd('day', 1, 'known_on') }} as known_by
    from {{ ref('dim_published_figures') }}
),

comparables as (select * from {{ ref('int_published_comparables') }}),

units as (select * from {{ ref('ref_units') }}),

reasons as (select * from {{ ref('ref_published_reasons') }}),

-- the version as known at the end of the figure's day; without a day, the current one; in the published unit
computed as (
    select
        figures.*,
        comparables.mart,
        comparables.null_reason,
        comparables.value * coalesce(units.factor_denominator, 1) / coalesce(units.factor_numerator, 1) as computed_value
    from figures
    left join comparables
        on figures.link_mart = comparables.mart
        and figures.link_region_code = comparables.region_code
        and figures.link_key = comparables.key_text
        and figures.link_metric = comparables.metric
        and coalesce(figures.link_variant, '') = comparables.variant
        and (figures.known_by is null or comparables.known_from < figures.known_by)
        and (
            comparables.known_to is null
            or (figures.known_by is not null and comparables.known_to >= figures.known_by)
        )
    left join units on figures.unit = units.unit
),

judged as (
    select
        *,
        case
            when link_mart is null then no_link_reason
            when mart is null then 'not_in_marts'
            when computed_value is null then null_reason
            when not {{ agrees_with_published('computed_value', 'computed') }} then 'differs'
            when published_operator = '<=' then 'within_bound'
            else 'match'
        end as reason_code
    from computed
)

select
    -- ids
    judged.figure_id,
    judged.domain,
    judged.region_code,
    judged.event_or_period,
    judged.as_of,
    judged.known_on,
    judged.stage,
    judged.metric,

    -- measures
    judged.published_value,
    judged.unit,
    judged.computed_value,
    round(judged.computed_value - judged.published_value, 6) as difference,
    reasons.status,
    judged.reason_code,
    case when judged.reason_code = 'differs' and judged.known_difference_zh is not null
        then judged.known_difference_zh else reasons.reason_zh end as reason_zh,
    case when judged.reason_code = 'differs' and judged.known_difference_en is not null
        then judged.known_difference_en else reasons.reason_en end as reason_en,
    judged.published_precision,
    judged.published_operator,
    case when judged.link_mart is not null
        then '两者按公布精度（' || {{ number_text('judged.published_precision') }} || judged.unit || '）四舍五入后比较'
    end as rounding_rule,
    case when judged.link_mart is not null
        then judged.link_mart || ': ' || judged.link_region_code || ' / ' || judged.link_key || ' / '
            || judged.link_metric || coalesce(' / ' || judged.link_variant, '')
    end as computed_from,
    judged.note,
    judged.source
from judged
left join reasons on judged.reason_code = reasons.reason_code
