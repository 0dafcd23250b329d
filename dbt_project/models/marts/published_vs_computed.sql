{{ config(materialized='as_of_table') }}

with

-- by the end of its own day, or of the day asked where that is earlier
figures as (
    select
        *,
        case
            when {{ dbt.dateadd('day', 1, 'known_on') }} < {{ known_by() }} then {{ dbt.dateadd('day', 1, 'known_on') }}
            else {{ known_by() }}
        end as compared_by
    from {{ ref('dim_published_figures') }}
),

reasons as (select * from {{ ref('dim_published_reasons') }}),

-- a period is compared as known on the day asked, and has no day of its own
periods as (
    select
        'agg_indicators_by_region_period' as mart,
        region_code,
        period_id as key_text,
        cast(indicator_id as varchar) as metric,
        denominator_vintage || '|' || method as variant,
        value,
        case when reported_years > 0 then 'years_missing' else 'statistic_not_published' end as null_reason
    from {{ as_of_from_mart('agg_indicators_by_region_period', known_by()) }}
),

-- in the published unit
computed as (
    select
        figures.*,
        coalesce(versions.mart, periods.mart) as mart,
        coalesce(versions.null_reason, periods.null_reason) as null_reason,
        coalesce(versions.value, periods.value) * figures.unit_factor_denominator / figures.unit_factor_numerator as computed_value
    from figures
    left join {{ ref('fct_published_comparables') }} as versions
        on figures.link_mart = versions.mart
        and figures.link_region_code = versions.region_code
        and figures.link_key = versions.key_text
        and figures.link_metric = versions.metric
        and coalesce(figures.link_variant, '') = versions.variant
        and versions.known_from < figures.compared_by
        and (versions.known_to is null or versions.known_to >= figures.compared_by)
    left join periods
        on figures.link_mart = periods.mart
        and figures.link_region_code = periods.region_code
        and figures.link_key = periods.key_text
        and figures.link_metric = periods.metric
        and coalesce(figures.link_variant, '') = periods.variant
        and figures.known_on is null
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
