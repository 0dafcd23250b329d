-- Versions of what published figures are compared with, each with its key as the figure names it. Periods have no versions: their mart is asked
-- as of the day.
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
        known_to,
        delivery_id,
        row_number
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
        known_to,
        delivery_id,
        row_number
    from {{ ref('fct_statistics') }}

),

linked as (

    select distinct
        link_mart,
        link_region_code,
        link_key,
        link_metric,
        coalesce(link_variant, '') as link_variant
    from {{ ref('dim_published_figures') }}

),

comparables as (

    select * from losses
    union all
    select * from {{ ref('int_published_comparable_accidents') }}
    union all
    select * from statistics

)

select comparables.*
from comparables
inner join linked
    on
        comparables.mart = linked.link_mart
        and comparables.region_code = linked.link_region_code
        and comparables.key_text = linked.link_key
        and comparables.metric = linked.link_metric
        and comparables.variant = linked.link_variant
