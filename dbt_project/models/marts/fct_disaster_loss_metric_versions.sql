{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

with

versions as (
    select * from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

names as (
    select * from {{ ref('stg_columns') }}
    where dataset = 'disaster_losses'
)

select
    versions.region_code,
    versions.event_id,
    versions.unit_code,
    versions.metric,
    cast(versions.report_number as integer) as report_number,
    names.title_zh as metric_name_zh,
    names.unit,
    cast(versions.value as decimal(24, 4)) as value,
    versions.origin_as_of_at as as_of_at,
    versions.known_from,
    lead(versions.known_from) over (
        partition by versions.region_code, versions.event_id, versions.unit_code, versions.metric
        order by versions.report_number
    ) as known_to,
    versions.origin_delivery_id as delivery_id,
    versions.origin_row_number as row_number
from versions
left join names on versions.metric = names.column_name
