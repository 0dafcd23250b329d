with

-- as known from each change on: the changes summed up to it
loss_days as (

    select
        region_code,
        event_id,
        metric,
        unit_code,
        known_from,
        sum(value_change) as value_change,
        sum(reported_change) as reported_change
    from {{ ref('agg_loss_changes') }}
    group by 1, 2, 3, 4, 5

),

losses as (

    select
        'fct_disaster_losses' as mart,
        region_code,
        event_id as key_text,
        metric,
        unit_code as variant,
        case
            when sum(reported_change) over {{ loss_versions() }} > 0
                then cast(sum(value_change) over {{ loss_versions() }} as double)
        end as value,
        'not_reported' as null_reason,
        known_from,
        lead(known_from) over (
            partition by region_code, event_id, metric, unit_code order by known_from
        ) as known_to
    from loss_days

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
        'years_missing' as null_reason,
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
