with

losses as (

    select
        'fct_disaster_losses' as mart,
        region_code,
        event_id as key_text,
        metric,
        unit_code as variant,
        cast(value as double) as value,
        'not_reported' as null_reason,
        known_from,
        known_to
    from {{ ref('fct_disaster_loss_metric_versions') }}

),

statistics as (

    select
        'fct_statistics' as mart,
        region_code,
        cast(year as varchar) as key_text,
        statistic_code as metric,
        vintage as variant,
        cast(value as double) as value,
        'statistic_not_published' as null_reason,
        known_from,
        known_to
    from {{ ref('fct_statistics') }}

),

periods as (

    select
        'agg_indicators_by_region_period' as mart,
        region_code,
        period_id as key_text,
        cast(indicator_id as varchar) as metric,
        denominator_vintage || '|' || method as variant,
        value,
        case when reported_years > 0 then 'years_missing' else 'statistic_not_published' end as null_reason,
        cast(null as timestamp) as known_from,
        cast(null as timestamp) as known_to
    from {{ ref('agg_indicators_by_region_period') }}

)

select * from losses
union all
select * from {{ ref('int_published_comparable_accidents') }}
union all
select * from statistics
union all
select * from periods
