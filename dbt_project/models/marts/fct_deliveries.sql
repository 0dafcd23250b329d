with

deliveries as (

    select * from {{ source('raw', 'deliveries') }}

)

select
    -- ids
    delivery_id,
    cast(conform_version as integer) as conform_version,
    feed_id,
    dataset,
    region,
    file_name,
    file_sha256,
    period,
    rule_set_version,
    status,
    data_origin,

    -- measures
    cast(rows_received as bigint) as rows_received,
    cast(rows_accepted as bigint) as rows_accepted,
    cast(rows_quarantined as bigint) as rows_quarantined,
    cast(rows_duplicate as bigint) as rows_duplicate,
    cast(rows_ignored as bigint) as rows_ignored,
    cast(rows_refused as bigint) as rows_refused,
    cast(coalesce(rows_warned, 0) as bigint) as rows_warned,

    -- times
    cast(landed_at as timestamp) as landed_at

from deliveries
