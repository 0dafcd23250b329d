{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

with

segments as (
    select * from {{ ref('int_disaster_losses_segmented') }}
),

events as (
    select * from {{ ref('dim_events') }}
),

names as (
    select * from {{ ref('stg_columns') }}
    where dataset = 'disaster_losses'
),

steps as (
    select
        region_code,
        event_id,
        unit_code,
        metric,
        is_additive,
        starts_at as known_from,
        starting_delivery_id as delivery_id,
        value,
        1 as reported
    from segments
    union all
    select
        region_code,
        event_id,
        unit_code,
        metric,
        is_additive,
        ends_at as known_from,
        ending_delivery_id as delivery_id,
        -value as value,
        -1 as reported
    from segments
    where ends_at is not null
),

changes as (
    select
        region_code,
        event_id,
        unit_code,
        metric,
        is_additive,
        known_from,
        delivery_id,
        sum(value) as value_change,
        sum(reported) as reported_change
    from steps
    group by region_code, event_id, unit_code, metric, is_additive, known_from, delivery_id
)

select
    changes.region_code,
    changes.event_id,
    changes.unit_code,
    events.process_id,
    changes.metric,
    names.title_zh as metric_name_zh,
    changes.known_from,
    cast(changes.known_from as date) as known_on_date,
    cast(changes.value_change as decimal(24, 4)) as value_change,
    cast(changes.reported_change as integer) as reported_change,
    changes.is_additive,
    changes.delivery_id
from changes
left join events on changes.region_code = events.region_code and changes.event_id = events.event_id
left join names on changes.metric = names.column_name
where changes.value_change <> 0 or changes.reported_change <> 0
