with

deliveries as (

    select * from {{ source('raw', 'deliveries') }}

),

dated as (

    select * from {{ ref('int_deliveries_dated') }}

)

select
    -- ids
    deliveries.delivery_id,
    cast(deliveries.conform_version as integer) as conform_version,
    deliveries.feed_id,
    deliveries.dataset,
    deliveries.region,
    deliveries.file_name,
    deliveries.file_sha256,
    deliveries.period,
    deliveries.rule_set_version,
    deliveries.status,
    deliveries.data_origin,

    -- measures
    cast(deliveries.rows_received as bigint) as rows_received,
    cast(deliveries.rows_accepted as bigint) as rows_accepted,
    cast(deliveries.rows_quarantined as bigint) as rows_quarantined,
    cast(deliveries.rows_duplicate as bigint) as rows_duplicate,
    cast(deliveries.rows_ignored as bigint) as rows_ignored,
    cast(deliveries.rows_refused as bigint) as rows_refused,
    cast(coalesce(deliveries.rows_warned, 0) as bigint) as rows_warned,

    -- times
    cast(deliveries.landed_at as timestamp) as landed_at,
    cast(dated.last_known_from as timestamp) as last_known_from

from deliveries
left join dated on deliveries.delivery_id = dated.delivery_id
