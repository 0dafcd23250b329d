-- X-HELD: a delivery that the incoming check kept out of the warehouse, one row per column that its reasons name. Its rows are
-- not here, so nothing says when they became known: the flag is known from the arrival.
with

reasons as (
    select * from {{ source('raw', 'held_reasons') }}
),

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

feeds as (
    select * from {{ source('raw', 'feeds') }}
)

select
    deliveries.dataset,
    feeds.region_code,
    deliveries.delivery_id,
    cast(null as bigint) as row_number,
    'X-HELD' as rule_id,
    reasons.column_name,
    cast(null as varchar) as value_text,
    string_agg(distinct reasons.why_zh, '；' order by reasons.why_zh) as compared_text,
    cast(null as double) as suggested_factor,
    deliveries.landed_at as known_from
from deliveries
inner join reasons
    on
        deliveries.delivery_id = reasons.delivery_id
        and cast(deliveries.conform_version as varchar) = reasons.conform_version
left join feeds on deliveries.feed_id = feeds.feed_id
where deliveries.status = 'held'
group by deliveries.dataset, feeds.region_code, deliveries.delivery_id, reasons.column_name, deliveries.landed_at
